"""Which cells of a call to Prism cannot be, and why."""

from __future__ import annotations

from collections.abc import Mapping

from axes import COMES_AGAIN, REFUSED
from calls import Call

_ANY = frozenset(("F0", "F1", "F2", "F5", "F5b", "F6", "F13", "F14", "F15", "F16"))
"""What can happen to any request."""
_CHANGE = _ANY | {"F3", "F4", "F5a", "F7a"}

_FORWARD: Mapping[str, frozenset[str]] = {
    "cvm_answer": _ANY,
    "nutanix_cluster": _CHANGE | {"F7", "F8", "F9", "F11", "F11a", "F11b", "F12"},
    "cluster_status": _ANY | {"F11", "F11b"},
    "password": _CHANGE | {"F11"},
    "nutanix_host": _CHANGE | {"F7", "F9", "F11", "F11a", "F11b"},
    "name_servers": _CHANGE | {"F12"},
    "ntp_servers": _CHANGE | {"F12"},
    "host_list": _ANY | {"F9", "F11", "F11a", "F11b"},
}
_BACKWARD = _ANY | {"F3", "F4", "F5a", "F10", "F10a", "F11a", "F12"}

_OF_A_LOOK: Mapping[str, str] = {
    "F3": "a look applies nothing",
    "F4": "a look applies nothing",
    "F5a": "a look applies nothing",
    "F7": "a look takes no name",
    "F7a": "a look that is sent twice is a look",
    "F9": "it is no list",
    "F11": "it has no status to wait for",
    "F11a": "it stands already; a creation that fails is a cell of nutanix_cluster",
    "F11b": "it has no status to wait for",
    "F12": "it is about what is looked at, and a cell of what made that",
}
_OF_A_CHANGE: Mapping[str, str] = {
    "F7": "nothing of a name is made",
    "F8": "it is looked at again as a whole, and no object that could be a 404",
    "F9": "it is in no list",
    "F11": "it has no status",
    "F11a": "it has no status",
    "F11b": "it has no status",
}
_SELDOM: Mapping[tuple[str, str], str] = {
    ("password", "F12"): "nobody but the daemon knows the password before the step is done",
    ("nutanix_host", "F8"): "a host that joins is looked for in the list of hosts: that is F9",
    ("nutanix_host", "F12"): "Prism lets no host go that is only joining",
}
_ALWAYS: Mapping[str, str] = {
    "F7b": "Prism knows one rule of what may not be there twice",
    "F7c": "it asks for no address that somebody else could take",
    "F8": "nothing was just created that this look could miss",
    "F10": "it is a fault of deleting",
    "F10a": "it is a fault of deleting",
    "F10b": "it is a fault of deleting",
    "F13a": "Prism knows no quota",
}
_OF_A_DELETE: Mapping[str, str] = {
    **dict.fromkeys(("F7", "F7a", "F7b", "F7c", "F8", "F9", "F11", "F11b"), "it is a fault of creating"),
    "F10b": "that is F0: a host always takes long to leave, for its data moves first",
}
_NO_UNDO: Mapping[str, str] = {
    "read": "a look leaves nothing to undo",
    "plain": "it is not undone: it goes with the cluster",
    "ledger": "Prism is asked nothing: a cluster goes with its last server",
}

_WAITS = ("nutanix_cluster", "password", "nutanix_host", "name_servers", "host_list")
"""Calls after which their step, or the next one, waits with a row in any case."""
_APPLIED_ALONE = ("F5a", "F7a", "F15", "F16")
_STANDS_LATER = ("P0", "P1", "P2", "P3", "P13")


def never(call: Call, undo: bool, point: str, fault: str) -> str | None:
    """Why a cell of Prism's cannot be, or None."""
    if undo and not call.undo:
        return _NO_UNDO[call.way]
    return _by_fault(call, undo, fault) or _by_point(call, undo, point, fault)


def _by_fault(call: Call, undo: bool, fault: str) -> str | None:
    if fault in (_BACKWARD if undo else _FORWARD[call.kind]):
        return None
    if undo:
        return _OF_A_DELETE.get(fault) or _ALWAYS[fault]
    own = _OF_A_LOOK if call.way == "read" else _OF_A_CHANGE
    return _SELDOM.get((call.kind, fault)) or own.get(fault) or _ALWAYS[fault]


def _by_point(call: Call, undo: bool, point: str, fault: str) -> str | None:
    if point == "P12":
        return "no call is made while the schema is migrated; the store's own tests kill the writer there"
    if point in ("P0", "P1") and call.way != "ledger" and call.kind != "password":
        return "it has no intent of its own: its record's state is, which is a cell of the step before"
    if point == "P3" and fault == "F1":
        return "a refused connection puts nothing on the wire"
    if point == "P4":
        return _unapplied(call, fault)
    if point in ("P7", "P9") and not undo and not _comes_to(call, point, fault):
        return "nothing waits here: the call is answered, and the step done"
    if fault == "F12" and not undo and point in _STANDS_LATER:
        return "nothing stands yet that somebody could change"
    return None


def _unapplied(call: Call, fault: str) -> str | None:
    if call.way == "read":
        return "a look applies nothing"
    if fault in (*REFUSED, "F10", "F10a"):
        return "with this fault the call is not applied"
    return "it is a fault of the answer, which is not read here" if fault in _APPLIED_ALONE else None


def _comes_to(call: Call, point: str, fault: str) -> bool:
    """Whether the step waits after the call, or is run again."""
    again = call.kind in _WAITS or fault in COMES_AGAIN
    if call.kind == "cluster_status":
        return again or fault in ("F11", "F11b")
    if call.kind == "cvm_answer":
        return again and fault != "F14"
    if point == "P7":
        return again or call.way != "read"
    return again

"""The faults of the matrix as rules of the simulated world, and what holds a request while the daemon is killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from calls import CALLS
from cells import Cell

HELD = 90.0
"""Daemon seconds for which a request is held: less than a create may be late."""
APPLIED_LATE = 60.0
"""Daemon seconds after which a call is applied late: so much less than it may be that a machine which stands still for
a moment between the two makes no difference."""

Rule = dict[str, Any]
_Prism = tuple[str, str, dict[str, Any]]


def rules_of(cell: Cell, node: str, speed: float, cluster: str = "") -> list[Rule]:
    """The rules of the simulated world that are the fault of a cell, and what holds its request at P3 and P4."""
    item, node = node, cluster if cell.call.of == "cluster" else node
    own = _OF_PRISM.get((cell.kind, cell.fault)) if cell.direction == "make" else _OF_A_HOST.get(cell.fault)
    if own is not None and cell.call.service == "prism":
        rules = [
            _on(trigger or cell.trigger, action, node, **more) for trigger, action, more in own(item, speed)
        ]
    else:
        rules = _FAULT_RULES[cell.fault](cell, node, speed)
    if cell.point == "P3" and cell.fault not in ("F4", "F16"):
        rules.append(_on(cell.trigger, "slow", node, delay=HELD))
    if (
        cell.point == "P9"
        and cell.kind == "vni"
        and cell.direction == "make"
        and not cell.fault.startswith("F11")
    ):
        rules.append(_on("vni provision", "stuck", node, seconds=60.0))
    if cell.point == "P4" and cell.fault in ("F0", "F8", "F9", "F10b", "F11", "F11a", "F11b", "F12"):
        rules = [rule for rule in rules if rule["trigger"] != cell.trigger]
        rules.append(_on(cell.trigger, "hang_after", node))
    return rules


def _on(trigger: str, action: str, name: str, **more: Any) -> Rule:
    return {"trigger": trigger, "action": action, "name": name, **more}


def _answer(status: int, code: str, message: str, **more: Any) -> Rule:
    return {"status": status, "code": code, "message": message, **more}


_NO_ENTRY = _answer(401, "", "The password is not accepted.")


def _f9(cell: Cell, node: str, speed: float) -> list[Rule]:
    listed = {"trigger": cell.call.list, "action": "omit", "what": {"items": node}}
    return [_on(cell.trigger, "close_after", node), listed]


def _f10b(cell: Cell, node: str, speed: float) -> list[Rule]:
    return [_on(f"{cell.call.life} delete", "lag", node, seconds=0.3 * speed)]


def _f11(cell: Cell, node: str, speed: float) -> list[Rule]:
    trigger = (
        "server stop"
        if cell.direction == "undo"
        else {"vni": "vni provision", "server": "server pending"}[cell.kind]
    )
    return [_on(trigger, "stuck", node, seconds=0.3 * speed)]


def _f11a(cell: Cell, node: str, speed: float) -> list[Rule]:
    if cell.kind == "vni":
        return [_on("vni provision", "fail", node)]
    return [_on("server start", "fail", node, what={"code": "cannot_start_compute"})]


def _f11b(cell: Cell, node: str, speed: float) -> list[Rule]:
    field = "lifecycle_state" if cell.kind == "vni" else "status"
    return [_on(cell.call.get, "set", node, what={"fields": {field: "hibernating"}})]


def _f14(cell: Cell, node: str, speed: float) -> list[Rule]:
    refused = _answer(401, "token_invalid", "The token is not valid.")
    broken = _answer(500, "service_error", "The service failed.")
    return [
        _on(cell.trigger, "answer", node, what=refused),
        {"trigger": "metadata POST *", "action": "answer", "what": broken},
    ]


def _shown(kind: str, times: int, items: str | None = None, nth: int = 1, **fields: Any) -> _Prism:
    """Prism shows these values, of one host if ``items`` names it."""
    what = {"fields": fields} if items is None else {"fields": fields, "items": items}
    return (CALLS[kind].get, "set", {"count": times, "nth": nth, "what": what})


_FORMS = "cluster up"
_AT_THE_CALL = ""
_OF_PRISM: Mapping[tuple[str, str], Callable[[str, float], list[_Prism]]] = {
    ("nutanix_cluster", "F7"): lambda item, speed: [("cluster create", "foreign", {})],
    ("nutanix_cluster", "F8"): lambda item, speed: [
        (CALLS["nutanix_cluster"].get, "answer", {"nth": 2, "what": _answer(404, "", "It is not there.")})
    ],
    ("nutanix_cluster", "F9"): lambda item, speed: [
        (_AT_THE_CALL, "close_after", {}),
        _shown("nutanix_cluster", 2, nth=2, uuid=None, cluster_status="UNCONFIGURED"),
    ],
    ("nutanix_cluster", "F11"): lambda item, speed: [(_FORMS, "stuck", {"seconds": 0.3 * speed})],
    ("nutanix_cluster", "F11a"): lambda item, speed: [(_FORMS, "fail", {})],
    ("nutanix_cluster", "F11b"): lambda item, speed: [
        _shown("nutanix_cluster", 1, nth=2, cluster_status="HIBERNATING")
    ],
    ("nutanix_cluster", "F12"): lambda item, speed: [(_FORMS, "vanish", {})],
    ("cluster_status", "F11"): lambda item, speed: [_shown("cluster_status", 3, cluster_status="CREATING")],
    ("cluster_status", "F11b"): lambda item, speed: [
        _shown("cluster_status", 1, cluster_status="HIBERNATING")
    ],
    ("password", "F11"): lambda item, speed: [("cluster password", "slow", {"seconds": 0.3 * speed})],
    ("nutanix_host", "F7"): lambda item, speed: [
        (_AT_THE_CALL, "answer", {"what": _answer(409, "", "Another node joins or leaves already.")})
    ],
    ("nutanix_host", "F9"): lambda item, speed: [
        (_AT_THE_CALL, "close_after", {}),
        (CALLS["nutanix_host"].list, "omit", {"count": 3, "nth": 3, "what": {"items": item}}),
    ],
    ("nutanix_host", "F11"): lambda item, speed: [_shown("nutanix_host", 6, item, state="NEW")],
    ("nutanix_host", "F11a"): lambda item, speed: [("cluster task expand", "fail", {})],
    ("nutanix_host", "F11b"): lambda item, speed: [_shown("nutanix_host", 6, item, state="HIBERNATING")],
    ("host_list", "F9"): lambda item, speed: [(CALLS["host_list"].list, "omit", {"what": {"items": item}})],
    ("host_list", "F11"): lambda item, speed: [_shown("host_list", 3, item, state="NEW")],
    ("host_list", "F11a"): lambda item, speed: [("cluster health", "degraded", {"seconds": 0.3 * speed})],
    ("host_list", "F11b"): lambda item, speed: [_shown("host_list", 1, item, state="HIBERNATING")],
    **{
        (kind, fault): lambda item, speed: [(_AT_THE_CALL, "answer", {"what": _NO_ENTRY})]
        for kind, call in CALLS.items()
        if call.service == "prism"
        for fault in ("F14",)
    },
    **{(kind, "F12"): lambda item, speed: [] for kind in ("name_servers", "ntp_servers")},
}
"""What a fault is at Prism, where it is not the same as everywhere: moment, action and the rest of its rules."""

_OF_A_HOST: Mapping[str, Callable[[str, float], list[_Prism]]] = {
    "F11a": lambda item, speed: [("cluster task remove", "fail", {})],
    "F12": lambda item, speed: [],
    "F14": lambda item, speed: [(_AT_THE_CALL, "answer", {"what": _NO_ENTRY})],
}
"""The same for a host that is to leave."""


def _answering(status: int, code: str, message: str, count: int = 1, **more: Any) -> Any:
    def rules(cell: Cell, node: str, speed: float) -> list[Rule]:
        return [_on(cell.trigger, "answer", node, count=count, what=_answer(status, code, message, **more))]

    return rules


def _acting(action: str, **more: Any) -> Any:
    def rules(cell: Cell, node: str, speed: float) -> list[Rule]:
        return [_on(cell.trigger, action, node, **more)]

    return rules


_FAULT_RULES: Mapping[str, Any] = {
    "F0": lambda cell, node, speed: [],
    "F1": _acting("refused", seconds=30.0),
    "F2": _acting("hang"),
    "F3": _acting("hang_after"),
    "F4": _acting("slow", delay=APPLIED_LATE),
    "F5": _acting("html"),
    "F5a": _acting("fail_after"),
    "F5b": _acting("reset_after"),
    "F6": _answering(429, "rate_limit_exceeded", "Too many requests.", retry_after=60),
    "F7": lambda cell, node, speed: [_on(f"{cell.call.life} create", "foreign", node)],
    "F7a": _acting("twice"),
    "F7b": _acting("twice"),
    "F7c": lambda cell, node, speed: [
        _on(cell.trigger, "hang", node),
        _on(f"{cell.call.life} create", "stolen", node),
    ],
    "F8": lambda cell, node, speed: [
        _on(cell.call.get, "answer", node, what=_answer(404, "not_found", "It is not there."))
    ],
    "F9": _f9,
    "F10": _answering(404, "not_found", "It is not there."),
    "F10a": _answering(409, "conflict", "It is in use.", 2),
    "F10b": _f10b,
    "F11": _f11,
    "F11a": _f11a,
    "F11b": _f11b,
    "F12": lambda cell, node, speed: [_on("server pending", "vanish", node)] if cell.kind == "server" else [],
    "F13": _answering(403, "not_authorized", "The request is not authorized."),
    "F13a": _answering(400, "over_quota", "The quota is used up."),
    "F14": _f14,
    "F15": _acting("truncate"),
    "F16": lambda cell, node, speed: [_on(cell.trigger, "slow", node, delay=HELD)],
}

"""The matrix as data: where the daemon is stopped, what the other side does meanwhile, and which pairs cannot be.

A cell is a call (what is made, asked or deleted), a crash point and a fault of the API on that call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from axes import COMES_AGAIN, FAULTS, POINTS, READ_AFTER, REFUSED
from calls import CALLS, Call
from never import never

Direction = Literal["make", "undo"]

_REQUEST_OF_A_CREATE = ("F7", "F7a", "F7b", "F7c", "F8", "F9", "F11", "F11a", "F11b", "F13a")
_REQUEST_OF_A_DELETE = ("F10", "F10a", "F10b")


@dataclass(frozen=True)
class Cell:
    """One box of the matrix."""

    direction: Direction
    kind: str
    point: str
    fault: str

    @property
    def name(self) -> str:
        """How the report calls it."""
        point = f"P8/{self.point}" if self.direction == "undo" else self.point
        return f"{self.direction} {self.kind} {point} {self.fault}"

    @property
    def call(self) -> Call:
        """The call it is about."""
        return CALLS[self.kind]

    @property
    def trigger(self) -> str:
        """The request that its fault strikes."""
        return self.call.make if self.direction == "make" else self.call.undo


def matrix() -> Iterator[Cell]:
    """Every cell, possible or not."""
    for kind in CALLS:
        for direction in ("make", "undo"):
            for point in POINTS:
                for fault in FAULTS:
                    yield Cell(direction, kind, point, fault)  # type: ignore[arg-type]


def impossible(cell: Cell) -> str | None:
    """Why a cell cannot be, or None."""
    if cell.call.service == "prism":
        return never(cell.call, cell.direction == "undo", cell.point, cell.fault)
    return _by_fault(cell) or _by_point(cell)


def _by_fault(cell: Cell) -> str | None:
    fault, kind = cell.fault, cell.kind
    if cell.direction == "undo" and fault in _REQUEST_OF_A_CREATE:
        if fault == "F11" and kind == "server":
            return None
        return "it is a fault of creating"
    if kind == "dns_record" and fault == "F10b":
        return "DNS Services deletes at once"
    if cell.direction == "make" and fault in _REQUEST_OF_A_DELETE:
        return "it is a fault of deleting"
    if kind == "dns_record" and fault in ("F7", "F7a", "F7b"):
        return "DNS Services refuses no second record of a name"
    if kind != "reserved_ip" and fault == "F7c":
        return "it asks for no address that somebody else could take"
    if cell.direction == "make" and fault in ("F8", "F11", "F11a", "F11b") and kind not in READ_AFTER:
        return "the daemon does not read this object again: it has no status to wait for"
    return None


_STOPS = {"make": ("F7", "F13", "F13a"), "undo": ()}
"""Faults after which the step of an interface does not come again by itself."""


def _by_point(cell: Cell) -> str | None:
    fault, point = cell.fault, cell.point
    if point == "P12":
        return "no call is made while the schema is migrated; the store's own tests kill the writer there"
    if point == "P3" and fault == "F1":
        return "a refused connection puts nothing on the wire"
    if point == "P4" and (fault in REFUSED or fault == "F10"):
        return "with this fault the call is not applied"
    if point == "P4" and fault in ("F5a", "F7a", "F7b", "F15", "F16"):
        return "it is a fault of the answer, which is not read here"
    if point == "P4" and fault == "F10a":
        return "with this fault the call is not applied"
    if (
        point == "P9"
        and cell.direction == "make"
        and cell.kind not in READ_AFTER
        and fault not in COMES_AGAIN
    ):
        return "nothing waits here: the call is answered at once"
    waits = (*(fault for fault in COMES_AGAIN if fault != "F15"), "F10", "F10a", "F10b")
    if point == "P9" and cell.direction == "undo" and cell.kind not in READ_AFTER and fault not in waits:
        return "nothing waits here: the object is gone at the next look"
    if point == "P9" and cell.kind == "vni" and fault in ("F11a", *_STOPS[cell.direction]):
        return "the step stops for a person, and nothing waits"
    if fault == "F12" and cell.kind == "server" and cell.direction == "undo":
        return "nobody can delete a running server: it must be stopped first, and then it is this call"
    if fault == "F12" and cell.direction == "make" and point in ("P0", "P1", "P2", "P3", "P13"):
        return "nothing stands yet that somebody could delete"
    return None


def may_fail_with(cell: Cell) -> tuple[str, ...]:
    """With which errors the step may stop for a person; with any other it goes on by itself."""
    return (*_MAY_FAIL_WITH.get(cell.fault, ()), *_ALSO.get((cell.kind, cell.fault), ()))


_MAY_FAIL_WITH: Mapping[str, tuple[str, ...]] = {
    "F7": ("foreign", "no_address"),
    "F11a": ("bad_request", "server_failed", "capacity"),
    "F12": ("vanished", "server_failed", "bad_request", "not_found", "conflict"),
    "F13": ("not_authorized", "left_over"),
    "F13a": ("quota",),
}
_ALSO: Mapping[tuple[str, str], tuple[str, ...]] = {
    **{(kind, "F13"): ("bad_request",) for kind, call in CALLS.items() if call.service == "prism"},
    ("nutanix_cluster", "F11a"): ("cluster_failed",),
    ("nutanix_host", "F11a"): ("cluster_failed",),
    ("cvm_answer", "F14"): ("works_already",),
}
"""What Prism's calls add: a 403 is a refusal like others there, and a CVM that refuses its factory password has been
used by somebody before."""

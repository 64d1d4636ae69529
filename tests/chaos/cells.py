"""The matrix as data: where the daemon is stopped, what the cloud does meanwhile, and which pairs cannot be.

A cell is a call (what is made or deleted), a crash point and a fault of the API on that call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["make", "undo"]


@dataclass(frozen=True)
class Call:
    """One kind of object: the moments of its calls, the step that makes it, and how many a node needs."""

    kind: str
    step: str
    before: str | None
    make: str
    undo: str
    get: str
    list: str
    count: int
    life: str


CALLS: Mapping[str, Call] = {
    call.kind: call
    for call in (
        Call(
            "reserved_ip", "reserving_ips", None,
            "vpc POST /subnets/*/reserved_ips", "vpc DELETE /subnets/*/reserved_ips/*",
            "vpc GET /subnets/*/reserved_ips/*", "vpc GET /subnets/{subnet_id}/reserved_ips", 5, "reserved_ip",
        ),
        Call(
            "dns_record", "registering_dns", "reserving_ips",
            "dns POST */resource_records", "dns DELETE */resource_records/*",
            "dns GET */resource_records/*", "dns GET */resource_records", 5, "record",
        ),
        Call(
            "vni", "creating_vnis", "registering_dns",
            "vpc POST /virtual_network_interfaces", "vpc DELETE /virtual_network_interfaces/*",
            "vpc GET /virtual_network_interfaces/*", "vpc GET /virtual_network_interfaces", 2, "vni",
        ),
        Call(
            "server", "creating_server", "recording_config",
            "vpc POST /bare_metal_servers", "vpc DELETE /bare_metal_servers/*",
            "vpc GET /bare_metal_servers/*", "vpc GET /bare_metal_servers", 1, "server",
        ),
    )
}  # fmt: skip

POINTS: Mapping[str, str] = {
    "P0": "before the intent is queued",
    "P1": "the intent is queued, not committed",
    "P2": "the intent is durable, nothing is sent",
    "P3": "the request is on the wire",
    "P4": "the call is applied, no answer was read",
    "P5": "the answer was read, the result is not durable",
    "P6": "the result is durable, memory and listeners do not know",
    "P7": "between a durable result and the next call",
    "P9": "the timer's row is written, the timer is not armed",
    "P10": "in the middle of a call, then twice more while it recovers",
    "P11": "in the middle of a call, then while the write-ahead log is checkpointed",
    "P12": "while the schema is migrated",
    "P13": "a person's verb is accepted, not durable",
    "P14": "SIGTERM in the middle of a call, then SIGKILL",
    "P15": "SIGSTOP for a minute in the middle of a call",
}
"""P8 of the list in the design's matrix, each of P1 to P6 while compensating, is the direction `undo`."""

FAULTS: Mapping[str, str] = {
    "F0": "nothing",
    "F1": "the port refuses connections",
    "F2": "no answer, not applied",
    "F3": "no answer, applied",
    "F4": "no answer, applied late",
    "F5": "502, not applied",
    "F5a": "502, applied",
    "F5b": "the connection is reset, applied",
    "F6": "429 with Retry-After",
    "F7": "the name is taken, by somebody else",
    "F7a": "the name is taken, by our own call that a proxy repeated",
    "F8": "404 just after the create",
    "F9": "the answer is lost, and a list leaves the fresh object out",
    "F10": "the delete answers 404, and the object stands",
    "F10a": "the delete answers 409, in use, twice",
    "F10b": "the delete is accepted, and takes long",
    "F11": "the status is stuck for a while",
    "F11a": "the status goes to failed",
    "F11b": "the status is an unknown word",
    "F12": "somebody deletes the object",
    "F13": "403",
    "F13a": "the quota is used up",
    "F14": "401, and then the token service fails",
    "F15": "half of the JSON arrives",
    "F16": "the answer is very slow",
}

REFUSED = ("F1", "F2", "F4", "F5", "F6", "F7", "F13", "F13a", "F14")
"""Faults with which the call is not applied, at least not now."""
LOST = ("F2", "F3", "F4", "F5b", "F9")
"""Faults with which no answer arrives."""
COMES_AGAIN = ("F1", "F2", "F3", "F4", "F5", "F5a", "F5b", "F6", "F9", "F14", "F15")
"""Faults after which the daemon waits for its next try, with a timer."""
READ_AFTER = ("vni", "server")
"""Kinds whose fresh object the daemon reads, because it has a status that must settle."""

HELD = 90.0
"""Daemon seconds for which a request is held: less than a create may be late."""

Rule = dict[str, Any]
_REQUEST_OF_A_CREATE = ("F7", "F7a", "F8", "F9", "F11", "F11a", "F11b", "F13a")
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
    def moment(self) -> str:
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
    if kind == "dns_record" and fault in ("F7", "F7a"):
        return "DNS Services refuses no second record of a name"
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
    if point == "P4" and fault in ("F5a", "F7a", "F15", "F16"):
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


def crash_of(cell: Cell, node: str, cluster: str) -> str:
    """Where the first daemon of a cell is stopped, in the words of `NXD_CRASH`; empty for a kill from outside."""
    where = f"{node}/{cell.kind}"
    refused = cell.fault in (*REFUSED, *LOST, "F5a", "F7a", "F10a", "F15")
    if cell.direction == "make":
        answered = f"call_refused@{where}" if refused else f"after_call@{where}"
        middle = f"after_result@{where}" if cell.fault == "F12" else f"after_intent@{where}"
        points = {
            "P0": f"before_intent@{where}",
            "P1": f"before_intent@{where}>queued",
            "P2": f"after_intent@{where}",
            "P5": answered,
            "P6": f"{answered}>after_commit@{node}",
            "P7": f"after_result@{where}",
            "P9": f"after_intent@{where}>timer_written@{node}/{cell.call.step}",
            "P10": middle,
            "P11": middle,
            "P13": f"queued@{node}",
            "P14": f"{middle}!stop",
            "P15": f"{middle}!stop",
        }
    else:
        fails = cell.fault in (*REFUSED, *LOST, "F5a", "F10a")
        points = {
            "P0": f"before_deleting@{where}",
            "P1": f"before_deleting@{where}>queued",
            "P2": f"before_delete@{where}",
            "P5": f"before_delete@{where}>before_commit@{node}" if fails else f"after_delete@{where}",
            "P6": f"before_delete@{where}>after_commit@{node}",
            "P7": f"after_gone@{where}",
            "P9": f"before_delete@{where}>timer_written@{node}/rolling_back",
            "P10": f"before_delete@{where}",
            "P11": f"before_delete@{where}",
            "P13": f"queued@{cluster}",
            "P14": f"before_delete@{where}!stop",
            "P15": f"before_delete@{where}!stop",
        }
    return points.get(cell.point, "")


def rules_of(cell: Cell, node: str, speed: float) -> list[Rule]:
    """The rules of the simulated world that are the fault of a cell, and what holds its request at P3 and P4."""
    rules = _FAULT_RULES[cell.fault](cell, node, speed)
    if cell.point == "P3" and cell.fault not in ("F4", "F16"):
        rules.append(_on(cell.moment, "slow", node, delay=HELD))
    if (
        cell.point == "P9"
        and cell.kind == "vni"
        and cell.direction == "make"
        and not cell.fault.startswith("F11")
    ):
        rules.append(_on("vni settle", "stuck", node, seconds=60.0))
    if cell.point == "P4" and cell.fault in ("F0", "F8", "F9", "F10b", "F11", "F11a", "F11b", "F12"):
        rules = [rule for rule in rules if rule["moment"] != cell.moment]
        rules.append(_on(cell.moment, "hang_after", node))
    return rules


def _on(moment: str, action: str, name: str, **more: Any) -> Rule:
    return {"moment": moment, "action": action, "name": name, **more}


def _answer(status: int, code: str, message: str, **more: Any) -> Rule:
    return {"status": status, "code": code, "message": message, **more}


def _f9(cell: Cell, node: str, speed: float) -> list[Rule]:
    listed = {"moment": cell.call.list, "action": "omit", "what": {"items": node}}
    return [_on(cell.moment, "close_after", node), listed]


def _f10b(cell: Cell, node: str, speed: float) -> list[Rule]:
    return [_on(f"{cell.call.life} delete", "lag", node, seconds=0.3 * speed)]


def _f11(cell: Cell, node: str, speed: float) -> list[Rule]:
    moment = (
        "server stop"
        if cell.direction == "undo"
        else {"vni": "vni settle", "server": "server pending"}[cell.kind]
    )
    return [_on(moment, "stuck", node, seconds=0.3 * speed)]


def _f11a(cell: Cell, node: str, speed: float) -> list[Rule]:
    if cell.kind == "vni":
        return [_on("vni settle", "fail", node)]
    return [_on("server start", "fail", node, what={"code": "cannot_start_compute"})]


def _f11b(cell: Cell, node: str, speed: float) -> list[Rule]:
    field = "lifecycle_state" if cell.kind == "vni" else "status"
    return [_on(cell.call.get, "set", node, what={"fields": {field: "hibernating"}})]


def _f14(cell: Cell, node: str, speed: float) -> list[Rule]:
    refused = _answer(401, "token_invalid", "The token is not valid.")
    broken = _answer(500, "service_error", "The service failed.")
    return [
        _on(cell.moment, "answer", node, what=refused),
        {"moment": "metadata POST *", "action": "answer", "what": broken},
    ]


def _answering(status: int, code: str, message: str, count: int = 1, **more: Any) -> Any:
    def rules(cell: Cell, node: str, speed: float) -> list[Rule]:
        return [_on(cell.moment, "answer", node, count=count, what=_answer(status, code, message, **more))]

    return rules


def _acting(action: str, **more: Any) -> Any:
    def rules(cell: Cell, node: str, speed: float) -> list[Rule]:
        return [_on(cell.moment, action, node, **more)]

    return rules


_FAULT_RULES: Mapping[str, Any] = {
    "F0": lambda cell, node, speed: [],
    "F1": _acting("refused", seconds=30.0),
    "F2": _acting("hang"),
    "F3": _acting("hang_after"),
    "F4": _acting("slow", delay=90.0),
    "F5": _acting("html"),
    "F5a": _acting("fail_after"),
    "F5b": _acting("reset_after"),
    "F6": _answering(429, "rate_limit_exceeded", "Too many requests.", retry_after=60),
    "F7": lambda cell, node, speed: [_on(f"{cell.call.life} create", "foreign", node)],
    "F7a": _acting("twice"),
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
    "F16": lambda cell, node, speed: [_on(cell.moment, "slow", node, delay=HELD)],
}

MAY_FAIL_WITH: Mapping[str, tuple[str, ...]] = {
    "F7": ("foreign", "no_address"),
    "F11a": ("bad_request", "server_failed", "capacity"),
    "F12": ("vanished", "server_failed", "bad_request", "not_found", "conflict"),
    "F13": ("not_authorized", "left_over"),
    "F13a": ("quota",),
}
"""With which error a step may stop for a person; with any other fault it goes on by itself."""

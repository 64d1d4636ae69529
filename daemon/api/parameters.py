"""The parameters that a request carries behind its path: which there are, what each may be, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from daemon.errors.tree import NxdError
from daemon.spec.values import number
from daemon.wire import LAST_REVISION

MOST_LINES = 10_000
"""So many lines of the log are told in one answer."""
SHOWN = 40
"""How many characters of a wrong value a message repeats."""


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number within bounds; ``usual`` stands for one that is not given."""

    lowest: int
    highest: int
    usual: int | None = None


TEXT = None
"""Any text."""

Known = Mapping[str, Number | None]

EVENTS: Known = {"after": Number(0, LAST_REVISION), "first": Number(1, LAST_REVISION)}
LOG: Known = {
    "after": Number(0, LAST_REVISION, 0),
    "limit": Number(1, MOST_LINES, 1000),
    "tail": Number(0, 1, 0),
    "cluster": TEXT,
    "node": TEXT,
}
CALLS: Known = {
    "after": Number(0, LAST_REVISION, 0),
    "limit": Number(1, MOST_LINES, 1000),
    "tail": Number(0, 1, 0),
    "bodies": Number(0, 1, 0),
    "target": TEXT,
}
TIMELINES: Known = {"names": TEXT}
CONSOLE: Known = {"force": Number(0, 1, 0)}
OFFERS: Known = {"target": TEXT}
PARAMETERS: Mapping[str, Known] = {
    "/v1/events": EVENTS,
    "/v1/log": LOG,
    "/v1/calls": CALLS,
    "/v1/timelines": TIMELINES,
    "/v1/nodes/{name}/console": CONSOLE,
    "/v1/offers": OFFERS,
}
"""Which parameters a path takes; any other path takes none."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a request says in its parameters."""

    numbers: Mapping[str, int]
    texts: Mapping[str, str]

    def needed(self, key: str) -> str:
        """A text that must be given. Raises NxdError."""
        if not self.texts.get(key):
            raise NxdError("request", f"{key} is missing: give it as ?{key}=….")
        return self.texts[key]


def asked(request: web.Request) -> Parameters:
    """The parameters of a request. Raises NxdError that names the first one that is wrong, and what it may be."""
    resource = request.match_info.route.resource
    known = PARAMETERS.get("" if resource is None else resource.canonical, {})
    numbers = {key: kind.usual for key, kind in known.items() if kind is not None and kind.usual is not None}
    texts: dict[str, str] = {}
    for key, text in request.query.items():
        if key not in known:
            there = f"there are {', '.join(known)}" if known else f"{request.path} takes none"
            raise NxdError("request", f'There is no parameter "{shortened(key)}"; {there}.')
        if len(request.query.getall(key)) > 1:
            raise NxdError("request", f"{key} stands there more than once: give it once.")
        kind = known[key]
        if kind is None:
            texts[key] = text
        else:
            numbers[key] = _number(key, text, kind)
    return Parameters(numbers, texts)


def _number(key: str, text: str, kind: Number) -> int:
    found = int(text) if re.fullmatch("[0-9]{1,18}", text) else text
    if isinstance(found, str) or not kind.lowest <= found <= kind.highest:
        words = number(kind.lowest, whole=True, highest=kind.highest).words
        raise NxdError("request", f'{key}: expected {words}, found "{shortened(text)}".')
    return found


def shortened(text: str) -> str:
    """So much of what somebody sent as a message repeats."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

"""The filter of calls: ``status:5xx service:vpc ms:>1000 try:>1 text`` keeps what all words agree on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.client.query import FilterWord, words_of
from daemon.wire import CallView

_Holds = Callable[[str, CallView], bool]
_COMPARED = re.compile(r"(?P<sign>[<>]?)(?P<bound>[0-9]+)")


def _status(wanted: str, call: CallView) -> bool:
    """``500``, ``5xx``, ``none`` where there is no status, or ``failed``."""
    if wanted == "failed":
        return call["failed"]
    told = "none" if call["status"] is None else str(call["status"])
    return told == wanted or (wanted.endswith("xx") and told[:1] == wanted[:-2])


def _compared(of: Callable[[CallView], float]) -> _Holds:
    """A number: ``>1000``, ``<50``, or the very one."""

    def holds(wanted: str, call: CallView) -> bool:
        found = _COMPARED.fullmatch(wanted)
        if found is None:
            return False
        value, bound = of(call), int(found["bound"])
        signs = {">": value > bound, "<": value < bound, "": round(value) == bound}
        return signs[found["sign"]]

    return holds


def _text(of: Callable[[CallView], str | None]) -> _Holds:
    return lambda wanted, call: wanted in (of(call) or "").lower()


FIELDS: dict[str, _Holds] = {
    "status": _status,
    "service": _text(lambda call: call["service"]),
    "method": _text(lambda call: call["method"]),
    "ms": _compared(lambda call: call["ms"]),
    "try": _compared(lambda call: call["tries"]),
    "path": _text(lambda call: call["path"]),
    "intent": _text(lambda call: call["intent"]),
    "target": _text(lambda call: call["target"]),
    "request": _text(lambda call: call.get("request_id")),
    "why": _text(lambda call: call.get("why")),
}
"""What a word before a colon may be, and whether what stands behind it holds for a call."""
_EVERYWHERE = ("path", "intent", "target", "request", "why")


@dataclass(frozen=True)
class CallQuery:
    """A filter that was read; if it could not be, ``error`` says why and nothing is hidden."""

    text: str = ""
    words: tuple[FilterWord, ...] = field(default=())
    error: str | None = None

    def __bool__(self) -> bool:
        return bool(self.words)

    def keeps(self, call: CallView) -> bool:
        """Whether every word agrees."""
        return all(
            any(FIELDS[name](want, call) for name in word.fields for want in word.wanted) is not word.negated
            for word in self.words
        )


def parse_calls(text: str) -> CallQuery:
    """Read a filter. Values are compared in any case, a comma means or, ``!`` turns a word round."""
    words, error = words_of(text, FIELDS, _EVERYWHERE)
    return CallQuery(text, error=error) if error else CallQuery(text, words)

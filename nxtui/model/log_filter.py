"""The filter of a log: ``node:node02 kind:call !level:debug text`` keeps the lines that all words agree on."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from nxtui.model.entry import Entry

FIELDS: dict[str, Callable[[Entry], str]] = {
    "node": lambda e: e.node or "",
    "cluster": lambda e: e.cluster,
    "kind": lambda e: e.kind,
    "level": lambda e: e.level,
    "actor": lambda e: e.actor,
    "text": lambda e: e.message,
}
"""What a word before a colon may be, and where in a line it looks."""


@dataclass(frozen=True)
class LogFilter:
    """A filter that was read; if it could not be, ``error`` says why and nothing is hidden."""

    text: str = ""
    words: tuple[tuple[tuple[Callable[[Entry], str], ...], tuple[str, ...], bool], ...] = ()
    error: str | None = None

    def passes(self, event: Entry) -> bool:
        """Whether every word agrees."""
        for fields, wanted, negated in self.words:
            told = [field(event).lower() for field in fields]
            if any(want in said for said in told for want in wanted) is negated:
                return False
        return True


def parse(text: str) -> LogFilter:
    """Read a filter. A word with a colon whose head is no field is text: log lines are full of colons."""
    try:
        tokens = shlex.split(text)
    except ValueError:
        return LogFilter(text, error="A quotation mark is still open.")
    words = []
    for token in tokens:
        negated = token.startswith("!")
        token = token.removeprefix("!").lower()
        name, colon, value = token.partition(":")
        fields: tuple[Callable[[Entry], str], ...] = (FIELDS["text"], FIELDS["node"])
        wanted: tuple[str, ...] = (token,) if token else ()
        if colon and name in FIELDS:
            fields, wanted = (FIELDS[name],), tuple(part for part in value.split(",") if part)
        if wanted:
            words.append((fields, wanted, negated))
    return LogFilter(text, tuple(words))

"""The filter language: ``state:failed phase:working,ok !cluster:a text`` keeps what all words agree on."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from daemon.wire import EntityView


def _error(entity: EntityView) -> Iterable[str]:
    error = entity["error"]
    return (error["code"], error["message"]) if error else ()


FIELDS: dict[str, Callable[[EntityView], Iterable[str]]] = {
    "name": lambda e: (e["name"],),
    "cluster": lambda e: (e["cluster"],),
    "state": lambda e: (e["state"], e["title"]),
    "phase": lambda e: (e["phase"],),
    "step": lambda e: (e["step"] or "",),
    "platform": lambda e: (e["platform"],),
    "wish": lambda e: (e["wish"] or "",),
    "error": _error,
    "ip": lambda e: e["addresses"].values(),
}
"""What a word before a colon may be, and where in an entity it looks."""

_EVERYWHERE = ("name", "cluster", "state", "phase", "step", "error", "ip")


@dataclass(frozen=True)
class _Word:
    wanted: tuple[str, ...]
    fields: tuple[str, ...]
    negated: bool

    def holds(self, entity: EntityView) -> bool:
        found = any(
            want in value.lower()
            for name in self.fields
            for value in FIELDS[name](entity)
            for want in self.wanted
        )
        return found is not self.negated


@dataclass(frozen=True)
class Query:
    """A filter that was read; if it could not be, ``error`` says why and nothing is hidden."""

    text: str = ""
    words: tuple[_Word, ...] = field(default=())
    error: str | None = None

    def __bool__(self) -> bool:
        return bool(self.words)

    def keeps(self, entity: EntityView) -> bool:
        """Whether every word agrees."""
        return all(word.holds(entity) for word in self.words)


def parse(text: str) -> Query:
    """Read a filter. Values match anywhere and in any case, a comma means or, ``!`` turns a word round."""
    try:
        tokens = shlex.split(text)
    except ValueError:
        return Query(text, error="A quotation mark is still open.")
    words: list[_Word] = []
    for token in tokens:
        negated = token.startswith("!")
        name, colon, value = token.removeprefix("!").lower().partition(":")
        if not colon:
            name, value = "", name
        elif name not in FIELDS:
            return Query(text, error=f"There is no field {name!r}; there are {', '.join(FIELDS)}.")
        wanted = tuple(part for part in value.split(",") if part)
        if wanted:
            words.append(_Word(wanted, (name,) if name else _EVERYWHERE, negated))
    return Query(text, tuple(words))

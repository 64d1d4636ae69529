"""The filter language: ``state:failed phase:working,ok !cluster:a text`` keeps what all words agree on."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable
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
class FilterWord:
    """One word of a filter: one of the values has to be found in one of the fields, or in none if it is negated."""

    wanted: tuple[str, ...]
    fields: tuple[str, ...]
    negated: bool


def words_of(
    text: str, fields: Collection[str], everywhere: tuple[str, ...]
) -> tuple[tuple[FilterWord, ...], str | None]:
    """The words of a filter whose fields are these; a word without one looks ``everywhere``. None of them, and why,
    where it cannot be read."""
    try:
        split = shlex.split(text)
    except ValueError:
        return (), "A quotation mark is still open."
    words: list[FilterWord] = []
    for one in split:
        negated = one.startswith("!")
        name, colon, value = one.removeprefix("!").lower().partition(":")
        if not colon:
            name, value = "", name
        elif name not in fields:
            return (), f"There is no field {name!r}; there are {', '.join(fields)}."
        wanted = tuple(part for part in value.split(",") if part)
        if wanted:
            words.append(FilterWord(wanted, (name,) if name else everywhere, negated))
    return tuple(words), None


def _holds(word: FilterWord, entity: EntityView) -> bool:
    found = any(
        want in value.lower()
        for name in word.fields
        for value in FIELDS[name](entity)
        for want in word.wanted
    )
    return found is not word.negated


@dataclass(frozen=True)
class Query:
    """A filter that was read; if it could not be, ``error`` says why and nothing is hidden."""

    text: str = ""
    words: tuple[FilterWord, ...] = field(default=())
    error: str | None = None

    def __bool__(self) -> bool:
        return bool(self.words)

    def keeps(self, entity: EntityView) -> bool:
        """Whether every word agrees."""
        return all(_holds(word, entity) for word in self.words)


def parse(text: str) -> Query:
    """Read a filter. Values match anywhere and in any case, a comma means or, ``!`` turns a word round."""
    words, error = words_of(text, FIELDS, _EVERYWHERE)
    return Query(text, error=error) if error else Query(text, words)

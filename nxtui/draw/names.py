"""Names where there is no room for them: each keeps both ends if that tells it from others, and no two are alike."""

from __future__ import annotations

from collections.abc import Callable

from nxtui.draw.text import cells_of, clean, fit

MOST = 20_000
"""So many drawn names are remembered."""
_TRIES = 8
_BEYOND = 3
"""Cells that are shown from where two names differ, if there is room."""


def middle(text: str, width: int, ellipsis: str = "…") -> str:
    """Exactly so many cells: a name that is too long keeps both its ends, for what differs is mostly at the end."""
    text = clean(text)
    if cells_of(text) <= width or width < 4 or cells_of(text) != len(text):
        return fit(text, width, False, ellipsis)
    return _cut(text, width - 1 - (width - 1) // 2, width, ellipsis)


def _cut(text: str, head: int, width: int, ellipsis: str) -> str:
    """The first cells of a name and its last ones."""
    tail = width - 1 - head
    return text[:head] + ellipsis + (text[-tail:] if tail else "")


class ShortNames:
    """How names were drawn so far. Of two that would be drawn alike each shows where they differ; ``found`` is called
    when that concerns one that was drawn otherwise before. Only names that are drawn are looked at."""

    def __init__(self, found: Callable[[], object] = lambda: None) -> None:
        self._found = found
        self._drawn: dict[tuple[str, int], str] = {}
        self._taken: dict[str, str] = {}
        """What was drawn → for which name."""
        self._alike: dict[str, tuple[str, str]] = {}
        """What tells too little → two names that would be drawn so."""

    def fit(self, name: str, width: int, ellipsis: str = "…") -> str:
        """A name in exactly so many cells."""
        kept = self._drawn.get((name, width))
        if kept is not None:
            return kept
        plain = middle(name, width, ellipsis)
        told = clean(name)
        if cells_of(told) <= width or width < 4 or cells_of(told) != len(told):
            return plain  # it is whole, or has letters that take two cells
        if len(self._drawn) >= MOST:
            for known in (self._drawn, self._taken, self._alike):
                known.clear()
        shown = self._apart(told, plain, width, ellipsis)
        self._taken[shown] = told
        self._drawn[name, width] = shown
        return shown

    def _apart(self, name: str, shown: str, width: int, ellipsis: str) -> str:
        """What no other name is drawn as."""
        for _ in range(_TRIES):
            other = self._other(name, shown)
            if other is None:
                return shown
            self._tell_apart(name, other, shown, width)
            shown = _telling(name, other, width, ellipsis)
        number = 2
        while self._taken.get(shown, name) != name or shown in self._alike:
            mark = f"{ellipsis}{number}"
            shown, number = name[: max(1, width - len(mark))] + mark, number + 1
        return shown

    def _other(self, name: str, shown: str) -> str | None:
        """Another name that is, or would be, drawn alike."""
        if shown in self._alike:
            return next((one for one in self._alike[shown] if one != name), None)
        owner = self._taken.get(shown, name)
        return None if owner == name else owner

    def _tell_apart(self, name: str, other: str, shown: str, width: int) -> None:
        """What two names share tells neither."""
        if shown not in self._alike:
            self._alike[shown] = (name, other)
            self._taken.pop(shown, None)
            if self._drawn.pop((other, width), None) is not None:
                self._found()


def _telling(name: str, other: str, width: int, ellipsis: str) -> str:
    """A name cut so that the place is seen at which it differs from another one."""
    differs = next(
        (at for at, (one, two) in enumerate(zip(name, other, strict=False)) if one != two), len(other)
    )
    head = min(width - 2, differs + _BEYOND)
    if differs < width - 2:
        return _cut(name, head, width, ellipsis)
    same = next(
        (at for at, (one, two) in enumerate(zip(name[::-1], other[::-1], strict=False)) if one != two), 0
    )
    if same < width - 2:
        return _cut(name, max(1, width - 1 - same - _BEYOND), width, ellipsis)
    begin = max(0, min(differs + _BEYOND + 1, len(name)) - (width - 2))
    return ellipsis + name[begin : begin + width - 2] + ellipsis

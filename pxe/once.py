"""An object of JSON in which a key stands twice means nothing: of two values nobody knows which one was meant."""

from __future__ import annotations

from typing import Any


class Twice(ValueError):
    """A key stands in an object more than once."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose keys differ. Raises Twice."""
    said = dict(pairs)
    if len(said) < len(pairs):
        keys = [key for key, _ in pairs]
        raise Twice(f"{next(key for at, key in enumerate(keys) if key in keys[:at])} stands in it twice")
    return said

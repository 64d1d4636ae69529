"""Holds a value to the type that the seam declares for it, down to each field and entry: what a package of somebody
else's says of itself was checked by nobody."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

_WORDS: Mapping[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: "a tuple",
    NoneType: "None",
    Mapping: "a mapping",
    Sequence: "a list",
    Callable: "a function",
}

_fields: Callable[[type], Mapping[str, Any]] = lru_cache(maxsize=256)(get_type_hints)
"""What a class declares, read once: hundreds of states and verbs are of a few classes."""


def misfits(value: object, wanted: Any, place: str) -> Iterator[str]:
    """Where a value is not what it should be, and what it is instead; ``place`` is what the value is called,
    empty for one whose fields alone are told of."""
    kind = get_origin(wanted) or wanted
    if wanted is Any:
        return
    if kind is Literal:
        if value not in get_args(wanted):
            yield f"{place} is {value!r}, and not one of {', '.join(map(str, get_args(wanted)))}"
    elif kind in (Union, UnionType):
        if not any(_fits(value, one) for one in get_args(wanted)):
            yield f"{place} is {_shown(value)}, and not {' or '.join(_named(one) for one in get_args(wanted))}"
    elif not _is(value, kind):
        comma = ": a comma makes a tuple of one entry, (x,)" if kind is tuple else ""
        yield f"{place} is {_shown(value)}, and not {_named(wanted)}{comma}"
    else:
        yield from _inside(value, wanted, place)


def _inside(value: Any, wanted: Any, place: str) -> Iterator[str]:
    """The same for what a value of the right type holds."""
    kind, of = get_origin(wanted), get_args(wanted)
    if kind in (tuple, Sequence):
        for number, one in enumerate(value):
            yield from misfits(one, of[0], f"{place}, {_name_of(one, number)}")
    elif kind is Mapping:
        for key, one in value.items():
            yield from misfits(key, of[0], f"a key of {place}")
            yield from misfits(one, of[1], f"{place}, {key}")
    elif inspect.isclass(wanted) and (is_dataclass(wanted) or issubclass(wanted, Struct)):
        for name, hint in _fields(type(value)).items():
            yield from misfits(getattr(value, name), hint, f"{place}: {name}" if place else name)


def _fits(value: object, wanted: Any) -> bool:
    return next(misfits(value, wanted, ""), None) is None


def _is(value: object, kind: Any) -> bool:
    """Whether a value is of a type, by which neither a text is a list, nor true a number."""
    if kind is Callable or kind is get_origin(Callable[[], None]):
        return callable(value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is Sequence:
        return isinstance(value, list | tuple)
    return isinstance(value, kind or NoneType)


def _name_of(one: object, number: int) -> str:
    """What an entry is called: by its own name, key, code or path, else by its place."""
    names = (getattr(one, name, None) for name in ("name", "key", "code", "path"))
    return next((name for name in names if isinstance(name, str) and name), f"entry {number + 1}")


def _shown(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _named(wanted: Any) -> str:
    kind = get_origin(wanted) or wanted
    return _WORDS.get(kind) or f"a {getattr(kind, '__name__', kind)}"

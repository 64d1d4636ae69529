"""What is never changed once it is made: a change makes another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_READ: dict[type, Callable[[Any], tuple[Any, ...]]] = {}
_PLACES: dict[type, dict[str, int]] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots that type checkers hold to be frozen.

    Python's own ``frozen`` makes each new one three times as slow, and the hot path makes ten for every step.
    """
    made = dataclass(slots=True)(cls)
    names = [one.name for one in fields(made)]  # type: ignore[arg-type]
    _PLACES[made] = {name: place for place, name in enumerate(names)}
    _READ[made] = attrgetter(*names) if len(names) > 1 else lambda old: (getattr(old, names[0]),)
    return made


def replace(old: T, **changes: Any) -> T:
    """A copy with changes, in a third of the time that ``dataclasses.replace`` takes. Raises KeyError for a field that
    it does not have."""
    kind = type(old)
    values, places = list(_READ[kind](old)), _PLACES[kind]
    for name, new in changes.items():
        values[places[name]] = new
    return kind(*values)

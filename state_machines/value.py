"""What is never changed once it is made: a change makes another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots that type checkers hold to be frozen.

    Python's own ``frozen`` makes each new one three times as slow, and the hot path makes ten for every step.
    """
    return dataclass(slots=True)(cls)

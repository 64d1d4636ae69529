"""How hard the engine works, as the settings say."""

from __future__ import annotations

from msgspec import Struct


class Pace(Struct, frozen=True):
    """How hard the engine works: steps at once, the first and longest pause before another try (seconds), and after
    how many deaths of the daemon in a row a record whose step ran each time is held."""

    steps_at_once: int = 256
    retry_first: float = 2.0
    retry_max: float = 120.0
    deadline_factor: float = 1.0
    crashes: int = 3

"""How the cloud behaves where no document says: which rule a create is held to first, and what a proxy sends twice."""

from __future__ import annotations

from collections.abc import Callable

from daemon.clock import SystemClock
from daemon.sim.refusals import SimError

BY_NAME = "name"
BY_HOLDING = "holding"
DRAWN = "drawn"
CHECK_ORDERINGS = (BY_NAME, BY_HOLDING, DRAWN)


class Behaviour:
    """One cloud's ways. ``order`` says whether a create is held to the uniqueness of its name first, or to what it
    takes hold of (an address, an interface); ``drawn`` draws one of them for each create. ``replays`` is the chance
    with which a proxy in front sends a call that changes something twice; the second answer is the one that arrives.

    Raises SimError for what cannot be.
    """

    def __init__(self, order: str = BY_NAME, replays: float = 0.0, seed: int = 1) -> None:
        if order not in CHECK_ORDERINGS:
            raise SimError(
                f"There is no order of checks {order!r}; choose one of {', '.join(CHECK_ORDERINGS)}."
            )
        if not 0 <= replays <= 1:
            raise SimError(
                f"The chance of a replay {replays:g} is not between 0 and 1; choose for example 0.1."
            )
        self.order = order
        self.replays = replays
        self._draws = SystemClock(seed=seed)

    def check(self, name: Callable[[], None], holding: Callable[[], None]) -> None:
        """Hold a create to both rules, in the order of this cloud."""
        order = self.order
        if order == DRAWN:
            order = BY_NAME if self._draws.uniform(0, 1) < 0.5 else BY_HOLDING
        for rule in (name, holding) if order == BY_NAME else (holding, name):
            rule()

    def repeats(self) -> bool:
        """Whether a proxy sends this call twice."""
        return self.replays > 0 and self._draws.uniform(0, 1) < self.replays

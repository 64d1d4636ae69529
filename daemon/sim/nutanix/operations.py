"""What Prism did because it was asked to, and what of it ended again: by this a judge tells a thing done twice.

A cluster, a host's place in it and a password bear no name that the inventory could show twice; the operations do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from daemon.sim.refusals import Json


@dataclass(frozen=True)
class Operation:
    """One change. ``received`` is when the call arrived that asked for it and ``call`` its number in the journal; the
    end of a change has no call. Times are virtual."""

    what: str
    of: str
    at: float
    over: bool = False
    received: float = 0.0
    call: int = 0


class Operations:
    """Every change of a cluster that was asked for through Prism, in the order in which they took effect.

    ``expand`` and ``remove`` are of the server behind a host, everything else is of a cluster.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._operations: list[Operation] = []

    def done(self, what: str, of: str, received: float, call: int) -> None:
        """A change took effect now."""
        self._operations.append(Operation(what, of, self._now(), False, received, call))

    def over(self, of: str, *whats: str) -> None:
        """Of the changes of this cluster or server nothing is left; only of the kinds named, if any are."""
        known = {operation.what for operation in self._operations if operation.of == of}
        self._operations += [
            Operation(what, of, self._now(), True) for what in sorted(known & set(whats or known))
        ]

    def view(self) -> list[Json]:
        return [asdict(operation) for operation in self._operations]

"""The persisted memory of one node or one cluster: where it stands and what it knows."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class Record(Struct, frozen=True, gc=False):
    """One row of the store. Times are Unix seconds; ``version`` grows by one with each commit.

    ``step`` is the state whose work is being done, or was when the record failed or was held; while rolling
    back it is the name of the undo step. ``attempt`` counts what a person asked to be tried again, ``tries``
    the calls in a row that met a passing trouble. ``forget``: it leaves the store once it is released.
    ``protected``: nothing of it may be deleted. ``stop_after`` is the step after which it is held. ``wait`` and
    ``error`` are what a person is shown.
    """

    name: str
    kind: str
    shard: str
    state: str
    since: float
    version: int = 0
    step: str | None = None
    attempt: int = 1
    tries: int = 0
    deadline: float | None = None
    wake_at: float | None = None
    forget: bool = False
    protected: bool = False
    stop_after: str | None = None
    wait: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    spec: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """The name of its platform, with which its kind begins."""
        return self.kind.partition(".")[0]

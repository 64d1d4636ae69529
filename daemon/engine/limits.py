"""How long a state or a stage of a rollback may last: the spec's word, else the table's."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from state_machines.kind import ROLLING_BACK, Kind, State, UndoStep
from state_machines.record import Record


class Limits(Struct, frozen=True):
    """How long things may last: state → the spec's word in seconds, and the factor that stretches all of it."""

    deadlines: Mapping[str, float] = field(default_factory=dict)
    factor: float = 1.0

    def of(self, state: State | UndoStep) -> float | None:
        """Seconds a state or a stage of a rollback may last: the spec's word, else the table's. No factor cuts a stage
        short, which waits until no earlier call can take effect."""
        seconds = self.deadlines.get(state.name, state.deadline)
        factor = max(1.0, self.factor) if isinstance(state, UndoStep) else self.factor
        return None if seconds is None else float(seconds) * factor

    def here(self, record: Record, kind: Kind) -> float | None:
        """Seconds that the state or the stage may last at which a record is."""
        undoing = record.state == ROLLING_BACK and record.step is not None
        return self.of(kind.undo_step(str(record.step)) if undoing else kind.states[record.state])

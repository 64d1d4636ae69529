"""What the engine measures of itself, in a registry of its own; ``docs/operations.md`` describes each metric."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from daemon.clock import Clock
from daemon.engine.turns import Turns
from state_machines.record import Record

BUCKETS = (1, 5, 15, 60, 180, 300, 600, 1200, 1800, 3600, 7200)
"""Seconds: a call, a boot, an installation, a cluster."""


class Meters:
    """Counts what happens to records; a step pays for one number."""

    def __init__(self, records: Mapping[str, Record], turns: Turns, clock: Clock) -> None:
        self.registry = registry = CollectorRegistry()
        """What the whole daemon counts into."""
        registry.register(_RecordsByState(records, turns, clock))
        self._steps = Histogram(
            "nxd_step_seconds",
            "How long steps and stages of a rollback took, by kind of record and step.",
            ("kind", "step"),
            registry=registry,
            buckets=BUCKETS,
        )
        self._each: dict[tuple[str, str | None], Histogram] = {}
        self._retries = Counter(
            "nxd_retries",
            "Steps that are tried again, by kind of record and code of the error.",
            ("kind", "code"),
            registry=registry,
        )
        self._late = Counter(
            "nxd_deadlines_missed",
            "Steps that failed at their deadline, by kind of record and step.",
            ("kind", "step"),
            registry=registry,
        )

    def done(self, record: Record, now: float) -> None:
        """A step is done, for which there was something to do."""
        step = self._each.get((record.kind, record.step))
        if step is None:
            step = self._each[record.kind, record.step] = self._steps.labels(record.kind, record.step)
        step.observe(max(0.0, now - record.since))

    def retried(self, record: Record, code: str) -> None:
        """A step will be tried again."""
        self._retries.labels(record.kind, code).inc()

    def failed(self, record: Record, now: float) -> None:
        """A step failed, which counts if its time was over."""
        if record.deadline is not None and now >= record.deadline:
            self._late.labels(record.kind, record.step).inc()


class _RecordsByState(Collector):
    """What is counted when it is asked for: the records as they stand, and the turns."""

    def __init__(self, records: Mapping[str, Record], turns: Turns, clock: Clock) -> None:
        self._records = records
        self._turns = turns
        self._clock = clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Every gauge anew."""
        records, now = self._records.values(), self._clock.now()
        standing = GaugeMetricFamily(
            "nxd_records", "Nodes and clusters as they stand, by kind and state.", labels=("kind", "state")
        )
        for (kind, state), count in sorted(Tally((one.kind, one.state) for one in records).items()):
            standing.add_metric((kind, state), count)
        yield standing
        overdue = sum(one.deadline is not None and one.deadline < now for one in records)
        said = "Records whose deadline is over and that have not failed yet."
        yield GaugeMetricFamily("nxd_records_overdue", said, overdue)
        running, waiting = self._turns.load
        yield GaugeMetricFamily("nxd_turns_running", "Records that have their turn.", running)
        yield GaugeMetricFamily("nxd_turns_waiting", "Records that wait in line for their turn.", waiting)

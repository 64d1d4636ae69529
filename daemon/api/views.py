"""Records as the API shows them, built from the mirror and the tables."""

from __future__ import annotations

from typing import Any, cast

from daemon import wire
from daemon.engine import Engine
from daemon.journal import Journal
from daemon.orders import Orders
from daemon.store.ops import Event
from state_machines.kind import ROLLING_BACK, Kind
from state_machines.record import Record


class Views:
    """Looks at the mirror through a client's eyes."""

    def __init__(self, journal: Journal, engine: Engine, orders: Orders, daemon: wire.DaemonView) -> None:
        self._journal = journal
        self._engine = engine
        self._orders = orders
        self.daemon = daemon

    def snapshot(self) -> wire.Snapshot:
        """Everything at this moment."""
        records = sorted(self._journal.mirror.records.values(), key=lambda record: record.name)
        return wire.Snapshot(
            daemon=self.daemon,
            revision=self._journal.mirror.revision,
            now=self._journal.clock.now(),
            speed=self._journal.clock.speed,
            clusters=[self.entity(record) for record in records if record.name == record.shard],
            nodes=[self.entity(record) for record in records if record.name != record.shard],
        )

    def entity(self, record: Record) -> wire.EntityView:
        """One node or cluster."""
        kind = self._engine.kind(record)
        rows = self._journal.mirror.resources(record.name)
        commands = self._journal.mirror.commands(record.name)
        wait = record.wait or {}
        index, count = kind.place(record.state, record.step)
        return wire.EntityView(
            name=record.name,
            kind=kind.role,
            cluster=record.shard,
            platform=record.kind.partition(".")[0],
            state=record.state,
            title=_title(kind, record),
            phase="attention" if wait.get("attention") else kind.states[record.state].phase,
            step=record.step,
            step_index=index,
            step_count=count,
            progress=wait.get("progress"),
            attempt=record.attempt,
            protected=record.protected,
            stop_after=record.stop_after,
            since=record.since,
            deadline=record.deadline,
            waiting_for=wait.get("for"),
            evidence=wait.get("evidence"),
            error=cast("wire.ErrorView | None", record.error and _without_null(record.error)),
            wish=commands[0].verb if commands else None,
            can=self._orders.can(record),
            addresses=self._engine.platform(record).addresses(record, rows),
            resources=[
                wire.ResourceView(kind=row.kind, id=row.cloud_id, name=row.name, state=row.state)
                for row in rows
            ],
        )

    async def timeline(self, record: Record) -> list[wire.StepTiming]:
        """Every stay in a state, oldest first, read from the log."""
        kind = self._engine.kind(record)
        stays: list[wire.StepTiming] = []
        for event in await self._journal.events(record=record.name, kind="transition", limit=10_000):
            if stays:
                stays[-1]["ended"] = event.time
            state, step = event.data["to"], event.data.get("step")
            title = kind.states[state].title
            if state == ROLLING_BACK and step:
                title = kind.undo_step(step).title
            stays.append(
                wire.StepTiming(
                    state=state, title=title, attempt=event.data["attempt"], started=event.time, ended=None
                )
            )
        return stays


def _title(kind: Kind, record: Record) -> str:
    if record.state == ROLLING_BACK and record.step:
        return kind.undo_step(record.step).title
    return kind.states[record.state].title


def _without_null(error: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in error.items() if value is not None}


def event_view(event: Event) -> wire.EventView:
    """A line of the log."""
    return wire.EventView(
        revision=event.revision,
        time=event.time,
        cluster=event.shard,
        node=event.record if event.record != event.shard else None,
        kind=event.kind,
        level=event.level,
        actor=event.actor,
        message=event.message,
        data=event.data,
    )

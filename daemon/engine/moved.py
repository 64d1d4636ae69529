"""A ledger that was put in place from a copy: what went on since stands nowhere in it, so nothing of it goes on by
itself."""

from __future__ import annotations

import logging

from msgspec.structs import replace

from daemon.engine import sentences, transitions
from daemon.engine.engine import Engine
from daemon.engine.remedies import plain
from daemon.errors.tree import NxdError
from daemon.store.ops import Op, PutRecord
from state_machines.kind import ROLLING_BACK

log = logging.getLogger("nxd.engine")


async def hold_what_was_at_work(engine: Engine) -> None:
    """Hold every record that would have a turn; a person says that it goes on. Before any turn. Raises StoreError."""
    journal, ops, held = engine.journal, list[Op](), list[str]()
    problem, now = NxdError("moved").problem(), journal.clock.now()
    for record in journal.mirror.records.values():
        kind = engine.kind(record)
        stop = "blocked" if record.state == ROLLING_BACK else kind.parts.get("stop")
        if engine.is_absent(record) or stop is None or not kind.allows(record.state, record.step, stop):
            continue
        changed = transitions.stopped(record, kind, stop, problem, now, engine.limits(record))
        if record.name != record.shard:
            changed = replace(changed, facts={**changed.facts, "held_with": record.shard})
        told = sentences.event(record, "error", now, problem.message, "warning", plain(problem))
        ops += [
            told,
            PutRecord(changed),
            sentences.transition(record, changed, kind, stop, "nxd", idle=False),
        ]
        held.append(record.name)
    if ops:
        log.warning("ledger_moved", extra={"held": ",".join(held)})
        await journal.commit(*ops)

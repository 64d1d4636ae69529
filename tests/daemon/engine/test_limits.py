"""How long a stage of a rollback may last at least."""

from __future__ import annotations

from typing import Any

from daemon.engine.pace import Pace
from state_machines.outcome import Wait


async def test_no_factor_cuts_a_stage_of_a_rollback_short(build: Any) -> None:
    house = build(pace=Pace(8, 2.0, 60.0, deadline_factor=0.1))
    house.toy.script = {"settling": Wait("x", "y", 1e6), "unmake": Wait("x", "y", 1e6)}
    await house.start()
    assert (await house.begin("node01")).deadline == house.clock.now() + 100.0
    await house.tell("node01", "rollback")
    assert (house.record().step, house.record().deadline) == ("unmake", house.clock.now() + 50.0)
    await house.stop()

"""An installer is waited for by what it reports; its server is looked at once it has been quiet for long."""

from __future__ import annotations

from typing import Any

from daemon.engine.context import StepContext
from daemon.platforms.ibm_nutanix.machine import QUIET_SECONDS, MachineSteps
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.settings.reading import load_settings
from daemon.store.ops import PutSignal, Signal
from state_machines.outcome import Outcome, Wait
from tests.daemon.platforms.conftest import SETTINGS


async def test_nobody_looks_between_two_reports_until_the_installer_has_been_quiet_for_long(
    house: Any,
) -> None:
    settings = IbmSettings.of(load_settings(None, SETTINGS))
    machine = MachineSteps(settings, None, None, None, None, None, None, 0.0)  # type: ignore[arg-type]
    looks: list[float] = []

    async def install(ctx: StepContext) -> Outcome:
        looks.append(house.clock.now())
        if len(looks) in (1, 4):
            return Wait("the first report", "or the end of the test", 10_000.0)
        return await machine.install(ctx)

    async def report(percent: float) -> float:
        record, now = house.record(), float(house.clock.now())
        data = {"phase": 4, "percent": percent, "message": "unpacking", "seq": 1}
        await house.journal.commit(PutSignal(Signal(record.name, record.shard, "phase", 0, 1, now, data)))
        house.engine.poke(record.name)
        await house.idle()
        return now

    house.toy.script["settling"] = install
    await house.begin()
    first = await report(10.0)
    await house.pass_time(QUIET_SECONDS - 1)
    second = await report(20.0)
    assert house.record().wait["for"] == "phase 5 of 8" and "unpacking" in house.record().wait["evidence"]
    for _ in range(20):
        await house.pass_time(QUIET_SECONDS / 20)
    assert looks[1:] == [first, second, second + QUIET_SECONDS]

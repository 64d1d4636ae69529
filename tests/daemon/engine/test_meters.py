"""The engine counts what happens to records; what stands now is counted when it is asked for."""

from __future__ import annotations

from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from daemon.engine.pace import Pace
from daemon.store.memory import MemoryStore
from daemon.store.ops import PutRecord
from state_machines.outcome import Busy, Done, Problem, Wait
from tests.daemon.memory.test_store_trouble import Fragile

BUSY = Problem("unavailable", "The toy cloud is down.", (), "now", "HTTP 503")


def read(house: Any) -> dict[tuple[str, ...], float]:
    """Every sample as a scraper reads it: its name with the values of its labels."""
    text = generate_latest(house.engine.metrics).decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


async def test_records_are_counted_by_their_state_as_they_stand(house: Any) -> None:
    assert ("nxd_records", "toy.node", "pending") not in read(house)
    await house.sow("node01", "node02")
    house.toy.script["settling"] = Wait("the moon", "half", 30.0)
    await house.tell("node02", "start")
    counted = read(house)
    assert counted["nxd_records", "toy.cluster", "pending"] == 1
    assert counted["nxd_records", "toy.node", "pending"] == 1
    assert counted["nxd_records", "toy.node", "settling"] == 1


async def test_a_step_that_had_something_to_do_is_measured_and_an_idle_one_is_not(house: Any) -> None:
    house.toy.script = {"making": [Done()], "settling": [Wait("the moon", "half", 40.0), Done()]}
    await house.begin()
    await house.pass_time(40)
    assert house.record().state == "ready"
    counted = read(house)
    assert counted["nxd_step_seconds_count", "toy.node", "settling"] == 1
    assert counted["nxd_step_seconds_sum", "toy.node", "settling"] == 40
    assert counted["nxd_step_seconds_bucket", "toy.node", "15.0", "settling"] == 0
    assert counted["nxd_step_seconds_bucket", "toy.node", "60.0", "settling"] == 1
    assert ("nxd_step_seconds_count", "toy.node", "making") not in counted


async def test_retries_are_counted_by_error_and_a_missed_deadline_by_step(house: Any) -> None:
    house.toy.script["making"] = Busy(BUSY, after=10.0)
    await house.begin()
    for _ in range(3):
        await house.pass_time(10)
    counted = read(house)
    assert counted["nxd_retries_total", "unavailable", "toy.node"] == 4
    assert ("nxd_deadlines_missed_total", "toy.node", "making") not in counted
    await house.pass_time(100)
    assert house.record().state == "failed"
    assert read(house)["nxd_deadlines_missed_total", "toy.node", "making"] == 1


async def test_a_deadline_is_missed_once_however_often_its_failure_could_not_be_written(build: Any) -> None:
    house = build(Fragile())
    await house.start()
    house.toy.script["settling"] = Wait("the moon", "half", 40.0)
    await house.begin()
    refused: list[bool] = []

    def fails(ops: Any) -> bool:
        refused.append(any(isinstance(op, PutRecord) and op.record.state == "failed" for op in ops))
        return refused[-1]

    house.store.fails = fails
    for _ in range(50):
        await house.pass_time(100)
    assert house.record().state == "settling" and sum(refused) > 2
    assert ("nxd_deadlines_missed_total", "toy.node", "settling") not in read(house)
    house.store.fails = lambda ops: False
    for _ in range(100):
        await house.pass_time(30)
    assert house.record().state == "failed"
    assert read(house)["nxd_deadlines_missed_total", "toy.node", "settling"] == 1
    await house.stop()


async def test_who_waits_for_a_turn_and_whose_deadline_is_over_is_seen(build: Any) -> None:
    house = build(MemoryStore("daemon-1"), Pace(steps_at_once=1))
    await house.prepare()
    await house.sow("node01", "node02", "node03")
    for name in ("node01", "node02", "node03"):
        house.engine.poke(name)
    counted = read(house)
    assert (counted["nxd_turns_running",], counted["nxd_turns_waiting",]) == (1, 2)
    await house.idle()
    house.toy.script["settling"] = Wait("the moon", "half", 600.0)
    await house.tell("node01", "start")
    house.clock.advance(2000)
    assert read(house)["nxd_records_overdue",] == 1

"""When something is ready is told by what was measured, or not at all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from daemon.memory.history import Measure
from daemon.outlook.expectation import NO_TIME, UNKNOWN, Step, expectation, known
from state_machines.ibm_nutanix import NODE
from state_machines.outcome import Done, Wait
from state_machines.record import Record
from tests.daemon.outlook.test_standing import shown, took

LENGTHS = {
    "reserving_ips": 20.0, "registering_dns": 10.0, "creating_vnis": 30.0, "creating_server": 420.0,
    "awaiting_boot": 300.0, "awaiting_config": 90.0, "installing": 1500.0, "awaiting_cvm": 500.0,
}  # fmt: skip


def standing(state: str, since: float) -> Record:
    return Record("a01", NODE.name, "a", state, since, step=state)


def a_run(chance: random.Random) -> dict[str, float]:
    """How long each step of one life takes: most as usual, each a little otherwise."""
    return {step: chance.lognormvariate(0.0, 0.04) * length for step, length in LENGTHS.items()}


def test_of_200_lives_nine_in_ten_end_within_a_tenth_of_what_was_left_at_half_way() -> None:
    within = sum(_is_close(random.Random(seed)) for seed in range(200))
    assert within >= 180, f"{within} of 200"


def _is_close(chance: random.Random) -> bool:
    """Whether the end of a life is told well when half of it is over, by five lives before it."""
    before = [a_run(chance) for _ in range(5)]
    steps = {step: known(Measure(run[step] for run in before), False) for step in LENGTHS}
    life = a_run(chance)
    whole, passed, here = sum(life.values()), 0.0, ""
    for step, length in life.items():
        here = step
        if passed + length > whole / 2:
            break
        passed += length
    told = expectation(standing(here, passed), NODE, lambda name: steps.get(name, NO_TIME), whole / 2).outlook
    assert told["runs"] == 5
    return abs(told["ready_at"] - whole) <= 0.1 * whole / 2


def test_nothing_is_told_of_a_way_with_a_step_that_was_never_measured() -> None:
    steps = {step: Step(length, Measure([length])) for step, length in LENGTHS.items()} | {
        "installing": UNKNOWN
    }
    told = expectation(standing("creating_server", 0.0), NODE, lambda name: steps.get(name, NO_TIME), 10.0)
    assert told.outlook == {} and told.whole is None
    beyond = expectation(standing("awaiting_cvm", 0.0), NODE, lambda name: steps.get(name, NO_TIME), 10.0)
    assert beyond.outlook["ready_at"] == 500.0 and "share" not in beyond.outlook


def test_who_lasts_longer_than_usual_is_measured_with_those_that_lasted_as_long() -> None:
    steps = {step: NO_TIME for step in NODE.steps} | {
        "awaiting_cvm": known(Measure([100.0, 110.0, 400.0]), False)
    }
    early = expectation(standing("awaiting_cvm", 0.0), NODE, steps.__getitem__, 5.0)
    late = expectation(standing("awaiting_cvm", 0.0), NODE, steps.__getitem__, 150.0)
    beyond = expectation(standing("awaiting_cvm", 0.0), NODE, steps.__getitem__, 450.0)
    assert (early.outlook["ready_at"], late.outlook["ready_at"]) == (110.0, 400.0)
    assert "ready_at" not in beyond.outlook


def test_a_row_is_told_anew_a_few_times_in_its_life_and_not_with_every_second() -> None:
    steps = {step: known(Measure([length] * 5), False) for step, length in LENGTHS.items()}
    now, turns = 0.0, 0
    while now < 1500.0:
        now = expectation(standing("installing", 0.0), NODE, lambda name: steps.get(name, NO_TIME), now).until
        turns += 1
    assert turns <= 12


async def test_a_repeated_try_has_medians_of_its_own(house: Any) -> None:
    await house.sow("node01", "node02", "node03", "node04")
    await took(house, "node01", 100.0)
    house.toy.script["node02", "settling"] = Wait("the test", "it never settles", 900.0)
    await house.tell("node02", "start")
    await house.pass_time(1001.0)
    assert house.record("node02").state == "failed"
    house.toy.script["node02", "settling"] = [Wait("the test", "it settles", 300.0), Done()]
    await house.tell("node02", "retry")
    began = house.clock.now()
    assert shown(house, "node02")["outlook"]["ready_at"] == began + 100.0, "no repeated one is known yet"
    await house.pass_time(300.0)
    assert house.record("node02").state == "ready"
    history = house.journal.history
    assert history.usual("toy.node", "settling") == 100.0, (
        "a repeated try is not measured with the first ones"
    )
    house.toy.script["node03", "settling"] = Wait("the test", "it never settles", 900.0)
    await house.tell("node03", "start")
    await house.pass_time(1001.0)
    house.toy.script["node03", "settling"] = [Wait("the test", "it settles", 300.0)]
    await house.tell("node03", "retry")
    assert shown(house, "node03")["outlook"]["ready_at"] == house.clock.now() + 300.0
    house.toy.script["node04", "settling"] = [Wait("the test", "it settles", 300.0)]
    await house.tell("node04", "start")
    assert shown(house, "node04")["outlook"]["ready_at"] == house.clock.now() + 100.0


async def test_a_cluster_is_ready_with_the_slowest_of_its_nodes(house: Any) -> None:
    house.toy.waits_for_nodes = lambda step: step == "gathering"
    await house.sow("node01", cluster="first")
    await took(house, "node01", 100.0)
    await house.sow("node02", "node03")
    for name in ("node02", "node03"):
        house.toy.script[name, "settling"] = [Wait("the test", "it settles", 100.0), Done()]
    await house.tell("node02", "start")
    await house.pass_time(40.0)
    await house.tell("demo", "start")
    now = house.clock.now()
    told = shown(house, "demo")["outlook"]
    assert told["ready_at"] == now + 100.0 and told["share"] == pytest.approx(0.0)
    assert shown(house, "node02")["outlook"]["ready_at"] == now + 60.0
    await house.tell("node03", "hold")
    assert "ready_at" not in shown(house, "demo")["outlook"], "one of them is held: nobody knows"

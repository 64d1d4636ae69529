"""What is usual is the median of what the log says, and a restart forgets none of it."""

from __future__ import annotations

from typing import Any

from daemon.memory.history import History
from daemon.store.ops import Event
from state_machines.outcome import Done, Wait


async def took(house: Any, name: str, seconds: float) -> None:
    """Let the step `settling` of a node last so long."""
    house.toy.script[name, "settling"] = [Wait("the test", "it settles", seconds), Done()]
    await house.tell(name, "start")
    await house.pass_time(seconds)
    assert house.record(name).state == "ready"


def usual(house: Any) -> float | None:
    found: float | None = house.journal.history.usual("toy.node", "settling")
    return found


async def test_what_is_usual_is_the_median_of_what_it_took_before(house: Any) -> None:
    await house.sow("node01", "node02", "node03")
    assert usual(house) is None
    for name, seconds in (("node01", 100.0), ("node02", 300.0), ("node03", 120.0)):
        await took(house, name, seconds)
    assert usual(house) == 120.0


async def test_a_restarted_daemon_knows_what_is_usual_from_the_log(house: Any) -> None:
    await house.sow("node01")
    await took(house, "node01", 100.0)
    await house.stop()
    await house.start()
    await house.journal.read_back()
    assert usual(house) == 100.0


async def test_a_step_that_failed_says_nothing_of_what_is_usual(house: Any) -> None:
    await house.sow("node01")
    house.toy.script["node01", "settling"] = Wait("the test", "it never settles", 500.0)
    await house.tell("node01", "start")
    await house.pass_time(1000.0)
    assert house.record("node01").state == "failed"
    assert usual(house) is None


async def test_a_step_is_slow_after_what_95_of_100_did_not_exceed_once_enough_are_known(house: Any) -> None:
    names = [f"node{number:02}" for number in range(1, 6)]
    await house.sow(*names)
    for number, name in enumerate(names):
        assert house.journal.history.slow_after("toy.node", "settling") is None
        await took(house, name, 100.0 + number)
    assert house.journal.history.slow_after("toy.node", "settling") == 104.0
    assert house.journal.history.runs("toy.node", "settling") == 5


async def test_a_step_that_had_nothing_to_do_says_nothing_of_what_is_usual(house: Any) -> None:
    await house.sow("node01", "node02")
    await house.tell("node01", "start")
    assert house.record("node01").state == "ready"
    assert usual(house) is None
    await took(house, "node02", 100.0)
    assert usual(house) == 100.0


async def test_a_step_that_was_stopped_and_goes_on_later_says_nothing_of_what_is_usual(house: Any) -> None:
    await house.sow("node01", "node02")
    house.toy.script["node01", "settling"] = [Wait("the test", "it settles", 100.0)] * 2 + [Done()]
    await house.tell("node01", "start")
    await house.pass_time(50.0)
    await house.tell("node01", "hold")
    assert house.record("node01").state == "held"
    await house.pass_time(3000.0)
    await house.tell("node01", "resume")
    await house.pass_time(200.0)
    assert house.record("node01").state == "ready"
    assert usual(house) is None, "only the rest of it was seen"
    await took(house, "node02", 300.0)
    assert usual(house) == 300.0


def moved(name: str, time: float, to: str, by: str = "advance", attempt: int = 1) -> Event:
    """A change of state as the log has it."""
    kind = "toy.cluster" if name == "demo" else "toy.node"
    data = {"kind": kind, "to": to, "step": to, "by": by, "attempt": attempt}
    return Event(time, "demo", name, "transition", "", data=data)


def test_how_long_a_cluster_waits_for_a_node_that_stopped_is_no_usual_time() -> None:
    history = History()
    history.take([moved("demo", 0.0, "gathering"), moved("node01", 10.0, "making")])
    history.take([moved("node01", 20.0, "failed", "fail"), moved("node01", 9000.0, "making", "retry", 2)])
    history.take([moved("demo", 9100.0, "forming")])
    assert history.usual("toy.cluster", "gathering") is None
    history.take([moved("demo", 9200.0, "gathering", "change"), moved("demo", 9300.0, "forming")])
    assert history.usual("toy.cluster", "gathering") == 100.0

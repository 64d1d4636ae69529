"""Whatever a person asks and the world answers: nothing is stranded, nothing doubled, and the log tells it all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError, OutsideError
from state_machines.kind import ROLLING_BACK
from state_machines.outcome import Busy, Done, Fail, Problem, Wait

LONGEST_POLL = 600.0
STOPPED = Problem("capacity", "None left.", (), "later")

outcomes = st.one_of(
    st.builds(Done),
    st.builds(Wait, st.just("x"), st.just("y"), st.floats(0.5, LONGEST_POLL), st.booleans()),
    st.builds(Busy, st.just(STOPPED), st.none() | st.floats(0.0, LONGEST_POLL)),
    st.just(Fail(STOPPED)),
    st.sampled_from(
        [OutsideError("in_doubt"), OutsideError("quota"), NxdError("foreign"), ZeroDivisionError("by nought")]
    ),
)
answers = st.lists(outcomes, max_size=4)
troubles = st.lists(st.sampled_from(["", "before", "after", "refused"]), max_size=6)
actions = st.lists(
    st.one_of(
        st.tuples(
            st.just("verb"), st.sampled_from(["start", "retry", "rollback", "hold", "resume", "release"])
        ),
        st.tuples(st.just("time"), st.floats(0.1, 1500.0)),
        st.tuples(st.just("poke"), st.just(None)),
        st.tuples(st.just("restart"), st.just(None)),
    ),
    min_size=1,
    max_size=10,
)
stories = st.fixed_dictionaries(
    {
        "script": st.fixed_dictionaries({s: answers for s in ("making", "settling", "unmake", "forget")}),
        "troubles": troubles,
        "actions": actions,
        "on_failure": st.sampled_from(["hold", "rollback"]),
    }
)


def toy_world(house: Any, troubles: Iterator[str]) -> None:
    """Calls that are lost before or after they take effect, or refused, in the order drawn."""
    trouble = ""

    async def before(verb: str, name: str) -> None:
        nonlocal trouble
        trouble = next(troubles, "") if verb in ("create", "delete") else ""
        if trouble == "before":
            raise OutsideError("in_doubt")
        if trouble == "refused":
            raise OutsideError("bad_request", status=400)
        if verb == "create":
            assert name not in house.toy.outside.objects, "it is made twice"

    async def after(verb: str, name: str) -> None:
        if trouble == "after":
            raise OutsideError("in_doubt")

    house.toy.outside.before, house.toy.outside.after = before, after


def scripted(house: Any, script: dict[str, list[Any]]) -> None:
    """The drawn answers first; then each step does its work."""
    making, unmake = list(script["making"]), list(script["unmake"])
    usual = house.toy.undo["unmake"]

    async def make(ctx: StepContext) -> Any:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return answer(making)

    def answer(left: list[Any]) -> Any:
        said = left.pop(0) if left else Done()
        if isinstance(said, Exception):
            raise said
        return said

    async def undo(ctx: StepContext) -> Any:
        if unmake:
            said = answer(unmake)
            if not isinstance(said, Done):
                return said
        house.toy.script.pop("unmake", None)
        try:
            return await usual(ctx)
        finally:
            house.toy.script["unmake"] = undo

    house.toy.script = {**script, "making": make, "unmake": undo}


def check_log(house: Any, transitions: list[Any]) -> None:
    """Each line is a legal move from where the one before it led, and the last is where the record stands."""
    kind, state, step = house.toy.node, "pending", "pending"
    for event in transitions:
        data = event.data
        assert data["from"] == state
        if not (state == data["to"] == ROLLING_BACK):
            assert kind.ask(state, step, data["by"]) == data["to"]
        state, step = data["to"], data["step"]
    assert (house.record().state, house.record().step) == (state, step)


async def live(house: Any, story: dict[str, Any]) -> None:
    scripted(house, story["script"])
    toy_world(house, iter(story["troubles"]))
    house.toy.script["gathering"] = Wait("nodes", "some", 500.0)
    await house.start()
    await house.sow("node01", on_failure=story["on_failure"])
    for action, how in story["actions"]:
        if action == "verb":
            await house.tell("node01", how)
        elif action == "time":
            await house.pass_time(how)
        elif action == "poke":
            house.engine.poke("node01")
        else:
            await house.stop()
            await house.start()
        await house.idle()
        check_log(house, await house.log(kind="transition"))


async def end_of(house: Any) -> str:
    """How it ends when the world answers well from now on and nobody asks for anything."""
    house.toy.script = {"gathering": Wait("nodes", "some", 500.0)}
    house.toy.outside.before = house.toy.outside.after = None
    for _ in range(4):
        await house.pass_time(LONGEST_POLL)
    check_log(house, await house.log(kind="transition"))
    return str(house.record().state)


@settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=stories)
def test_no_record_is_stranded_and_the_log_replays_to_where_it_stands(
    build: Callable[[], Any], story: dict[str, Any]
) -> None:
    async def run() -> None:
        house = build()
        try:
            await live(house, story)
            state = await end_of(house)
            assert not house.toy.node.states[state].work and state != ROLLING_BACK
            assert house.engine.problems == []
            if state == "rolled_back":
                assert house.toy.outside.objects == {}
            assert house.mirror.commands("node01") == []
            contents = await house.store.load()
            assert contents.records == list(house.mirror.records.values())
            assert contents.resources == list(house.mirror.all_resources())
        finally:
            await house.stop()

    asyncio.run(run())

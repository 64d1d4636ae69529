"""Nothing is made twice, nothing of somebody else's is touched, and only its absence proves that a thing is gone."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.engine.context import StepContext
from daemon.engine.objects import Found
from daemon.errors.tree import OutsideError
from daemon.store.ops import PutResource, Resource
from state_machines.objects import LATE_SECONDS
from state_machines.outcome import Done, Wait

LOST = OutsideError("in_doubt", "The answer was lost.")
TAKEN = OutsideError("name_taken", "The name is in use.", status=400)
NEVER = OutsideError("bad_request", "No.", status=400)
OTHERS = Found("id-theirs", {"mark": "theirs"})


@pytest.fixture(autouse=True)
def make(house: Any) -> None:
    """The step `making` makes one thing named ``a``."""

    async def step(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want("a"))
        return Done()

    house.toy.script["making"] = step


def row(house: Any, name: str = "a") -> Resource:
    found = house.mirror.resource("node01", "thing", name)
    assert isinstance(found, Resource)
    return found


def row_is(house: Any, state: str) -> bool:
    found = house.mirror.resource("node01", "thing", "a")
    return found is not None and found.state == state


def once(error: Exception, verb: str = "create") -> Any:
    """Raises the error at the first call of that verb, and never again."""
    left = [error]

    async def hook(called: str, name: str) -> None:
        if called == verb and left:
            raise left.pop()

    return hook


async def test_the_intent_is_durable_before_the_call_that_makes_the_object(house: Any) -> None:
    seen: list[tuple[str, int]] = []

    async def look(verb: str, name: str) -> None:
        seen.extend((r.state, r.sent) for r in (await house.store.load()).resources)

    house.toy.outside.before = look
    await house.begin()
    assert seen == [("intended", 1)]
    assert (row(house).state, row(house).cloud_id, row(house).data["mark"]) == ("present", "id-a-1", "ours")
    (told,) = await house.log(kind="call")
    assert (told.message, told.data["id"]) == ("made thing a", "id-a-1")


async def test_what_is_present_is_not_asked_for_again(house: Any) -> None:
    house.toy.script["settling"] = [OutsideError("bad_request")]
    await house.begin()
    await house.tell("node01", "rollback")
    assert house.toy.outside.calls == ["create a", "get a", "delete a", "get a"]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_create_whose_answer_was_lost_is_looked_for_before_another_is_sent(
    house: Any, applied: bool
) -> None:
    if applied:
        house.toy.outside.after = once(LOST)
    else:
        house.toy.outside.before = once(LOST)
    await house.begin()
    assert (row(house).state, row(house).sent) == ("intended", 1)
    await house.pass_time(2)
    assert house.record().state == "ready"
    assert house.toy.outside.calls == ["create a", "find a"] + (["create a"] if not applied else [])
    assert (row(house).state, len(house.toy.outside.objects)) == ("present", 1)


async def test_what_an_earlier_call_left_but_does_not_carry_our_mark_is_not_ours(house: Any) -> None:
    house.toy.outside.before = once(LOST)
    await house.begin()
    house.toy.outside.objects["a"] = OTHERS
    await house.pass_time(2)
    assert (house.record().state, house.record().error["code"]) == ("failed", "foreign")
    await house.tell("node01", "rollback")
    assert house.toy.outside.objects == {"a": OTHERS}
    assert "delete a" not in house.toy.outside.calls


async def test_a_name_that_was_taken_without_an_intent_of_ours_is_left_untouched(house: Any) -> None:
    house.toy.outside.objects["a"] = Found("id-theirs", {"mark": "ours"})
    house.toy.outside.before = once(TAKEN)
    record = await house.begin()
    assert (record.state, record.error["code"]) == ("failed", "foreign")
    assert "id-theirs" in record.error["message"]
    assert (row(house).state, row(house).sent) == ("gone", 0)
    await house.tell("node01", "rollback")
    assert house.record().state == "rolled_back"
    assert list(house.toy.outside.objects) == ["a"]
    assert "delete a" not in house.toy.outside.calls


async def test_a_name_that_is_taken_by_nobody_in_sight_is_waited_for_and_never_adopted(house: Any) -> None:
    house.toy.outside.before = once(TAKEN)
    record = await house.begin()
    assert (record.state, record.error["code"]) == ("making", "conflict")
    assert row(house).sent == 1
    house.toy.outside.objects["a"] = OTHERS
    await house.tell("node01", "rollback")
    assert house.toy.outside.objects == {"a": OTHERS}


async def test_a_late_second_create_is_deleted_like_the_first(house: Any) -> None:
    """The first create was lost, the second one answered; the first takes effect when the object is deleted."""
    house.toy.outside.before = once(LOST)
    await house.begin()
    await house.pass_time(2)
    assert (house.record().state, row(house).sent) == ("ready", 2)
    await house.pass_time(LATE_SECONDS - 20)
    await house.tell("node01", "rollback")
    assert (house.record().state, house.toy.outside.objects) == ("rolling_back", {})
    house.toy.outside.objects["a"] = Found("id-late", {"mark": "ours"})
    await house.pass_time(20)
    await house.pass_time(10)
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})


async def test_a_call_of_a_daemon_that_died_is_late_from_the_start_of_the_next_one(build: Any) -> None:
    """It was stopped for an hour between the intent and the call, and killed while the call was on its way."""
    house = build()
    await house.prepare()
    await house.sow("node01")
    sent_at = {"sent_at": house.clock.now()}
    await house.commit(PutResource(Resource("node01", "demo", "thing", "a", "intended", None, 1, sent_at)))
    house.clock.advance(3600)
    await house.start()
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state) == ("rolling_back", "intended")
    house.toy.outside.objects["a"] = Found("id-late", {"mark": "ours"})
    await house.pass_time(10)
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})
    await house.stop()


@pytest.mark.parametrize("status", [None, 408, 500, 503])
async def test_an_answer_that_decides_nothing_leaves_the_doubt(house: Any, status: int | None) -> None:
    code = "in_doubt" if status in (None, 408) else "unavailable"
    house.toy.outside.before = once(OutsideError(code, status=status))
    await house.begin()
    assert (house.record().state, row(house).sent) == ("making", 1)


@pytest.mark.parametrize("there", [None, OTHERS])
async def test_where_names_are_not_unique_a_look_comes_before_the_first_create(
    house: Any, there: Found | None
) -> None:
    async def step(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want("a", unique=False))
        return Done()

    house.toy.script["making"] = step
    if there is not None:
        house.toy.outside.objects["a"] = there
    await house.begin()
    calls = house.toy.outside.calls
    assert calls == (["find a", "create a"] if there is None else ["find a"])
    assert house.record().state == ("ready" if there is None else "failed")


async def test_an_intent_that_was_never_sent_is_forgotten_without_a_call(house: Any) -> None:
    await house.sow("node01")
    await house.commit(PutResource(Resource("node01", "demo", "thing", "a")))
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state) == ("rolled_back", "gone")
    assert house.toy.outside.calls == []


async def test_only_its_absence_proves_that_an_object_is_gone(house: Any) -> None:
    await house.begin()
    house.toy.outside.undeletable = True
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state) == ("rolling_back", "deleting")
    assert house.record().wait["evidence"] == "1 left"
    house.toy.outside.objects.clear()
    await house.pass_time(10)
    assert (house.record().state, row(house).state) == ("rolled_back", "gone")


@pytest.mark.parametrize("hook", ["before", "after"])
async def test_a_delete_whose_answer_was_lost_is_taken_up_again_where_it_was(house: Any, hook: str) -> None:
    async def lost_delete(verb: str, name: str) -> None:
        if verb == "delete" and house.toy.outside.calls.count("delete a") == 1:
            if hook == "after":
                house.toy.outside.objects.pop("a", None)
            raise LOST

    await house.begin()
    house.toy.outside.before = lost_delete
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state, row(house).cloud_id) == (
        "rolling_back",
        "deleting",
        "id-a-1",
    )
    await house.pass_time(2)
    assert (house.record().state, row(house).state) == ("rolled_back", "gone")
    assert house.toy.outside.calls.count("delete a") == (1 if hook == "after" else 2)


async def test_a_doubtful_create_is_looked_for_when_it_is_undone(house: Any) -> None:
    house.toy.outside.after = once(LOST)
    await house.begin()
    await house.tell("node01", "rollback")
    assert house.record().state == "rolled_back"
    assert house.toy.outside.objects == {}
    assert house.toy.outside.calls == ["create a", "find a", "get a", "delete a", "get a"]


async def test_facts_and_secrets_are_durable_before_a_step_goes_on(house: Any) -> None:
    seen: dict[str, Any] = {}

    async def step(ctx: StepContext) -> Wait:
        await ctx.remember(round=2)
        seen["first"] = await ctx.secret("token", lambda: "hidden")
        seen["again"] = await ctx.secret("token", lambda: "another")
        contents = await house.store.load()
        seen["facts"] = contents.records[-1].facts
        seen["sealed"] = contents.secrets["node01/token"]
        return Wait("x", "y", 9.0)

    house.toy.script["making"] = step
    await house.begin()
    assert (seen["first"], seen["again"], seen["facts"]) == ("hidden", "hidden", {"round": 2})
    assert b"hidden" not in seen["sealed"]


async def test_an_object_that_is_not_shown_soon_after_it_was_made_is_not_taken_for_gone(house: Any) -> None:
    hidden: list[Found] = []

    async def hide(verb: str, name: str) -> None:
        if verb == "get" and name in house.toy.outside.objects and not hidden:
            hidden.append(house.toy.outside.objects.pop(name))

    await house.begin()
    house.toy.outside.before = hide
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state) == ("rolling_back", "present")
    house.toy.outside.objects["a"] = hidden[0]
    await house.pass_time(10)
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})
    assert house.toy.outside.calls.count("delete a") == 1


async def test_an_object_nobody_has_seen_again_is_gone_once_no_list_shows_it_either(house: Any) -> None:
    await house.begin()
    house.toy.outside.objects.clear()
    await house.pass_time(LATE_SECONDS)
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state) == ("rolled_back", "gone")
    assert house.toy.outside.calls[-2:] == ["get a", "find a"]
    assert "delete a" not in house.toy.outside.calls


async def test_an_object_that_answers_with_a_404_is_gone_only_when_no_list_shows_it_and_it_is_not_new(
    house: Any,
) -> None:
    outside, seen = house.toy.outside, []

    async def make(ctx: StepContext) -> Done:
        made = await ctx.ensure(outside.want("a"))
        for shown, wait in ((False, 0.0), (True, LATE_SECONDS), (False, 0.0)):
            house.clock.advance(wait)
            outside.objects = {"a": Found("id-a", {"mark": "ours"})} if shown else {}
            seen.append(await ctx.vanished(made, outside.disposal()))
        return Done()

    house.toy.script["making"] = make
    await house.begin()
    assert seen == [False, False, True]


@pytest.mark.parametrize(("age", "state"), [(0.0, "ready"), (60.0, "failed")], ids=["since", "before"])
async def test_a_taken_name_is_ours_only_if_it_was_taken_after_our_call(
    house: Any, age: float, state: str
) -> None:
    async def already(verb: str, name: str) -> None:
        if verb == "create":
            made = house.clock.now() - age
            house.toy.outside.objects[name] = Found("id-first", {"mark": "ours"}, made)
            raise TAKEN

    house.toy.outside.before = already
    await house.begin()
    assert house.record().state == state
    if state == "failed":
        assert house.record().error["code"] == "foreign"
    else:
        assert row(house).cloud_id == "id-first"


async def test_a_call_that_was_long_on_its_way_is_waited_out_from_its_end(house: Any) -> None:
    async def step(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want("a", unique=False))
        return Done()

    async def slow(verb: str, name: str) -> None:
        if verb == "create" and house.toy.outside.calls.count("create a") == 1:
            house.clock.advance(2 * LATE_SECONDS)
            raise LOST

    house.toy.script.update(making=Done(), settling=step)
    house.toy.outside.before = slow
    await house.begin()
    await house.pass_time(LATE_SECONDS - 10)
    assert house.toy.outside.calls.count("create a") == 1
    await house.pass_time(60)
    assert (house.record().state, house.toy.outside.calls.count("create a")) == ("ready", 2)


async def test_what_several_nodes_need_is_made_once_and_belongs_to_their_cluster(house: Any) -> None:
    async def step(ctx: StepContext) -> Done:
        await ctx.shared(house.toy.outside.want("image", unique=False))
        return Done()

    names = ["node01", "node02", "node03"]
    await house.sow(*names)
    house.toy.script["making"] = step
    for name in names:
        await house.ask(name, "start")
    await house.idle()
    assert house.toy.outside.calls.count("create image") == 1
    (made,) = house.mirror.resources("demo")
    assert (made.kind, made.name, made.state) == ("thing", "image", "present")
    assert [house.mirror.resources(name) for name in names] == [[], [], []]
    assert {house.record(name).state for name in names} == {"ready"}


async def test_an_object_of_another_record_is_left_alone_and_its_owner_is_named(house: Any) -> None:
    async def make(ctx: StepContext) -> Done:
        mark = "ours" if ctx.record.name == "node01" else "theirs"
        await ctx.ensure(house.toy.outside.want("shared", mark, unique=False))
        return Done()

    house.toy.script["making"] = make
    await house.begin("node01")
    await house.sow("node02", cluster="other")
    await house.tell("node02", "start")
    error = house.record("node02").error
    assert error["code"] == "foreign" and "part of node01 of demo" in error["message"]
    assert "delete" not in error["remedy"]
    assert list(house.toy.outside.objects) == ["shared"]

"""A refusal is no proof, unless nobody was let in: the name is looked for before a duty to undo ends."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.drivers.ibm_codes import ADDRESS_TAKEN
from daemon.engine.context import StepContext
from daemon.engine.objects import Found
from daemon.errors.tree import ErrorKind, OutsideError
from state_machines.objects import LATE_SECONDS
from state_machines.outcome import Done
from tests.daemon.engine import test_ensure
from tests.daemon.engine.test_ensure import LOST, NEVER, OTHERS, TAKEN, once, row, row_is

make = test_ensure.make
"""The fixture that lets a node make one object."""

REFUSALS: tuple[str | ErrorKind, ...] = (
    ADDRESS_TAKEN,
    "conflict",
    "quota",
    "not_authorized",
    "bad_request",
    "rate_limited",
    "name_taken",
)


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_is_no_proof_and_what_a_doubled_call_made_is_taken_or_undone(
    house: Any, code: str | ErrorKind
) -> None:
    """A proxy sends the create twice, and the answer that arrives is the refusal of the second one."""

    async def doubled(verb: str, name: str) -> None:
        if verb == "create" and not house.toy.outside.objects:
            made = Found("id-first", {"mark": "ours"}, house.clock.now())
            house.toy.outside.objects[name] = made
            raise OutsideError(code, status=400)
        if verb == "create":
            raise TAKEN

    house.toy.outside.before = doubled
    await house.begin()
    await house.pass_time(2)
    assert (house.record().state, row(house).cloud_id) == ("ready", "id-first")
    await house.pass_time(LATE_SECONDS)
    await house.tell("node01", "rollback")
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})


@pytest.mark.parametrize("code", REFUSALS)
async def test_after_a_refusal_the_duty_to_undo_stays_until_the_name_was_looked_for_and_no_call_is_late(
    house: Any, code: str | ErrorKind
) -> None:
    house.toy.outside.before = once(OutsideError(code, status=400))
    house.toy.script["settling"] = [OutsideError("bad_request")]
    await house.sow("node01")
    await house.ask("node01", "start")
    await house.until(lambda: row_is(house, "intended") and not house.turns(), quiet=25)
    assert row(house).sent == 1
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state) == ("rolling_back", "intended")
    assert "find a" in house.toy.outside.calls
    house.toy.outside.objects["a"] = Found("id-late", {"mark": "ours"}, house.clock.now())
    await house.pass_time(10)
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})


@pytest.mark.parametrize(
    ("code", "looks"), [("rate_limited", []), ("authentication", []), ("conflict", ["find a"])]
)
async def test_a_service_that_wants_silence_is_not_asked_whether_it_did_it_all_the_same(
    house: Any, code: str, looks: list[str]
) -> None:
    house.toy.outside.before = once(OutsideError(code, status=429))
    await house.begin()
    await house.pass_time(2)
    assert house.record().state == "ready"
    assert house.toy.outside.calls == ["create a", *looks, "create a"]


async def test_where_names_are_not_unique_somebody_else_s_object_does_not_end_the_duty_to_undo_ours(
    house: Any,
) -> None:
    async def step(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want("a", unique=False))
        return Done()

    house.toy.script["making"] = step
    house.toy.outside.before = once(LOST)
    await house.begin()
    house.toy.outside.objects["a"] = OTHERS
    await house.pass_time(2)
    assert (house.record().state, house.record().error["code"]) == ("failed", "foreign")
    assert (row(house).state, row(house).sent) == ("intended", 1)
    house.toy.outside.objects["a"] = Found("id-late", {"mark": "ours"})
    await house.tell("node01", "rollback")
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})


async def test_once_no_call_can_be_late_what_was_refused_is_gone(house: Any) -> None:
    house.toy.outside.before = once(NEVER)
    await house.begin()
    assert (house.record().state, row(house).state) == ("failed", "intended")
    await house.pass_time(LATE_SECONDS)
    await house.tell("node01", "rollback")
    assert (house.record().state, row(house).state) == ("rolled_back", "gone")
    assert house.toy.outside.calls == ["create a", "find a", "find a"]


async def test_what_was_there_before_the_first_refused_call_is_neither_taken_nor_deleted(house: Any) -> None:
    theirs = Found("id-theirs", {"mark": "ours"}, house.clock.now() - 60)
    house.toy.outside.before = once(NEVER)
    await house.begin()
    house.toy.outside.objects["a"] = theirs
    await house.pass_time(LATE_SECONDS)
    await house.tell("node01", "rollback")
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {"a": theirs})


async def test_a_refusal_does_not_clear_the_doubt_of_a_create_before_it(house: Any) -> None:
    house.toy.outside.before = once(LOST)
    await house.begin()
    house.toy.outside.before = once(NEVER)
    await house.pass_time(2)
    assert (house.record().state, row(house).sent) == ("failed", 2)
    house.toy.outside.objects["a"] = Found("id-late", {"mark": "ours"})
    await house.tell("node01", "rollback")
    assert row(house).state == "deleting", "a second one of that name may come, for two calls are open"
    await house.pass_time(LATE_SECONDS)
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})


@pytest.mark.parametrize(
    ("code", "status"), [("authentication", 401), ("bad_request", 401), ("not_authorized", 403)]
)
async def test_a_call_that_was_not_let_in_has_made_nothing(house: Any, code: str, status: int) -> None:
    house.toy.outside.before = once(OutsideError(code, status=status))
    await house.begin()
    assert (row(house).state, row(house).sent) == ("intended", 0)
    await house.pass_time(2)  # for some it is tried again by itself, for others by a person
    if house.record().state == "failed":
        await house.tell("node01", "retry")
    assert (house.record().state, row(house).sent) == ("ready", 1)
    await house.tell("node01", "rollback")
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})


async def test_a_call_that_was_not_let_in_takes_no_earlier_doubt_away(house: Any) -> None:
    house.toy.outside.before = once(LOST)
    await house.begin()
    lost = row(house)
    house.toy.outside.before = once(OutsideError("authentication", status=401))
    await house.pass_time(2)
    assert (lost.sent, row(house)) == (1, lost)
    await house.tell("node01", "rollback")
    assert house.record().state == "rolling_back"


@pytest.mark.parametrize(
    ("code", "status"), [("conflict", 409), ("bad_request", 422), ("quota", 403), ("rate_limited", 429)]
)
async def test_any_other_refusal_may_be_the_second_answer_to_one_call(
    house: Any, code: str, status: int
) -> None:
    house.toy.outside.before = once(OutsideError(code, status=status))
    await house.begin()
    assert row(house).sent == 1
    await house.tell("node01", "rollback")
    assert house.record().state == "rolling_back"

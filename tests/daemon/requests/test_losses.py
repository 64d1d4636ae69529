"""What an audit missed is told where a person looks, until an audit finds it again or the ledger has it no more."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.cli.output import note
from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError
from daemon.platforms.base import Finding
from daemon.requests.audit import Audit
from nxtui.draw import rows
from state_machines.outcome import Done


@pytest.fixture
async def lost(house: Any) -> Any:
    """A node that is there and has a thing, and a cloud that shows what the test says."""

    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return Done()

    house.toy.script["making"] = make
    await house.begin()

    async def audit(mirror: Any) -> list[Finding]:
        if house.toy.outside.undeletable:
            raise NxdError("unavailable")
        if house.toy.script.get("zone"):
            return [Finding("unasked", "dns_zone", "z-1", "z-1", None, "")]
        rows = [row for row in mirror.all_resources() if row.state == "present"]
        gone = [row for row in rows if row.name not in house.toy.outside.objects]
        return [Finding("missing", row.kind, row.name, str(row.cloud_id), row.owner, "") for row in gone]

    house.toy.audit = audit
    house.audit = Audit(house.journal, house.engine)
    house.thing = house.toy.outside.objects.pop("node01")
    return house


def shown(house: Any) -> dict[str, Any]:
    (row,) = house.views._entity(house.record())["resources"]
    return dict(row)


async def lines(house: Any) -> list[str]:
    return [event.message for event in await house.log() if "audit" in event.message]


async def test_a_loss_is_shown_with_its_node_since_it_was_missed_first_and_told_once(lost: Any) -> None:
    await lost.audit.findings()
    began = lost.clock.now()
    await lost.pass_time(600)
    await lost.audit.findings()
    assert (shown(lost)["state"], shown(lost)["missed"]) == ("present", began)
    (told,) = await lines(lost)
    assert told.startswith("an audit misses thing node01 (") and "nxd rollback node01" in told


async def test_the_overview_says_what_is_missing_and_what_makes_up_for_it_now(lost: Any) -> None:
    assert note(lost.views._entity(lost.record())) == ""
    await lost.audit.findings()
    entity = lost.views._entity(lost.record())
    assert "thing node01 is missing outside: nxd rollback node01" in note(entity)
    assert rows.note(entity) == "missing outside: thing"
    await lost.tell("node01", "rollback")
    assert "missing" not in rows.note(lost.views._entity(lost.record()))


async def test_an_audit_that_finds_it_again_says_so(lost: Any) -> None:
    await lost.audit.findings()
    lost.toy.outside.objects["node01"] = lost.thing
    assert await lost.audit.findings() == []
    assert "missed" not in shown(lost)
    assert (await lines(lost))[-1] == "an audit finds thing node01 again"


async def test_a_platform_that_cannot_be_asked_finds_nothing_again(lost: Any) -> None:
    await lost.audit.findings()
    lost.toy.outside.undeletable = True
    assert [one.finding for one in await lost.audit.findings()] == ["unasked"]
    assert "missed" in shown(lost)


async def test_what_a_part_that_could_not_be_asked_may_hold_is_not_found_again(lost: Any) -> None:
    await lost.audit.findings()
    lost.toy.script["zone"] = [True]
    assert [one.finding for one in await lost.audit.findings()] == ["unasked"]
    assert "missed" in shown(lost) and len(await lines(lost)) == 1


async def test_a_verb_that_takes_it_out_of_the_ledger_ends_it(lost: Any) -> None:
    await lost.audit.findings()
    await lost.pass_time(600)
    await lost.tell("node01", "rollback")
    for _ in range(4):  # that a thing is gone is believed once it cannot be an old answer
        await lost.pass_time(10)
    assert shown(lost)["state"] == "gone" and "missed" not in shown(lost)


async def test_it_outlives_the_daemon(lost: Any, build: Any) -> None:
    await lost.audit.findings()
    await lost.stop()
    another = build(lost.store)
    another.box = lost.box
    await another.prepare()
    assert "missed" in shown(another)


async def test_who_follows_the_stream_learns_of_it_at_once(lost: Any) -> None:
    with lost.journal.bus.subscribe() as told:
        await lost.audit.findings()
        assert "node01" in (await told.queue.get()).changed

"""What costs by the hour is measured from its order until it is gone, whatever becomes of its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from daemon.api.views import Views
from daemon.display.money import Price, used
from daemon.engine.context import StepContext
from daemon.store.ops import BeginUse, PutResource, Resource
from daemon.wire import UseView
from state_machines.objects import ObjectKind, by_name
from state_machines.outcome import Done

HOUR = 3600.0
HOURLY = by_name((ObjectKind("thing", "box", "boxes", 2, removal=("toy rm {id}",), hourly="sort"),))
PRICES = {"big": Price(6.6, "EUR", "2026-10-01")}


@pytest.fixture(autouse=True)
def hourly(house: Any) -> None:
    """Things cost by the hour; `making` makes one of the sort ``big``, for each attempt another one."""
    house.toy.objects = HOURLY

    async def step(ctx: StepContext) -> Done:
        for row in ctx.resources("thing"):
            if row.state != "gone":
                await ctx.remove(row, house.toy.outside.disposal())
        await ctx.ensure(house.toy.outside.want(f"{ctx.record.name}-{ctx.record.attempt}"))
        return Done()

    house.toy.script["making"] = step


def told(house: Any, prices: Mapping[str, Price] | None = None) -> list[UseView]:
    views = Views(house.journal, house.engine, house.verbs, house.views.daemon, prices or {})
    found: list[UseView] = orjson.loads(orjson.dumps(views.entity(house.record("demo")))).get("uses", [])
    return found


async def test_hours_run_from_the_order_until_it_is_gone_and_another_in_its_place_runs_on(house: Any) -> None:
    await house.begin("node01")
    house.clock.advance(2 * HOUR)
    (use,) = told(house)
    assert (use["text"], use["running"], use["kind"]) == ("box hours", 1, "thing")
    assert used([use], house.clock.now()) == "2.0 box hours"
    await house.tell("node01", "rollback")
    assert (told(house)[0]["running"], used(told(house), house.clock.now())) == (0, "2.0 box hours")
    house.clock.advance(5 * HOUR)
    await house.tell("node01", "retry")
    await house.tell("node01", "start")
    house.clock.advance(1.5 * HOUR)
    assert used(told(house), house.clock.now()) == "3.5 box hours", "those that are gone are in it"
    assert "uses" not in orjson.loads(orjson.dumps(house.views.entity(house.record("node01"))))


async def test_money_is_told_with_a_price_of_every_sort_and_never_without(house: Any) -> None:
    await house.begin("node01")
    ((_, use),) = house.mirror.uses("demo").items()
    assert use.sort == "" and "spent" not in told(house, PRICES)[0]
    house.toy.outside.objects.clear()
    await house.tell("node01", "rollback")
    want = house.toy.outside.want

    def sorted_want(name: str) -> Any:
        return replace(want(name), data={"sort": "big"})

    house.toy.outside.want = sorted_want
    await house.sow("other", cluster="two")
    await house.tell("other", "start")
    house.clock.advance(2 * HOUR)
    views = Views(house.journal, house.engine, house.verbs, house.views.daemon, PRICES)
    two = orjson.loads(orjson.dumps(views.entity(house.record("two"))))["uses"]
    assert used(two, house.clock.now()) == "2.0 box hours, 13.20 EUR (list of 2026-10-01)"
    house.toy.outside.want = want
    for verb in ("rollback", "retry", "start"):
        await house.tell("other", verb)
    two = orjson.loads(orjson.dumps(views.entity(house.record("two"))))["uses"]
    assert {use.sort for use in house.mirror.uses("two").values()} == {"", "big"}
    assert "spent" not in two[0], "one of them is on no list"


async def test_what_a_daemon_without_measure_ordered_is_measured_from_its_order_and_what_is_gone_leaves_it_absent(
    house: Any,
) -> None:
    house.toy.objects = {**HOURLY, "thing": ObjectKind("thing", "box", "boxes", 2, removal=("toy rm {id}",))}
    await house.begin("node01")
    assert not house.mirror.uses("demo")
    house.toy.objects = HOURLY
    assert told(house) == [], "nobody knows since when"
    house.clock.advance(3 * HOUR)
    await house.stop()
    await house.start()
    await house.idle()
    assert used(told(house), house.clock.now()) == "3.0 box hours"
    gone = Resource("node01", "demo", "thing", "old", "gone", "id-old", 1)
    await house.commit(PutResource(gone))
    assert told(house) == [], "how long that stood nobody has measured"


async def test_a_restart_begins_nothing_twice(house: Any) -> None:
    await house.begin("node01")
    before = dict(house.mirror.uses("demo"))
    await house.stop()
    await house.start()
    await house.idle()
    assert house.mirror.uses("demo") == before and len(before) == 1
    await house.commit(BeginUse(next(iter(before.values()))))
    assert (await house.store.load()).uses == list(before.values())

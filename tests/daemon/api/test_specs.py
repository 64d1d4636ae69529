"""A spec becomes the wish once, whole, or is refused with every reason; what it deletes was seen before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from daemon.client import DaemonRefused
from daemon.engine.context import StepContext
from daemon.errors.tree import OutsideError
from daemon.platforms.base import Seed
from state_machines.outcome import Done, Wait
from tests.daemon.api.test_requests import is_error

"""The fixture."""


async def test_a_spec_becomes_the_wish_once(house: Any, door: Any) -> None:
    plan = await door.client.plan_spec(door.spec)
    assert [(i["action"], i["name"]) for i in plan["items"]] == [
        ("create", "node01-thing"),
        ("create", "node02-thing"),
    ]
    assert house.mirror.records == {}
    applied = await door.client.apply(door.spec, plan["digest"])
    assert (applied["cluster"], applied["changed"]) == ("demo", True)
    await house.idle()
    again = await door.client.apply(door.spec)
    assert (again["changed"], again["revision"]) == (False, house.mirror.revision)
    assert (await door.client.plan_spec(door.spec))["items"] == []
    assert {c["state"] for c in await door.client.clusters()} == {"active"}
    assert {n["name"] for n in await door.client.nodes()} == {"node01", "node02"}


async def test_two_who_apply_the_same_spec_at_once_both_succeed_and_one_of_them_changed_it(
    house: Any, door: Any
) -> None:
    applied = await asyncio.gather(*(door.client.apply(door.spec) for _ in range(5)))
    assert sorted(one["changed"] for one in applied) == [False] * 4 + [True]


@pytest.mark.parametrize("other", ["name: node01\n  - name: other", "name: node09"], ids=["more", "another"])
async def test_a_spec_that_cannot_be_had_is_refused_and_changes_nothing(
    house: Any, door: Any, other: str
) -> None:
    await door.client.apply(door.spec)
    await house.idle()
    before = await door.client.snapshot()
    text = f"platform: toy\ncluster: rival\nnodes:\n  - {other}\n"
    if other == "name: node09":
        text = text.replace("rival", "node01")
    status, body = await door.post("/v1/specs", {"spec": text})
    assert status == 409 and is_error(body, "refused")
    assert "node01" in body["error"]["message"]
    assert await door.client.snapshot() == before


async def test_every_mistake_of_a_spec_is_told_with_its_line_and_nothing_is_changed(
    house: Any, door: Any
) -> None:
    text = "platform: toy\ncluster: Demo\nnodes:\n  - name: node01\n  - name: node01\n    cpu: 3\n"
    status, body = await door.post("/v1/specs", {"spec": text})
    assert status == 400 and is_error(body, "spec")
    assert [(p["line"], p["column"]) for p in body["problems"]] == [(2, 10), (5, 11), (6, 5)]
    assert all(p["message"] for p in body["problems"])
    assert house.mirror.records == {}
    status, body = await door.post("/v1/plans", {"spec": "platform: nowhere\ncluster: a\nnodes: []\n"})
    assert status == 400
    assert "nowhere" in body["problems"][0]["message"]


async def test_a_spec_from_which_nothing_was_made_may_be_replaced_whole(house: Any, door: Any) -> None:
    house.toy.script["gathering"] = [OutsideError("not_found", "There is no VPC.")]
    await door.client.apply(door.spec)
    await house.idle()
    assert house.record("demo").state == "failed"
    other = door.spec.replace("node01", "node07")
    plan = await door.client.plan_spec(other)
    made = [item["name"] for item in plan["items"] if item["action"] == "create"]
    assert made == ["node07-thing", "node02-thing"]
    await door.client.apply(other, plan["digest"])
    await house.idle()
    assert set(house.mirror.records) == {"demo", "node02", "node07"}
    assert {record.state for record in house.mirror.records.values()} <= {"active", "ready"}


async def test_a_spec_of_which_nothing_is_left_may_be_replaced_whole_and_begins_anew(
    house: Any, door: Any
) -> None:
    house.toy.script["settling"] = [Wait("x", "y", 100.0), Wait("x", "y", 100.0)]
    await door.client.apply(door.spec)
    await house.idle()
    await house.tell("demo", "rollback")
    await house.pass_time(1000)
    assert house.record("demo").state == "rolled_back"
    await door.client.apply(door.spec.replace("node02", "node03"))
    await house.idle()
    assert set(house.mirror.records) == {"demo", "node01", "node03"}
    assert house.record("node01").state in ("ready", "active")


async def test_a_spec_that_deletes_is_taken_only_with_the_plan_that_was_seen(house: Any, door: Any) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return Done()

    house.toy.script["making"] = make
    await door.client.apply(door.spec)
    await house.idle()
    smaller = door.spec.replace("  - name: node02\n", "")
    with pytest.raises(DaemonRefused) as refused:
        await door.client.apply(smaller)
    assert (refused.value.error["code"], "thing node02" in str(refused.value)) == ("deletes", True)
    assert house.mirror.commands("demo") == [] and len(house.record("demo").spec["nodes"]) == 2
    plan = await door.client.plan_spec(smaller)
    assert [item["name"] for item in plan["items"] if item["action"] == "delete"] == ["node02"]
    assert await door.client.apply(smaller, plan["digest"])


async def test_the_plan_of_another_rule_for_failures_says_that_it_moves_nothing_that_failed(
    house: Any, door: Any
) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return Done()

    house.toy.script = {"making": make, ("node01", "settling"): [OutsideError("bad_request", "It broke.")]}
    await door.client.apply(door.spec)
    await house.idle()
    assert house.record("node01").state == "failed"
    plan = await door.client.plan_spec(f"{door.spec}on_failure: rollback\n")
    assert "on_failure is for what fails from now on" in plan["note"] and "(node01)" in plan["note"]
    assert "note" not in await door.client.plan_spec(f"{door.spec}gate: 1\n")


async def test_what_cannot_change_while_something_stands_is_refused_by_name(
    house: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return Done()

    house.toy.script["making"] = make
    await door.client.apply(door.spec)
    await house.idle()
    other = f"{door.spec}on_failure: rollback\n"
    monkeypatch.setattr(house.toy, "may_change", lambda setting: False)
    with pytest.raises(DaemonRefused) as refused:
        await door.client.apply(other)
    assert str(refused.value).endswith("changes what cannot change: on_failure.")
    assert house.mirror.commands("demo") == []


async def test_the_same_spec_is_refused_while_its_cluster_goes_back_to_nothing(house: Any, door: Any) -> None:
    await door.client.apply(door.spec)
    await house.idle()
    house.toy.script["release_nodes"] = [Wait("nodes to go", "not yet", 30.0)] * 9
    await house.tell("demo", "destroy")
    assert house.record("demo").state == "rolling_back"
    for ask in (door.client.apply, door.client.plan_spec):
        with pytest.raises(DaemonRefused):
            await ask(door.spec)


async def test_the_same_spec_is_deployed_again_once_nothing_is_left(house: Any, door: Any) -> None:
    house.toy.script["settling"] = [Wait("x", "y", 100.0), Wait("x", "y", 100.0)]
    await door.client.apply(door.spec)
    await house.idle()
    await house.tell("demo", "rollback")
    await house.pass_time(1000)
    assert house.record("demo").state == "rolled_back"
    assert [item["action"] for item in (await door.client.plan_spec(door.spec))["items"]] == ["create"] * 2
    assert (await door.client.apply(door.spec))["changed"] is True
    await house.idle()
    assert house.record("demo").state != "rolled_back"


async def test_a_node_that_another_place_in_the_list_would_change_is_told_with_what_it_is_and_how_to_write_it(
    house: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return Done()

    def by_place(spec: Any) -> list[Seed]:
        cluster, *nodes = seeds(spec)
        return [cluster, *(Seed(n.name, n.kind, {"position": "ABC"[at]}) for at, n in enumerate(nodes))]

    seeds = house.toy.seeds
    monkeypatch.setattr(house.toy, "seeds", by_place)
    house.toy.script["making"] = make
    await door.client.apply(door.spec)
    await house.idle()
    status, body = await door.post("/v1/specs", {"spec": door.spec.replace("  - name: node01\n", "")})
    assert status == 409 and is_error(body, "refused")
    assert "node02 (its position is B, and would be A)" in body["error"]["message"]
    assert "comes from its place in the list: take `nxd spec demo`" in body["error"]["remedy"]

"""Whom the steps of a cluster can ask, whoever has left or is about to."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from daemon.errors.tree import OutsideError
from daemon.platforms.ibm_nutanix.objects import HOST
from daemon.store.ops import PutRecord, PutResource, PutSecret, Resource
from tests.daemon.platforms.cvm_room import FACTORY, Room, answered, host, stage


async def leaves(house: Any, name: str) -> None:
    """The host of a node has begun to leave."""
    await house.commit(PutResource(Resource("demo", "demo", HOST, name, "deleting", f"u-{name}", 1)))


async def unpinned(house: Any, name: str, state: str) -> None:
    """The server of a node was given back."""
    record = house.record(name)
    changed = replace(record, state=state, facts={"factory_login": FACTORY}, version=record.version + 1)
    await house.commit(PutRecord(changed))


async def test_a_member_on_its_way_out_is_asked_with_the_clusters_password_when_no_other_is_there(
    house: Any, room: Room
) -> None:
    steps = await stage(house, room, 3)
    first, second, _ = list(room.passwords)[:3]
    sealed = PutSecret("demo/password", "demo", house.box.seal("the cluster's own"))
    secured = house.record("demo")
    secured = replace(secured, facts={"secured": True}, version=secured.version + 1)
    await house.commit(sealed, PutRecord(secured))
    room.passwords[first] = room.passwords[second] = {"the cluster's own"}
    room.shown["hosts"] = {"entities": [host(first)]}
    await leaves(house, "node00")
    assert list(await answered(house, steps._cvms.hosts)) == [first]
    assert room.heard == [("GET", second)], "members that stay are asked first"
    room.heard.clear()
    await leaves(house, "node01")
    await unpinned(house, "node02", "ready")
    assert list(await answered(house, steps._cvms.hosts)) == [first]
    assert room.heard == [("GET", first)]


async def test_that_nobody_is_there_to_be_asked_is_said_only_then_and_with_where_each_node_stands(
    house: Any, room: Room
) -> None:
    steps = await stage(house, room, 2)
    first = next(iter(room.passwords))

    async def told(ctx: Any) -> Any:
        try:
            return await steps._cvms.hosts(ctx)
        except OutsideError as error:
            return error.message

    await leaves(house, "node00")
    await unpinned(house, "node01", "failed")
    room.broken.add(first)
    assert "is there to be asked" not in await answered(house, told)
    await unpinned(house, "node00", "making")
    said = await answered(house, told)
    assert said == "No CVM of demo is there to be asked: node00 is making, node01 is failed."

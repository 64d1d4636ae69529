"""The steps of a cluster ask every CVM, all beside each other, and believe none for another."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.drivers.prism import fetch_certificate
from daemon.errors.tree import NxdError, OutsideError
from daemon.platforms.ibm_nutanix.cvms import AT_ONCE, NOT_DELIVERED
from daemon.platforms.ibm_nutanix.first_contact import FirstContact
from daemon.platforms.ibm_nutanix.hosts import joined
from daemon.platforms.ibm_nutanix.machine import MachineSteps
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.settings.reading import load_settings
from daemon.store.ops import PutRecord, PutResource, Resource
from state_machines.outcome import Done, Wait
from tests.daemon.platforms.cvm_room import SETTINGS, Room, answered, host, ip, stage


async def test_the_password_is_changed_only_once_every_other_cvm_refuses_the_factory_one(
    house: Any, room: Room
) -> None:
    steps = await stage(house, room, 3)
    first, second, third = list(room.passwords)[:3]
    waits = await answered(house, steps.change_passwords)
    assert isinstance(waits, Wait) and room.changed == [first]
    slow = await answered(house, steps.change_passwords)
    assert isinstance(slow, Wait)
    assert slow.waiting_for == "node01, node02 to refuse the factory password"
    (new,) = room.passwords[first]
    room.passwords[second] = {new}
    still = await answered(house, steps.change_passwords)
    assert isinstance(still, Wait) and still.waiting_for == "node02 to refuse the factory password"
    room.passwords[third] = {new}
    done = await answered(house, steps.change_passwords)
    assert isinstance(done, Done) and done.facts["secured"] is True
    assert room.changed == [first]


async def test_cvms_are_asked_beside_each_other_and_not_more_than_the_bound_at_once(
    house: Any, room: Room
) -> None:
    nodes = AT_ONCE + 4
    steps = await stage(house, room, nodes)
    room.pause = 0.2
    done = await answered(house, steps._all_answer)
    assert isinstance(done, Done)
    assert AT_ONCE // 2 < room.most <= AT_ONCE


async def test_silent_cvms_are_told_in_the_order_of_the_nodes_whoever_answers_first(
    house: Any, room: Room
) -> None:
    steps = await stage(house, room, 4)
    for name in ("node03", "node01"):
        record = house.record(name)
        row = house.mirror.resource(name, "reserved_ip", f"{name}-cvm")
        await house.commit(PutResource(replace(row, data={**row.data, "address": "127.61.9.9"})))
        assert record.state == "ready"
    waits = await answered(house, steps._all_answer)
    assert isinstance(waits, Wait) and waits.attention
    told = [line.partition(":")[0] for line in waits.evidence.split("; ")]
    assert told == ["node01", "node03"]


ILL: dict[str, tuple[dict[str, Any], int, str]] = {
    "degraded": ({"is_degraded": True}, 2, "host 127.61.0.10 is degraded"),
    "not normal": ({"state": "MARKED_FOR_REMOVAL"}, 2, "host 127.61.0.10 is MARKED_FOR_REMOVAL"),
    "one copy": ({}, 1, "redundancy factor 1 of 2"),
}


@pytest.mark.parametrize("ill", ILL)
async def test_a_cluster_is_healthy_when_every_host_is_normal_and_the_copies_are_as_wished(
    house: Any, room: Room, ill: str
) -> None:
    steps = await stage(house, room, 3, nutanix={"redundancy_factor": 2})
    more, copies, said = ILL[ill]
    addresses = list(room.passwords)[:3]
    well = [host(address) for address in addresses]
    room.shown["hosts"] = {"entities": [host(addresses[0], **more), *well[1:]]}
    room.shown["cluster"] = {"cluster_redundancy_state": {"current_redundancy_factor": copies}}
    waits = await answered(house, steps.verify)
    assert isinstance(waits, Wait) and (waits.waiting_for, waits.evidence) == ("a healthy cluster", said)
    room.shown["cluster"] = {"cluster_redundancy_state": {"current_redundancy_factor": 2}}
    room.shown["hosts"] = {"entities": well[:2]}
    waits = await answered(house, steps.verify)
    assert isinstance(waits, Wait) and waits.evidence == "2 of 3 hosts are there"
    room.shown["hosts"] = {"entities": well}
    waits = await answered(house, steps.verify)
    assert isinstance(waits, Wait) and waits.waiting_for == "all nodes to join"


async def test_a_question_goes_to_the_next_cvm_where_one_is_ill_or_gone(house: Any, room: Room) -> None:
    steps = await stage(house, room, 3)
    first, _, third = list(room.passwords)[:3]
    room.shown["hosts"] = {"entities": [host(third)]}
    room.broken.add(first)
    row = house.mirror.resource("node01", "reserved_ip", "node01-cvm")
    await house.commit(PutResource(replace(row, data={**row.data, "address": "127.61.9.9"})))
    assert list(await answered(house, steps._cvms.hosts)) == [third]
    assert room.heard == [("GET", first), ("GET", third)]


@pytest.mark.parametrize("heard", [True, False], ids=["it may have listened", "it has not listened"])
async def test_a_call_that_changes_something_goes_to_the_next_cvm_only_if_the_first_has_not_heard_it(
    house: Any, room: Room, heard: bool
) -> None:
    steps = await stage(house, room, 2)
    first, second = list(room.passwords)[:2]
    room.broken |= {first} if heard else set()
    room.passwords[first] = {"another one"}

    async def rename(ctx: Any) -> Any:
        try:
            return await steps._cvms.any(ctx, lambda prism: prism.rename("demo"), NOT_DELIVERED)
        except OutsideError as error:
            return error.code

    answer = await answered(house, rename)
    changes = [("PATCH", first)] if heard else [("PATCH", first), ("PATCH", second)]
    assert (answer, room.heard) == ("unavailable" if heard else None, changes)


async def test_the_certificate_that_a_cvm_showed_first_is_the_only_one_ever_after(
    house: Any, room: Room
) -> None:
    await stage(house, room, 1)
    settings = IbmSettings.of(load_settings(None, {**SETTINGS, "NXD_PRISM_PORT": str(room.port)}))
    contact = FirstContact(room.port, room.connections)
    machine = MachineSteps(settings, None, None, None, contact, None, None, 0.0)  # type: ignore[arg-type]
    address = next(iter(room.passwords))
    shown = await fetch_certificate(address, room.port, 5)
    another = await fetch_certificate("127.61.0.12", room.port, 5)
    house.toy.script["making"] = machine.await_cvm
    for pin, state in ((another, "failed"), (shown, "ready")):
        record = house.record("node00")
        facts = {"pin": pin, "powered": record.attempt + 1}
        begun = replace(record, state="making", step="making", facts=facts, version=record.version + 1)
        await house.commit(PutRecord(begun))
        house.engine.poke("node00")
        await house.until(lambda wanted=state: house.record("node00").state == wanted, quiet=25)
        error = house.record("node00").error
        assert (error and error["code"]) == ("pin_changed" if state == "failed" else None)


@pytest.mark.parametrize("gate", ["all", 3])
async def test_the_gate_opens_when_as_many_nodes_are_ready_as_the_spec_asks_for(
    house: Any, room: Room, gate: Any
) -> None:
    steps = await stage(house, room, 4, gate=gate)
    house.toy.script["settling"] = Wait("x", "y", 1e9)

    async def stands(name: str, state: str) -> None:
        record = house.record(name)
        await house.commit(PutRecord(replace(record, state=state, step=state, version=record.version + 1)))

    await stands("node03", "settling")
    told = await answered(house, steps.deploy)
    if gate == "all":
        assert (told.waiting_for, told.evidence, told.attention) == ("4 ready nodes", "3 of 4 ready", False)
    else:
        assert isinstance(told, Done)
    await stands("node02", "failed")
    told = await answered(house, steps.deploy)
    assert (told.evidence, told.attention) == ("2 of 4 ready; node02 is failed", gate == "all")
    await stands("node02", "ready")
    await stands("node03", "ready")
    assert isinstance(await answered(house, steps.deploy), Done)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"cluster_status": "UP", "num_nodes": 3}, "done"),
        ({"cluster_status": "INIT", "num_nodes": 3}, "cluster_status is INIT, 3 nodes in it"),
        ({"num_nodes": 2}, "cluster_status is None, 2 nodes in it"),
        ({"num_nodes": 3}, "done"),
        ({"cluster_status": "FAILED"}, "The cluster reports FAILED."),
        ({"cluster_status": "UNCONFIGURED"}, "its CVMs say that they are in none"),
    ],
)
async def test_a_cluster_is_up_when_it_says_so_and_anything_else_is_shown(
    house: Any, room: Room, shown: Any, said: str
) -> None:
    steps = await stage(house, room, 3)
    room.shown["cluster"] = shown

    async def look(ctx: Any) -> str:
        try:
            outcome = await steps.await_up(ctx)
        except NxdError as error:
            return error.message
        return "done" if isinstance(outcome, Done) else outcome.evidence  # type: ignore[union-attr]

    assert await answered(house, look) == said


async def test_the_cluster_is_formed_by_its_first_node_of_all_that_are_ready_under_its_own_address(
    house: Any, room: Room
) -> None:
    steps = await stage(house, room, 3, nutanix={"redundancy_factor": 2, "timezone": "UTC"})
    row = house.mirror.resource("demo", "nutanix_cluster", "demo")
    await house.commit(PutResource(replace(row, state="gone")))
    for number in range(3):
        name, record = f"node{number:02}", house.record(f"node{number:02}")
        await house.commit(PutResource(ip(name, "ahv", f"127.62.0.{number}")))
        spec = {**record.spec, "position": "ABC"[number]}
        await house.commit(PutRecord(replace(record, spec=spec, version=record.version + 1)))
    room.shown["clusters"] = {"cluster_uuid": "u-2"}
    assert isinstance(await answered(house, steps.create), Done)
    (body,) = room.bodies
    assert (body["name"], body["external_ip"], body["redundancy_factor"]) == ("demo", "127.61.0.9", 2)
    assert [(one["cvm_ip"], one["node_position"]) for one in body["nodes"]] == list(
        zip(list(room.passwords)[:3], "ABC", strict=True)
    )
    assert [address for method, address in room.heard if method == "POST"] == [next(iter(room.passwords))]
    assert isinstance(await answered(house, steps.create), Done)
    assert len(room.bodies) == 1


def host_row(name: str, address: str, state: Any = "present") -> Resource:
    return Resource("demo", "demo", "nutanix_host", name, state, f"host-{address}", 1)


async def test_a_host_that_was_asked_to_leave_is_no_member_and_is_waited_for_before_it_joins_again(
    house: Any, room: Room
) -> None:
    steps = await stage(house, room, 4, nutanix={"redundancy_factor": 2})
    addresses = list(room.passwords)[:4]
    for number, address in enumerate(addresses):
        name = f"node{number:02}"
        record = house.record(name)
        active = replace(record, state="active", step=None, version=record.version + 1)
        await house.commit(PutRecord(active), PutResource(host_row(name, address)))
    marked = host(addresses[3], uuid=f"host-{addresses[3]}", state="MARKED_FOR_REMOVAL_BUT_NOT_DETACHABLE")
    well = [host(address, uuid=f"host-{address}") for address in addresses[:3]]
    room.shown["hosts"] = {"entities": [*well, marked]}
    room.shown[f"host-{addresses[3]}"] = marked
    for state in ("present", "deleting"):
        await house.commit(PutResource(host_row("node03", addresses[3], state)))
        waits = await answered(house, steps._members.join)
        assert isinstance(waits, Wait)
        assert waits.waiting_for == "node03 to leave the cluster and join again"
    assert [one.name for one in await answered(house, joined_of)] == ["node00", "node01", "node02"]


async def joined_of(ctx: Any) -> Any:
    return joined(ctx)


async def test_a_host_of_the_ledger_that_is_none_any_more_fails_the_look_at_the_health_with_ways_on(
    house: Any, room: Room
) -> None:
    steps = await stage(house, room, 4, nutanix={"redundancy_factor": 2})
    addresses = list(room.passwords)[:4]
    rows = [host_row(f"node{number:02}", address) for number, address in enumerate(addresses)]
    await house.commit(*(PutResource(row) for row in rows))
    room.shown["hosts"] = {"entities": [host(address) for address in addresses[:3]]}

    async def look(ctx: Any) -> Any:
        try:
            return await steps.verify(ctx)
        except NxdError as error:
            return error

    young = await answered(house, look)
    assert isinstance(young, Wait) and young.evidence == "3 of 4 hosts are there"
    await house.pass_time(200.0)
    failed = await answered(house, look)
    assert isinstance(failed, NxdError) and failed.message == "node03 is no host of demo any more."
    assert [(one.verb, one.target) for one in failed.problem().remedies] == [
        ("retry", "demo"), ("replace", "node03"),
    ]  # fmt: skip
    assert house.mirror.resource("demo", "nutanix_host", "node03").state == "gone"

"""The CVM on a node's own address is asked seldom, and what it says decides whether its machine is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError
from daemon.platforms.ibm_nutanix.first_contact import FirstContact
from daemon.platforms.ibm_nutanix.works_already import FRESH_SECONDS, WorksAlready, interrupted
from daemon.store.ops import PutRecord, PutResource, PutSecret, Resource
from state_machines.outcome import Outcome, Wait
from state_machines.record import Record
from tests.daemon.platforms.cvm_room import Room

ADDRESS = "127.61.0.10"
OURS = {"id": "cvm-1", "address": ADDRESS}


def rows(name: str = "node01") -> list[Resource]:
    """What the ledger holds of a node whose server was ordered."""
    data = {"role": "cvm", "address": ADDRESS, "subnet": "subnet-1"}
    return [
        Resource(name, "demo", "server", f"{name}-host", "present", "server-1", 1, {"vnis": []}),
        Resource(name, "demo", "reserved_ip", f"{name}-cvm", "present", "cvm-1", 1, data),
    ]


@pytest.fixture
async def works(cloud: tuple[Any, Any], room: Room) -> WorksAlready:
    outside, steps = cloud
    outside.objects["cvm-1"] = OURS
    return WorksAlready(steps._vpc, FirstContact(room.port, room.connections))


async def set_out(house: Any, attempt: int = 2, **facts: Any) -> None:
    """A node that is installed, as its ledger says."""
    await house.sow("node01")
    record = house.record()
    await house.commit(
        PutRecord(replace(record, attempt=attempt, facts=facts, version=2)), *map(PutResource, rows())
    )


async def seen(house: Any, works: WorksAlready) -> str | bool:
    """What a step hears that asks before the power goes off."""
    told: list[str | bool] = []

    async def run(ctx: StepContext) -> Outcome:
        try:
            told.append(await works.is_installed(ctx))
        except NxdError as error:
            told.append(error.code)
        return Wait("the test", "it goes on", 1e9)

    house.toy.script["making"] = run
    await house.commit(PutRecord(replace(house.record(), state="making", step="making", version=3)))
    house.engine.poke("node01")
    await house.until(lambda: told)
    return told[0]


TOLD = {"stuck": {"step": "awaiting_boot", "code": "works_already", "times": 1}}
CHOSEN = {"asked": "retry from awaiting_boot"}


@pytest.mark.parametrize(
    ("used", "facts", "heard"),
    [
        (False, {}, True),
        (False, CHOSEN, False),
        (True, {}, "works_already"),
        (True, CHOSEN, "works_already"),
        (True, TOLD, False),
        (True, {**TOLD, **CHOSEN}, False),
        (False, TOLD, True),
    ],
    ids=["fresh", "fresh, anew", "used", "used, anew", "used, told", "used, told, anew", "fresh, told"],
)
async def test_a_machine_that_works_is_installed_again_only_by_a_person_who_was_told_so(
    house: Any, works: WorksAlready, room: Room, used: bool, facts: dict[str, Any], heard: str | bool
) -> None:
    if used:
        room.passwords[ADDRESS] = {"somebody's"}
    await set_out(house, **facts)
    assert await seen(house, works) == heard


async def test_a_cvm_that_does_not_tell_is_left_alone_too(
    house: Any, works: WorksAlready, room: Room
) -> None:
    room.broken.add(ADDRESS)
    await set_out(house)
    assert await seen(house, works) == "works_already"


async def test_the_cvm_at_an_address_that_is_no_longer_the_nodes_is_a_strangers(
    house: Any, works: WorksAlready, cloud: tuple[Any, Any], room: Room
) -> None:
    room.passwords[ADDRESS] = {"somebody's"}
    cloud[0].objects["cvm-1"] = None
    await set_out(house)
    assert await seen(house, works) is False
    assert room.heard == [], "no password is sent to a stranger"


async def test_a_cvm_is_asked_once_for_all_who_ask_within_a_minute(
    house: Any, works: WorksAlready, room: Room
) -> None:
    room.passwords[ADDRESS] = {"somebody's"}
    await set_out(house)
    record = house.record()
    for now in (0.0, 1.0, FRESH_SECONDS - 1):
        answer = await works.ask(record, rows(), now)
        assert answer is not None and answer.used
    assert len(room.heard) == 3, "one of each factory password"
    room.passwords[ADDRESS] = {"admin"}
    answer = await works.ask(record, rows(), FRESH_SECONDS)
    assert answer is not None and answer.used is False


async def test_nobody_is_asked_of_a_node_whose_server_was_not_ordered(
    house: Any, works: WorksAlready, room: Room, cloud: tuple[Any, Any]
) -> None:
    await set_out(house)
    assert await works.ask(house.record(), rows()[1:], 0.0) is None
    assert (room.heard, cloud[0].sent) == ([], [])


@pytest.mark.parametrize("member", [False, True], ids=["not a host", "a host"])
@pytest.mark.parametrize("sealed", [False, True], ids=["no password", "its password"])
async def test_the_daemon_takes_its_hands_off_what_works_unless_the_ledger_knows_of_it(
    house: Any, works: WorksAlready, room: Room, member: bool, sealed: bool
) -> None:
    room.passwords[ADDRESS] = {"the cluster's"}
    await set_out(house, installed=0)
    members = {"members": ["node01"] if member else []}
    row = Resource("demo", "demo", "nutanix_cluster", "demo", "present", "u-1", 1, members)
    await house.commit(PutResource(row))
    if sealed:
        await house.commit(PutSecret("demo/password", "demo", house.box.seal("the cluster's")))
    for name in ("node01", "demo"):
        reason = await works.hands_off(house.record(name), house.mirror, 0.0)
        assert (reason is None) == (member and sealed)
    assert reason is None or "127.61.0.10 of node01 works already" in reason


async def test_a_cvm_that_nobody_has_used_or_that_ails_hinders_no_rollback(
    house: Any, works: WorksAlready, room: Room
) -> None:
    await set_out(house, installed=0)
    assert await works.hands_off(house.record(), house.mirror, 0.0) is None
    room.broken.add(ADDRESS)
    later = 2 * FRESH_SECONDS
    assert await works.hands_off(house.record(), house.mirror, later) is None
    await house.commit(PutRecord(replace(house.record(), facts={"round": 3}, version=3)))
    assert await works.hands_off(house.record(), house.mirror, 2 * later), "no installation of it has ended"


@pytest.mark.parametrize(
    ("state", "step", "facts", "shown"),
    [
        ("failed", "installing", TOLD, ["installation"]),
        ("failed", "awaiting_cvm", TOLD, []),
        ("failed", "installing", {}, []),
        ("held", "installing", TOLD, []),
    ],
    ids=["told", "it is not installed again", "another trouble", "held"],
)
def test_a_retry_of_what_works_shows_that_its_installation_goes(
    state: str, step: str, facts: dict[str, Any], shown: list[str]
) -> None:
    record = Record("node01", "ibm_nutanix.node", "demo", state, 0.0, step=step, facts=facts)
    assert [row.kind for row in interrupted(record, rows())] == shown

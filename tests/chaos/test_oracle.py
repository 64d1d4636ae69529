"""Each invariant of the oracle holds for a sound world, and fails when its breach is planted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import oracle
import pytest
from oracle import INVARIANTS, Evidence

from daemon.store.ops import AddCommand, AddEvent, Command, Event, PutRecord, PutResource, Resource
from daemon.store.sqlite import SqliteStore
from state_machines.record import Record


def thing(kind: str = "vni", id_: str = "v1", name: str = "demo-n1-mgmt-vni", **more: Any) -> dict[str, Any]:
    made = {"kind": kind, "id": id_, "name": name, "created": 1.0, "deleted": None}
    return {**made, "by_provider": False, "agent": "nxd", **more}


def record(name: str = "n1", state: str = "ready", **more: Any) -> dict[str, Any]:
    made = {"name": name, "kind": "ibm_nutanix.node", "state": state, "deadline": None}
    return {**made, "attempt": 1, "version": 1, **more}


def row(state: str = "present", **more: Any) -> dict[str, Any]:
    made = {"owner": "n1", "kind": "vni", "name": "demo-n1-mgmt-vni", "cloud_id": "v1", "sent": 1}
    return {**made, "state": state, **more}


def moved(revision: int, before: str, after: str) -> dict[str, Any]:
    data = json.dumps({"from": before, "to": after})
    made = {"revision": revision, "record": "n1", "shard": "c1", "kind": "transition"}
    return {**made, "message": after, "data": data}


def cluster(**more: Any) -> dict[str, Any]:
    member = {"uuid": "h1", "node": "demo-n1-host-bms", "lost": False}
    return {"name": "c1", "uuid": "u1", "status": "UP", "members": [member], **more}


def operation(what: str, call: int, at: float, **more: Any) -> dict[str, Any]:
    made = {"what": what, "of": "c1", "at": at, "over": False, "received": at - 0.5, "call": call}
    return {**made, **more}


def inside(kind: str, name: str, id_: str, **more: Any) -> dict[str, Any]:
    return row(owner="c1", kind=kind, name=name, cloud_id=id_, **more)


OF_PRISM = [inside("nutanix_cluster", "c1", "u1"), inside("nutanix_host", "n1", "h1")]


SOUND = Evidence(
    objects=[thing()],
    calls=[{"method": "DELETE", "path": "/v1/virtual_network_interfaces/v9", "agent": "nxd"}],
    records=[record(), record("c1", "active", kind="ibm_nutanix.cluster")],
    resources=[row(), *OF_PRISM],
    events=[
        moved(1, "pending", "creating_vnis"),
        moved(2, "creating_vnis", "ready"),
        {**moved(3, "pending", "active"), "record": "c1"},
    ],
    commands=[{"token": "kept", "verb": "retry", "target": "n1", "closed": 1}],
    epoch=2,
    starts=2,
    acknowledged=["kept"],
    seen=[(2, "ready")],
    resumed=[(record(), record())],
    log="info nxd action=ready socket=/run/nxd/nxd.sock\nerror nxd.engine action=commit_failed record=n1\n",
    clusters=[cluster()],
    operations=[
        operation("create", 1, 1.0),
        operation("create", 0, 2.0, over=True),
        operation("create", 2, 3.0),
        operation("password", 3, 4.0),
        operation("password", 3, 4.0),
        operation("expand", 4, 7.0),
        operation("expand", 5, 8.0, received=6.0),
    ],
)
"""Its operations: a cluster ended and was formed again, a proxy sent one call twice, of two calls the first is
late."""

BREACHES: dict[str, list[Callable[[Evidence], Evidence]]] = {
    "I1": [
        lambda e: replace(e, resources=OF_PRISM),
        lambda e: replace(e, objects=[]),
        lambda e: replace(e, resources=[row("gone"), *OF_PRISM]),
        lambda e: replace(e, clusters=[]),
        lambda e: replace(e, clusters=[cluster(), cluster(name="c2", uuid="u2")]),
        lambda e: replace(e, clusters=[cluster(members=[])]),
        lambda e: replace(e, resources=[row(), OF_PRISM[0]]),
    ],
    "I2": [
        lambda e: replace(e, objects=[thing(deleted=5.0), thing(id_="v2", created=4.0)]),
        lambda e: replace(e, operations=[*e.operations, operation("create", 9, 9.0)]),
        lambda e: replace(e, operations=[*e.operations, operation("password", 9, 9.0)]),
        lambda e: replace(e, operations=[*e.operations, operation("expand", 9, 9.0)]),
    ],
    "I3": [
        lambda e: replace(e, resources=[row(sent=0)]),
        lambda e: replace(e, resources=[row("intended", cloud_id=None)], objects=[]),
        lambda e: replace(e, resources=[row("deleting")]),
    ],
    "I4": [
        lambda e: replace(e, records=[record(state="creating_vnis")]),
        lambda e: replace(e, records=[record(state="rolling_back")]),
    ],
    "I5": [
        lambda e: replace(e, records=[record(state="rolled_back")]),
        lambda e: replace(e, records=[]),
    ],
    "I6": [
        lambda e: replace(e, events=[e.events[1]]),
        lambda e: replace(e, records=[record(state="active")]),
        lambda e: replace(e, events=[moved(1, "pending", "failed"), moved(2, "creating_vnis", "ready")]),
    ],
    "I7": [
        lambda e: replace(e, seen=[(3, "ready")]),
        lambda e: replace(e, seen=[(2, "active")]),
    ],
    "I8": [
        lambda e: replace(e, acknowledged=["another"]),
        lambda e: replace(e, commands=[{"token": "kept", "verb": "v", "target": "n9", "closed": 0}]),
    ],
    "I9": [lambda e: replace(e, resumed=[(record(), record(version=2))])],
    "I10": [lambda e: replace(e, epoch=3)],
    "I11": [
        lambda e: replace(e, objects=[thing(), thing(id_="v9", name="theirs", agent="somebody else")]),
    ],
    "I12": [
        lambda e: replace(e, log=e.log + "error nxd.engine action=turn_broke record=n1\nTraceback (most …"),
        lambda e: replace(e, log=e.log + "error nxd action=api_broke path=/v1/snapshot\n"),
        lambda e: replace(e, log=e.log + "error asyncio Future exception was never retrieved\n"),
        lambda e: replace(e, log=e.log + "Traceback (most recent call last):\n"),
    ],
}


@pytest.mark.parametrize("name", INVARIANTS)
def test_an_invariant_holds_in_a_sound_world(name: str) -> None:
    assert INVARIANTS[name](SOUND) == []


@pytest.mark.parametrize(
    ("name", "number"), [(n, i) for n, found in BREACHES.items() for i in range(len(found))]
)
def test_an_invariant_fails_when_its_breach_is_planted(name: str, number: int) -> None:
    assert INVARIANTS[name](BREACHES[name][number](SOUND)), f"{name} sees nothing"


def test_every_invariant_can_fail() -> None:
    assert BREACHES.keys() == INVARIANTS.keys() == {f"I{n}" for n in range(1, 13)}


async def test_the_evidence_is_read_from_a_real_database(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "nxd.db", "id")
    await store.open()
    lease = await store.acquire("test")
    node = Record("n1", "ibm_nutanix.node", "c1", "pending", 1.0, version=1)
    vni = Resource("n1", "c1", "vni", "demo-n1-mgmt-vni", "present", "v1", 1)
    said = AddEvent(Event(1.0, "c1", "n1", "note", "made"))
    await store.commit(lease, [PutRecord(node), PutResource(vni), said])
    await store.commit(lease, [AddCommand(Command("t", "n1", "c1", "retry", "ada", 1.0))])
    found = oracle.gather(tmp_path / "nxd.db", [thing()], starts=1, acknowledged=["t"], seen=[(1, "made")])
    assert oracle.judge(found) == []
    broken = replace(found, objects=[], starts=0, seen=[(1, "never")])
    assert [what.partition(":")[0] for what in oracle.judge(broken)] == ["I1", "I7", "I10"]
    await store.close()

"""What is asked for again and again is kept right with each commit, and not looked for among everything."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.life.members import named
from daemon.memory.mirror import Mirror
from daemon.store.ops import Contents, DropRecord, DropSecrets, PutRecord, PutSecret
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record

CLUSTER = Record("c", "toy.cluster", "c", "active", 1.0, 1)


def mirror(*nodes: str, **secrets: bytes) -> Mirror:
    records = [CLUSTER, *(Record(name, "toy.node", "c", "pending", 1.0, 1) for name in nodes)]
    return Mirror(Contents("daemon-1", 0, records, [], [], [], {}, secrets))


def test_the_names_for_which_a_rule_holds_follow_every_commit_and_each_record_is_looked_at_once() -> None:
    one, asked = mirror("a", "b"), []

    def makes(record: Record) -> bool:
        asked.append(record.name)
        return record.state == "making"

    assert one.where(makes) == set()
    assert sorted(asked) == ["a", "b", "c"]
    a, b = one.records["a"], one.records["b"]
    one.apply([PutRecord(replace(a, state="making")), PutRecord(replace(b, state="making"))])
    assert one.where(makes) == {"a", "b"}
    one.apply([PutRecord(replace(a, state="ready")), DropRecord("b")])
    assert one.where(makes) == set()
    assert len(asked) == 6, "asking costs nothing"


def test_the_members_of_a_cluster_are_in_the_order_of_their_names_as_they_come_and_go() -> None:
    one = mirror("n2", "n4")
    for name in ("n3", "n1"):
        one.apply([PutRecord(Record(name, "toy.node", "c", "pending", 1.0, 1))])
    assert [member.name for member in one.members("c")] == ["n1", "n2", "n3", "n4"]
    one.apply([DropRecord("n2"), PutRecord(replace(one.records["n4"], state="ready"))])
    assert [(member.name, member.state) for member in one.members("c")] == [
        ("n1", "pending"),
        ("n3", "pending"),
        ("n4", "ready"),
    ]
    one.apply([DropRecord(name) for name in ("n1", "n3", "n4", "c")])
    assert one.members("c") == []


def test_secrets_that_are_forgotten_are_one_records_own() -> None:
    one = mirror("n1", "n10", **{"n1/boot": b"1", "n10/boot": b"2"})
    one.apply([PutSecret("n1/install.1", "c", b"3"), DropSecrets("n1/")])
    assert one.secrets == {"n10/boot": b"2"}
    one.apply([DropSecrets("n1/"), PutSecret("n1/boot", "c", b"4")])
    assert one.secrets == {"n10/boot": b"2", "n1/boot": b"4"}


def test_the_nodes_of_a_spec_are_a_set_that_is_made_once() -> None:
    cluster = replace(CLUSTER, spec={"nodes": ["n1", "n2"]})
    later = replace(cluster, state="failed", version=2)
    assert named(cluster) == {"n1", "n2"}
    assert named(later) is named(cluster)
    assert named(replace(cluster, spec={"nodes": ["n1"]})) == {"n1"}


async def test_a_cluster_looks_when_a_node_begins_or_ends_and_not_at_each_of_its_steps(house: Any) -> None:
    waits = {"making": True, "settling": True}

    def waiting(name: str) -> Any:
        async def step(ctx: StepContext) -> Outcome:
            return Wait("the test", "not yet", 10.0) if waits[name] else Done()

        return step

    house.toy.script.update({name: waiting(name) for name in waits})
    await house.sow("node01")
    await house.tell("demo", "start")
    assert (house.record().state, house.record("demo").state) == ("making", "gathering")
    looks = len(house.toy.runs("gathering", "demo"))
    waits["making"] = False
    await house.pass_time(10)
    assert house.record().state == "settling"
    assert len(house.toy.runs("gathering", "demo")) == looks
    waits["settling"] = False
    await house.pass_time(10)
    assert (house.record().state, house.record("demo").state) == ("ready", "active")

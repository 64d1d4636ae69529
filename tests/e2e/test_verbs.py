"""The verbs beyond retry: stop after a step, begin again at one, replace a server, protect a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client import Client, DaemonRefused
from daemon.wire import EntityView
from tests.e2e.deployments import THREE_NODES, entity, settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def one_node_spec() -> str:
    text = THREE_NODES
    kept = [line for line in text.splitlines() if "node02" not in line and "node03" not in line]
    return "\n".join(kept).replace("redundancy_factor: 2", "redundancy_factor: 1")


def until(client: Client, name: str, state: str) -> EntityView:
    limit = time.monotonic() + 60
    while entity(client, name)["state"] != state:
        assert time.monotonic() < limit, entity(client, name)
        time.sleep(0.02)
    return entity(client, name)


def test_a_node_stops_after_the_step_that_was_named_and_goes_on_when_resumed(rig: Callable[..., Any]) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(one_node_spec())
        client.verb("hold", "node01", step="creating_vnis")
        held = until(client, "node01", "held")
        assert held["step"] == "recording_config"
        assert [r["state"] for r in held["resources"] if r["kind"] == "vni"] == ["present", "present"]
        assert one.counts()["existing"].get("server", 0) == 0
        client.verb("resume", "node01")
        code, said = settled(one.stage)
        assert code == 0, said


def test_a_replaced_server_stands_behind_the_same_addresses_interfaces_and_names(
    rig: Callable[..., Any],
) -> None:
    one = rig("node01:install")
    with Client(one.stage.socket) as client:
        client.apply(one_node_spec())
        code, _ = settled(one.stage)
        assert code == 1
        before = entity(client, "node01")
        client.verb("replace", "node01", meant=True)
        code, said = settled(one.stage)
        assert code == 0, said
        after = entity(client, "node01")

    def of(view: EntityView, *kinds: str) -> set[str | None]:
        return {r["id"] for r in view["resources"] if r["kind"] in kinds and r["state"] == "present"}

    kept = ("reserved_ip", "vni", "dns_record")
    assert of(after, *kept) == of(before, *kept)
    assert after["addresses"] == before["addresses"]
    assert of(after, "server").isdisjoint(of(before, "server"))
    counts = one.counts()
    assert (counts["created"]["server"], counts["existing"]["server"]) == (2, 1)


def test_a_retry_may_begin_at_an_earlier_step_and_makes_nothing_twice(rig: Callable[..., Any]) -> None:
    one = rig("node01:install")
    with Client(one.stage.socket) as client:
        client.apply(one_node_spec())
        code, _ = settled(one.stage)
        assert code == 1
        with pytest.raises(DaemonRefused) as refused:
            client.verb("retry", "node01", step="awaiting_cvm", meant=True)
        assert refused.value.status == 409
        client.verb("retry", "node01", step="registering_dns", meant=True)
        code, said = settled(one.stage)
        assert code == 0, said
    counts = one.counts()
    assert counts["created"] == counts["existing"]


def test_a_protected_cluster_refuses_every_deletion_until_it_is_unprotected(rig: Callable[..., Any]) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(one_node_spec())
        code, said = settled(one.stage)
        assert code == 0, said
        client.verb("protect", "demo")
        limit = time.monotonic() + 10
        while not entity(client, "demo")["protected"]:
            assert time.monotonic() < limit
            time.sleep(0.02)
        with pytest.raises(DaemonRefused) as refused:
            client.verb("destroy", "demo", meant=True)
        assert "protected" in refused.value.error["message"]
        assert one.counts()["existing"]["server"] == 1
        client.verb("unprotect", "demo")
        client.verb("destroy", "demo", meant=True)
        for _ in ("while it goes", "once it is forgotten"):
            code, said = settled(one.stage, goal="gone")
            assert code == 0, said
    assert set(one.counts()["existing"].values()) == {0}


@pytest.mark.parametrize(
    ("climb_to", "faults", "servers", "installs"),
    [("restart", 1, 1, 2), ("reinitialise", 2, 1, 3), ("replace", 3, 2, 3)],
)
def test_a_failed_installation_climbs_the_cheapest_rungs_by_itself_as_far_as_the_spec_says(
    rig: Callable[..., Any], climb_to: str, faults: int, servers: int, installs: int
) -> None:
    one = rig(*["node01:install"] * faults)
    with Client(one.stage.socket) as client:
        client.apply(f"{one_node_spec()}\nclimb_to: {climb_to}\n")
        code, said = settled(one.stage)
        assert code == 0, said
    counts = one.counts()
    assert counts["created"]["server"] == servers
    assert counts["installs"]["demo-node01-host-bms"] == installs
    assert counts["created"]["reserved_ip"] == counts["existing"]["reserved_ip"]


def test_a_ladder_that_is_climbed_to_its_end_leaves_the_failure_to_a_person(rig: Callable[..., Any]) -> None:
    one = rig("node01:install", "node01:install")
    with Client(one.stage.socket) as client:
        client.apply(f"{one_node_spec()}\nclimb_to: restart\n")
        code, said = settled(one.stage)
        assert code == 1, said
        assert entity(client, "node01")["attempt"] == 2

"""A member of a cluster is replaced by one verb, as far as the cluster can bear it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from daemon.client import Client, DaemonRefused
from tests.e2e.deployments import counted, deploy, entity, post, run_to, settled, spec
from tests.e2e.test_growth import THREE, becomes, cvms, hosts, settled_again, situation, tell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


PRICES = "{bx2d-metal-96x384: {hour: 6.6, currency: EUR, as_of: 2026-10-01}}"


def used_by(client: Client) -> Any:
    """What the cluster used of servers."""
    (use,) = entity(client, "demo")["uses"]
    return use


@pytest.mark.parametrize("dead", [True, False], ids=["dead", "living"])
def test_a_member_is_replaced_by_one_verb_and_keeps_its_addresses(
    rig: Callable[..., Any], dead: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NXD_PRICES", PRICES)
    one = rig()
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE)
        before = entity(client, "node02")
        if dead:
            tell(one, "/nodes/node02/kill-cvm")
        plan = client.plan("replace", "node02")
        assert counted(plan) == {
            (action, kind): 1 for action in ("delete", "create") for kind in ("nutanix_host", "server")
        }
        assert plan["cost"]["text"] == "0.00 EUR/h (list of 2026-10-01)"
        before_it = used_by(client)
        usual = {stage["step"]: stage["usual"] for stage in plan["stages"]}
        assert next(iter(usual)) == "creating_server"
        assert usual["installing"] > 1000, "what it takes is known from the three that were installed"
        client.verb("replace", "node02", digest=plan["digest"])
        code, said = settled_again(one, client)
        assert code == 0, said
        after = entity(client, "node02")
        assert after["state"] == "active"
        assert after["addresses"] == before["addresses"]
        assert hosts(one) == cvms(client, *THREE)
        assert situation(one)["server"] == 3
        use = used_by(client)
        assert (use["running"], one.counts()["created"]["server"]) == (3, 4)
        assert use["seconds"] > before_it["seconds"] + 2 * (use["at"] - before_it["at"]), (
            "with that which is gone"
        )
        (spent,) = use["spent"]
        assert (spent["currency"], round(spent["hour"], 2)) == ("EUR", 19.8)
        assert spent["amount"] == pytest.approx(use["seconds"] / 3600 * 6.6)
        kept = {(r["kind"], r["id"]) for r in before["resources"] if r["kind"] != "server"}
        assert kept <= {(r["kind"], r["id"]) for r in after["resources"]}


def test_a_living_member_is_not_taken_from_a_cluster_that_lacks_another_one(rig: Callable[..., Any]) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE)
        before = entity(client, "node02")["resources"]
        tell(one, "/nodes/node01/kill-cvm")
        client.verb("replace", "node02", meant=True)
        limit = time.monotonic() + 60
        while entity(client, "demo")["phase"] != "attention":
            assert time.monotonic() < limit, entity(client, "demo")
            time.sleep(0.02)
        said = entity(client, "demo")["evidence"] or ""
        assert "node01" in said and "at least 3 nodes" in said
        assert entity(client, "node02")["resources"] == before
        tell(one, "/nodes/node01/revive")
        code, lines = settled(one.stage)
        assert code == 0, lines
        assert hosts(one) == cvms(client, *THREE)


def test_a_replacement_that_waited_in_vain_is_still_one_when_it_is_tried_again(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE, deadlines={"creating_server": "60m"})
        tell(one, "/nodes/node01/kill-cvm")
        client.verb("replace", "node02", meant=True)
        becomes(client, "node02", lambda node: node["state"] == "failed")
        client.verb("retry", "node02", meant=True)
        becomes(client, "node02", lambda node: node["waiting_for"] == "its cluster to let it go")
        tell(one, "/nodes/node01/revive")
        code, lines = settled(one.stage)
        assert code == 0, lines
        assert one.counts()["created"]["server"] == 4
        assert hosts(one) == cvms(client, *THREE)


def test_the_only_host_of_a_cluster_cannot_be_replaced(rig: Callable[..., Any]) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        nutanix = {**yaml.safe_load(spec("node01"))["nutanix"], "redundancy_factor": 1}
        deploy(one, client, "node01", nutanix=nutanix)
        assert "all that demo stands on" in str(entity(client, "node01")["can"]["replace"])
        with pytest.raises(DaemonRefused, match="destroy the cluster"):
            client.verb("replace", "node01", meant=True)


@pytest.mark.parametrize("names", [THREE, (*THREE, "node04", "node05")], ids=["three", "five"])
def test_members_that_are_replaced_at_once_leave_one_after_the_other_each_once_the_one_before_is_back(
    rig: Callable[..., Any], names: tuple[str, ...]
) -> None:
    one = rig()
    asked = names[:2] if len(names) == len(THREE) else names
    with Client(one.stage.socket) as client:
        deploy(one, client, *names)
        for name in reversed(asked):
            client.verb("replace", name, meant=True)
        fewest, limit = len(names), time.monotonic() + 200
        while any(entity(client, name)["state"] != "active" for name in ("demo", *names)):
            assert time.monotonic() < limit, client.snapshot()
            assert entity(client, "demo")["phase"] not in ("failed", "attention"), entity(client, "demo")
            fewest = min(fewest, len(hosts(one)))
            time.sleep(0.05)
        assert fewest == len(names) - 1, "no cluster lacks two hosts"
        assert hosts(one) == cvms(client, *names)
        assert one.counts()["created"]["server"] == len(names) + len(asked)
        assert situation(one)["server"] == len(names)


def test_of_two_nodes_with_the_same_serial_one_is_replaced_and_the_cluster_forms_with_the_new_one(
    rig: Callable[..., Any],
) -> None:
    one = rig(scenarios=("twin-serials",))
    with Client(one.stage.socket) as client:
        client.apply(spec(*THREE))
        code, said = settled(one.stage)
        assert code == 1 and "have the same serial" in str(entity(client, "demo")["error"]), said
        ways = entity(client, "demo")["remedies"]
        named = [way["target"] for way in ways if way.get("verb") == "replace"]
        assert len(named) == 2, ways
        assert "One of" in ways[1]["text"] and ways[2]["text"].startswith("Or instead"), ways
        client.verb("replace", named[0], meant=True)
        becomes(client, named[0], lambda node: node["state"] != "ready")
        verbs = [(way["verb"], way["target"]) for way in entity(client, "demo")["remedies"] if "verb" in way]
        assert verbs == [("retry", "demo")]
        client.verb("retry", "demo", meant=True)
        run_to(one.stage, "active")
        assert one.counts()["created"]["server"] == 4
        assert hosts(one) == cvms(client, *THREE)


def test_a_replacement_that_fails_is_what_a_person_is_told_of_who_waits_for_the_next_one(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE)
        post(one, "/faults", {"rules": [{"trigger": "machine phase 6", "action": "fail", "name": "node01"}]})
        client.verb("replace", "node01", meant=True)
        client.verb("replace", "node02", meant=True)
        becomes(client, "node01", lambda node: node["state"] == "failed")
        code, said = settled(one.stage)
        assert code == 1, said
        for name in ("demo", "node02"):
            assert [one["target"] for one in entity(client, name)["remedies"]] == ["node01"]
        post(one, "/mend", {})
        client.verb("retry", "node01", meant=True)
        run_to(one.stage, "active")
        assert hosts(one) == cvms(client, *THREE)

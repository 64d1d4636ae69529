"""A standing cluster grows, shrinks and gets a dead node replaced, by a spec or by one verb."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client, DaemonRefused
from daemon.wire import EntityView
from tests.e2e.deployments import counted, deploy, entity, nxd, plant, settled, spec, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

EVERY_NODE = {"reserved_ip": 4, "dns_record": 4, "vni": 2, "server": 1}
"""What a node has that does not hold the cluster's address."""
IN_THE_WORLD = {"reserved_ip": "reserved_ip", "dns_record": "record", "vni": "vni", "server": "server"}


THREE = ("node01", "node02", "node03")


def tell(one: Any, path: str) -> None:
    url = one.stage.urls()["control_url"] + path
    urllib.request.urlopen(urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})).close()


def hosts(one: Any) -> list[str]:
    """The CVM addresses of the hosts of the one simulated cluster."""
    with urllib.request.urlopen(one.stage.urls()["control_url"] + "/clusters") as answer:
        (cluster,) = json.load(answer)["clusters"]
    return sorted(member["cvm"] for member in cluster["members"])


def cvms(client: Client, *names: str) -> list[str]:
    return sorted(entity(client, name)["addresses"]["cvm"] for name in names)


def subnet_looks(one: Any) -> int:
    with urllib.request.urlopen(one.stage.urls()["control_url"] + "/calls?after=0") as answer:
        calls = json.load(answer)["calls"]
    return sum(call["template"].startswith("/subnets") for call in calls)


def situation(one: Any) -> dict[str, int]:
    existing = one.counts()["existing"]
    return {kind: existing.get(name, 0) for kind, name in IN_THE_WORLD.items()}


def test_a_spec_with_a_node_more_expands_the_cluster_and_touches_nobody_else(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE)
        before = {name: entity(client, name)["resources"] for name in THREE}
        grown = spec(*THREE, "node04")
        plan = client.plan_spec(grown)
        assert counted(plan) == {
            ("create", "nutanix_host"): 1,
            **{("create", kind): number for kind, number in EVERY_NODE.items()},
        }
        client.apply(grown, digest=plan["digest"])
        code, said = settled_again(one, client)
        assert code == 0, said
        becomes(client, "node04", lambda it: it["state"] == "active")
        assert hosts(one) == cvms(client, *THREE, "node04")
        assert {name: entity(client, name)["resources"] for name in THREE} == before
        assert client.apply(grown)["changed"] is False
        planned = {(item["kind"], item["name"]) for item in plan["items"]}
        made = {(r["kind"], r["name"]) for r in entity(client, "node04")["resources"]}
        assert made < planned
        client.verb("destroy", "demo", meant=True)
        gone(client, "demo")
        assert situation(one) == dict.fromkeys(EVERY_NODE, 0)


def settled_again(one: Any, client: Client) -> tuple[int, str]:
    """Wait until the cluster has left ``active`` and come back to it, or stopped elsewhere."""
    limit = time.monotonic() + 60
    while entity(client, "demo")["state"] == "active":
        assert time.monotonic() < limit, "the cluster never took the change over"
        time.sleep(0.01)
    return settled(one.stage)


def applied_until_there(client: Client, text: str) -> set[str]:
    """Apply the wish that is under way again and again, which changes nothing; the states in which it was."""
    limit, states = time.monotonic() + 60, set[str]()
    while states <= {"active"} or entity(client, "demo")["state"] != "active":
        assert time.monotonic() < limit, states
        assert client.apply(text)["changed"] is False
        states.add(entity(client, "demo")["state"])
    return states - {"active"}


def gone(client: Client, name: str) -> None:
    limit = time.monotonic() + 90
    while any(one["name"] == name for one in [*client.snapshot()["clusters"], *client.snapshot()["nodes"]]):
        assert time.monotonic() < limit, entity(client, name)
        time.sleep(0.05)


def test_a_spec_with_a_node_less_lets_it_leave_the_cluster_before_its_server_goes(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE, "node04")
        full = situation(one)
        client.verb("protect", "demo")
        with pytest.raises(DaemonRefused, match="protected"):
            client.apply(spec(*THREE))
        client.verb("unprotect", "demo")
        looks = subnet_looks(one)
        plan = client.plan_spec(spec(*THREE))
        assert subnet_looks(one) == looks, "where nothing is made, no subnet is looked at"
        assert plan["items"][0]["kind"] == "nutanix_host"
        assert counted(plan) == {
            ("delete", "nutanix_host"): 1,
            **{("delete", kind): number for kind, number in EVERY_NODE.items()},
        }
        assert [stage["step"] for stage in plan["stages"]] == [
            "removing_nodes", "configuring", "verifying_health",
        ]  # fmt: skip
        client.apply(spec(*THREE), digest=plan["digest"])
        assert "removing_nodes" in applied_until_there(client, spec(*THREE))
        code, said = settled(one.stage)
        assert code == 0, said
        assert situation(one) == {kind: full[kind] - number for kind, number in EVERY_NODE.items()}
        assert hosts(one) == cvms(client, *THREE)
        log = [event["message"] for event in client.log(limit=10_000)["events"]]
        assert log.index("nutanix_host node04 is gone") < log.index("server demo-node04-host-bms is gone")
        with pytest.raises(DaemonRefused):
            client.show("node04")


def test_a_node_that_another_takes_the_place_of_while_it_is_made_needs_nobody_once_it_is_gone(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    plant(
        one, {"trigger": "server pending", "action": "stuck", "name": "node03"}
    )  # so that no cluster is formed
    with Client(one.stage.socket) as client:
        client.apply(spec(*THREE))
        becomes(client, "node02", lambda it: it["state"] == "creating_server")
        apply_as_planned(client, spec("node01", "node03", "node04"))
        becomes(client, "node02", lambda it: it["state"] == "rolled_back")
        told = "Nothing is to be done: it leaves demo, and nothing of it is left."
        assert [(way["kind"], way["text"]) for way in entity(client, "node02")["remedies"]] == [
            ("wait", told)
        ]
        shown = json.loads(nxd(one, "show", "node02", "--json").stdout)["entity"]
        assert [way["text"] for way in shown["remedies"]] == [told]
        assert None not in shown["can"].values(), "no verb is legal for it"
        for command in (("show", "node02"), ("status", "name:node02")):
            said = nxd(one, *command).stdout
            assert told in said and "nxd rollback" not in said and "nxd destroy" not in said, said
        assert entity(client, "demo")["state"] == "deploying"


def shrunk_until(client: Client, it: Callable[[], bool]) -> None:
    """Apply the spec without node04, and wait for a moment on its way out."""
    client.apply(spec(*THREE), digest=client.plan_spec(spec(*THREE))["digest"])
    limit = time.monotonic() + 60
    while not it():
        assert time.monotonic() < limit, entity(client, "demo")
        time.sleep(0.01)


def host_rows(client: Client, node: str) -> list[str]:
    rows = entity(client, "demo")["resources"]
    return [row["state"] for row in rows if row["kind"] == "nutanix_host" and row["name"] == node]


def test_a_shrink_that_is_taken_back_while_the_host_empties_lets_it_leave_and_join_again(
    rig: Callable[..., Any],
) -> None:
    one, four = rig(speed=600.0), spec(*THREE, "node04")
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE, "node04")
        before = entity(client, "node04")["resources"]
        shrunk_until(client, lambda: host_rows(client, "node04") == ["deleting"])
        plan = client.plan_spec(four)
        assert [(item["action"], item["kind"], item["name"]) for item in plan["items"]] == [
            ("delete", "nutanix_host", "node04"), ("create", "nutanix_host", "node04"),
        ]  # fmt: skip
        assert "joining_nodes" in [stage["step"] for stage in plan["stages"]]
        client.apply(four, digest=plan["digest"])
        becomes(client, "demo", lambda it: "leave the cluster and join again" in (it["waiting_for"] or ""))
        code, said = settled(one.stage)
        assert code == 0, said
        assert entity(client, "node04")["resources"] == before, "its server stays"
        assert hosts(one) == cvms(client, *THREE, "node04")
        assert host_rows(client, "node04") == ["present"]
        assert client.plan_spec(four)["items"] == []


def test_a_shrink_that_is_taken_back_when_the_node_is_being_deleted_makes_it_anew(
    rig: Callable[..., Any],
) -> None:
    one, four = rig(speed=600.0), spec(*THREE, "node04")
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE, "node04")
        shrunk_until(client, lambda: entity(client, "node04")["state"] == "rolling_back")
        assert ("create", "server") in counted(client.plan_spec(four))
        apply_as_planned(client, four)
        code, said = settled(one.stage)
        assert code == 0, said
        becomes(client, "node04", lambda it: it["state"] == "active")
        assert hosts(one) == cvms(client, *THREE, "node04")
        assert (situation(one)["server"], one.counts()["created"]["server"]) == (4, 5)


def apply_as_planned(client: Client, text: str) -> None:
    """Apply a plan as it stands, while what it deletes is still made, or goes already by itself."""
    for _ in range(50):
        with contextlib.suppress(DaemonRefused):
            client.apply(text, digest=client.plan_spec(text)["digest"])
            return
    raise AssertionError("the plan changed each time")


def becomes(client: Client, name: str, it: Callable[[EntityView], bool]) -> None:
    limit = time.monotonic() + 60
    while not it(entity(client, name)):
        assert time.monotonic() < limit, entity(client, name)
        time.sleep(0.02)


def test_a_spec_that_changes_what_cannot_change_is_refused_by_name(rig: Callable[..., Any]) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE)
        other = spec(*THREE).replace("bx2d-metal-96x384", "bx2-metal-96x384")
        with pytest.raises(DaemonRefused, match=r"ibm\.profile"):
            client.plan_spec(other)
        with pytest.raises(DaemonRefused, match=r"node01 .*address of the cluster"):
            client.plan_spec(spec("node02", "node03", "node04"))
        plan = client.plan_spec(spec(*THREE, on_failure="rollback"))
        assert [(item["action"], item["name"]) for item in plan["items"]] == [("change", "on_failure")]


def nxd_at_a_terminal(one: Any, answer: str, *arguments: str) -> tuple[int, str]:
    """Run `nxd` at a terminal and type an answer; its exit code and what stood there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "daemon.cli", "--socket", str(one.stage.socket), *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said = b""
        with contextlib.suppress(OSError):  # the terminal ends with its last process
            while piece := os.read(ours, 65536):
                said += piece
    os.close(ours)
    return child.returncode, said.decode()


def test_an_expansion_that_fails_leaves_the_standing_cluster_alone_and_nobody_deletes_it_unasked(
    rig: Callable[..., Any], tmp_path: Path
) -> None:
    one = rig("node04:install")
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE)
        client.apply(spec(*THREE, "node04"))
        until(lambda: entity(client, "demo")["phase"] == "attention", "the cluster waits for a person")
        assert entity(client, "node04")["state"] == "failed"
        assert entity(client, "demo")["state"] == "deploying"
        assert "active" in (entity(client, "demo")["can"]["rollback"] or "")
        with pytest.raises(DaemonRefused, match="deletes for good") as caught:
            client.apply(spec(*THREE))
        assert caught.value.error["code"] == "deletes"
        path = tmp_path / "three.yaml"
        path.write_text(spec(*THREE))
        told = nxd(one, "apply", str(path))
        assert (told.returncode, "not a terminal" in told.stderr) == (4, True)
        assert "- node04" in told.stdout and "It deletes " in told.stdout
        for answer in ("n", ""):
            code, said = nxd_at_a_terminal(one, answer, "apply", str(path))
            gone = re.search(r"^ *- +.*node04", re.sub(r"\x1b\[[0-9;]*m", "", said), re.MULTILINE)
            assert (code, "Nothing was changed." in said, gone is not None) == (4, True, True), said
        assert entity(client, "node04")["state"] == "failed"
        code, said = nxd_at_a_terminal(one, "y", "apply", str(path))
        assert (code, "accepted" in said) == (0, True), said
        code, said = settled(one.stage)
        assert code == 0, said
        assert {name: entity(client, name)["state"] for name in THREE} == dict.fromkeys(THREE, "active")
        assert situation(one)["server"] == 3


def test_a_gate_of_three_forms_the_cluster_and_the_fourth_joins_when_it_is_there(
    rig: Callable[..., Any],
) -> None:
    one = rig("node04:install")
    with Client(one.stage.socket) as client:
        deploy(one, client, *THREE, "node04", gate=3)
        becomes(client, "node04", lambda it: it["state"] == "failed")
        assert hosts(one) == cvms(client, *THREE)
        client.verb("retry", "node04", meant=True)
        code, said = settled_again(one, client)
        assert code == 0, said
        assert hosts(one) == cvms(client, *THREE, "node04")

"""Audit and preflight tell the truth about the cloud, and change nothing in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator
from ibm_vpc import VpcV1

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client, DaemonRefused
from daemon.demo.setup import TRUSTED_PROFILE
from tests.e2e.deployments import nxd, post, run_to, spec, until
from tests.e2e.robot import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

MANAGEMENT = "0717-4f1c0de0-0000-4000-8000-000000000010"


def cloud(stage: Any) -> VpcV1:
    urls = stage.urls()
    authenticator = VPCInstanceAuthenticator(iam_profile_id=TRUSTED_PROFILE, url=urls["metadata_url"])
    service = VpcV1(authenticator=authenticator)
    service.set_service_url(urls["vpc_url"])
    return service


def test_audit_names_a_planted_orphan_and_what_was_deleted_by_hand(rig: Callable[..., Any]) -> None:
    one = rig()
    vpc = cloud(one.stage)
    with Client(one.stage.socket) as client:
        client.apply(spec())
        said: list[str] = []
        assert wait_for(one.stage.socket, "demo", "active", 60, PlainLines("demo", said.append)) == 0
        assert client.audit() == []
        orphan = vpc.create_subnet_reserved_ip(MANAGEMENT, name="demo-node09-mgmt-ip").get_result()
        vpc.create_subnet_reserved_ip(MANAGEMENT, name="somebody-elses-address")
        cluster_ip = next(
            row
            for row in client.show("node01")["entity"]["resources"]
            if row["name"] == "demo-node01-cluster-ip"
        )
        vpc.delete_subnet_reserved_ip(MANAGEMENT, cluster_ip["id"])
        limit = time.monotonic() + 20
        while (before := one.counts())["existing"]["reserved_ip"] != 14:
            assert time.monotonic() < limit, before
            time.sleep(0.02)
        found = client.audit()
        shown = {row["id"]: row for row in client.show("node01")["entity"]["resources"]}
        assert [id_ for id_, row in shown.items() if "missed" in row] == [cluster_ip["id"]]
        told = nxd(one, "show", "node01").stdout
        (line,) = [line for line in told.splitlines() if "did not find it outside" in line]
        assert cluster_ip["id"] in line and "missing" in line and "present" not in line
        assert "demo-node01-cluster-ip is missing outside: " in told
        assert "missing outside" in nxd(one, "status").stdout
    seen = {(finding["finding"], finding["name"], finding["id"], finding["owner"]) for finding in found}
    assert seen == {
        ("unknown", "demo-node09-mgmt-ip", orphan["id"], None),
        ("missing", "demo-node01-cluster-ip", cluster_ip["id"], "node01"),
    }
    assert all("nxd show" not in finding["command"] for finding in found)
    assert orphan["id"] in next(f for f in found if f["finding"] == "unknown")["command"]
    after = one.counts()
    assert (before["created"], before["existing"]) == (after["created"], after["existing"])


def test_a_stray_is_deleted_only_by_its_id_and_nothing_of_the_ledger_ever(rig: Callable[..., Any]) -> None:
    one = rig()
    vpc = cloud(one.stage)
    with Client(one.stage.socket) as client:
        client.apply(spec())
        said: list[str] = []
        assert wait_for(one.stage.socket, "demo", "active", 60, PlainLines("demo", said.append)) == 0
        stray = vpc.create_subnet_reserved_ip(MANAGEMENT, name="demo-node09-mgmt-ip").get_result()
        ours = client.show("node01")["entity"]["resources"]
        mine = next(row["id"] for row in ours if row["kind"] == "reserved_ip")
        assert nxd(one, "audit", "--delete", str(mine)).returncode == 4
        assert client.discard([str(mine)], meant=True) == []
        shown = nxd(one, "audit", "--delete", stray["id"])
        assert (shown.returncode, "--yes" in shown.stderr) == (4, True), shown
        for word in (stray["id"], "demo-node09-mgmt-ip", stray["address"], "created 20"):
            assert word in shown.stdout, shown
        with pytest.raises(DaemonRefused) as unasked:
            client.discard([stray["id"]])
        assert (unasked.value.status, unasked.value.error["code"]) == (409, "deletes")
        assert [one["id"] for one in client.audit()] == [stray["id"]], "nobody was asked, nothing is gone"
        again = nxd(one, "audit", "--last")
        assert again.returncode == 1 and stray["id"] in again.stdout and "As of" in again.stderr
        assert nxd(one, "audit", "--last", "--delete", stray["id"]).returncode == 2
        assert nxd(one, "audit", "--delete", stray["id"], "--yes").returncode == 0
        assert client.audit() == []
        assert client.show("node01")["entity"]["resources"] == ours
        log = [event["message"] for event in client.log(limit=10_000)["events"]]
    assert any(stray["id"] in message and "is in no ledger" in message for message in log)


def test_what_an_audit_says_about_a_loss_brings_it_back(rig: Callable[..., Any]) -> None:
    one = rig()
    told: list[str] = []

    def active() -> None:
        assert wait_for(one.stage.socket, "demo", "active", 60, PlainLines("demo", told.append)) == 0, told[
            -1
        ]

    def lost(client: Client, kind: str, node: str) -> str:
        """Somebody deletes one thing of a node; what the audit says about it."""
        rows = client.show(node)["entity"]["resources"]
        id_ = next(row["id"] for row in rows if row["kind"] == kind)
        if kind == "server":
            shell.run(f"ibmcloud is bare-metal-server-stop {id_} --type hard --force")
            shell.run(f"ibmcloud is bare-metal-server-delete {id_} --force")
        else:
            dns = yaml.safe_load(spec())["ibm"]["dns"]
            shell.run(f"ibmcloud dns resource-record-delete {dns['zone']} {id_} -i {dns['instance']} --force")
        limit = time.monotonic() + 20
        while not (found := [finding for finding in client.audit() if finding["id"] == id_]):
            assert time.monotonic() < limit
            time.sleep(0.1)
        assert found[0]["finding"] == "missing"
        return found[0]["command"]

    shell = Shell(one.stage)
    with Client(one.stage.socket) as client:
        client.apply(spec())
        active()
        assert lost(client, "server", "node02") == "nxd replace node02"
        assert nxd(one, "replace", "node02", "--yes", "--wait").returncode == 0
        active()
        assert client.audit() == []
        said = lost(client, "dns_record", "node03")
        assert said == "nxd spec demo, put a node of another name in the place of node03, and apply it"
        text = client.spec("demo")["spec"].replace("node03", "node04")
        client.apply(text, client.plan_spec(text)["digest"])
        active()
        assert client.audit() == []
        said = lost(client, "dns_record", "node01")
        assert said == "only nxd destroy demo, and its spec applied again, brings it back"
        client.verb("protect", "demo")
        (finding,) = client.audit()
        assert finding["command"].startswith("nxd unprotect demo")


def test_preflight_passes_in_the_furnished_world_and_names_each_thing_that_is_missing(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        checks = client.preflight(spec())
        untold = {check["name"] for check in checks if check["result"] == "unknown"}
        assert untold == {"roles for writing", "capacity"}
        assert {check["result"] for check in checks} == {"passed", "unknown"}
        wrong = (
            spec()
            .replace("zone: us-south-1", "zone: us-south-2")
            .replace("profile: bx2d-metal-96x384", "profile: bx9-metal-1x1")
            .replace("image: r006-4f1c0de0-0000-4000-8000-000000000030", "image: r006-nothing")
        )
        (one.stage.directory / "images" / "vmlinuz-foundation").unlink()
        failed = {check["name"]: check for check in client.preflight(wrong) if check["result"] == "failed"}
        assert {"management subnet", "workload subnet", "profile", "image", "boot images"} == set(failed)
        assert all(check["remedy"] for check in failed.values())
        client.apply(wrong)
        said: list[str] = []
        assert wait_for(one.stage.socket, "demo", "active", 60, PlainLines("demo", said.append)) == 1
        cluster = client.show("demo")["entity"]
    assert (cluster["state"], cluster["step"]) == ("failed", "preflight")
    assert sum(one.counts()["existing"].values()) == 0


def test_what_is_released_while_an_audit_looks_is_no_finding(rig: Callable[..., Any]) -> None:
    one = rig()
    with (
        Client(one.stage.socket) as client,
        Client(one.stage.socket) as other,
        ThreadPoolExecutor(1) as aside,
    ):
        client.apply(spec())
        run_to(one.stage, "active")
        slow = {"trigger": "vpc GET /bare_metal_servers", "action": "slow", "delay": 8 * 1200}
        post(one, "/faults", {"rules": [slow]})
        audit = aside.submit(other.audit)
        time.sleep(0.5)  # the addresses are listed, and the list of the servers is on its way
        client.verb("destroy", "demo", meant=True)
        until(lambda: not client.clusters(), "everything is gone", 60)
        assert not audit.done(), "or nothing was shown"
        assert [one["finding"] for one in audit.result(60) if one["kind"] != "dns_zone"] == []

"""Somebody else of the same account touches a server that is waited for: it is told at once, and the remedy helps."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client
from daemon.demo.setup import TRUSTED_PROFILE
from daemon.wire import EntityView
from tests.e2e.deployments import THREE_NODES, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SPEED = 600.0
PATIENCE = 60.0


class Stranger:
    """Somebody else with the real SDK."""

    def __init__(self, urls: dict[str, str]) -> None:
        from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator
        from ibm_vpc import VpcV1

        self.vpc = VpcV1(
            authenticator=VPCInstanceAuthenticator(iam_profile_id=TRUSTED_PROFILE, url=urls["metadata_url"])
        )
        self.vpc.set_service_url(urls["vpc_url"])

    def server(self, name: str) -> dict[str, Any]:
        listed = self.vpc.list_bare_metal_servers(name=name).get_result()["bare_metal_servers"]
        found: dict[str, Any] = listed[0]
        return found

    def stop(self, name: str) -> None:
        self.vpc.stop_bare_metal_server(self.server(name)["id"], "hard")
        until(lambda: self.server(name)["status"] == "stopped", f"{name} is stopped")


def tell(urls: dict[str, str], path: str, body: Any) -> None:
    request = urllib.request.Request(urls["control_url"] + path, json.dumps(body).encode(), method="POST")
    urllib.request.urlopen(request).close()


def test_a_server_that_somebody_deletes_stops_or_unplugs_is_told_at_once_and_the_remedy_leads_on(
    rig: Callable[..., Any],
) -> None:
    one = rig("node01:boot", "node03:cvm", speed=SPEED)
    urls = one.stage.urls()
    tell(urls, "/faults", {"rules": [{"trigger": "machine phase 4", "action": "forever", "name": "node02"}]})
    stranger = Stranger(urls)
    with Client(one.stage.socket) as client:
        client.apply(THREE_NODES)

        def node(name: str) -> EntityView:
            return client.show(name)["entity"]

        def failed(name: str, code: str, words: str) -> str:
            until(lambda: node(name)["state"] == "failed", f"{name} failed")
            error = node(name)["error"]
            assert error is not None and error["code"] == code, error
            assert words in error["message"] and "somebody else" in error["message"]
            assert error["evidence"] is None or json.loads(error["evidence"])["id"]
            return error["remedy"]

        until(lambda: node("node01")["state"] == "awaiting_boot", "node01 waits for its boot")
        until(lambda: stranger.server("demo-node01-host-bms")["status"] == "running", "node01 runs")
        stranger.stop("demo-node01-host-bms")
        assert "nxd retry node01" in failed("node01", "server_failed", "was stopped")

        until(lambda: "phase" in (node("node02")["evidence"] or ""), "node02 is being installed")
        stranger.stop("demo-node02-host-bms")
        assert "nxd retry node02" in failed("node02", "server_failed", "was stopped")

        until(lambda: node("node03")["state"] == "awaiting_cvm", "node03 waits for its CVM")
        client.verb("hold", "node03")
        until(lambda: node("node03")["state"] == "held", "node03 is held")
        stranger.stop("demo-node03-host-bms")
        server = stranger.server("demo-node03-host-bms")
        second = server["network_attachments"][1]
        stranger.vpc.delete_bare_metal_server_network_attachment(server["id"], second["id"])
        stranger.vpc.start_bare_metal_server(server["id"])
        until(lambda: stranger.server(server["name"])["status"] == "running", "node03 runs again")
        client.verb("resume", "node03")
        remedy = failed("node03", "vanished", "demo-node03-workload-vni was taken from")
        assert "nxd replace node03" in remedy

        tell(urls, "/mend", {})
        client.verb("retry", "node01", meant=True)
        client.verb("retry", "node02", meant=True)
        client.verb("replace", "node03", meant=True)
        assert wait_for(one.stage.socket, "demo", "active", 120, PlainLines("demo")) == 0


def stops_sent(urls: dict[str, str]) -> list[float]:
    """When servers were told to stop."""
    with urllib.request.urlopen(urls["control_url"] + "/calls?after=0") as answer:
        calls = json.load(answer)["calls"]
    return [call["at"] for call in calls if call["path"].partition("?")[0].endswith("/stop")]


def test_a_server_that_is_deleted_while_its_cvm_is_awaited_is_told_at_once(rig: Callable[..., Any]) -> None:
    one = rig("node01:cvm", speed=SPEED)
    stranger = Stranger(one.stage.urls())
    with Client(one.stage.socket) as client:
        text = THREE_NODES
        client.apply(text)
        until(lambda: client.show("node01")["entity"]["state"] == "awaiting_cvm", "node01 waits for its CVM")
        client.verb("hold", "node01")
        until(lambda: client.show("node01")["entity"]["state"] == "held", "node01 is held")
        name = "demo-node01-host-bms"
        stranger.stop(name)
        stranger.vpc.delete_bare_metal_server(stranger.server(name)["id"])
        until(lambda: not stranger.vpc.list_bare_metal_servers(name=name).get_result()["total_count"], "gone")
        client.verb("resume", "node01")
        until(lambda: client.show("node01")["entity"]["state"] == "failed", "node01 failed")
        error = client.show("node01")["entity"]["error"]
        assert error is not None and error["code"] == "vanished"
        assert "nxd replace node01" in error["remedy"]


def test_a_server_that_does_not_stop_is_asked_seldom_and_told_of(rig: Callable[..., Any]) -> None:
    one = rig(speed=300.0)
    urls = one.stage.urls()
    tell(urls, "/faults", {"rules": [{"trigger": "server pending", "action": "stuck", "name": "node01"}]})
    with Client(one.stage.socket) as client:
        client.apply(THREE_NODES)

        def node() -> EntityView:
            return client.show("node01")["entity"]

        until(lambda: node()["evidence"] == "its status is pending", "the server is ordered")
        client.verb("rollback", "node01", meant=True)
        until(lambda: "sent 4 times" in (node()["evidence"] or ""), "it was asked four times")
        said = node()["evidence"] or ""
        assert "it is pending" in said and "the last was refused: stop bare metal server" in said
        assert "open a case with IBM Cloud that names the server 0717-" in said
        stops = stops_sent(urls)
        pauses = [later - earlier for earlier, later in pairwise(stops)]
        assert 4 <= len(stops) <= 5 and pauses == sorted(pauses) and pauses[0] >= 50
        tell(urls, "/mend", {})
        until(lambda: node()["state"] == "rolled_back", "it is rolled back")


def test_a_cloud_that_is_out_of_reach_does_not_disturb_a_machine_that_works(rig: Callable[..., Any]) -> None:
    one = rig("node01:cvm", speed=SPEED)
    urls = one.stage.urls()
    with Client(one.stage.socket) as client:
        client.apply(THREE_NODES)

        def node() -> EntityView:
            return client.show("node01")["entity"]

        until(lambda: node()["state"] == "awaiting_cvm", "node01 waits for its CVM")
        broken = {"trigger": "vpc GET /bare_metal_servers/{server_id}", "action": "html", "count": None}
        tell(urls, "/faults", {"rules": [broken]})
        until(lambda: "its server could not be seen" in (node()["evidence"] or ""), "it is told")
        said = node()
        assert said["error"] is None and "and a page, as a proxy sends it" in (said["evidence"] or "")
        assert (said["waiting_for"] or "").startswith("Prism on")
        tell(urls, "/mend", {})
        until(lambda: "could not be seen" not in (node()["evidence"] or ""), "it is seen again")


def test_a_power_button_that_does_nothing_is_pressed_seldom_when_a_node_is_retried(
    rig: Callable[..., Any],
) -> None:
    one = rig("node01:boot", speed=1200.0)
    urls = one.stage.urls()
    with Client(one.stage.socket) as client:
        text = THREE_NODES
        client.apply(f"{text}\ndeadlines: {{awaiting_boot: 4m}}\n")

        def node() -> EntityView:
            return client.show("node01")["entity"]

        until(lambda: node()["state"] == "failed", "node01 failed")
        ignored = {"trigger": "server stop", "action": "ignored", "name": "node01", "count": None}
        tell(urls, "/faults", {"rules": [ignored]})
        client.verb("retry", "node01", meant=True)
        until(
            lambda: "it is running; a stop was sent 4 times" in (node()["evidence"] or ""), "it was pressed"
        )
        assert len(stops_sent(urls)) <= 5
        tell(urls, "/mend", {})
        until(lambda: node()["state"] in ("awaiting_config", "installing"), "it boots")

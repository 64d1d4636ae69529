"""A ledger that was put back from a copy installs nothing again and deletes nothing of what went on since by itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client import Client, DaemonRefused
from tests.e2e.deployments import SHORT, entities, entity, run_to, spec, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

UNKNOWN = "works already, and the ledger does not know of it: it refuses every factory password."


def put_back(one: Any, on_failure: str, name: str, state: str) -> None:
    """A daemon on a copy that was made while a record stood there; its cluster works by now."""
    directory, copy = one.stage.directory / "state", one.stage.directory / "copy"
    with Client(one.stage.socket) as client:
        client.apply(spec(on_failure=on_failure, deadlines={**SHORT, "creating_cluster": "2m"}))
        until(lambda: entity(client, name)["state"] == state, f"{name} is at {state}", 120)
    one.stage.stop_daemon()
    shutil.copytree(directory, copy)
    one.stage.start_daemon()
    if state == "failed":
        with Client(one.stage.socket) as client:
            client.verb("retry", name)
    run_to(one.stage, "active")
    assert state == "failed" or looks(one) == 0, "in a life without trouble nobody looks"
    one.stage.stop_daemon()
    shutil.rmtree(directory)
    shutil.copytree(copy, directory)
    one.stage.start_daemon()


def codes(client: Client) -> dict[str, tuple[str, str | None]]:
    """Where every record stands, and with which error."""
    return {name: (one["state"], (one["error"] or {}).get("code")) for name, one in entities(client).items()}


def looks(one: Any) -> int:
    """How often the cloud was asked whether an address is a node's still: it comes before a login to the CVM."""
    calls = one._ask("/calls")["calls"]
    return sum(call["method"] == "GET" and "/reserved_ips/" in call["path"] for call in calls)


def said(client: Client, node: str | None = None) -> str:
    return " ".join(event["message"] for event in client.log(node=node, limit=10_000)["events"])


@pytest.mark.parametrize("on_failure", ["rollback", "hold"])
def test_a_restored_ledger_leaves_machines_alone_that_have_come_to_work(
    rig: Callable[..., Any], on_failure: str
) -> None:
    one = rig()
    put_back(one, on_failure, "node02", "creating_server")
    before = one.counts()
    with Client(one.stage.socket) as client:
        names = [node["name"] for node in client.nodes()]
        assert {codes(client)[name] for name in names} == {("held", "moved")}
        client.verb("resume", "demo")  # though the remedy says to look first
        until(lambda: all(codes(client)[name][0] == "failed" for name in names), "none goes on", 60)
        assert {codes(client)[name] for name in names} == {("failed", "works_already")}
        error = entity(client, "node01")["error"]
        assert error is not None and UNKNOWN in error["message"]
        after = one.counts()
        assert (after["existing"], after["installs"]) == (before["existing"], before["installs"])
        if on_failure == "rollback":
            until(lambda: "left to a person: The CVM" in said(client, "node01"), "the log tells why", 10)
            return
        assert looks(one) == len(names), "each was asked once"
        with pytest.raises(DaemonRefused) as refused:
            client.verb("retry", "node01")
        assert refused.value.error["code"] == "deletes"
        assert "installation demo-node01-host-bms" in refused.value.error["message"]
        client.verb("retry", "node01", digest=client.plan("retry", "node01")["digest"])
        until(
            lambda: entity(client, "node01")["state"] == "ready", "a person may have it installed again", 60
        )
    after = one.counts()
    again = {"demo-node01-host-bms": before["installs"]["demo-node01-host-bms"] + 1}
    assert (after["existing"], after["installs"]) == (before["existing"], {**before["installs"], **again})


def test_a_restored_ledger_does_not_take_back_a_cluster_that_was_formed_since(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    put_back(one, "rollback", "demo", "creating_cluster")
    before = one.counts()
    with Client(one.stage.socket) as client:
        assert codes(client)["demo"] == ("held", "moved")
        client.verb("resume", "demo")
        until(lambda: entity(client, "demo")["state"] == "failed", "it fails", 60)
        until(lambda: "left to a person: The CVM" in said(client), "the log tells why", 10)
        assert UNKNOWN in said(client)
        assert {entity(client, node["name"])["state"] for node in client.nodes()} == {"ready"}
    after = one.counts()
    assert (after["existing"], after["installs"]) == (before["existing"], before["installs"])


def test_a_retry_of_what_had_failed_in_the_copy_and_works_by_now_switches_no_power(
    rig: Callable[..., Any],
) -> None:
    one = rig("node02:boot")
    put_back(one, "hold", "node02", "failed")
    before = one.counts()
    with Client(one.stage.socket) as client:
        assert codes(client)["node02"] == ("failed", "deadline"), "what stood still is not held"
        client.verb("retry", "node02")
        until(lambda: codes(client)["node02"] == ("failed", "works_already"), "it is left alone", 60)
    after = one.counts()
    assert (after["existing"], after["installs"]) == (before["existing"], before["installs"])

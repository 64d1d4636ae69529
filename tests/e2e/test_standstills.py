"""A daemon that stood still gives nobody up for it, also where time passes faster than real time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client import Client
from tests.e2e.deployments import run_to, spec, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.mark.parametrize("ended", [False, True], ids=["stopped", "killed"])
def test_some_seconds_that_are_hours_of_the_nodes_delete_no_server(
    rig: Callable[..., Any], ended: bool
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec(on_failure="rollback"))
        until(
            lambda: any(node["state"] == "installing" for node in client.nodes()), "nodes are installed", 30
        )
    serve = one.stage.processes()["serve"]
    if ended:
        one.stage.kill_daemon()
    else:
        os.kill(serve, signal.SIGSTOP)
    time.sleep(14)  # hours of the nodes, and less than half a minute
    if ended:
        one.stage.start_daemon()
    else:
        os.kill(serve, signal.SIGCONT)
    run_to(one.stage, "active")
    assert one.counts()["created"]["server"] == 3
    with Client(one.stage.socket) as client:
        said = " ".join(event["message"] for event in client.log(limit=10_000)["events"])
    assert ("There was no daemon for" if ended else "The daemon stood still for") in said
    assert "its deadline" not in said


def _reports(client: Client, node: str) -> int:
    """How often its installer has said how far it is."""
    events = client.log(node=node, limit=10_000)["events"]
    return sum(event["kind"] == "boot" and event["message"].startswith("phase") for event in events)


def _retries_at_each_report(client: Client) -> Callable[[], bool]:
    """Retry every node when its installer reports once more; whether each of them was.

    All of them are watched at once: an installer that others are waited for may end before its turn.
    """
    heard = {node["name"]: _reports(client, node["name"]) for node in client.nodes()}

    def look() -> bool:
        for name in [name for name, before in heard.items() if _reports(client, name) > before]:
            client.verb("retry", name)
            del heard[name]
        return not heard

    return look


def test_a_retry_at_once_after_a_deadline_goes_on_with_the_installation_that_runs(
    rig: Callable[..., Any],
) -> None:
    one = rig(speed=120.0)
    with Client(one.stage.socket) as client:
        client.apply(spec(deadlines={"installing": "10m"}))
        until(
            lambda: all(node["state"] == "failed" for node in client.nodes()), "none is installed in time", 60
        )
        error = client.show("node01")["entity"]["error"]
        assert error["message"].startswith("installing took 10m"), error["message"]
        assert "its deadline is 10m00s" in error["message"]
        assert "goes on with an installation that reported within three minutes" in error["remedy"]
        client.apply(spec(deadlines={"installing": "2h"}))
        until(_retries_at_each_report(client), "each installer reports", 60)
        run_to(one.stage, "active")
    stops = [
        call for call in one._ask("/calls")["calls"] if call["method"] == "POST" and "stop" in call["path"]
    ]
    assert stops == []

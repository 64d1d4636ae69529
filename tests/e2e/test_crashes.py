"""Kill the daemon anywhere: nothing is lost, nothing is made twice, nothing is left behind."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client import Client, DaemonUnreachable
from daemon.faultpoints import POINTS
from tests.e2e.deployments import run_to, spec, until

# httpx forgets to close a socket whose daemon dies while it connects, and dying is what daemons do here.
FORGOTTEN = "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), pytest.mark.filterwarnings(FORGOTTEN)]

MADE = {"reserved_ip": 13, "vni": 6, "server": 3, "record": 13}
"""What three nodes need: four addresses and names each and the cluster's, two interfaces, one server."""
NOTHING = {kind: 0 for kind in MADE}
PASSAGES = (1, 3, 8)


def die_at(stage: Any, point: str, passage: int) -> bool:
    """Run the daemon until it dies at the point; False when it has no more work that passes it."""
    child = stage.spawn_daemon(f"{point}#{passage}")
    until = time.monotonic() + 20
    while child.poll() is None:
        if time.monotonic() > until or idle(stage):
            stage.kill_daemon()
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.1)  # to ask more often would keep the daemon busy with answers
    return True


def idle(stage: Any) -> bool:
    """Whether the daemon answers and has nothing to do."""
    try:
        with Client(stage.socket) as client:
            snapshot = client.snapshot()
    except Exception:
        return False
    return not any(e["phase"] in ("working", "waiting", "releasing") for e in snapshot["nodes"])


def test_a_daemon_killed_at_every_point_of_a_deployment_and_of_its_undoing_doubles_and_leaks_nothing(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec())
    one.stage.kill_daemon()
    forward = [die_at(one.stage, point, passage) for point in POINTS[:5] for passage in PASSAGES]
    one.stage.start_daemon()
    run_to(one.stage, "active")
    counts = one.counts()
    assert counts["created"] == counts["existing"] == MADE
    assert set(counts["installs"].values()) == {1}

    with Client(one.stage.socket) as client:
        client.verb("destroy", "demo", meant=True)
    one.stage.kill_daemon()
    backward = [die_at(one.stage, point, passage) for point in POINTS[3:] for passage in PASSAGES]
    one.stage.start_daemon()
    with Client(one.stage.socket) as client:
        if client.clusters():
            run_to(one.stage, "gone")
    counts = one.counts()
    assert counts["existing"] == NOTHING
    assert counts["created"] == MADE
    assert sum(forward) >= 10, "the daemon was hardly ever killed while deploying"
    assert sum(backward) >= 5, "the daemon was hardly ever killed while deleting"


@pytest.mark.parametrize("point", ["before_delete", "after_gone"])
def test_a_replacement_that_is_cut_short_is_finished_and_the_new_machine_is_known_anew(
    rig: Callable[..., Any], point: str
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec())
    run_to(one.stage, "active")
    one.stage.kill_daemon()
    child = one.stage.spawn_daemon(f"{point}@node02/server")
    until(lambda: answers(one.stage), "the daemon")
    with Client(one.stage.socket) as client:
        client.verb("replace", "node02", meant=True)
    until(lambda: child.poll() is not None, "its death")
    one.stage.start_daemon()
    until(lambda: idle(one.stage), "the end of the replacement")
    run_to(one.stage, "active")
    with Client(one.stage.socket) as client:
        node = client.show("node02")["entity"]
    assert (node["state"], node["error"]) == ("active", None)
    counts = one.counts()
    assert (counts["existing"]["server"], counts["created"]["server"]) == (3, 4)


def answers(stage: Any) -> bool:
    try:
        with Client(stage.socket) as client:
            return bool(client.health())
    except DaemonUnreachable:
        return False


def test_the_log_has_no_gap_after_a_kill(rig: Callable[..., Any]) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec())
    one.stage.kill_daemon()
    for passage in (5, 40):
        die_at(one.stage, "after_commit", passage)
    one.stage.start_daemon()
    run_to(one.stage, "active")
    with Client(one.stage.socket) as client:
        log = client.log(limit=10_000)
        revisions = [event["revision"] for event in log["events"]]
    assert revisions == list(range(1, log["revision"] + 1))

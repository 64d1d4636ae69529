"""When something is ready is told by what it took before in this world, and not at all before anything was measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions
from daemon.wire import EntityView
from tests import commands
from tests.loopback import address, networks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SPEED = 600.0
PATIENCE = 90.0
"""Real seconds for one cluster."""


@pytest.fixture
def stage(tmp_path: Path, nothing_broke: Callable[[Path], None]) -> Iterator[Demo]:
    stage = Demo(tmp_path / "stage", commands.start)
    stage.set_up(DemoOptions(SPEED, (), 3, *networks(), listen=address()))
    yield stage
    stage.stop()
    nothing_broke(stage.directory / "serve.log")


def spec(cluster: str) -> str:
    """The spec of a cluster of three nodes of its own."""
    found = yaml.safe_load((resources.files("daemon.demo") / "three-node.yaml").read_text())
    nodes = [dict(node, name=f"{cluster}{number}") for number, node in enumerate(found["nodes"], 1)]
    return yaml.safe_dump({**found, "cluster": cluster, "nodes": nodes})


def deployed(
    client: Client, cluster: str
) -> tuple[dict[str, list[tuple[float, EntityView]]], dict[str, float]]:
    """Deploy a cluster; every look at its members, and when each was ready."""
    client.apply(spec(cluster))
    looks: dict[str, list[tuple[float, EntityView]]] = {}
    ready: dict[str, float] = {}
    end = time.monotonic() + PATIENCE
    while cluster not in ready:
        assert time.monotonic() < end, client.snapshot()["next"]
        snapshot = client.snapshot()
        for one in (*snapshot["clusters"], *snapshot["nodes"]):
            if one["cluster"] == cluster:
                looks.setdefault(one["name"], []).append((snapshot["now"], one))
                if one["phase"] == "ok":
                    ready.setdefault(one["name"], one["since"])
        time.sleep(0.1)
    return looks, ready


def test_at_half_way_the_moment_that_is_told_is_within_a_tenth_of_what_was_left(stage: Demo) -> None:
    with Client(stage.socket) as client:
        looks, ready = deployed(client, "first")
        first = min(ready.values())
        early: list[Any] = [
            one.get("outlook", {}) for told in looks.values() for now, one in told if now < first
        ]
        assert early and not any("ready_at" in told for told in early), (
            "nobody had been through the last step"
        )
        deployed(client, "second")
        looks, ready = deployed(client, "third")
    assert set(looks) == {"third", "third1", "third2", "third3"}
    for name, told in looks.items():
        half = (told[0][0] + ready[name]) / 2
        now, one = next((now, one) for now, one in told if now >= half)
        left = ready[name] - now
        assert abs(one["outlook"]["ready_at"] - ready[name]) <= 0.1 * left, (name, one["outlook"], left)
        assert one["urgency"] == 4 and not one["needs_person"]

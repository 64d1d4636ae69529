"""A robot in front of the real daemon and the simulated world: whatever it presses, the world stays as it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from places import go, home, ways
from test_robot import KEYS, PROSE, ROUNDS, at_once

from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions
from tests import commands
from tests.e2e.deployments import THREE_NODES
from tests.loopback import address, networks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Look = Callable[..., Any]
SPEED = 1200.0
UNREACHED = {"secret", "question of strays", "console"}
"""What a cluster that is not formed, in a cloud without strays, has not."""


@pytest.fixture
def stage(tmp_path: Path, nothing_broke: Callable[[Path], None]) -> Iterator[Demo]:
    stage = Demo(tmp_path / "stage", commands.start)
    stage.set_up(DemoOptions(SPEED, ("node02:install",), 1, *networks(), listen=address()))
    yield stage
    stage.stop()
    nothing_broke(stage.directory / "serve.log")


def world(client: Client) -> dict[str, Any]:
    """What there is and how it stands, without what only time changes."""
    told = client.snapshot()
    return {
        one["name"]: {
            key: one[key] for key in ("state", "attempt", "wish", "protected", "stop_after", "resources")
        }
        for one in (*told["clusters"], *told["nodes"])
    }


async def test_keys_and_prose_on_every_screen_leave_the_world_as_it_is(
    stage: Demo, looking_at: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("EDITOR", "true")
    spec = tmp_path / "spec.yaml"
    spec.write_text(THREE_NODES.replace("cluster: demo", "cluster: other"))
    with Client(stage.socket) as client:
        client.apply(THREE_NODES)
        async with looking_at(stage.socket, size=(80, 24)) as w:
            await w.far(lambda: "node02" in w.app.fleet.nodes, "the nodes")
            nodes = w.app.fleet.nodes
            await w.far(lambda: nodes["node02"]["phase"] == "failed", "node02 to fail")
            await w.far(lambda: nodes["node01"]["phase"] == nodes["node03"]["phase"] == "ok", "the others")
            before, revision = world(client), client.snapshot()["revision"]
            for name, way in ways().items():
                for turn in range(0 if name in UNREACHED else ROUNDS):
                    await go(w, way, spec)
                    pressed = random.Random(f"{name} {turn}").sample(KEYS, len(KEYS))
                    at_once(w, [*pressed, *("enter" if sign in "\r\n" else sign for sign in PROSE)])
                    await w.pilot.pause()
                    assert not w.app.faults, (name, turn)
            await home(w)
        events = client.log(after=revision, limit=10_000)["events"]
        assert [one for one in events if one["actor"] != "nxd"] == []
        assert world(client) == before

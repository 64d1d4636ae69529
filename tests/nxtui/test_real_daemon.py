"""The night of an operator, in front of the real daemon and the simulated world."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions
from nxtui.model.recording import Scene, load
from tests import commands
from tests.loopback import address, networks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

Look = Callable[..., Any]
SPEED = 1200.0
SLOWER = 300.0
"""For what must be typed before a step is over."""


@pytest.fixture
def stage(tmp_path: Path, nothing_broke: Callable[[Path], None]) -> Iterator[Demo]:
    stage = Demo(tmp_path / "stage", commands.start)
    stage.set_up(DemoOptions(SPEED, ("node02:install", "node02:install"), 1, *networks(), listen=address()))
    yield stage
    stage.stop()
    nothing_broke(stage.directory / "serve.log")


def _begins(remedy: str) -> str:
    return remedy.split(".")[0][:40]


async def test_a_bad_spec_mended_a_failed_node_retried_a_rollback_refused_and_then_done(
    stage: Demo, looking_at: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (resources.files("daemon.demo") / "three-node.yaml").read_text()
    spec = tmp_path / "night.yaml"
    spec.write_text(good.replace("redundancy_factor: 2", "redundancy_factor: two"))
    monkeypatch.chdir(tmp_path)
    async with looking_at(stage.socket) as w:
        nodes, clusters = (lambda: w.app.fleet.nodes), (lambda: w.app.fleet.clusters)
        await w.shows("No nodes yet.")

        await w.press("a", "s")
        await w.shows("night.yaml")
        await w.type("night")
        await w.press("enter")
        frame = await w.seen("1 mistake")
        line = next(n for n, said in enumerate(good.splitlines(), 1) if "redundancy_factor: 2" in said)
        assert f"line {line}, column" in frame
        await w.press("enter")
        await w.shows("The mistakes are to be mended first.")
        assert not clusters()
        spec.write_text(good)
        await w.shows("correct")
        await w.press("enter")
        await w.shows("demo-node01-host-bms")
        await w.press("enter")
        await w.until(lambda: len(w.app.screen_stack) == 2, "Enter to mean no")
        assert not clusters()
        await w.press("enter")
        await w.shows("[ Cancel ]")
        await w.press("y")
        await w.until(lambda: len(nodes()) == 3, "the nodes to be wished")

        await w.far(lambda: nodes()["node02"]["phase"] == "failed", "node02 to fail")
        await w.press("slash")
        await w.type("phase:failed")
        await w.press("enter", "j")  # from the cluster, where the cursor is since it was applied
        await w.shows("1 of 3 nodes")
        error = nodes()["node02"]["error"]
        assert error is not None
        await w.until(lambda: error["code"] in w.frame and _begins(error["remedy"]) in w.frame, "why")
        await _at(w, "node02", "enter")
        await w.shows("INSTALLER")
        await w.shows("CALLS")
        await w.press("r")
        await w.shows("Try node02 again?")
        await w.press("y", "escape")
        await w.far(lambda: nodes()["node02"]["attempt"] == 2, "the retry")
        await w.far(lambda: nodes()["node02"]["phase"] == "failed", "node02 to fail again")

        await w.press("escape", "tab", "a", "p")
        await w.far(lambda: clusters()["demo"]["protected"], "the protection")
        await w.shows("protected")
        await w.press("tab", "a", "b")
        await w.until(lambda: "Roll back node02?" in w.frame or "unprotect it first" in w.frame, "the answer")
        if len(w.app.screen_stack) > 1:
            await w.shows("11 objects to delete")
            await w.press("y")
        await w.shows("demo is protected: unprotect it first.")
        await w.press("tab", "a", "p")
        await w.shows("Take the protection from demo?")
        await w.press("y")
        await w.far(lambda: not clusters()["demo"]["protected"], "the protection to end")
        await w.press("tab", "a", "b")
        await w.shows("demo-node02-host-bms")
        await w.press("y")
        await w.far(lambda: nodes()["node02"]["state"] == "rolled_back", "the rollback")
        assert {r["state"] for r in nodes()["node02"]["resources"]} <= {"gone"}
        await w.press("r")
        await w.shows("Try node02 again?")
        await w.press("y")
        await w.far(lambda: clusters()["demo"]["phase"] == "ok", "the cluster to be active")
        await w.until(lambda: any("done: demo" in one.text for one in w.app.said.all), "what is said of it")
        phases = {name: entity["phase"] for name, entity in {**nodes(), **clusters()}.items()}
    assert _at_the_end_of_its_recording(stage, tmp_path / "night.ndjson") == phases


@pytest.fixture
def calm(tmp_path: Path, nothing_broke: Callable[[Path], None]) -> Iterator[Demo]:
    """A night in which nothing fails by itself."""
    stage = Demo(tmp_path / "calm", commands.start)
    stage.set_up(DemoOptions(SLOWER, (), 1, *networks(), listen=address()))
    yield stage
    stage.stop()
    nothing_broke(stage.directory / "serve.log")


async def test_a_node_held_and_replaced_a_daemon_killed_and_back_a_cluster_destroyed(
    calm: Demo, looking_at: Look
) -> None:
    with Client(calm.socket) as client:
        client.apply((resources.files("daemon.demo") / "three-node.yaml").read_text())
    async with looking_at(calm.socket) as w:
        nodes, clusters = (lambda: w.app.fleet.nodes), (lambda: w.app.fleet.clusters)
        await w.until(lambda: len(nodes()) == 3, "the nodes")
        await _at(w, "node01", "a", "t")
        await w.shows("hold after which step?")
        await w.type("installing")
        await w.press("enter")
        await w.far(lambda: nodes()["node01"]["state"] == "held", "node01 to be held")
        await w.shows("resume lets it go on")
        assert w.app.screen.selected()["name"] == "node01"
        await w.press("a", "u")
        await w.far(lambda: nodes()["node01"]["phase"] == "working", "node01 to go on")
        first = {r["id"] for r in nodes()["node01"]["resources"] if r["kind"] == "server"}
        await w.press("a", "x")
        await w.shows("Replace the server of node01?")
        await w.shows("demo-node01-host-bms-2")
        await w.press("y")
        await w.far(lambda: nodes()["node01"]["attempt"] == 2, "the second attempt")
        calm.kill_daemon()
        await w.shows("LOST since")
        await w.press("a", "h")
        await w.shows("No verb reaches the daemon now")
        calm.start_daemon()
        await w.far(lambda: w.app.fleet.link.state == "live", "the daemon's return")
        await w.far(lambda: clusters()["demo"]["phase"] == "ok", "the cluster to be active")
        present = {
            r["id"]
            for r in nodes()["node01"]["resources"]
            if r["kind"] == "server" and r["state"] == "present"
        }
        assert len(present) == 1 and not present & first
        await _destroy_demo(w)
        await w.far(lambda: not clusters() and not nodes(), "the cluster to be gone")
        await w.shows("gone: demo")
        await w.shows("No nodes yet.")


async def _at(w: Any, name: str, *keys: str) -> None:
    """Press keys on the row of a name."""
    assert w.app.screen.go_to(name)
    await w.press(*keys)


async def _destroy_demo(w: Any) -> None:
    """All that a person must do for it: the name, the whole plan, and a yes."""
    await _at(w, "demo", "a", "d")
    await w.shows("objects to delete")
    await w.type("demo")
    await w.press("enter")
    await w.shows("G shows what else is deleted, then y destroy")
    await w.press("G", "y")


def _at_the_end_of_its_recording(stage: Demo, file: Path) -> dict[str, str]:
    """The phases that a replay of the night's events ends with."""
    with Client(stage.socket) as client:
        events = client.log(after=0, limit=10_000)["events"]
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    recording = load(file)
    scene = Scene()
    for _, line in recording.lines:
        scene.take(line)
    assert scene.timeline("node02", {})[-1]["attempt"] == scene.entities["node02"]["attempt"] > 2
    return {name: entity["phase"] for name, entity in scene.entities.items()}

"""In a real world that fails the window leads: entity, cause, remedy and key are there before anybody presses one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions
from tests import commands
from tests.loopback import address, networks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

Look = Callable[..., Any]
SPEED = 1200.0
FAILING = (
    "node02:install",
    "not-authorized",
    "subnet-out-of-addresses",
    "cannot-start-capacity",
    "create-refused",
    "host-stays-degraded",
)
"""Scenarios in which one node fails, all of them do, or the cluster itself."""


@pytest.fixture(params=FAILING)
def stage(
    tmp_path: Path, request: pytest.FixtureRequest, nothing_broke: Callable[[Path], None]
) -> Iterator[Demo]:
    stage = Demo(tmp_path / "stage", commands.start)
    fails, scenarios = ((request.param,), ()) if ":" in request.param else ((), (request.param,))
    stage.set_up(DemoOptions(SPEED, fails, 1, *networks(), scenarios=scenarios, listen=address()))
    yield stage
    stage.stop()
    nothing_broke(stage.directory / "serve.log")


async def test_a_window_that_nobody_touches_shows_what_failed_why_and_what_to_press(
    stage: Demo, looking_at: Look
) -> None:
    async with looking_at(stage.socket, size=(80, 24)) as w:
        with Client(stage.socket) as client:
            client.apply((resources.files("daemon.demo") / "three-node.yaml").read_text())
        fleet = w.app.fleet
        await w.far(lambda: fleet.troubles, "the trouble")
        await asyncio.sleep(1.0)
        trouble, frame = fleet.troubles[0], " ".join(w.frame.split())
    assert trouble["targets"][0] in frame, frame
    assert "TROUBLE" in frame and trouble["sentence"][:40] in frame, frame
    remedy = trouble["remedies"][0]["text"].split(". ")[0]
    assert f"→ {' '.join(remedy.rstrip('.').split())}" in frame, frame
    assert "r tries" in frame or "a tells what may be done" in frame, frame
    assert "Nothing to do yet" not in frame

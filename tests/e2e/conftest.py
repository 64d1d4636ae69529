"""A whole rehearsal for each test: the simulated world and a daemon in processes of their own."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.demo.setup import Demo, DemoOptions
from tests import commands
from tests.e2e.playbill import READ_TIMEOUT, Playbill
from tests.loopback import address, networks

SPEED = 1200.0


class Rig:
    """A stage, with what a test asks of it."""

    def __init__(self, directory: Path) -> None:
        self.stage = Demo(directory, commands.start)
        self.refused: list[str] = []
        """What a daemon said that was started and is expected to refuse."""

    def counts(self) -> dict[str, Any]:
        """What the simulated cloud holds, by its own account."""
        return self._ask("/counts")

    def inventory(self) -> dict[str, Any]:
        """Every object that stands in the simulated cloud."""
        return self._ask("/inventory?existing=1")

    def tell(self, path: str, body: Any) -> None:
        """Tell the simulated world something."""
        url, data = self.stage.urls()["control_url"] + path, json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            answer.read()

    def _ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.stage.urls()["control_url"] + path) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@pytest.fixture
def rig(tmp_path: Path, nothing_broke: Callable[..., None]) -> Iterator[Callable[..., Rig]]:
    """Sets a rehearsal up; it ends with the test."""
    rigs: list[Rig] = []

    def set_up(*fail: str, speed: float = SPEED, **more: Any) -> Rig:
        rig = Rig(tmp_path / f"stage{len(rigs)}")
        rigs.append(rig)
        rig.stage.set_up(DemoOptions(speed, fail, 1, *networks(), listen=address(), **more))
        return rig

    yield set_up
    for one in rigs:
        one.stage.stop()
    for one in rigs:
        nothing_broke(one.stage.directory / "serve.log", one.refused)


@pytest.fixture(scope="module")
def playbill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playbill]:
    """Plays scenarios; its daemons give up an answer that never comes before long."""
    before = os.environ.get("NXD_IBM_READ_TIMEOUT")
    os.environ["NXD_IBM_READ_TIMEOUT"] = READ_TIMEOUT
    bill = Playbill(tmp_path_factory.mktemp("theatre"))
    yield bill
    bill.close()
    if before is None:
        del os.environ["NXD_IBM_READ_TIMEOUT"]
    else:
        os.environ["NXD_IBM_READ_TIMEOUT"] = before

"""The call log in front of the real daemon: it lists what the simulated services were asked, and no secret."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions
from nxtui.draw import calls as drawn
from nxtui.draw.text import plain
from nxtui.model.trail import Place
from tests import commands
from tests.e2e.deployments import THREE_NODES
from tests.loopback import address, networks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

Look = Callable[..., Any]
SPEED = 1200.0


@pytest.fixture
def stage(tmp_path: Path, nothing_broke: Callable[[Path], None]) -> Iterator[Demo]:
    stage = Demo(tmp_path / "stage", commands.start)
    scenarios = ("sporadic-errors", "rate-limit-seconds")
    stage.set_up(DemoOptions(SPEED, (), 1, *networks(), scenarios=scenarios, listen=address()))
    yield stage
    stage.stop()
    nothing_broke(stage.directory / "serve.log")


def asked(stage: Demo, path: str) -> Any:
    with urllib.request.urlopen(stage.urls()["control_url"] + path) as answer:
        return json.load(answer)


def secrets_of(stage: Demo) -> list[str]:
    state = stage.directory / "state"
    box = Fernet((state / "secret.key").read_bytes().strip())
    with closing(sqlite3.connect(f"file:{state / 'nxd.db'}?mode=ro", uri=True)) as db:
        return [box.decrypt(sealed).decode() for (sealed,) in db.execute("SELECT sealed FROM secrets")]


async def test_the_page_of_a_node_lists_every_call_of_the_simulators_journal_and_no_secret(
    stage: Demo, looking_at: Look
) -> None:
    with Client(stage.socket) as client:
        client.apply(THREE_NODES)
        assert wait_for(stage.socket, "demo", "active", 200, PlainLines("demo", lambda _: None)) == 0
        password = client.login("demo")["password"]
    names = {thing["id"]: thing["name"] for thing in asked(stage, "/inventory")["objects"]}
    theirs = [
        one
        for one in asked(stage, "/calls")["calls"]
        if one["status"]
        and any("demo-node01-" in names.get(part, "") for part in one["path"].partition("?")[0].split("/"))
    ]
    assert len(theirs) > 20
    async with looking_at(stage.socket) as w:
        await w.far(lambda: "node01" in w.app.fleet.nodes, "the nodes")
        w.app.go(Place("calls", "node01"))
        await w.shows("REQUEST")
        await w.far(lambda: len(w.app.screen.window.shown) >= len(theirs), "the calls")
        window = w.app.screen.window
        shown = {call.request_id: call for call in window.shown}
        for one in theirs:
            if "-cluster-" not in json.dumps(
                [one["body"], names.get(one["path"].partition("?")[0].split("/")[-1])]
            ):
                call = shown[one["request_id"]]
                assert (call.status, call.method) == (one["status"], one["method"])
        assert max(call.tries for call in window.shown) > 1
        assert f"{len(window.shown)} · {window.failed} failed" in w.frame
        rows = [window.row(number) for number in range(len(window))]
        text = "\n".join(plain(drawn.row(row, 240, 10, w.app.renderer.glyphs, "")) for row in rows)
        for one in (call for call in window.shown if call.failed or call.tries > 1):
            assert f"{one.status}" in text and str(one.request_id) in text
        for secret in (*secrets_of(stage), password, "eyJ"):
            assert secret not in text and secret not in w.frame

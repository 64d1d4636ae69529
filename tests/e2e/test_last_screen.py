"""When an installation fails, its last screen is kept as evidence; without one the failure is told all the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client import Client
from daemon.wire import Detail
from tests.e2e.deployments import entity, settled
from tests.e2e.keyboard import WITHIN, Keyboard
from tests.e2e.test_console import LEAVE, OPENS, run, told, until
from tests.e2e.test_verbs import one_node_spec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def failed(one: Any, client: Client) -> None:
    """One node whose installation fails."""
    client.apply(one_node_spec())
    code, _ = settled(one.stage)
    assert code == 1
    assert entity(client, "node01")["state"] == "failed"


def with_screen(client: Client) -> Detail:
    end = time.monotonic() + WITHIN
    while "screen" not in (detail := client.show("node01")):
        assert time.monotonic() < end, detail
        time.sleep(0.1)
    return detail


def test_the_last_screen_of_a_failed_installation_is_kept_with_it(rig: Callable[..., Any]) -> None:
    one = rig("node01:install")
    with Client(one.stage.socket) as client:
        failed(one, client)
        lines = with_screen(client)["screen"]["lines"]
        machine = next(node for node in one._ask("/nodes")["nodes"] if "node01" in node["server"])
        assert lines and len(lines) <= 40 and all(len(line) <= 160 for line in lines)
        assert lines[-1] == machine["console"][-1].rstrip()
        assert lines[-1] in told(client, "the last line on its console")
        shown = run(one.stage, "show", "node01").stdout
        assert "console at" in shown and f"| {lines[-1]}" in shown
        client.verb("retry", "node01")
        until(client, "node01", lambda node: node["error"] is None)
        assert "screen" not in client.show("node01")


def test_a_console_that_does_not_open_keeps_no_failure_from_being_told(rig: Callable[..., Any]) -> None:
    one = rig("node01:install", scenarios=("console-conflict",))
    with Client(one.stage.socket) as client:
        failed(one, client)
        log, end = one.stage.directory / "serve.log", time.monotonic() + WITHIN
        while "no_screen" not in log.read_text():
            assert time.monotonic() < end, "no line tells of the screen that could not be had"
            time.sleep(0.05)
        assert "screen" not in client.show("node01")


def test_a_person_keeps_the_console_while_the_installation_fails(rig: Callable[..., Any]) -> None:
    one = rig("node01:install", speed=300.0)
    with Client(one.stage.socket) as client:
        client.apply(one_node_spec())
        until(client, "node01", lambda node: node["state"] == "awaiting_config")
        terminal = Keyboard(one.stage, "console", "node01")
        try:
            terminal.shows("Ctrl-] leaves it")
            told(client, "opened the serial console")
            end = time.monotonic() + 2 * WITHIN
            while entity(client, "node01")["state"] != "failed":
                assert time.monotonic() < end
                terminal.press(b"\r")  # the service ends a session that is idle
                terminal.shows("# ")
                time.sleep(0.2)
            time.sleep(0.5)
            assert terminal.process.poll() is None
            terminal.press(LEAVE)
            assert terminal.ended() == 0
        finally:
            terminal.close()
        assert "screen" not in client.show("node01")


def test_a_console_that_hangs_keeps_neither_the_failure_nor_a_person_waiting(rig: Callable[..., Any]) -> None:
    one = rig("node01:install")
    one.tell("/faults", {"rules": [{"trigger": OPENS, "action": "hang", "count": 1}]})
    with Client(one.stage.socket) as client:
        failed(one, client)
        began = time.monotonic()
        terminal = Keyboard(one.stage, "console", "node01")
        try:
            terminal.shows("Ctrl-] leaves it")
            assert time.monotonic() - began < 10
            terminal.press(LEAVE)
            assert terminal.ended() in (0, 1)  # at this speed the service may find the session idle first
        finally:
            terminal.close()
        assert "screen" not in client.show("node01")

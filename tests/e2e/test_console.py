"""The serial console of a node, from a terminal through the command and the daemon to the simulated machine."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from daemon.client import Client
from daemon.wire import EntityView
from tests.e2e.deployments import entity
from tests.e2e.keyboard import WITHIN, Keyboard, nxd
from tests.e2e.test_verbs import one_node_spec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
LEAVE = b"\x1d"


def run(stage: Any, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """The command where nothing is a terminal."""
    command = nxd(stage, *arguments)
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **more
    )


def until(client: Client, name: str, condition: Callable[[EntityView], bool]) -> EntityView:
    end = time.monotonic() + 60
    while not condition(found := entity(client, name)):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def told(client: Client, *words: str) -> str:
    """The line of the log with these words, once it is there."""
    end = time.monotonic() + WITHIN
    while True:
        lines = [event["message"] for event in client.log(tail=True)["events"]]
        found = [line for line in lines if all(word in line for word in words)]
        if found:
            return found[-1]
        assert time.monotonic() < end, lines
        time.sleep(0.05)


@pytest.fixture
def standing(rig: Callable[..., Any]) -> Iterator[Any]:
    """A node whose machine stands still before its boot script, slowly enough that a session does not lapse."""
    one = rig(speed=60.0, scenarios=("machine-never-boots",))
    with Client(one.stage.socket) as client:
        client.apply(one_node_spec())
        one.stage.client = client
        until(client, "node01", lambda node: node["state"] == "awaiting_boot")
        yield one


def test_a_person_types_into_the_console_and_leaves_it_with_the_terminal_as_it_was(standing: Any) -> None:
    stage, client = standing.stage, standing.stage.client
    terminal = Keyboard(stage, "console", "node01")
    try:
        terminal.shows("Ctrl-] leaves it")
        terminal.press(b"hello\r")
        terminal.shows("hello")
        terminal.shows("running\r\n# ")
        assert not terminal.is_as_before()
        told(client, "opened the serial console")
        refused = run(stage, "console", "node01")
        assert (refused.returncode, "--force" in refused.stderr) == (4, True), refused
        terminal.press(LEAVE)
        assert terminal.ended() == 0
        assert terminal.is_as_before()
        told(client, "the serial console of", "ended after")
    finally:
        terminal.close()


def test_who_is_taken_over_is_told_by_whom(standing: Any) -> None:
    stage = standing.stage
    first, second = Keyboard(stage, "console", "node01"), None
    try:
        first.shows("Ctrl-] leaves it")
        told(stage.client, "opened the serial console")
        second = Keyboard(stage, "console", "node01", "--force")
        first.shows("took the console of node01 over")
        assert first.ended() == 1
        assert first.is_as_before()
        second.press(b"mine\r")
        second.shows("mine")
        second.press(LEAVE)
        assert second.ended() == 0
    finally:
        first.close()
        if second is not None:
            second.close()


def test_a_console_that_cannot_be_opened_says_why_in_one_sentence(standing: Any) -> None:
    stage = standing.stage
    cluster = run(stage, "console", "demo")
    assert (cluster.returncode, "is a cluster" in cluster.stderr) == (2, True), cluster
    nobody = run(stage, "console", "node09")
    assert (nobody.returncode, "node09" in nobody.stderr) == (2, True), nobody
    assert "Traceback" not in cluster.stderr + nobody.stderr


def test_the_token_of_a_console_stands_in_no_log_and_no_row(standing: Any) -> None:
    stage = standing.stage
    terminal = Keyboard(stage, "console", "node01")
    try:
        terminal.shows("Ctrl-] leaves it")
        told(stage.client, "opened the serial console")
        terminal.press(LEAVE)
        assert terminal.ended() == 0
    finally:
        terminal.close()
    tokens = [
        one["path"].partition("access_token=")[2].partition("&")[0]
        for one in standing._ask("/calls")["calls"]
        if "access_token=" in one["path"]
    ]
    assert tokens and all(len(token) > 20 for token in tokens)
    written = (stage.directory / "serve.log").read_text()
    with sqlite3.connect(stage.directory / "state" / "nxd.db") as database:
        written += "\n".join(database.iterdump())
    for token in tokens:
        assert token not in written


async def test_a_message_of_a_person_has_at_most_64_kb_and_so_much_reaches_the_machine(standing: Any) -> None:
    path, most = str(standing.stage.socket), 64 * 1024
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
        session.ws_connect("http://nxd/v1/nodes/node01/console?force=1") as console,
    ):
        await console.receive(WITHIN)
        await console.send_bytes(b"\x01" * most)
        echoed = 0
        while echoed < most:
            message = await console.receive(WITHIN)
            assert message.type is aiohttp.WSMsgType.BINARY, message
            echoed += message.data.count(b"\x01")
        await console.send_bytes(b"\x01" * (most + 1))
        while console.close_code is None:
            await console.receive(WITHIN)
        assert console.close_code == 1009


def test_where_no_terminal_is_it_is_shown_as_plain_text_and_nothing_is_sent(rig: Callable[..., Any]) -> None:
    one = rig("node01:install", speed=300.0)
    with Client(one.stage.socket) as client:
        client.apply(one_node_spec())
        until(client, "node01", lambda node: node["state"] == "awaiting_config")
        command = nxd(one.stage, "console", "node01")
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as shown:
            assert shown.stdout is not None
            line = shown.stdout.readline().rstrip("\n")
            assert line and line.isprintable()
            shown.send_signal(signal.SIGINT)
            assert shown.wait(WITHIN) == 130
        assert "0 sent" in told(client, "the serial console of", "ended after")


def test_a_daemon_that_stops_says_so_and_gives_the_terminal_back(standing: Any) -> None:
    stage = standing.stage
    terminal = Keyboard(stage, "console", "node01")
    try:
        terminal.shows("Ctrl-] leaves it")
        told(stage.client, "opened the serial console")
        stage.stop_daemon()
        terminal.shows("The daemon stops")
        assert terminal.ended() == 1
        assert terminal.is_as_before()
    finally:
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_session_that_is_ended_by_a_signal_gives_the_terminal_back(standing: Any, number: int) -> None:
    terminal = Keyboard(standing.stage, "console", "node01")
    try:
        terminal.shows("Ctrl-] leaves it")
        terminal.process.send_signal(number)
        assert terminal.ended() == 130
        assert terminal.is_as_before()
        terminal.shows("Interrupted.")
        assert b"Traceback" not in terminal.shown
        told(standing.stage.client, "the serial console of", "ended after")
    finally:
        terminal.close()


ASKS = "vpc POST /bare_metal_servers/{server_id}/console_access_token"
OPENS = "vpc GET /bare_metal_servers/{server_id}/console"
REFUSALS = [
    (
        {"trigger": ASKS, "what": {"status": 403, "code": "not_authorized"}},
        1,
        "Bare Metal Console Administrator",
    ),
    ({"trigger": ASKS, "what": {"status": 409, "code": "conflict"}}, 4, "--force takes it over"),
    ({"trigger": OPENS, "what": {"status": 401, "code": "token_invalid"}}, 4, "used up or has expired"),
    ({"trigger": OPENS, "what": {"status": 409, "code": "conflict"}}, 4, "--force takes it over"),
    ({"trigger": OPENS, "what": {"status": 503}}, 1, "HTTP 503"),
    ({"trigger": OPENS, "action": "hang"}, 1, "no answer within"),
]


def test_whatever_keeps_a_console_closed_is_one_sentence_with_its_exit_code(standing: Any) -> None:
    for rule, code, words in REFUSALS:
        standing.tell("/faults", {"rules": [{"action": "answer", "count": 1, **rule}]})
        said = run(standing.stage, "console", "node01")
        assert (said.returncode, words in said.stderr) == (code, True), (rule, said)
        assert "access_token" not in said.stderr and "Traceback" not in said.stderr

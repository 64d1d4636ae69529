"""A robot presses every key on every screen and popup, and pastes prose: nothing in the world changes by that."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from places import classes, go, home, ways
from textual import events
from textual.keys import _character_to_key

from nxtui import keys
from nxtui.app import NxTui
from nxtui.captive.settings import CaptiveSettings
from nxtui.captive.window import CaptiveNxTui

ROUNDS = int(os.environ.get("ROBOT_ROUNDS", "1"))
"""Orders in which all keys are pressed on each screen; 20 are asked for, and take five minutes."""
PRINTABLE = [chr(code) for code in range(32, 127) if chr(code) not in "ayq"]
"""``a`` and ``y`` act; ``q`` ends the window: the robot on a real terminal presses it (terminal/test_robot.py)."""
NAMED = [
    *("enter", "escape", "tab", "shift+tab", "backspace", "delete", "insert"),
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
    *(f"f{number}" for number in range(1, 13)),
    *(f"ctrl+{letter}" for letter in "abcdefghijklmnoprstuvwxyz"),
]
KEYS = [*PRINTABLE, *NAMED]
PROSE = (
    "Anyway, a hasty operator had already asked why a retry may say yes: \n\r a p a u R y r y "
    ":hold node01\n a d demo\n"
)

Open = Callable[..., Any]


def event(key: str) -> events.Key:
    """A key as a terminal sends it."""
    return events.Key(_character_to_key(key), key) if len(key) == 1 else events.Key(key, None)


def at_once(w: Any, keys: Any) -> None:
    """Keys in one write, none of which waits for what the one before did."""
    for key in keys:
        w.app.post_message(event(key))


def files(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def told(folder: Path) -> str:
    """The faults that a window kept."""
    kept = folder / "nxd" / "nxtui-faults.log"
    return kept.read_text() if kept.exists() else ""


def changes(daemon: Any) -> list[Any]:
    """Everything that a window asked the daemon to change."""
    return [*daemon.verbs, *daemon.specs, *daemon.looks.deleted]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, which is also where the window is started, with one spec in it."""
    (tmp_path / "spec.yaml").write_text("platform: ibm_nutanix\ncluster: demo\nnodes:\n  - name: node01\n")
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def captive(daemon: Any, hands: Any, window: Open) -> Open:
    """The same with a captive window."""
    return lambda: window(
        app=CaptiveNxTui(CaptiveSettings(socket=daemon.socket, console=True), False, hands.monotonic)
    )


LACKS = {CaptiveNxTui: {"files", "name of a file", "question of a spec"}, NxTui: {"console"}}
"""What a window does not have: a captive one reads and writes no file, and another one lends its terminal."""


async def each(w: Any, spec: Path) -> AsyncIterator[tuple[str, int]]:
    """Go to each place of a window, as often as there are rounds; afterwards everything must be as it was."""
    daemon, before, seen = w.daemon, files(spec.parent), set[str]()
    for name, way in ways().items():
        if name in LACKS[type(w.app)]:
            continue
        for turn in range(ROUNDS):
            await go(w, way, spec)
            seen |= {type(one).__name__ for one in w.app.screen_stack}
            yield name, turn
            for _ in range(3):  # what the last keys began may come a moment later
                await w.pilot.pause()
            assert not w.app.is_leaving, f"{name}, round {turn}: the window ended"
            assert changes(daemon) == [], f"{name}, round {turn}"
            assert not w.app.faults, f"{name}, round {turn}: {told(spec.parent) or w.app.faults}"
            await home(w)
            assert files(spec.parent) == before, f"{name}, round {turn}"
    lacks = {"DraftScreen", "EditorScreen", "ConsoleScreen"}
    if isinstance(w.app, CaptiveNxTui):
        assert lacks <= seen
    else:
        assert classes() - lacks - seen == set(), "screens to which the test knows no way"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["window", "captive"])
async def test_every_key_on_every_screen_changes_nothing_and_writes_no_file(
    request: pytest.FixtureRequest, kind: str, daemon: Any, folder: Path
) -> None:
    daemon.clusters[0]["login"] = True
    async with request.getfixturevalue(kind)() as w:
        async for name, turn in each(w, folder / "spec.yaml"):
            pressed = list(KEYS)
            random.Random(f"{kind} {name} {turn}").shuffle(pressed)
            at_once(w, pressed)


@pytest.mark.timeout(900)
async def test_prose_that_is_pasted_changes_nothing_with_brackets_and_without(
    window: Open, daemon: Any, folder: Path
) -> None:
    daemon.clusters[0]["login"] = True
    async with window() as w:
        async for _, turn in each(w, folder / "spec.yaml"):
            w.app.post_message(events.Paste(PROSE * (10_000 // len(PROSE))))
            await w.pilot.pause()
            at_once(w, ("enter" if sign in "\r\n" else sign for sign in PROSE[turn:] * 2 if sign != "q"))


async def test_a_and_two_keys_in_one_write_start_nothing_that_deletes_or_installs(window: Open) -> None:
    letters = [action.menu for action in keys.band()]
    async with window() as w:
        for name, first, second in itertools.product(("node02", "demo"), letters, ("y", "enter", "r")):
            w.app.screen.go_to(name)
            at_once(w, ("a", first, second))
            await w.pilot.pause()
            while len(w.app.screen_stack) > 1 or w.app.screen.acting.band.display:
                w.app.screen.acting.close() if len(w.app.screen_stack) == 1 else w.app.close_top()
                await w.pilot.pause()
        assert {one["verb"] for one in w.daemon.verbs} <= {"hold", "resume", "protect"}
        assert w.daemon.specs == []

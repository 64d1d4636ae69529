"""Somebody who looks elsewhere hears of what failed and what is done, once, and not of what was so before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nxtui.preferences import Preferences
from nxtui.terminal.attention import listed
from nxtui.terminal.control import notification

Open = Callable[..., Any]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[str]]:
    """What reaches the terminal beside the drawing."""
    for name in ("TMUX", "VTE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")

    def listen(w: Any) -> list[str]:
        written: list[str] = []
        monkeypatch.setattr(w.app._driver, "write", written.append)
        monkeypatch.setattr(w.app, "bell", lambda: written.append("BELL"))
        return written

    return listen


def _fail(w: Any, name: str) -> None:
    failed = dict(w.daemon.node(name), phase="failed", title="failed", error=w.daemon.node("node02")["error"])
    w.daemon.say(type="change", entity=failed)


async def test_a_failure_rings_says_so_and_notifies_the_desktop(window: Open, told: Any) -> None:
    async with window((140, 45)) as w:
        written = told(w)
        assert "failed: node02" not in w.frame  # it had failed before anybody looked
        _fail(w, "node03")
        await w.shows("failed: node03")
        assert written.count("BELL") == 1
        (sequence,) = [one for one in written if one.startswith("\x1b]9;")]
        assert "nxd demo: failed: node03" in sequence and "boot script" in sequence


async def test_a_cluster_that_is_done_is_told_too(window: Open, told: Any) -> None:
    async with window((140, 45)) as w:
        written = told(w)
        w.daemon.say(type="change", entity=dict(w.daemon.clusters[0], phase="ok", title="active"))
        await w.shows("done: demo")
        assert "BELL" in written


async def test_each_of_the_three_can_be_off(window: Open, told: Any) -> None:
    quiet = Preferences(news=False, bell=False, desktop=False)
    async with window((140, 45), preferences=quiet) as w:
        written = told(w)
        _fail(w, "node03")
        await w.until(lambda: w.app.fleet.nodes["node03"]["phase"] == "failed", "the failure")
        assert "failed: node03" not in w.frame
        assert not [one for one in written if one == "BELL" or one.startswith("\x1b]")]


async def test_what_failed_while_the_link_was_down_is_told_on_its_return(window: Open, told: Any) -> None:
    async with window((140, 45)) as w:
        told(w)
        await w.daemon.stop()
        await w.shows("LOST")
        w.daemon.node("node03").update(phase="failed", title="failed")
        await w.daemon.start()
        await w.shows("failed: node03")


def test_many_names_are_counted() -> None:
    assert listed(["a", "b", "a"]) == "a, b"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("environment", "starts"),
    [
        ({"TERM": "xterm-256color"}, "\x1b]9;nxd lab: "),
        ({"TERM": "foot"}, "\x1b]777;notify;nxd lab;"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "\x1b]777;notify;nxd lab;"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x"}, "\x1bPtmux;\x1b\x1b]9;nxd lab: "),
        ({"TERM": "screen"}, "\x1bP\x1b]9;nxd lab: "),
        ({"TERM": "linux"}, ""),
        ({"TERM": "dumb"}, ""),
    ],
)
def test_the_sequence_is_one_that_this_terminal_understands(environment: dict[str, str], starts: str) -> None:
    said = notification("nxd lab", "failed: a\x1b[2J\nb", environment)
    assert said.startswith(starts)
    assert "[2J\n" not in said and (not said or said.count("\x07") == 1)

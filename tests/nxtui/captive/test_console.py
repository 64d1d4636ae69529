"""Serial consoles in a captive window: only where they are allowed, as plain text, and every key is the machine's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual import events

from nxtui.captive.settings import CaptiveSettings
from nxtui.captive.window import NO_PROGRAM, CaptiveNxTui
from nxtui.screens.console import ConsoleScreen, bytes_of

Open = Callable[..., Any]


@pytest.fixture
def captive(daemon: Any, hands: Any, window: Open) -> Open:
    def opened(console: bool = True) -> Any:
        settings = CaptiveSettings(socket=daemon.socket, console=console)
        return window(app=CaptiveNxTui(settings, False, hands.monotonic))

    return opened


async def console_of(w: Any, name: str) -> None:
    w.app.screen.go_to(name)
    await w.press("I")
    await w.shows("where?")
    await w.type("console")
    await w.press("enter")
    await w.until(lambda: isinstance(w.app.screen, ConsoleScreen), "the console")


async def test_a_console_is_in_the_window_takes_every_key_and_is_left_with_one(captive: Open) -> None:
    async with captive() as w:
        await console_of(w, "node01")
        await w.shows("login:")
        assert "title" not in w.frame and "line" in w.frame
        await w.press(
            "r", "o", "o", "t", "q", "escape", "colon", "ctrl+c", "ctrl+q", "up", "tab", "backspace", "enter"
        )
        w.app.post_message(events.Paste("a d\ny"))
        typed = b"rootq\x1b:\x03\x11\x1b[A\t\x7f\ra d\ry"
        await w.until(lambda: w.daemon.looks.typed == typed, lambda: repr(w.daemon.looks.typed))
        await w.press("ctrl+right_square_bracket")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the fleet")
        assert w.daemon.verbs == []


async def test_how_a_console_ended_or_why_it_did_not_open_is_told(captive: Open) -> None:
    async with captive() as w:
        await console_of(w, "node01")
        await w.shows("login:")
        await w.press("x")
        await w.shows("The other side ended.")
        await w.press("escape")
        await console_of(w, "node02")
        await w.shows("ops has it open.")
        await w.press("escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the fleet")
        await console_of(w, "node01")
        await w.shows("login:")
        await w.daemon.stop()
        await w.shows("broke off")


async def test_without_the_setting_there_is_no_console_and_addresses_are_copied_with_it(
    captive: Open,
) -> None:
    async with captive(console=False) as w:
        await w.press("I")
        await w.app.screen.run_action("console")
        await w.app.screen.run_action("login")
        await w.shows(NO_PROGRAM[:40])
        w.app.open_console(w.app.fleet.nodes["node01"])
        await w.pilot.pause()
        assert len(w.app.screen_stack) == 1, "whoever asks for it"
        assert [one.times for one in w.app.said.all if one.text == NO_PROGRAM] == [4]
    async with captive() as w:
        await w.press("I")
        await w.shows("where?")
        await w.press("enter")
        await w.shows("The address of node02")
        assert w.app.clipboard == "127.24.0.12"


def test_a_key_that_a_serial_line_does_not_have_sends_nothing() -> None:
    assert [bytes_of(key, None) for key in ("f5", "shift+up", "ctrl+1")] == [b"", b"", b""]
    assert (
        bytes_of("ctrl+d", "\x04") == b"\x04"
        and bytes_of("e", "e") == b"e"
        and bytes_of("x", "字") == "字".encode()
    )

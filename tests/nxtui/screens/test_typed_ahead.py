"""Keys that are typed faster than a screen goes away: each screen ends once, and nothing beneath it goes with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual import events

from nxtui.acts.commands import FleetCommands
from nxtui.screens.confirm import Confirm
from nxtui.widgets.ask import AskLine


def at_once(window: Any, *keys: str) -> None:
    """The keys as a terminal sends them, none of which waits for what the one before did."""
    for key in keys:
        window.app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize(
    ("opens", "key"),
    [
        pytest.param("a s", "escape", id="files"),
        pytest.param("question_mark", "escape", id="help"),
        pytest.param("a d", "escape", id="confirm-by-name"),
        pytest.param("a b", "n", id="confirm"),
        pytest.param("enter", "escape", id="node"),
        pytest.param("L", "escape", id="log"),
        pytest.param("a", "escape", id="band"),
    ],
)
@pytest.mark.parametrize("beneath", [(), ("enter",)], ids=["fleet", "in-a-node"])
async def test_a_screen_that_is_left_thrice_at_once_ends_once(
    window: Any, opens: str, key: str, beneath: tuple[str, ...]
) -> None:
    async with window() as w:
        await w.press(*beneath, *opens.split())
        await w.pilot.pause()
        at_once(w, key, key, key)
        await w.pilot.pause()
        await w.until(lambda: w.app.is_running, "the window goes on")
        while len(w.app.screen_stack) > 1:
            await w.press("escape")
        await w.shows("node01")


@pytest.mark.parametrize("log", [False, True], ids=["fleet", "log"])
@pytest.mark.parametrize("end", [(), ("enter",)], ids=["open", "entered"])
async def test_what_follows_a_slash_in_one_burst_is_typed_into_its_line(
    window: Any, log: bool, end: tuple[str, ...]
) -> None:
    async with window() as w:
        if log:
            await w.press("L")
            await w.until(lambda: w.app.screen.screen_name == "log", "the log")
        at_once(w, "slash", "h", "o", "s", "t", "s", *end)
        await w.shows("hosts")
        screen = w.app.screen
        assert (screen.window.sought if log else screen.grid.listing.query.text) == "hosts"
        assert len(w.app.screen_stack) == (2 if log else 1), "no dialog of a verb"
        assert not w.daemon.verbs


async def test_the_filter_of_the_log_takes_its_burst_too(window: Any) -> None:
    async with window() as w:
        await w.press("L")
        await w.until(lambda: w.app.screen.screen_name == "log", "the log")
        at_once(w, "f", "p", "e", "t", "enter")
        await w.until(lambda: w.app.screen.window.log_filter.text == "pet", "the filter")
        assert not w.app.screen.window.paused


@pytest.mark.parametrize("opens", ["slash", "f"])
async def test_a_line_that_tab_left_is_found_again_and_closed(window: Any, opens: str) -> None:
    async with window() as w:
        if opens == "f":
            await w.press("L")
            await w.until(lambda: w.app.screen.screen_name == "log", "the log")
        screen = w.app.screen
        await w.press(opens, "x", "tab", opens, "y", "tab", opens)
        await w.pilot.pause()
        lines = [line for line in screen.query(AskLine) if line.display]
        assert len(lines) == 1
        assert lines[0].has_keys
        await w.press("tab", "escape")
        await w.until(lambda: not lines[0].display, "the line to go")
        assert w.app.screen is screen, "Esc closes the line and nothing else"


@pytest.mark.parametrize("opens", ["r", "a b", "a f", "I", "a s"])
async def test_a_key_that_asks_typed_twice_at_once_asks_once(window: Any, opens: str) -> None:
    async with window() as w:
        at_once(w, *opens.split(), *opens.split())
        await w.until(lambda: len(w.app.screen_stack) > 1, "the question")
        await w.pilot.pause()
        assert len(w.app.screen_stack) == 2
        await w.press("escape", "escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the end of the question")
        await w.press(*opens.split())
        await w.until(lambda: len(w.app.screen_stack) == 2, "the question again")
        assert not w.daemon.verbs


async def test_a_question_that_is_left_behind_by_another_place_bars_no_other(window: Any) -> None:
    async with window() as w:
        await w.press("enter")
        await w.shows("TIMELINE")
        await w.press("r")
        await w.until(lambda: len(w.app.screen_stack) == 3, "the question")
        w.app.following.walk(-1)
        await w.until(lambda: len(w.app.screen_stack) == 1, "the fleet")
        await w.press("r")
        await w.until(lambda: len(w.app.screen_stack) == 2, "another question")


async def test_keys_typed_ahead_of_the_end_open_nothing_and_it_is_told_once(window: Any) -> None:
    async with window() as w:
        at_once(w, "L", "q", "q", "a", "s", "enter")
        await w.until(lambda: w.app.is_leaving, "the end")
        assert len(w.app.screen_stack) <= 2


@pytest.mark.parametrize("page", ["pagedown", "pageup"])
async def test_a_page_key_before_the_palette_has_its_list_does_nothing(window: Any, page: str) -> None:
    async with window() as w:
        for typed in ("colon", "colon", "x", "backspace"):
            at_once(w, typed, page, page, typed, page)
            await w.pilot.pause()
        at_once(w, "escape", "escape", "escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the end of the palette")


async def test_a_palette_that_is_opened_again_while_the_one_before_goes_is_no_fault(window: Any) -> None:
    async with window() as w:
        for _ in range(5):
            at_once(w, "colon", "escape", "colon")
            await w.pilot.pause()
            at_once(w, "escape")
            await w.pilot.pause()
        assert not w.app.faults


async def test_a_command_for_a_screen_that_is_gone_is_no_fault(window: Any) -> None:
    async with window() as w:
        await w.press("L", "colon")
        await w.type("act")
        await w.shows("What may be done")
        log = next(one for one in w.app.screen_stack if getattr(one, "screen_name", "") == "log")
        commands = FleetCommands(log)
        hit = await anext(commands.discover())
        await w.press("escape", "escape")
        await w.until(lambda: log not in w.app.screen_stack, "the log to go")
        assert hit.command() is None and not w.app.faults


async def test_keys_for_a_screen_that_is_not_there_yet_are_no_fault(window: Any) -> None:
    async with window() as w:
        for _ in range(5):
            at_once(w, "T", "z", "colon", "escape", "M", "D", "S", "u", "escape", "escape", "escape")
            await w.pilot.pause()
        assert not w.app.faults


@pytest.mark.parametrize("key", ["h", "p"])
async def test_what_needs_no_consent_is_not_done_by_keys_that_nobody_types(window: Any, key: str) -> None:
    async with window() as w:
        w.app.screen.go_to("demo")
        at_once(w, *"jk" * 10, "a", key, *"jk" * 10)
        await w.shows("faster than anybody types")
        assert w.daemon.verbs == []
        await w.press("a", "p")
        await w.until(lambda: w.daemon.verbs, "the verb that was typed")


async def test_a_verb_that_is_given_by_its_words_asks_always(window: Any) -> None:
    async with window() as w:
        await w.press("colon")
        await w.type("hold node03")
        await w.shows("hold node03")
        await w.press("enter")
        await w.shows("[ Cancel ]")
        assert w.daemon.verbs == []
        await w.press("y")
        await w.until(lambda: w.daemon.verbs, "the verb")


@pytest.mark.parametrize("more", [("y",), ("y", "y"), ("enter", "y"), ("G", "y")])
@pytest.mark.parametrize("opens", ["r", "a b"])
async def test_a_yes_that_was_on_its_way_when_the_question_opened_is_none(
    window: Any, opens: str, more: tuple[str, ...]
) -> None:
    async with window() as w:
        for _ in range(10):
            at_once(w, *opens.split())
            while not isinstance(w.app.screen, Confirm) or w.app.screen.plans is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
            question = w.app.screen
            at_once(w, *more)
            await w.pilot.pause()
            if not question.is_awake:
                break
            # This machine was too slow: when the keys came, it was awake, and they were meant for it.
            w.daemon.verbs.clear()
            at_once(w, "escape")
            await w.until(lambda: len(w.app.screen_stack) == 1, "the end of the question")
        else:
            pytest.fail("no key came in time for a question that took none yet")
        await w.until(lambda: getattr(w.app.screen, "is_awake", True), "the question to take keys")
        assert w.daemon.verbs == [] and w.app.screen is question


async def test_no_yes_counts_before_the_last_deletion_was_in_sight(window: Any) -> None:
    async with window((60, 13)) as w:
        await w.press("a", "b")
        await w.shows("G shows what else")
        await w.press("y")
        await w.pilot.pause()
        assert w.daemon.verbs == [] and len(w.app.screen_stack) == 2
        await w.press("G")
        await w.shows("y rollback")
        await w.press("g", "y")
        await w.until(lambda: w.daemon.verbs, "the verb")


async def test_what_is_pasted_on_a_screen_is_no_keys(window: Any) -> None:
    async with window() as w:
        w.app.post_message(events.Paste("ry\nRy\nDdemo\ny q " * 700))
        await w.shows("Pasted text is dropped")
        assert len(w.app.screen_stack) == 1 and w.daemon.verbs == []

"""One line speaks: the next message takes its place, it covers nothing, and all it ever said can be read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nxtui.draw.glyphs import UNICODE
from nxtui.draw.said import one_line, whole
from nxtui.draw.text import plain
from nxtui.model.said import KEPT, Level, Said, Saying

Open = Callable[..., Any]


def saying(text: str, received: float = 0.0, level: Level = "info", is_news: bool = True) -> Saying:
    return Saying(1_700_000_000.0 + received, received, level, text, is_news=is_news)


def said(*sayings: Saying) -> Said:
    kept = Said()
    for one in sayings:
        kept.add(one)
    return kept


def test_a_failure_keeps_the_line_for_ten_seconds_against_all_news_but_another_failure() -> None:
    kept = said(saying("node01 failed", 0.0, "error"), saying("node02 is ready", 1.0))
    shown = [(kept.current(moment) or saying("")).text for moment in (1.0, 9.9, 10.1)]
    assert shown == ["node01 failed", "node01 failed", "node02 is ready"]
    kept.add(saying("node03 failed", 2.0, "error"))
    assert (kept.current(3.0) or saying("")).text == "node03 failed"


def test_the_answer_to_a_key_is_seen_at_once_and_a_failure_that_is_new_comes_back_after_it() -> None:
    kept = said(
        saying("node01 failed", 0.0, "error"), saying("hold: not now.", 2.0, "warning", is_news=False)
    )
    shown = [(kept.current(moment) or saying("")).text for moment in (2.0, 4.9, 5.1, 12.9, 13.1)]
    assert shown == ["hold: not now.", "hold: not now.", "node01 failed", "node01 failed", "hold: not now."]


@pytest.mark.parametrize("words", ["each other", "the same"])
def test_twenty_refusals_take_nothing_of_the_ten_seconds_of_a_failure(words: str) -> None:
    kept = said(saying("node01 failed", 0.0, "error"))
    for number in range(20):
        text = f"no {number}" if words == "each other" else "no"
        kept.add(saying(text, 1.0 + number / 4, "warning", is_news=False))
    tenths = [
        tenth for tenth in range(58, 250) if (kept.current(tenth / 10) or saying("")).text == "node01 failed"
    ]
    assert tenths == list(range(88, 178)), "one second before the first refusal, and nine after the last"


def test_news_do_not_swallow_the_answer_to_a_key_and_a_failure_does() -> None:
    kept = said(saying("left blinks.", 0.0, is_news=False), saying("done: row", 0.1))
    shown = [(kept.current(moment) or saying("")).text for moment in (0.1, 2.9, 3.1)]
    assert shown == ["left blinks.", "left blinks.", "done: row"]
    kept.add(saying("node01 failed", 1.0, "error"))
    assert (kept.current(1.0) or saying("")).text == "node01 failed"


def test_what_repeats_is_counted_and_500_messages_are_kept() -> None:
    kept = said(*(saying("no", number, "warning") for number in range(3)))
    assert [(one.text, one.times, one.received) for one in kept.all] == [("no", 3, 2.0)]
    assert plain(one_line(kept, 3.0, 80, UNICODE)).endswith("▲ no (×3)")
    for number in range(KEPT):
        kept.add(saying(str(number)))
    assert len(kept.all) == KEPT and kept.all[0].text == "0"


def test_the_line_is_bright_for_ten_seconds_and_dim_from_then_on() -> None:
    kept = said(saying("node01 failed", 0.0, "error"))
    assert one_line(kept, 9.0, 80, UNICODE)[-1] == ("node01 failed", "failed-strong")
    assert one_line(kept, 10.0, 80, UNICODE)[-1] == ("node01 failed", "dim")
    assert "✗" in plain(one_line(kept, 3600.0, 80, UNICODE))


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_message_that_is_cut_names_the_key_that_shows_it_whole(width: int) -> None:
    text = " ".join(["every word of a very long message"] * 20)
    shown = plain(one_line(said(saying(text)), 0.0, width, UNICODE))
    assert shown.endswith("… H") and len(shown) < width
    lines = whole(saying(text), width, UNICODE, False)
    assert " ".join(" ".join(plain(line) for line in lines).split()).endswith(text)


async def test_twenty_refusals_change_one_line_of_the_screen_and_are_all_in_the_list(window: Open) -> None:
    async with window() as w:
        await w.press("G")
        await w.pilot.pause()
        before = w.frame.splitlines()
        for _ in range(20):
            await w.press("r")
        after = (await w.seen("(×20)")).splitlines()
        assert [y for y, line in enumerate(after) if line != before[y]] == [22]
        assert after[22].split(" ", 2)[2].startswith("▲ retry: not now. node01: it has not failed.")
        await w.press("H")
        await w.shows("1 message")
        assert w.frame.count("it has not failed. (×20)") == 2  # in the list, and on the line


async def test_twenty_refusals_that_differ_change_one_line_too_and_the_list_has_each(window: Open) -> None:
    keys = ("r", "D", "X", "m", "u")
    async with window() as w:
        await w.press("G")
        await w.pilot.pause()
        before = w.frame.splitlines()
        for _ in range(4):
            for key in keys:
                await w.press(key)
                await w.until(lambda: w.app.said.all and key in w.app.said.all[-1].text, key)  # noqa: B023
                after = w.frame.splitlines()
                assert [y for y, line in enumerate(after) if line != before[y]] == [22], key
        assert len(w.app.said.all) == 20
        await w.press("H")
        await w.shows("20 messages")
        listed = w.frame.splitlines()[1:22]
        assert sum("not now" in line or "does nothing here now" in line for line in listed) == 20


async def test_enter_on_a_message_goes_to_what_it_is_about(window: Open) -> None:
    async with window() as w:
        for name in ("node01", "node02", "demo"):
            w.app.say(f"Something of {name}.", about=name)
        await w.press("H", "k", "k")
        await w.shows("❯ ")
        await w.press("enter")
        await w.until(lambda: w.app.screen.screen_name == "node", "the node")
        assert w.app.screen.entity["name"] == "node01"
        await w.press("escape", "G", "enter")
        await w.until(lambda: w.app.screen.screen_name == "node", "the cluster")
        assert w.app.screen.entity["name"] == "demo"


async def test_news_come_to_the_list_while_it_is_open_and_the_cursor_stays_on_its_message(
    window: Open,
) -> None:
    async with window((80, 12)) as w:
        await w.press("H")
        await w.shows("Nothing was said yet.")
        for number in range(40):
            w.app.say(f"message {number}")
        await w.shows("40 messages")
        await w.press("g", "j", "y")
        assert w.app.clipboard == "message 1"
        w.app.say("one more")
        await w.press("y")
        assert w.app.clipboard == "message 1"
        assert "message 1" in w.frame


async def test_words_from_outside_reach_the_line_without_what_moves_a_cursor(window: Open) -> None:
    async with window() as w:
        w.app.say("bad \x1b]0;title\x07 name\x1b[2J\n\tafter", "error")
        await w.pilot.pause()
        line = w.frame.splitlines()[22]
        assert "after" in line and not [char for char in line if ord(char) < 32]
        await w.press("H")
        await w.shows("after")
        assert not [char for char in w.frame.replace("\n", "") if ord(char) < 32]

"""The band of `a`: whom it is for, what each verb comes to, and that nothing changes before it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual import events

from nxtui import keys
from nxtui.acts.band import rows

Open = Callable[..., Any]


def at_once(window: Any, *pressed: str) -> None:
    """The keys as a terminal sends them, none of which waits for what the one before did."""
    for key in pressed:
        window.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_it_names_its_target_and_says_what_each_verb_comes_to_or_why_it_may_not(window: Open) -> None:
    async with window() as w:
        await w.press("a")
        frame = await w.seen("deletes 4 objects for good · never done yet, time unknown")
        assert "act on node02" in frame and "begins at waiting for boot · about 42m00s" in frame
        assert "r  retry " in frame and "h  hold            – " in frame
        assert "d  destroy         – destroy is for a whole cluster, not for one node." in frame
        lines = frame.splitlines()
        rule = next(
            y for y, line in enumerate(lines) if "─────────" in line and "╭" not in line and "│" in line
        )
        deleting = [y for y, line in enumerate(lines) if any(f"{key}  {verb}" in line for key, verb in (
            ("x", "replace"), ("b", "roll back"), ("d", "destroy")))]  # fmt: skip
        assert len(deleting) == 3 and min(deleting) > rule
        assert frame.splitlines()[-1].startswith(" a act"), "the keys stay in sight"


async def test_nothing_beneath_it_moves_when_it_comes_and_goes(window: Open) -> None:
    async with window() as w:
        before = w.frame.splitlines()
        await w.press("a")
        opened = (await w.seen("act on node02")).splitlines()
        top = next(y for y, line in enumerate(opened) if "╭" in line)
        assert opened[:top] == before[:top] and top > 5
        await w.press("escape")
        await w.until(lambda: w.frame.splitlines() == before, "the screen as it was")


@pytest.mark.parametrize(
    ("letter", "asks"),
    [
        ("r", "Try node02 again?"),
        ("b", "Roll back node02?"),
        ("x", "Replace the server of node02?"),
        ("f", "retry from which step?"),
        ("s", "Which spec?"),
    ],
)
async def test_a_letter_asks_its_question_and_no_question_is_a_yes(
    window: Open, letter: str, asks: str
) -> None:
    async with window() as w:
        await w.press("a", letter)
        await w.shows(asks)
        assert w.daemon.verbs == [] and w.daemon.specs == []


async def test_what_needs_no_question_is_given_to_the_one_it_names(window: Open) -> None:
    async with window() as w:
        await w.press("j", "a")
        await w.shows("act on node03")
        await w.press("h")
        await w.shows("node03 stops at the next safe point.")
        assert [(verb["verb"], verb["target"]) for verb in w.daemon.verbs] == [("hold", "node03")]


async def test_a_letter_that_is_not_legal_gives_the_reason_on_the_line(window: Open) -> None:
    async with window() as w:
        await w.press("a", "u")
        await w.shows("resume: not now. ")
        assert w.daemon.verbs == [] and len(w.app.screen_stack) == 1


async def test_it_is_for_all_marked_rows_that_are_shown_and_says_how_many_are_hidden(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.press("space", "space", "space", "a")
        frame = await w.seen("act on 3 nodes: ")
        assert "h  hold" in frame and "2 of 3: stop at the next safe point" in frame
        await w.press("escape", "slash")
        await w.type("phase:failed")
        await w.press("enter", "a")
        frame = await w.seen("act on node02")
        assert "◆ 2 marked, but hidden by the filter: not meant" in frame


@pytest.mark.parametrize("here", [("fleet",), ("node", "enter"), ("log", "L"), ("said", "H")])
async def test_it_opens_on_every_screen_and_the_keys_of_the_screen_do_nothing_meanwhile(
    window: Open, here: tuple[str, ...]
) -> None:
    async with window() as w:
        w.app.say("node02 failed.", "error", "node02")
        await w.press(*here[1:])
        await w.until(lambda: w.app.screen.screen_name == here[0], "the screen")
        await w.press("a")
        await w.shows("act on node02")
        await w.press("j", "G", "slash", "less_than_sign", "L", "space", "v", "o", "q", "5")
        assert w.app.is_running and w.app.screen.screen_name == here[0]
        assert "act on node02" in w.frame
        await w.press("a")
        await w.until(lambda: "act on node02" not in w.frame, "the band to go")


async def test_on_a_spec_it_offers_another_spec_alone(window: Open, tmp_path: Any) -> None:
    (tmp_path / "one.yaml").write_text("cluster: demo\n")
    async with window() as w:
        w.app.open_spec(tmp_path / "one.yaml")
        await w.shows("correct")
        await w.press("a")
        frame = await w.seen("nothing is under the cursor")
        assert "s  apply a spec …" in frame and "b  roll back" not in frame


async def test_where_nothing_may_be_changed_it_says_so_and_sends_nothing(window: Open) -> None:
    async with window(read_only=True) as w:
        await w.press("a")
        await w.shows("Started with --read-only: nothing can be changed.")
        for letter in "rfhtusxbd":
            await w.press(letter, "a")
            await w.shows("act on node02")
        assert w.daemon.verbs == [] and len(w.app.screen_stack) == 1


async def test_words_open_over_it_and_close_it(window: Open) -> None:
    async with window() as w:
        await w.press("a", "colon")
        await w.until(lambda: len(w.app.screen_stack) == 2, "the palette")
        await w.press("escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the palette to close")
        assert "act on node02" not in w.frame


async def test_a_and_any_two_keys_in_one_write_delete_and_install_nothing(window: Open) -> None:
    letters = [action.menu for action in keys.band()]
    async with window() as w:
        for first in letters:
            for second in ("y", "enter", first):
                at_once(w, "a", first, second, "y")
                await w.pilot.pause()
                await asyncio.sleep(0)
                while len(w.app.screen_stack) > 1:
                    await w.press("escape")
                w.app.screen.acting.close()
        deleting = {"retry", "rollback", "replace", "destroy"}
        assert [verb for verb in w.daemon.verbs if verb["verb"] in deleting] == [] and w.daemon.specs == []


async def test_a_letter_that_moved_says_where_it_went_and_does_nothing(window: Open) -> None:
    async with window() as w:
        for letter, way in (("D", "a d"), ("u", "a u"), ("p", "a p")):
            await w.press(letter)
            await w.shows(f"{letter} does nothing here now: {way} does it")
        assert w.daemon.verbs == [] and len(w.app.screen_stack) == 1


async def test_h_goes_out_to_the_cluster_and_l_goes_in(window: Open) -> None:
    async with window() as w:
        await w.press("h", "a")
        await w.shows("act on demo")
        await w.press("escape", "l")
        await w.until(lambda: w.app.screen.screen_name == "node", "the page of the cluster")
        assert w.app.screen.entity["name"] == "demo"
        await w.press("h")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the fleet")


async def test_a_verb_that_only_one_platform_has_is_there_under_a_digit(window: Open, daemon: Any) -> None:
    node = daemon.node("node02")
    node["can"] = {**node["can"], "blink": None}
    async with window() as w:
        told = rows(w.app.fleet, [w.app.fleet.nodes["node02"]], keys.ACTIONS, {})
        assert next(row for row in told if row.verb == "blink").letter == "1"
        await w.press("a")
        await w.shows("1  blink")
        await w.press("1")
        await w.shows("Blink node02?")
        assert w.daemon.verbs == []


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (60, 13), (200, 60)])
async def test_it_fits_every_size_and_scrolls_where_it_does_not(window: Open, size: tuple[int, int]) -> None:
    async with window(size) as w:
        await w.press("a")
        await w.until(lambda: w.app.screen.acting.band.display, "the band")
        await w.press(*["down"] * 20)
        await w.shows("d  destroy")
        await w.press("escape")


async def test_of_several_it_tells_and_the_question_asks_for_what_all_of_them_come_to(window: Open) -> None:
    async with window((100, 40)) as w:
        for node in w.daemon.nodes:
            node["can"]["retry"] = None
        w.daemon.unfit.update(("node01", "node02", "node03"))
        w.daemon.say(type="snapshot", snapshot=w.daemon.snapshot())
        await w.until(
            lambda: all(n["can"]["retry"] is None for n in w.app.fleet.nodes.values()),
            "all that may be tried",
        )
        await w.press("space", "space", "space", "a")
        await w.seen("deletes 3 objects for good")
        await w.press("r")
        frame = await w.seen("PLAN  + 3 made   ~ 0 changed   - 3 deleted")
        assert all(f"demo-{name}-server" in frame for name in ("node01", "node02", "node03"))

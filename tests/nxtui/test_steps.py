"""What steps usually take is the daemon's to say, and asking it is never in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nxtui.app import LEARN_EVERY
from nxtui.preferences import Preferences

Open = Callable[..., Any]


async def _tick(w: Any, seconds: float) -> None:
    """Let daemon and window agree that so much time has passed."""
    w.hands.seconds += seconds
    w.daemon.now += seconds
    w.daemon.say(type="heartbeat")
    await w.until(lambda: w.app.fleet.now == w.daemon.now, "the daemon's time")
    w.app.tick()


async def test_the_steps_are_asked_for_once_a_connection_and_at_most_once_a_minute_by_opening_pages(
    window: Open, daemon: Any
) -> None:
    async with window() as w:
        await w.until(lambda: daemon.steps_asked == 1, "the first question")
        await w.press("enter", "escape", "enter", "escape")
        assert daemon.steps_asked == 1
        w.hands.seconds += LEARN_EVERY
        await w.press("enter", "escape", "enter", "escape")
        await w.until(lambda: daemon.steps_asked == 2, "the question of a later minute")
        await daemon.stop()
        await w.shows("LOST since")
        await daemon.start()
        await w.until(lambda: daemon.steps_asked == 3, "the question of a new connection")


async def test_a_step_that_ends_is_a_reason_to_ask_again_but_not_within_the_minute(
    window: Open, daemon: Any
) -> None:
    async with window() as w:
        await w.until(lambda: daemon.steps_asked == 1, "the first question")
        for passed, asked in ((1.0, 1), (LEARN_EVERY, 2)):
            w.hands.seconds += passed
            title = f"moved after {passed:g}"
            daemon.say(type="change", entity=daemon.node("node03") | {"state": title, "title": title})
            await w.until(lambda title=title: w.app.fleet.nodes["node03"]["title"] == title, "the change")
            await w.until(lambda asked=asked: daemon.steps_asked == asked, f"question {asked}")


async def test_the_rows_stand_there_before_the_steps_are_known(window: Open, daemon: Any) -> None:
    daemon.steps_gate.clear()
    async with window() as w:
        frame = await w.seen("node03      installing")
        assert "slow" not in frame and not w.app.fleet.history.steps(daemon.node("node03"))[1:]
        daemon.steps_gate.set()
        await w.until(lambda: len(w.app.fleet.history.steps(daemon.node("node03"))) == 9, "the steps")


async def test_a_step_that_lasts_longer_than_95_of_100_is_told_on_row_strip_and_page(
    window: Open, golden: Callable[[str, str], None]
) -> None:
    async with window(preferences=Preferences(follow=False)) as w:
        await w.until(lambda: w.daemon.steps_asked == 1, "the first question")
        await w.press("j")
        await _tick(w, 1500.0 - 741.0)
        assert "slow" not in w.frame
        await _tick(w, 1.0)
        row = next(line for line in w.frame.splitlines() if "node03      installing" in line)
        assert "slow" in row
        assert "node03  slow, usually 21m00s · waits for" in w.frame
        golden("fleet-slow-80x24", w.frame)
        await w.press("enter")
        await w.shows("NOW")
        await w.press(*"jjjjj")
        await w.shows("slow   usual 21m00s, 95 % 25m00s")


async def test_a_daemon_too_old_to_tell_leaves_what_this_window_saw_in_force(
    window: Open, daemon: Any
) -> None:
    daemon.steps = None
    async with window() as w:
        await w.until(lambda: daemon.steps_asked == 1, "the first question")
        node = daemon.node("node03")
        assert [step.name for step in w.app.fleet.history.steps(node)] == ["installing"]
        await w.press("tab", "tab", "j", "a", "t")
        await w.shows("hold after which step?")
        await w.shows("8  installing")
        await w.press("escape")
        assert w.app.fleet.link.state == "live"


async def test_the_chooser_offers_every_step_that_the_daemon_knows_also_those_nobody_went_yet(
    window: Open,
) -> None:
    async with window() as w:
        await w.until(lambda: w.daemon.steps_asked == 1, "the first question")
        await w.press("j", "a", "t")
        frame = await w.seen("9  awaiting_cvm")
        assert "8  installing" in frame and "7  awaiting_config" not in frame

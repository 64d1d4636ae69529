"""The timeline: natures as blocks, marks that no zoom hides, the usual beneath a row, and only what is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from canned_data import T0

from nxtui.app import NxTui
from nxtui.model.recording import Recording, of_events

Open = Callable[..., Any]


def row(w: Any, name: str) -> str:
    """The row of a name."""
    return next(line for line in w.frame.splitlines() if line[3:].strip().startswith(name))


async def opened(w: Any) -> None:
    await w.press("T")
    await w.shows("creating the server")


async def test_it_shows_natures_marks_the_usual_and_what_is_expected(window: Open) -> None:
    async with window() as w:
        await opened(w)
        node = row(w, "node03")
        assert all(sign in node for sign in "▒↻░✗┄◇") and node.rstrip().endswith("≈03:38")
        usual = row(w, "usual")
        assert usual.count("╎") == 3 and "╌" in usual
        assert "[ and ] go through the marks: ↻ 02:24 (4) ✗ 03:09 (4)" in w.frame
        assert "✗45m00s" in w.frame and "▼" in w.frame


async def test_no_zoom_hides_a_mark_and_h_l_go_through_time(window: Open) -> None:
    async with window() as w:
        await opened(w)
        for size in ("10 min", "30 min", "120 min", "360 min"):
            await w.press("minus")
            await w.shows(f"{size} a cell")
            line = row(w, "node02")
            assert ("↻" in line and "✗" in line) or "※" in line, size
        for size in ("120 min", "30 min", "10 min", "3 min", "1 min", "30 s"):
            await w.press("plus")
            await w.shows(f"{size} a cell")
        before = w.frame.splitlines()[1]
        await w.press("h")
        await w.until(lambda: w.frame.splitlines()[1] != before, "an earlier piece of time")
        await w.press("l")
        await w.until(lambda: w.frame.splitlines()[1] == before, "the later one again")


async def test_brackets_go_from_mark_to_mark_and_say_whose_it_is(window: Open) -> None:
    async with window() as w:
        await opened(w)
        await w.press("right_square_bracket")
        await w.shows("demo retried")
        assert w.app.screen.pointed()["name"] == "demo"
        await w.press("left_square_bracket")
        await w.shows("failed")
        assert w.app.screen.pointed()["name"] == "node03"


async def test_quiet_stretches_are_folded_and_shown_again(window: Open) -> None:
    async with window() as w:
        w.hands.seconds += 40_000
        w.daemon.now = T0 + 40_000
        w.daemon.say(type="heartbeat")
        await opened(w)
        await w.shows("30 min a cell")
        await w.press("z")
        await w.shows("╱")
        assert "▼" in w.frame
        await w.press("z")
        await w.until(lambda: "╱" not in w.frame, "every stretch")


async def test_the_present_moves_by_whole_cells(window: Open) -> None:
    async with window() as w:
        await opened(w)
        ticks, rows = w.frame.splitlines()[2], row(w, "node02")
        for seconds, moved in ((20.0, False), (180.0, True)):
            w.daemon.now += seconds
            w.daemon.say(type="heartbeat")
            await w.until(lambda: w.app.fleet.now >= w.daemon.now, "the heartbeat")
            w.app.tick()
            await w.pilot.pause()
            assert (w.frame.splitlines()[2] != ticks) is moved
            assert (row(w, "node02") != rows) is moved


async def test_one_or_all_a_filter_and_the_story(window: Open) -> None:
    async with window() as w:
        await w.press("T")
        await w.shows("creating the server")
        await w.press("full_stop")
        await w.until(lambda: "node01" not in w.frame, "one row alone")
        await w.press("full_stop")
        await w.shows("node01")
        await w.press("slash")
        await w.type("node03")
        await w.press("enter")
        await w.until(lambda: "node01" not in w.frame, "what fits")
        await w.press("escape", "G", "enter")
        await w.shows("NOW")
        await w.press("escape")
        await w.shows("timeline")


async def test_what_is_gone_leaves_its_row_and_its_marks(window: Open) -> None:
    async with window() as w:
        await opened(w)
        w.daemon.nodes = [node for node in w.daemon.nodes if node["name"] != "node03"]
        w.daemon.say(type="removed", name="node03")
        await w.until(lambda: "node03" not in w.frame, "its row to leave")
        await w.shows("↻ 02:24 (3) ✗ 03:09 (3)")


async def test_only_what_is_seen_is_asked_for_and_an_older_daemon_is_named(window: Open) -> None:
    async with window() as w:
        template = w.daemon.nodes[0]
        w.daemon.nodes = [{**template, "name": f"n{number:04}"} for number in range(1000)]
        w.daemon.say(type="snapshot", snapshot=w.daemon.snapshot())
        await w.until(lambda: len(w.app.fleet.nodes) == 1000, "the nodes")
        await w.press("T")
        await w.until(lambda: w.daemon.timelines_asked, "the timelines in sight")
        await w.press("G")
        await w.until(lambda: any("n0999" in names for names in w.daemon.timelines_asked), "the last rows")
        assert all(len(names) <= 60 for names in w.daemon.timelines_asked)
        assert len({name for names in w.daemon.timelines_asked for name in names}) < 100
        await w.press("escape")
        w.daemon.calls = None
        await w.press("T")
        await w.shows("This nxd tells of no timelines")


def moved(revision: int, time: float, to: str, nature: str, attempt: int = 1) -> dict[str, Any]:
    """A change of state as the log has it; without a nature as an older daemon wrote it."""
    data = {"from": "x", "to": to, "step": to, "by": "advance", "attempt": attempt}
    data |= {"nature": nature} if nature else {}
    return {
        "revision": revision, "time": T0 + time, "cluster": "demo", "node": "node01", "kind": "transition",
        "level": "error" if to == "failed" else "info", "actor": "nxd", "message": to.replace("_", " "), "data": data,
    }  # fmt: skip


WAY = (("pending", "pending"), ("creating_server", "cloud"), ("awaiting_boot", "waits"), ("installing", "machine"),
       ("failed", "stopped"), ("installing", "machine"), ("ready", "well"))  # fmt: skip


def recorded(natures: bool) -> Recording:
    """A node that failed once and was tried again, ten minutes in each state."""
    events = [
        moved(number, 600.0 * number, state, nature if natures else "", 1 if number <= 6 else 2)
        for number, (state, nature) in enumerate(WAY, 2)
    ]
    begun = moved(1, 0.0, "deploying", "waits")
    events = [
        begun
        | {
            "node": None,
        },
        *events,
    ]
    return of_events(events, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("natures", [True, False], ids=["told", "older"])
async def test_in_a_replay_the_states_of_the_recording_have_their_natures_marks_and_steps(
    window: Open, daemon: Any, hands: Any, natures: bool
) -> None:
    app = NxTui(daemon.socket, recording=recorded(natures), monotonic=hands.monotonic, wall=hands.wall)
    async with window(app=app, wait=False) as w:
        await w.press("dollar_sign", "T", "j")
        await w.shows("STEP")
        node = row(w, "node01")
        assert all(sign in node for sign in ("✗·↻" if not natures else "▒░█✗·↻")), w.frame
        await w.shows("✗10m00s")
        assert "No failure" not in w.frame
        assert "[ and ] go through the marks: ✗" in w.frame


async def test_what_a_recording_has_not_is_said_and_nobody_is_asked(
    window: Open, daemon: Any, hands: Any
) -> None:
    app = NxTui(daemon.socket, recording=recorded(True), monotonic=hands.monotonic, wall=hands.wall)
    async with window(app=app, wait=False) as w:
        await w.press("dollar_sign")
        await w.shows("node01")
        for key, what in (("A", "audit"), ("S", "spec"), ("P", "preflight"), ("M", "map")):
            await w.press(key)
            await w.shows(f"A recording holds no {what}")
            assert " fleet " in w.frame.splitlines()[0]

"""A replay is gone through by its marks: failures, tries anew, clusters that are done; quiet time can be skipped."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from daemon.display.durations import lasting
from nxtui.acts.casting import NO_REPLAY, export_cast, pictures
from nxtui.draw import scrub as drawn
from nxtui.draw.glyphs import ASCII, UNICODE
from nxtui.draw.text import plain, width_of
from nxtui.model.player import Player
from nxtui.model.recording import Recording, load
from nxtui.model.scrub import BEFORE, marks, quiet

Open = Callable[..., Any]


def moved(revision: int, time: float, name: str, to: str, attempt: int = 1) -> dict[str, Any]:
    node = None if name.startswith("cluster") else name
    return {
        "revision": revision, "time": time, "cluster": "cluster-a", "node": node, "kind": "transition",
        "level": "error" if to == "failed" else "info", "actor": "nxd", "message": to,
        "data": {"from": "x", "to": to, "step": to, "by": "advance", "attempt": attempt},
    }  # fmt: skip


def night() -> list[dict[str, Any]]:
    told = [
        (1000.0, "cluster-a", "deploying", 1), (1010.0, "b01", "installing", 1), (1011.0, "b02", "installing", 1),
        (1500.0, "b01", "failed", 1), (1503.0, "b02", "failed", 1),
        (6000.0, "b01", "installing", 2), (6001.0, "b02", "installing", 2),
        (6500.0, "b01", "ready", 2), (6600.0, "b02", "ready", 2), (7000.0, "cluster-a", "active", 1),
    ]  # fmt: skip
    return [moved(number, *one) for number, one in enumerate(told, 1)]


def recording() -> Recording:
    lines: list[Any] = [
        {"type": "event", "revision": event["revision"], "now": event["time"], "event": event}
        for event in night()
    ]
    return Recording(lines)


def test_marks_equal_the_failures_tries_and_ends_of_the_recording() -> None:
    found = [(mark.time, mark.kind, mark.names) for mark in marks(recording())]
    assert found == [
        (1500.0, "failed", ("b01", "b02")),
        (6000.0, "retried", ("b01", "b02")),
        (7000.0, "done", ("cluster-a",)),
    ]
    assert quiet(recording()) == [(1503.0, 6000.0)]


def test_a_jump_stops_a_little_before_the_mark_and_plays_on_slowly() -> None:
    heard: list[Any] = []
    player = Player(recording(), heard.append, lambda: 0.0)
    player.seek(1000.0)
    player.speed, player.playing = 64.0, False
    for expected in (1500.0, 6000.0, 7000.0):
        mark = player.to_mark(1)
        assert mark is not None and mark.time == expected
        assert (player.moment, player.speed, player.playing) == (expected - BEFORE, 1.0, True)
        player.seek(player.moment + 1)
    assert player.to_mark(1) is None
    back = player.to_mark(-1)
    assert back is not None and back.time == 6000.0
    player.seek(2000.0)
    assert player.skip_quiet() and player.moment == 6000.0 - BEFORE and not player.skip_quiet()


def test_the_line_hides_no_mark_and_shows_the_present() -> None:
    found, one = marks(recording()), recording()
    for width in (20, 40, 80, 200):
        for glyphs, ascii_only in ((UNICODE, False), (ASCII, True)):
            for now in (1000.0, 1500.0, 4000.0, 7000.0):
                line = drawn.line(found, one.start, now, one.end, width, glyphs, ascii_only)
                text = plain(line)
                sign_of = drawn.signs(glyphs, ascii_only)
                assert width_of(line) <= width and (text.isascii() or not ascii_only)
                assert sum(text.count(sign_of[mark.kind]) for mark in found) >= 3 or width < 40
    words = plain(drawn.words(found, quiet(one), 4000.0, 80, UNICODE, False))
    assert words.strip() == "✗ b01, b02 · quiet 1h14m · ↻ b01, b02 · ✓ cluster-a"


def test_a_click_and_a_moment_are_the_same_place() -> None:
    for count in (10, 64, 184):
        for cell in range(count):
            moment = drawn.moment_at(cell, 1000.0, 7000.0, count)
            assert abs(drawn.column(moment, 1000.0, 7000.0, count) - cell) <= 1


async def test_the_keys_of_a_replay_go_from_mark_to_mark_and_skip_what_is_quiet(
    window: Open, tmp_path: Path
) -> None:
    file = tmp_path / "night.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in night()))
    async with window(recording=load(file), wait=False) as w:
        await w.shows("├")
        await w.press("p", "0")
        await w.until(lambda: w.app.player.moment == 1000.0, "the beginning")
        assert "✗ b01, b02" in w.frame and "quiet 1h14m" in w.frame
        await w.press("right_square_bracket")
        await w.until(lambda: 1498.0 <= w.app.player.moment < 1500.0, "a little before the failure")
        assert w.app.player.playing and w.app.player.speed == 1.0
        await w.press("p", "dollar_sign")
        await w.until(lambda: w.app.player.moment == 7000.0, "the end")
        await w.press("left_square_bracket")
        await w.until(lambda: 5998.0 <= w.app.player.moment <= 6998.5, "the mark before")
        await w.pilot.click("#scrub", offset=(drawn.SIDES + 32, 0))
        await w.until(lambda: w.app.player.moment == 4000.0, "the moment that was clicked")
        await w.press("0", "z")
        await w.shows("Quiet time is skipped.")


async def test_r_replays_in_place_what_is_known_and_escape_returns_to_what_is(window: Open) -> None:
    async with window() as w:
        w.app.open_entity("node02")
        await w.shows("WHAT HAPPENED")
        await w.press("R")
        await w.shows("REPLAY")
        assert "├" in w.frame and w.app.player is not None
        await w.press("p", "dollar_sign")
        await w.shows(" end")
        assert set(w.app.fleet.nodes) == {"node01", "node02", "node03"}, "the end is what this window knew"
        await w.shows("8/9")
        w.daemon.nodes[2].update(state="failed", phase="failed", title="failed")
        w.daemon.say(type="change", entity=w.daemon.nodes[2])
        await w.shows("Meanwhile failed: node03.")
        assert w.app.fleet.nodes["node03"]["phase"] == "working", "what was stays as it was"
        await w.press("T", "escape", "enter")
        await w.shows("demo")
        await w.press("escape", "escape")
        await w.shows("LIVE")
        assert "REPLAY" not in w.frame and "├" not in w.frame and "WHAT HAPPENED" in w.frame
        assert w.app.player is None and w.app.fleet.nodes["node03"]["phase"] == "failed"
        await w.press("R")
        await w.shows("REPLAY")
        await w.press("R")
        await w.shows("LIVE")
        for _ in range(5):
            await w.pilot.press(*"RRRRR")
        await w.pilot.pause()
        assert not w.app.faults, "keys that come faster than a replay begins break nothing"


async def test_without_a_daemon_what_this_window_was_told_is_replayed(window: Open) -> None:
    async with window() as w:
        await w.daemon.stop()
        await w.shows("LOST")
        await w.press("R")
        await w.shows("REPLAY")
        assert len(w.app.player.recording.lines) == len(w.daemon.events) + 1
        await w.press("R")
        await w.shows("LOST")


async def test_every_age_on_a_frame_of_a_replay_is_of_one_instant(window: Open) -> None:
    since = {"a01": 1000.0, "a02": 1007.0, "a03": 1030.0}
    told = [moved(number, time, name, "installing") for number, (name, time) in enumerate(since.items(), 1)]
    told.append(moved(9, 4000.0, "cluster-a", "deploying"))
    lines: list[Any] = [
        {"type": "event", "revision": event["revision"], "now": event["time"], "event": event}
        for event in told
    ]
    async with window(recording=Recording(lines), wait=False) as w:
        await w.shows("├")
        await w.press("p", "0")
        w.app.player.speed = 1.0
        random = Random(3)
        for _ in range(20):
            moment = random.uniform(1031.0, 3990.0)
            w.app.player.seek(moment)
            await w.until(lambda: w.app.player.shown == w.app.player.moment, "the moment")
            frame = w.frame
            assert time.strftime("%H:%M:%S", time.gmtime(moment)) in frame.splitlines()[0]
            for name, began in since.items():
                row = next(
                    line for line in frame.splitlines() if f" {name} " in line and "installing" in line
                )
                assert lasting(moment - began) in row, (name, row, moment)


def test_for_any_night_the_marks_are_the_failures_and_no_others() -> None:
    random = Random(11)
    for _ in range(100):
        moment, told = 1000.0, list[dict[str, Any]]()
        for number in range(1, random.randrange(5, 60)):
            moment += random.choice((0.5, 3.0, 70.0, 900.0))
            name, to = f"n{random.randrange(9)}", random.choice(("failed", "installing", "ready"))
            told.append(moved(number, moment, name, to))
        lines: list[Any] = [
            {"type": "event", "revision": one["revision"], "now": one["time"], "event": one} for one in told
        ]
        found = [mark for mark in marks(Recording(lines)) if mark.kind == "failed"]
        failed = [one for one in told if one["level"] == "error"]
        assert {name for mark in found for name in mark.names} == {one["node"] for one in failed}
        assert {mark.time for mark in found} <= {one["time"] for one in failed}
        for one in failed:
            assert any(one["node"] in mark.names and mark.time <= one["time"] for mark in found)


def test_a_cast_has_a_picture_wherever_something_was_told_and_lasts_a_minute_at_most() -> None:
    one = recording()
    found = pictures(one, one.start, one.end)
    assert found[0] == (0.0, 1000.0) and found[-1] == (60.0, 7000.0) and len(found) < 12
    shown = [moment for _, moment in found]
    for time_, _ in one.lines:
        after = min(moment for moment in shown if moment >= time_)
        assert after - time_ <= 0.2 * 6000 / 60, "each line is seen a fifth of a second later at most"
    assert pictures(one, 1000.0, 1010.0) == [(0.0, 1000.0), (10.0, 1010.0)], "it is never slower than life"


async def test_a_stretch_of_a_replay_is_written_as_a_cast_that_shows_it(
    window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with window(recording=recording(), wait=False) as w:
        await w.shows("├")
        await w.press("p", "0")
        await w.until(lambda: w.app.player.shown == 1000.0, "the beginning")
        await w.press("colon")
        await w.type("export cast")
        await w.until(lambda: "asciicast" in w.frame, "the command")
        await w.press("enter")
        await w.shows("Write which stretch")
        await w.press("enter")
        await w.shows("Write to which file?")
        assert w.app.player.moment == 1000.0, "it stands where it stood"
        await w.type("night.cast")
        await w.press("enter")
        await w.shows("Written: ")
    head, *told = map(json.loads, (tmp_path / "night.cast").read_text().splitlines())
    assert (head["version"], head["width"], head["height"], head["timestamp"]) == (2, 80, 24, 1000)
    assert [at for at, _, _ in told] == sorted({at for at, _, _ in told}) and told[-1][0] == 60.0
    screen, seen = [""] * 24, []
    for _, kind, text in told:
        assert kind == "o"
        for y, line in re.findall(r"\x1b\[(\d+);1H(.*?)(?=\x1b\[\d+;1H|\Z)", text, re.DOTALL):
            screen[int(y) - 1] = re.sub(r"\x1b\[[\d;]*m", "", line)
        assert all(width_of([(line, "")]) == 80 for line in screen), "each line is whole"
        seen.append("\n".join(screen))
    assert "deploying" in seen[0] and "REPLAY 00:16:40" in seen[0]
    assert any("failed" in one and "b02" in one for one in seen[1:])
    assert "active" in seen[-1] and "01:56:40" in seen[-1]


async def test_outside_of_a_replay_there_is_nothing_to_cast(window: Open) -> None:
    async with window() as w:
        await export_cast(w.app)
        assert NO_REPLAY in w.app.said.all[-1].text

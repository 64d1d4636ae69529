"""A replay is gone through by its marks: failures, tries anew, clusters that are done; quiet time can be skipped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
        await w.press("0", "z")
        await w.shows("Quiet time is skipped.")


async def test_r_takes_the_log_into_a_window_of_its_own_and_ends_a_replay(
    window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with window() as w:
        lent: list[tuple[list[str], str]] = []
        w.app.lend = lambda command, *_, **__: lent.append((command, Path(command[5]).read_text()))
        await w.press("R")
        await w.until(lambda: lent, "the replay")
        command, text = lent[0]
        assert command[3:5] == ["nxtui.main", "--replay"] and len(text.splitlines()) == len(w.daemon.events)
        await w.until(lambda: not Path(command[5]).exists(), "nothing to be left of it")

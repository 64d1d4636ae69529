"""A recording shows what was, at any moment of it, and claims nothing that is not in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui.draw import logs
from nxtui.model import entry, times
from nxtui.model.player import Player
from nxtui.model.recording import BadRecording, Recording, Scene, load

Open = Callable[..., Any]


def _event(revision: int, time: float, kind: str, message: str, **given: Any) -> dict[str, Any]:
    event = {"revision": revision, "time": time, "cluster": "demo", "node": "node01", "kind": kind,
             "level": "info", "actor": "nxd", "message": message, "data": {}}  # fmt: skip
    return event | given


def _moved(revision: int, time: float, to: str, title: str, **given: Any) -> dict[str, Any]:
    step = None if to in ("ready", "active") else to if to != "failed" else "installing"
    data = {"from": "x", "to": to, "step": step, "by": "advance", "attempt": given.pop("attempt", 1)}
    return _event(revision, time, "transition", title, data=data, **given)


NIGHT = [
    _moved(1, 1000.0, "deploying", "deploying nodes", node=None),
    _moved(2, 1010.0, "installing", "installing"),
    _event(3, 1500.0, "error", "The installer failed.", level="error",
           data={"code": "installer", "message": "m", "remedy": "Look at the disk.", "retry": "now"}),
    _moved(4, 1500.0, "failed", "failed", level="error"),
    _moved(5, 1800.0, "installing", "installing", attempt=2),
    _moved(6, 2400.0, "ready", "ready", attempt=2),
    _moved(7, 3000.0, "active", "active", node=None),
]  # fmt: skip


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """What ``nxd events --json`` printed."""
    file = tmp_path / "night.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in NIGHT))
    return file


def _player(recording: Recording) -> tuple[Player, list[Any]]:
    heard: list[Any] = []
    return Player(recording, heard.append, lambda: 0.0), heard


def _entity(player: Player, name: str) -> Any:
    return player._scene.entities[name]


def test_events_alone_show_states_errors_and_attempts_at_every_moment(night: Path) -> None:
    player, _ = _player(load(night))
    player.seek(1000.0)
    assert set(player._scene.entities) == {"demo"}
    player.seek(1600.0)
    node = _entity(player, "node01")
    assert (node["phase"], node["title"], node["error"]["remedy"]) == (
        "failed",
        "failed",
        "Look at the disk.",
    )
    player.seek(2000.0)
    node = _entity(player, "node01")
    assert (node["phase"], node["attempt"], node["error"], node["since"]) == ("working", 2, None, 1800.0)
    player.seek(3000.0)
    assert _entity(player, "node01")["phase"] == _entity(player, "demo")["phase"] == "ok"


DESTROYED = [
    _moved(8, 3600.0, "rolling_back", "rolling back", node=None),
    _event(9, 3700.0, "note", "node02 left demo and is forgotten", node="node02", data={"forgotten": ["node02"]}),
    _event(10, 4000.0, "note", "everything is deleted; it is forgotten", node=None,
           data={"forgotten": ["node01", "demo"]}),
    _moved(11, 5000.0, "deploying", "deploying nodes", node=None),
]  # fmt: skip


def test_what_was_destroyed_is_not_there_after_its_end_and_may_begin_anew() -> None:
    lines: list[Any] = [
        {"type": "event", "revision": event["revision"], "now": event["time"], "event": event}
        for event in [*NIGHT, *DESTROYED]
    ]
    player, heard = _player(Recording(lines))
    player.seek(3650.0)
    assert set(player._scene.entities) == {"demo", "node01"}
    player.seek(4500.0)
    assert player._scene.entities == {}
    assert [line["name"] for line in heard[-1] if line["type"] == "removed"] == ["node01", "demo"]
    player.seek(5000.0)
    assert set(player._scene.entities) == {"demo"}


def test_the_failure_of_a_node_shows_on_its_cluster_until_it_is_tried_again(night: Path) -> None:
    player, heard = _player(load(night))
    for moment, phase, evidence in (
        (1400.0, "working", None),
        (1600.0, "attention", "node01: failed"),
        (2000.0, "working", None),
        (3000.0, "ok", None),
        (1600.0, "attention", "node01: failed"),
    ):
        player.seek(moment)
        cluster = _entity(player, "demo")
        assert (cluster["phase"], cluster["evidence"]) == (phase, evidence), moment
    shown = [line["snapshot"]["clusters"] for line in heard[-1] if line["type"] == "snapshot"]
    assert shown[0][0]["phase"] == "attention"


def test_what_events_do_not_say_is_not_shown(night: Path) -> None:
    player, _ = _player(load(night))
    player.seek(2000.0)
    node = _entity(player, "node01")
    assert (node["step_count"], node["deadline"], node["progress"], node["can"]) == (0, None, None, {})


def test_going_back_gives_the_same_picture_as_going_there_at_once(night: Path) -> None:
    one, heard = _player(load(night))
    for moment in (3000.0, 1600.0):
        one.seek(moment)
    other, _ = _player(load(night))
    other.seek(1600.0)
    assert one._scene.entities == other._scene.entities
    assert next(line["type"] for line in heard[-1]) == "snapshot"
    assert [line["event"]["revision"] for line in heard[-1][1:]] == [1, 2, 3, 4]


def test_a_stream_that_was_recorded_says_more_and_is_believed(tmp_path: Path, snapshot: Any) -> None:
    file = tmp_path / "stream.ndjson"
    first = snapshot()
    node = dict(first["snapshot"]["nodes"][2], phase="ok", title="ready")
    lines = [
        first,
        {
            "type": "event",
            "revision": 90,
            "now": first["now"],
            "event": _moved(90, first["now"] - 500, "x", "x"),
        },
        {"type": "heartbeat", "revision": 200, "now": first["now"] + 1},
        {"type": "change", "revision": 201, "now": first["now"] + 60, "entity": node},
        {"type": "removed", "revision": 202, "now": first["now"] + 90, "name": "node01"},
    ]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    player, _ = _player(load(file))
    assert (player.recording.start, player.recording.end) == (first["now"] - 500, first["now"] + 90)
    player.seek(first["now"] + 70)
    assert _entity(player, "node03")["title"] == "ready"
    assert _entity(player, "node02")["step_count"] == 9
    player.seek(first["now"] + 90)
    assert "node01" not in player._scene.entities


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no event in the recording."),
        ('{"type": "heartbeat", "revision": 1, "now": 1.0}', "There is no event"),
        (json.dumps(NIGHT[0]) + "\nnot json\n", "Line 2 of the recording"),
        ('{"revision": 1}', "Line 1 of the recording"),
        ('{"type": "change", "revision": 1, "now": 1.0}', "Line 1"),
        ("7", "Line 1"),
        (json.dumps(NIGHT[0]) + "\n" + json.dumps(NIGHT[1]).replace("1010.0", "-1e30"), "Line 2"),
        (json.dumps(NIGHT[0]).replace("1000.0", "1e400"), "Line 1"),
        (json.dumps(NIGHT[0]).replace("1000.0", "NaN"), "Line 1"),
        (json.dumps(NIGHT[0]).replace('"revision": 1,', '"revision": 1e400,'), "Line 1"),
        ('{"type": "removed", "revision": 1e400, "now": 1.0, "name": "node01"}', "Line 1"),
        ('{"type": "removed", "revision": 1, "now": -1e30, "name": "node01"}', "Line 1"),
        ('{"error": "of what?"}', "Line 1"),
        ("[" * 100_000, "Line 1"),
    ],
)
def test_what_cannot_be_played_is_said_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.ndjson"
    file.write_text(text)
    with pytest.raises(BadRecording, match=said):
        load(file)
    with pytest.raises(BadRecording, match="cannot be read"):
        load(tmp_path / "none")


def test_a_recording_that_was_ended_by_ctrl_c_is_played(night: Path) -> None:
    ended = {"error": {"code": "interrupted", "exit_code": 130, "message": "Interrupted.", "remedy": "See."}}
    with night.open("a") as file:
        file.write(json.dumps(ended) + "\n")
    assert len(load(night).lines) == len(NIGHT)


@pytest.mark.parametrize("moment", [-1e30, 1e30, float("inf"), float("nan")])
def test_a_moment_that_no_calendar_has_is_a_dash(moment: float) -> None:
    assert times.clock(moment) == times.date(moment) == "–"


async def test_it_plays_pauses_seeks_and_changes_nothing(window: Open, night: Path, daemon: Any) -> None:
    async with window((140, 45), wait=False, recording=load(night)) as w:
        await w.shows("REPLAY 00:16:40")
        await w.press("p")
        await w.shows("paused")
        for _ in range(30):
            await w.press("right")
        await w.shows("The installer failed.")
        await w.press("exclamation_mark")
        frame = await w.seen("WHAT HAPPENED")
        assert re.search("✗ node01 +failed", frame) and "Look at the disk." in frame
        await w.press("r", "a", "b", "escape", "a", "s")
        await w.shows("This is a replay")
        assert len(w.app.screen_stack) == 1
        await w.press("enter")
        await w.shows("TIMELINE")
        await w.shows("8m10s")
        await w.press("escape", *["left"] * 6)
        await w.until(lambda: w.app.fleet.nodes["node01"]["phase"] == "working", "the moment before")
        await w.press("plus", "p")
        w.hands.seconds += 60
        await w.until(lambda: w.app.fleet.nodes["node01"]["phase"] == "ok", "what came last")
        await w.shows(" end")
        assert w.app.fleet.nodes["node01"]["phase"] == "ok"
        assert daemon.connections == 0 and daemon.verbs == []


@pytest.mark.parametrize("size", ["80x24", "140x45"])
async def test_a_replay_as_a_frame(window: Open, golden: Any, night: Path, size: str) -> None:
    async with window(tuple(map(int, size.split("x"))), wait=False, recording=load(night)) as w:
        await w.press("p")
        await w.shows("paused")
        for _ in range(30):
            await w.press("right")
        await w.shows("The installer failed.")
        golden(f"replay-{size}", w.frame)


async def test_the_keys_of_a_replay_say_so_elsewhere(window: Open) -> None:
    async with window() as w:
        await w.press("plus")
        await w.shows("This is no replay")


def test_a_line_about_the_daemon_itself_is_told_and_makes_no_row() -> None:
    event: Any = _event(7, 1600.0, "note", "The clock jumped.", cluster="", node=None)
    line: Any = {"type": "event", "revision": 7, "now": 1600.0, "event": event}
    scene = Scene()
    assert scene.take(line) == [line]
    assert scene.entities == {}
    assert logs.who(entry.entry(event, {})) == "nxd"


def test_a_jump_keeps_the_causes_of_trouble_and_what_comes_next() -> None:
    causes = [{"id": "full", "targets": ["node01"]}]
    lines: list[Any] = [
        {"type": "snapshot", "revision": 0, "now": 1.0, "snapshot": {
            "daemon": {"id": "d"}, "clusters": [], "nodes": [], "revision": 0, "now": 1.0, "speed": 1.0}},
        {"type": "trouble", "revision": 0, "now": 5.0, "troubles": causes, "next": {"sentence": "Nothing moves."}},
        {"type": "trouble", "revision": 0, "now": 9.0, "troubles": []},
    ]  # fmt: skip
    player, heard = _player(Recording(lines))
    player.seek(9.0)
    player.seek(6.0)
    shown = heard[-1][0]["snapshot"]
    assert (shown["troubles"], shown["next"]) == (causes, {"sentence": "Nothing moves."})

"""Whatever the daemon passes on from outside drives no terminal and breaks no screen, on each of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canned_data import T0
from canned_looks import canned_boots, canned_offers
from canned_map import box, edge, notes, rails, row
from places import FULL, Way, go, ways
from rich.cells import cell_len

from nxtui.acts import keymap
from nxtui.model.recording import BadRecording, load

Open = Callable[..., Any]

BAD = "a\x1b]52;c;eA==\x07\x1b[31m\u202ewrong\u2066\x9b2J\t\r\n字\u0301e\u0301\u200d\U0001f469\u200d\U0001f467\x00"
LONG = (BAD + "x" * 1000) * 950
"""A megabyte in one line."""
HERE = {"secret", "console", "editor"}
"""What tests of its own look at, or what needs a captive window."""


def spoil(told: Any, kept: frozenset[str], text: str = BAD) -> Any:
    """The same with each text spoiled but for those under some keys, which programs look at."""
    if isinstance(told, dict):
        return {key: one if key in kept else spoil(one, kept, text) for key, one in told.items()}
    if isinstance(told, list):
        return [spoil(one, kept, text) for one in told]
    return text + told if isinstance(told, str) else told


NAMES = frozenset(
    [
        *(
            "name",
            "kind",
            "cluster",
            "platform",
            "state",
            "phase",
            "step",
            "can",
            "level",
            "node",
            "retry",
            "target",
        ),
        *("owner", "action", "verb", "sign", "finding", "result", "rails", "id", "service", "method", "code"),
        *("inside", "consent"),
    ]
)
"""What a daemon chooses itself."""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "spec.yaml"
    file.write_text(f"cluster: demo\nnodes:\n  - bad {BAD}\n  - {'x' * 900_000}\n".replace("\x00", ""))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.chdir(tmp_path)
    return file


def spoiled(daemon: Any) -> None:
    """Everything that a canned daemon tells, with something bad in it, and a line of a megabyte here and there."""
    for one in (*daemon.clusters, *daemon.nodes):
        one.update(spoil({key: one[key] for key in one if key != "resources"}, NAMES))
        one["resources"] = spoil(one["resources"], NAMES - {"name", "id"})
    daemon.node("node02")["error"]["evidence"] = LONG
    daemon.nodes.append(dict(daemon.node("node02"), name=BAD, cluster="demo"))
    daemon.events = [spoil(one, NAMES) for one in daemon.events]
    daemon.log(LONG, node="node02", level="error")
    daemon.calls = [spoil(one, NAMES - {"service", "method"}) for one in daemon.calls]
    daemon.call(target="node02", path="/" + LONG, method=BAD)
    looks = daemon.looks
    looks.boots = {"node02": spoil(canned_boots(), NAMES)}
    daemon.offers = spoil(canned_offers(), NAMES)
    looks.spec = {**spoil(looks.spec, NAMES), "spec": f"# {LONG}\ncluster: demo\n{BAD}\n"}
    looks.drafts = {"demo": f"{BAD}\n{LONG}\n"}
    looks.checks, looks.audit = spoil(looks.checks, NAMES), spoil(looks.audit, NAMES - {"name", "id"})
    looks.audit["findings"][0]["command"] = LONG
    rows = [row("failed", BAD, BAD, 5), row("ok", "long", LONG[:50_000], 5)]
    looks.map |= {
        "title": BAD, "rails": [*rails(lan=BAD), {"name": BAD, "about": LONG}], "notes": notes(bad=LONG),
        "services": [box(BAD, "ok", rows, beside=BAD, address=BAD, rails=["lan"])],
        "members": [box(name, "failed", rows, beside=BAD, rails=["lan", BAD]) for name in ("node02", BAD)],
        "edges": [edge("node02", BAD, LONG)],
    }  # fmt: skip
    daemon.news = {
        "troubles": [{"id": "t1", "sentence": BAD, "subject": BAD, "targets": ["node02", BAD], "since": T0 - 9,
                      "code": "x", "clusters": [], "remedies": [{"kind": "outside", "text": LONG}]}],
        "next": {"sentence": BAD, "at": None, "kind": "idle"},
    }  # fmt: skip


def shown(w: Any, place: str) -> None:
    """Nothing on the screen drives a terminal, and each line is as wide as it at most."""
    for line in w.frame.rstrip("\n").split("\n"):
        assert line.isprintable() and "\u202e" not in line, (place, line)
        assert cell_len(line) <= w.app.size.width, (place, line)


@pytest.mark.timeout(240)
async def test_texts_from_outside_drive_no_terminal_on_any_screen(
    window: Open, daemon: Any, spec: Path
) -> None:
    spoiled(daemon)
    async with window() as w:
        w.app.say(BAD, "error", BAD)
        for name, way in ways().items():
            if name in HERE or (name.startswith("band of ") and way.screen != "fleet"):
                continue
            for target in (way.name, *((BAD,) if way.screen in ("node", "log", "calls", "timeline") else ())):
                await go(w, way._replace(name=target), spec)
                w.app.tick()
                await w.pilot.pause()
                shown(w, name)
                began = time.monotonic()
                for key in ("pagedown", "end", "pageup"):
                    await w.pilot.press(key)
                    shown(w, f"{name} {key}")
                assert time.monotonic() - began < 10, f"{name}: a key waits for a long line"
                assert not w.app.faults, (name, w.app.faults)


async def test_nor_do_those_of_a_recording(window: Open, daemon: Any, spec: Path, tmp_path: Path) -> None:
    spoiled(daemon)
    first = {"type": "snapshot", "revision": 1, "now": daemon.now, "snapshot": daemon.snapshot()}
    file = tmp_path / "night.ndjson"
    told = [first, *daemon.events, *({"type": "removed", "revision": 900, "now": T0 + 9, "name": BAD},)]
    file.write_text("".join(json.dumps(line) + "\n" for line in told))
    async with window(wait=False, recording=load(file)) as w:
        await w.shows("REPLAY")
        w.app.player.seek(w.app.player.recording.end)
        await w.until(lambda: BAD not in w.app.fleet.nodes and w.app.fleet.nodes, "the end of the recording")
        for screen in FULL:
            await go(w, Way(screen), spec)
            for key in ("p", "right_square_bracket", "end", "0", "dollar_sign"):
                await w.pilot.press(key)
                shown(w, f"{screen} {key}")
            assert not w.app.faults, (screen, w.app.faults)


async def test_a_recording_that_is_cut_off_is_played_as_far_as_it_goes(
    window: Open, tmp_path: Path, snapshot: Any
) -> None:
    left = ({"type": "removed", "revision": 300 + n, "now": T0 + n, "name": f"n{n}"} for n in range(20))
    text = "".join(json.dumps(line) + "\n" for line in (snapshot(), *left))
    file = tmp_path / "cut.ndjson"
    for cut in range(len(text) - 200, len(text)):
        file.write_text(text[:cut])
        recording = load(file)
        whole_lines = text[:cut].count("\n") + (text[cut] == "\n")
        assert len(recording.lines) == whole_lines
        assert recording.is_cut_off == (text[cut] != "\n" and text[cut - 1] != "\n")
    file.write_text(text[:300])
    with pytest.raises(BadRecording, match="Line 1 of the recording"):
        load(file)
    file.write_text(text[:-5] + "\n")
    with pytest.raises(BadRecording, match="Line 21"):
        load(file)
    file.write_text(text[:-5])
    async with window(wait=False, recording=load(file)) as w:
        await w.shows("ends in the middle of a line")


@pytest.mark.parametrize("action", ["rollback", "destroy", "replace", "hold", "apply"])
async def test_a_keymap_gives_what_acts_its_letter_in_the_band_alone(window: Open, action: str) -> None:
    mine = keymap.build({action: "5"})
    assert mine.mistakes == ()
    async with window(keymap=mine) as w:
        await w.press("5", "y", "enter")
        await w.pilot.pause()
        assert w.daemon.verbs == [] and w.daemon.specs == []
        assert not w.app.screen.acting.band.display

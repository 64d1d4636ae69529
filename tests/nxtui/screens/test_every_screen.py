"""On every screen that there is: the daemon dies, another one answers, an older or a newer one does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from canned_data import T0
from places import FULL, Way, go, is_at

Open = Callable[..., Any]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "spec.yaml"
    file.write_text("platform: ibm_nutanix\ncluster: demo\nnodes:\n  - name: node01\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return file


async def each(w: Any, spec: Path) -> AsyncIterator[str]:
    """Every full screen, one after the other, with what is asked for it there."""
    for screen in FULL:
        await go(w, Way(screen), spec)
        await w.until(lambda: all(one.is_finished for one in w.app.workers if one.group != "feed"), "answers")
        yield screen
        assert not w.app.faults, screen


async def test_a_daemon_that_dies_leaves_what_was_known_greyed_with_its_time_and_what_helps(
    window: Open, spec: Path
) -> None:
    async with window() as w:
        async for screen in each(w, spec):
            shown = set(w.frame.split())
            await w.daemon.stop()
            await w.shows("LOST since")
            await w.shows("As of 03:12:08: systemctl status nxd · journalctl -u nxd -n 50 tell why.")
            assert w.app.renderer.faded and is_at(w, screen), screen
            if screen in ("fleet", "node", "timeline", "map", "log", "calls"):
                assert len(shown & set(w.frame.split())) > len(shown) // 2, (screen, w.frame)
            w.app.tick()
            await w.daemon.start()
            await w.shows("LIVE")
            assert not w.app.renderer.faded and is_at(w, screen), screen


async def test_without_any_daemon_what_helps_is_told_too(window: Open, daemon: Any) -> None:
    await daemon.stop()
    async with window(wait=False) as w:
        await w.shows("systemctl status nxd · journalctl -u nxd -n 50 tell why.")


async def test_another_database_after_the_return_is_no_fault_and_nothing_of_the_first_is_taken_for_it(
    window: Open, spec: Path, entity: Callable[..., Any]
) -> None:
    async with window() as w:
        daemon, first = w.daemon, (w.daemon.clusters, w.daemon.nodes, w.daemon.events)
        other = [entity("west", kind="cluster", cluster="west", phase="ok", title="active")]
        others = [entity("west01", cluster="west")]
        async for screen in each(w, spec):
            for number, (clusters, nodes, events) in enumerate(((other, others, []), first)):
                await daemon.stop()
                await w.shows("LOST")
                daemon.id, daemon.revision = f"daemon-{screen}-{number}", 3 + 200 * number
                daemon.clusters, daemon.nodes, daemon.events = clusters, nodes, list(events)
                await daemon.start()
                await w.shows("LIVE")
                w.hands.seconds += 2
                w.app.tick()
                await w.pilot.pause()
                await w.press("j", "k", "l", "h")
                assert set(w.app.fleet.nodes) == {one["name"] for one in nodes}, screen
                if number == 0 and screen not in ("node", "spec", "said"):
                    await w.until(lambda: not OF_THE_FIRST.search(w.frame), lambda: w.frame)


OF_THE_FIRST = re.compile(r"127\.24|node0\d|gate: all|objects agree|range|0717")
"""What only the first database knew. The page of a node says of itself that it is the last that was known."""

LATER = ("/v1/calls", "/v1/timelines", "/v1/steps", "/v1/offers", "/v1/audit", "/v1/specs", "/v1/drafts",
         "/v1/preflights", "/map", "/login")  # fmt: skip
"""What a daemon of one version before did not tell."""


async def test_what_an_older_daemon_lacks_is_absent_and_not_wrong(
    window: Open, daemon: Any, spec: Path
) -> None:
    daemon.lacks = LATER
    for one in (*daemon.clusters, *daemon.nodes):
        for key in ("console", "urgency", "needs_person", "outlook", "held_by", "remedies"):
            one.pop(key, None)
    async with window() as w:
        async for screen in each(w, spec):
            for key in ("j", "l", "right_square_bracket", "full_stop", "y", "k", "h"):
                await w.press(key)
            await w.pilot.pause()
            if screen in ("calls", "map", "timeline"):
                await go(w, Way(screen), spec)
                await w.shows("older than this nxtui")
            assert "Traceback" not in w.frame and "KeyError" not in w.frame


async def test_what_a_newer_daemon_says_besides_is_passed_over(window: Open, daemon: Any, spec: Path) -> None:
    for one in (*daemon.clusters, *daemon.nodes):
        one["weather"] = {"is": ["fine"]}
        one["can"]["polish"] = None
    daemon.news["weather"] = ["fine"]
    async with window() as w:
        async for _ in each(w, spec):
            daemon.say(type="weather", weather={"is": "fine"})
            daemon.say(type="change", entity=daemon.node("node01"), weather=1)
            daemon.log("the weather is fine")
            await w.until(lambda: w.app.fleet.log.revision == daemon.revision, "the line behind it")
            await w.press("a", "escape")
            assert w.app.fleet.link.state == "live"
    assert T0 and daemon.verbs == []

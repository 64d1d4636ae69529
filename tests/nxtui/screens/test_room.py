"""What a large screen adds to the fleet, what a quiet night fills it with, and that more rows cost neither more."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import canned_night
import pytest
from canned_data import T0
from canned_night import at

from nxtui.model.known import Changes

Open = Callable[..., Any]
LARGE, HUGE = (140, 45), (200, 60)


def lines(w: Any, title: str, most: int = 12) -> list[str]:
    """A part of the screen from its title on."""
    shown = w.frame.splitlines()
    first = next(number for number, line in enumerate(shown) if title in line)
    return shown[first : first + most]


async def test_a_quiet_fleet_tells_its_night_and_the_last_audit(window: Open, daemon: Any) -> None:
    at(daemon, canned_night.all_well())
    async with window() as w:
        head, *rows, audit = lines(w, "THIS NIGHT", 4)
        assert "00:32 – 03:11, the last 12 hours · 4 failures, 4 retries" in head
        assert [row.split()[0] for row in rows] == ["cluster-b", "cluster-a"], "the last one first"
        assert "▒✗·" in rows[0] and rows[0].endswith("2h34m")
        assert "██✗·" in rows[1] and rows[1].endswith("2h33m"), "the worst row, which is a02"
        assert "audit 03:12:02: the cloud and the ledger agree   A looks again" in audit


async def test_a_node_that_was_well_all_night_is_not_the_one_that_is_told_of(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.all_well())
    for name in ("a01", "a03"):
        went = canned_night.went(name, "cluster-a", ("machine", 900_000.0, ""), ("ready", 890_000.0, ""))
        went["stays"].append({**went["stays"][-1], "nature": "well", "started": T0 - 30.0, "ended": None})
        went["stays"][-2]["ended"] = T0 - 30.0
        daemon.timelines[name] = went
    async with window() as w:
        (row,) = [line for line in lines(w, "THIS NIGHT", 4) if "cluster-a" in line]
        assert "██✗·" in row and row.endswith("2h33m")


async def test_the_night_gives_way_to_the_first_that_moves(window: Open, daemon: Any) -> None:
    at(daemon, canned_night.all_well())
    async with window() as w:
        assert "THIS NIGHT" in w.frame
        node = daemon.node("b01")
        node |= {"phase": "working", "state": "installing", "title": "installing", "urgency": 4}
        daemon.say(type="change", entity=node)
        await w.shows("ON THE WAY")
        assert "THIS NIGHT" not in w.frame


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"findings": []}, "no audit since nxd began   A looks"),
        (
            {"looked": T0 - 6, "findings": [{"finding": "unknown"}, {"finding": "missing"}]},
            "audit 03:12:02: 1 stray · 1 loss",
        ),
    ],
)
async def test_the_last_audit_is_told_as_it_was(window: Open, daemon: Any, found: Any, said: str) -> None:
    at(daemon, canned_night.all_well())
    daemon.looks.last_audit = found
    async with window() as w:
        assert said in w.frame


async def test_of_an_older_daemon_nothing_is_told_of_a_night_that_it_does_not_tell(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.all_well())
    daemon.calls = daemon.looks.last_audit = None
    async with window() as w:
        assert "ALL IS WELL" in w.frame
        assert "THIS NIGHT" not in w.frame and "audit" not in w.frame


async def test_a_night_in_which_nothing_went_on_says_so(window: Open, daemon: Any) -> None:
    at(daemon, canned_night.all_well())
    for one in (*daemon.nodes, *daemon.clusters):
        one["since"] = T0 - 90_000
    async with window() as w:
        assert "THIS NIGHT  nothing went on in the last 12 hours" in w.frame
    assert daemon.timelines_asked == []


async def test_a_large_screen_has_the_history_and_the_calls_of_the_row_under_the_cursor(
    window: Open, daemon: Any
) -> None:
    async with window(LARGE) as w:
        history = lines(w, "TIMELINE", 8)
        assert "T opens" in history[0]
        rows = [line for line in history[3:] if not line.startswith("      usual")]
        assert [line.split()[1] for line in rows] == ["demo", "node02", "node03", "node01"]
        assert history.index(rows[2]) + 2 == history.index(rows[3]), "what is usual stands beneath what works"
        assert "CALLS  of node02: 7, 2 failed" in w.frame
        daemon.call(target="node02", failed=True, status=503)
        await w.shows("CALLS  of node02: 8, 3 failed")
        await w.press("j")
        await w.shows("CALLS  of node03")
        assert "CLUSTERS" not in w.frame


async def test_a_very_large_screen_has_three_columns(window: Open) -> None:
    async with window(HUGE) as w:
        (row,) = [line for line in w.frame.splitlines() if "CLUSTERS" in line]
        assert re.search(r"CLUSTER NODE.*▏ .*▏ CLUSTERS", row)
        drawn = [line.rpartition("▏")[2] for line in lines(w, "MAP  of demo", 7)]
        assert "M opens" in drawn[0] and "○ demo.nutanix.internal" in drawn[1]
        assert "═╤═ management subnet 0717-mgmt" in drawn[2] and "═╧═ workload subnet 0717-work" in drawn[6]
        members = [re.search(r"├ (.) (node\d\d)  .* (\S+) (127\S+)", line) for line in drawn[3:6]]
        assert [found and found.groups() for found in members] == [
            ("✓", "node01", "✓✓", "127.24.0.11"),
            ("✗", "node02", "–○", "127.24.0.12"),
            ("◐", "node03", "✓–", "127.24.0.13"),
        ]


async def test_the_small_map_is_asked_for_again_only_when_its_own_cluster_changed(
    window: Open, daemon: Any
) -> None:
    other = dict(daemon.clusters[0], name="other", protected=False)
    daemon.clusters.append(other)
    async with window(HUGE) as w:
        assert daemon.looks.maps_asked == 1
        for _ in range(5):
            w.hands.seconds += 3
            daemon.say(type="change", entity=other | {"protected": True})
            w.app.tick()
            await w.settled()
        assert daemon.looks.maps_asked == 1
        daemon.say(type="change", entity=daemon.node("node03") | {"progress": 0.9})
        await w.until(lambda: w.app.fleet.nodes["node03"]["progress"] == 0.9, "the change")
        w.app.tick()
        await w.until(lambda: daemon.looks.maps_asked == 2, "the second question")


async def test_without_a_map_the_nodes_of_the_cluster_are_told(window: Open, daemon: Any) -> None:
    daemon.looks.map = None
    async with window(HUGE) as w:
        members = [re.search(r"▏  . (node\d\d) ", line) for line in lines(w, "NODES  of demo", 4)[1:]]
        assert [found and found[1] for found in members] == ["node02", "node03", "node01"]


async def test_what_is_ready_when_says_the_same_in_the_row_and_in_its_history(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.on_the_way())
    async with window(LARGE) as w:
        for name in ("a02", "b01", "b03", "cluster-b"):
            shown = [line for line in w.frame.splitlines()[2:] if re.search(rf"[◐▾] *(◐ +)?{name} ", line)]
            told = {found for line in shown for found in re.findall(r"≈\d\d:\d\d", line.partition("▏")[0])}
            assert len(shown) >= 2 and len(told) == 1, (name, shown)


async def test_only_the_rows_in_sight_are_asked_for_however_many_there_are(
    window: Open, daemon: Any, entity: Callable[..., Any]
) -> None:
    daemon.nodes += [
        entity(f"n{number:04}", cluster="demo", phase="working", title="installing") for number in range(2000)
    ]
    async with window(LARGE) as w:
        asked = [name for names in daemon.timelines_asked for name in names]
        assert set(asked) <= set(w.app.screen.grid.around(60)) and len(set(asked)) <= 24
        before = len(daemon.timelines_asked)
        for _ in range(5):
            daemon.say(type="change", entity=daemon.node("n1500"))
        await w.press("G")
        await w.shows("n1999")
        later = [name for names in daemon.timelines_asked[before:] for name in names]
        assert "n1999" in later and len(set(later)) <= 24


@pytest.mark.parametrize("moment", ["trouble", "on_the_way", "all_well"])
async def test_a_window_of_any_size_stands_and_says_how_its_link_is(
    window: Open, daemon: Any, moment: str
) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window((20, 5)) as w:
        for size in (
            (40, 10),
            (79, 24),
            (100, 24),
            (139, 45),
            (140, 38),
            (140, 39),
            (199, 60),
            (250, 70),
            (20, 5),
        ):
            await w.pilot.resize_terminal(*size)
            await w.settled()
            shown = w.frame.splitlines()
            assert len(shown) == size[1] and max(map(len, shown)) <= size[0]
            assert "LIVE" in shown[0]
            assert size[0] < 79 or "cluster-a" in w.frame


async def test_a_lost_link_takes_a_line_from_the_panes_and_hides_the_end_of_none(
    window: Open, daemon: Any
) -> None:
    async with window() as w:
        await w.press("tab")
        await w.shows("LOG  of demo")
        last = next(line for line in w.frame.splitlines() if "hypervisor installed" in line)
        await daemon.stop()
        await w.shows("LOST since")
        assert last.split()[-1] in w.frame, "the last line of the log"


async def test_a_link_that_is_lost_while_the_window_closes_is_no_fault(window: Open) -> None:
    async with window(LARGE) as w:
        screen = w.app.screen
        await screen.query_one("#body").remove()
        w.app.fleet.lost("No daemon answers.")
        screen.changed(Changes())
        w.app.tick()
        await w.pilot.pause()

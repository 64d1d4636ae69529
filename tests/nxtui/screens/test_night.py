"""The fleet of a night as it is found, while it goes on, and when all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import canned_night
import pytest
from canned_looks import canned_boots
from canned_night import at

Open = Callable[..., Any]
Golden = Callable[[str, str], None]
SIZES = {"80x24": (80, 24), "140x45": (140, 45)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", ["trouble", "on_the_way", "all_well"])
async def test_the_night_as_it_is_found(
    window: Open, daemon: Any, golden: Golden, size: str, moment: str
) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window(SIZES[size]) as w:
        if moment == "trouble":
            await w.until(lambda: any(w.app.screen._offers.values()), "the offer")
        golden(f"night-{moment.replace('_', '-')}-{size}", w.frame)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", ["trouble", "on_the_way", "all_well"])
async def test_the_night_in_plain_ascii_has_the_same_facts(
    window: Open, daemon: Any, golden: Golden, size: str, moment: str
) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window(SIZES[size], ascii_only=True) as w:
        if moment == "trouble":
            await w.until(lambda: any(w.app.screen._offers.values()), "the offer")
        golden(f"night-{moment.replace('_', '-')}-ascii-{size}", w.frame)
        assert w.frame.isascii()
        asked = w.frame.replace("? help", "")
        assert "?" not in asked, "every sign has a likeness"


@pytest.mark.parametrize("ascii_only", [False, True], ids=["signs", "ascii"])
async def test_the_row_under_the_cursor_stands_in_full_beside_the_rows(
    window: Open, daemon: Any, golden: Golden, ascii_only: bool
) -> None:
    at(daemon, canned_night.on_the_way())
    daemon.looks.boots["a02"] = canned_boots(False)
    async with window((140, 45), ascii_only=ascii_only) as w:
        w.app.screen.go_to("a02")
        await w.shows("PHASES")
        for size in ((140, 45), (100, 24), (200, 60)):
            await w.pilot.resize_terminal(*size)
            await w.settled()
            kind = "-ascii" if ascii_only else ""
            golden(f"pane{kind}-{size[0]}x{size[1]}", w.frame)


async def test_the_pane_asks_once_for_a_row_and_again_when_that_row_changes(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.on_the_way())
    async with window((140, 45)) as w:
        w.app.screen.go_to("a02")
        await w.until(lambda: "a02" in daemon.looks.shown, "the first question")
        await w.settled()
        before = list(daemon.looks.shown)
        for _ in range(5):
            daemon.say(type="change", entity=daemon.node("b01") | {"progress": 0.5})
            w.app.tick()
        await w.until(lambda: w.app.fleet.nodes["b01"]["progress"] == 0.5, "another row")
        await w.settled()
        assert daemon.looks.shown == before
        daemon.looks.boots["a02"] = canned_boots(False)
        daemon.say(type="change", entity=daemon.node("a02") | {"progress": 0.5})
        await w.shows("PHASES")
        assert daemon.looks.shown == [*before, "a02"]


def _cluster_tried_again() -> dict[str, Any]:
    """The night with a cluster that failed itself and was tried again."""
    told = canned_night.that_night()
    told["cluster-a"] = canned_night.went(
        "cluster-a", "cluster-a", ("waits", 9600.0, ""), ("stopped", 6900.0, "failed"),
        ("cloud", 600.0, "retried"), ("well", 385.0, ""),
    ) | {"kind": "cluster"}  # fmt: skip
    return told


async def test_the_night_counts_what_clusters_failed_and_no_row_hides_a_mark(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.all_well())
    daemon.timelines = _cluster_tried_again()
    async with window() as w:
        await w.shows("the last 12 hours")
        assert "5 failures, 5 retries" in w.frame, "three nodes of b, a02, and cluster-a itself"
        line = next(line for line in w.frame.splitlines() if line.strip().startswith("cluster-a"))
        assert line.count("✗") == 2 and line.count("↻") == 2, "the cluster's own and those of a02"


@pytest.mark.parametrize("phase", ["working", "failed", "attention", "waiting"])
async def test_all_is_well_only_when_nothing_works_on_a_cluster_and_none_has_failed(
    window: Open, daemon: Any, phase: str
) -> None:
    at(daemon, canned_night.all_well())
    daemon.clusters[0]["phase"] = phase
    async with window() as w:
        await w.shows("ON THE WAY" if phase == "working" else "WAITING")
        assert "ALL IS WELL" not in w.frame and "THIS NIGHT" not in w.frame

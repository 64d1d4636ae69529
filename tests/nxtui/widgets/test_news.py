"""What has just changed is seen: a sign on its row for three seconds, a word when a cluster is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]


def change(w: Any, name: str, **given: Any) -> None:
    node = w.daemon.node(name)
    node.update(given)
    w.daemon.say(type="change", entity=node)


async def test_a_row_that_went_to_another_state_has_a_sign_for_three_seconds(window: Open) -> None:
    async with window() as w:
        assert "Δ" not in w.frame
        change(w, "node03", progress=0.7)
        await w.until(lambda: w.app.fleet.nodes["node03"]["progress"] == 0.7, "the progress")
        assert "Δ" not in w.frame
        change(w, "node03", state="ready", title="ready", phase="ok")
        frame = await w.seen("Δ    ✓ node03")
        assert frame.count("Δ") == 1
        w.hands.seconds += 2.5
        w.app.tick()
        await w.shows("Δ    ✓ node03")
        w.hands.seconds += 0.6
        w.app.tick()
        await w.until(lambda: "Δ" not in w.frame, "the sign to go")


async def test_after_the_daemons_return_the_rows_that_changed_meanwhile_have_the_sign(window: Open) -> None:
    async with window() as w:
        await w.daemon.stop()
        await w.shows("LOST")
        w.daemon.node("node01").update(state="failed", title="failed", phase="failed")
        await w.daemon.start()
        await w.shows("LIVE")
        frame = await w.seen("Δ    ✗ node01")
        assert frame.count("Δ") == 1


@pytest.mark.parametrize("away", [False, True], ids=["watched", "while away"])
async def test_a_cluster_that_is_forgotten_is_told(window: Open, away: bool) -> None:
    async with window((140, 45)) as w:
        if away:
            await w.daemon.stop()
            await w.shows("LOST")
        (cluster,) = w.daemon.clusters
        names = [node["name"] for node in w.daemon.nodes]
        w.daemon.clusters, w.daemon.nodes = [], []
        if away:
            await w.daemon.start()
        for name in (*names, cluster["name"]):
            w.daemon.say(type="removed", name=name)
        frame = await w.seen("gone: demo")
        assert frame.count("gone:") == 1
        await w.shows("No nodes yet.")


async def test_another_database_is_no_news_of_clusters_that_are_gone(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.daemon.stop()
        await w.shows("LOST")
        w.daemon.id, w.daemon.clusters, w.daemon.nodes, w.daemon.events = "another", [], [], []
        await w.daemon.start()
        await w.shows("No nodes yet.")
        assert "gone" not in w.frame


async def test_no_message_covers_the_plan_that_is_confirmed(window: Open) -> None:
    async with window() as w:
        await w.press("j", "r")
        await w.shows("retry: not now")
        await w.press("tab", "a", "d")
        frame = await w.seen("12 objects to delete")
        dialog = [line for line in frame.splitlines() if "│" in line]
        assert len(dialog) > 15, frame
        assert all(line.count("│") == 2 for line in dialog), frame
        assert "not now" not in "".join(line.split("│")[1] for line in dialog)
        await w.press("escape", "escape")
        await w.shows("retry: not now")

"""Whether a window that nobody touches leads to what failed: told as the daemon told it of one cluster of a world."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # this folder is no package

from canned_daemon import CannedDaemon

from daemon.client import Client, DaemonRefused
from nxtui.app import NxTui

PATIENCE = 20.0
"""Real seconds for a window to show what it was told."""
LEADING_SENTENCE = 40
"""Characters of what happened that stand on a row."""
HOPE = "Nothing to do yet"


@dataclass(frozen=True)
class Scene:
    """What a daemon told of one cluster, and what the verbs of the first that failed there would come to."""

    now: float
    clusters: list[Any]
    nodes: list[Any]
    troubles: list[Any]
    next: Any
    offers: list[Any]


def scene(client: Client, cluster: str) -> Scene | None:
    """One cluster of a world as it stands; None where nothing stopped there."""
    told = client.snapshot()
    clusters = [one for one in told["clusters"] if one["name"] == cluster]
    nodes = [one for one in told["nodes"] if one["cluster"] == cluster]
    own = {one["name"]: one for one in (*clusters, *nodes)}
    troubles = []
    for trouble in told.get("troubles", []):
        if targets := [name for name in trouble["targets"] if name in own]:
            # the same may have stopped others of this world, of which the remedies are then
            ways = own[targets[0]]["remedies"] if targets[0] != trouble["targets"][0] else trouble["remedies"]
            troubles.append({**trouble, "targets": targets, "remedies": ways, "clusters": [cluster]})
    if not troubles:
        return None
    try:
        offers = client.offers(troubles[0]["targets"][0])["offers"]
    except DaemonRefused:
        offers = []
    return Scene(told["now"], clusters, nodes, troubles, told.get("next"), list(offers))


def complaints(one: Scene) -> list[str]:
    """What is missing on the first frame of 80 columns and 24 lines, and on those of each record that failed."""
    return asyncio.run(_complaints(one))


async def _complaints(one: Scene) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        told = CannedDaemon(Path(directory) / "nxd.sock")
        told.now, told.clusters, told.nodes, told.offers = one.now, one.clusters, one.nodes, one.offers
        told.news = {"troubles": one.troubles, "next": one.next}
        told.events, told.calls, told.steps = [], [], None
        await told.start()
        try:
            app = NxTui(told.socket)
            async with app.run_test(size=(80, 24)) as pilot:
                await _until(lambda: app.fleet.troubles and "TROUBLE" in _words(app))
                await _until(
                    lambda: all(worker.is_finished for worker in app.workers if worker.group == "offers")
                )
                await pilot.pause()
                found = _leads(one.troubles[0], _words(app))
                for name in [name for trouble in one.troubles for name in trouble["targets"]]:
                    screen: Any = app.screen
                    screen.go_to(name)
                    await pilot.pause()
                    found += [f"{name} has hope: {_words(app)}"] if HOPE in _words(app) else []
                    app.open_entity(name)
                    await pilot.pause()
                    found += [f"{name}'s story has hope: {_words(app)}"] if HOPE in _words(app) else []
                    await pilot.press("escape")
                return found
        finally:
            await told.stop()


def _leads(trouble: Any, words: str) -> list[str]:
    remedy = (
        " ".join(trouble["remedies"][0]["text"].split(". ")[0].rstrip(".").split())
        if trouble["remedies"]
        else ""
    )
    wanted = {
        "who failed": trouble["targets"][0],
        "why": " ".join(trouble["sentence"][:LEADING_SENTENCE].split()),
        "what to do": f"→ {remedy}" if remedy else "→",
    }
    missing = [f"{what} ({text!r})" for what, text in wanted.items() if text not in words]
    if "r tries" not in words and "a tells what may be done" not in words:
        missing.append("the key")
    if HOPE in words:
        missing.append("that nothing comes by itself")
    return [f"a window does not say {', '.join(missing)}: {words}"] if missing else []


def _words(app: NxTui) -> str:
    strips = app.screen._compositor.render_strips(app.size)
    return " ".join(" ".join(strip.text for strip in strips).split())


async def _until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the window shows nothing of what failed"
        await asyncio.sleep(0.02)

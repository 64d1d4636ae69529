"""Every screen as text, at the smallest size promised and a comfortable one, in every state of the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]
Golden = Callable[[str, str], None]

SIZES = {"80x24": (80, 24), "140x45": (140, 45)}


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_fleet(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.shows("45 minutes")
        golden(f"fleet-{size}", w.frame)


async def test_fleet_on_a_cluster(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.press("tab")
        await w.shows("LOG  of demo")
        golden(f"fleet-cluster-{size}", w.frame)


async def test_node(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.press("enter")
        await w.shows("reserving addresses")
        golden(f"node-{size}", w.frame)


async def test_log(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.press("a", "l")
        await w.shows("following")
        await w.press("slash")
        await w.type("phase")
        await w.press("enter")
        await w.shows("1 of 1")
        golden(f"log-{size}", w.frame)


async def test_confirm_rollback(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.press("R")
        await w.shows("4 objects to delete")
        golden(f"confirm-rollback-{size}", w.frame)


async def test_confirm_destroy(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.press("tab", "D")
        await w.shows("12 objects to delete")
        golden(f"confirm-destroy-{size}", w.frame)


async def test_help(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.press("question_mark")
        await w.shows("Keys")
        golden(f"help-{size}", w.frame)


async def test_fleet_stale(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        w.daemon.beat = None
        w.daemon.say(type="heartbeat")
        await w.until(lambda: w.app.fleet.nodes, "the last word")
        w.hands.seconds += 7
        w.app.tick()
        await w.shows("STALE 7s")
        golden(f"fleet-stale-{size}", w.frame)


async def test_fleet_lost(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size]) as w:
        await w.daemon.stop()
        await w.shows("No daemon answers")
        golden(f"fleet-lost-{size}", w.frame)


async def test_fleet_without_any_daemon(window: Open, golden: Golden, size: str, daemon: Any) -> None:
    await daemon.stop()
    async with window(SIZES[size], wait=False) as w:
        await w.shows("NO DAEMON")
        golden(f"fleet-no-daemon-{size}", w.frame)


async def test_fleet_read_only(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size], read_only=True) as w:
        golden(f"fleet-read-only-{size}", w.frame)


async def test_fleet_ascii(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size], ascii_only=True) as w:
        await w.press("space")
        golden(f"fleet-ascii-{size}", w.frame)
        assert w.frame.isascii()


async def test_fleet_no_color(
    window: Open, golden: Golden, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with window(SIZES[size]) as w:
        await w.shows("45 minutes")
        golden(f"fleet-{size}", w.frame)  # every fact is there in words: the same frame as in colour


async def test_fleet_of_many_clusters_and_nodes(
    window: Open, golden: Golden, size: str, daemon: Any, entity: Callable[..., Any]
) -> None:
    phases = ("ok", "working", "waiting", "attention", "failed", "releasing", "released")
    daemon.clusters += [dict(daemon.clusters[0], name=name) for name in ("alpha", "beta", "gamma-production")]
    daemon.nodes += [
        entity(
            f"alpha-n{number}",
            cluster="alpha",
            phase=phases[number % 7],
            title=phases[number % 7],
            step_index=number % 10,
            since=daemon.now - number**3,
        )
        for number in range(1, 61)
    ]
    async with window(SIZES[size]) as w:
        golden(f"fleet-many-{size}", w.frame)

"""A large fleet is shown from its first piece on: the most urgent nodes at once, the others as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nxtui.model.feed import FIRST_NODES
from nxtui.model.recording import Scene

Open = Callable[..., Any]


def crowd(daemon: Any, entity: Callable[..., Any], count: int) -> None:
    """So many nodes, of which the last one has failed."""
    daemon.nodes = [entity(f"n{number:04}") for number in range(count)]
    daemon.nodes[-1].update(phase="failed", state="failed", title="failed")


async def test_the_most_urgent_nodes_are_there_before_the_others_are_told(
    window: Open, daemon: Any, entity: Callable[..., Any]
) -> None:
    crowd(daemon, entity, 1500)
    daemon.pieces_gate.clear()
    async with window() as w:
        frame = await w.seen(f"{FIRST_NODES} of 1500 nodes so far")
        assert "❯    ✗ n1499" in frame and "✓ n0000" in frame
        daemon.pieces_gate.set()
        frame = await w.seen("nodes 1✗ 1499✓")
        assert "❯    ✗ n1499" in frame
        assert len(w.app.fleet.nodes) == 1500
        await w.press("G")
        await w.shows("❯    ✓ n1498")


async def test_after_a_return_what_was_shown_stays_until_all_of_it_is_told_again(
    window: Open, daemon: Any, entity: Callable[..., Any]
) -> None:
    crowd(daemon, entity, 400)
    async with window() as w:
        await w.shows("nodes 1✗ 399✓")
        await daemon.stop()
        await w.shows("LOST")
        daemon.nodes.pop(0)
        daemon.pieces_gate.clear()
        await daemon.start()
        seen: set[int] = set()
        await w.until(
            lambda: seen.add(len(w.app.fleet.nodes)) or w.app.fleet.link.state == "live", "the return"
        )
        assert seen <= {400, 399} and len(w.app.fleet.nodes) == 399
        assert "so far" not in w.frame


def test_a_recorded_stream_in_pieces_is_played_back_whole(
    snapshot: Callable[[], dict[str, Any]], entity: Callable[..., Any]
) -> None:
    scene = Scene()
    first: Any = snapshot() | {"left": 1}
    more: Any = {"type": "nodes", "revision": 201, "now": 0.0, "left": 0, "nodes": [entity("node77")]}
    scene.take(first)
    scene.take(more)
    assert "node77" in scene.entities and "node01" in scene.entities

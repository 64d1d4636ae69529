"""What a booting machine asks costs the same in a cluster of a few nodes and in one of hundreds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

SOURCE = "127.35.0.10"


def steps_of(call: Callable[[], Any]) -> int:
    """How many functions a call calls."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    call()  # what is made once is made
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


async def costs(build: Any, nodes: int) -> tuple[int, int, int]:
    """Of a script, of an image or a report, and of a configuration."""
    async with build(nodes) as bay:
        guest = bay.book.guest("n01")
        assert guest is not None and guest == bay.book.guest_at(SOURCE)
        config = guest.documents["config"].make
        assert len(json.loads(config() or "")["cluster_config"]["cvm_ips"]) == nodes
        return (
            steps_of(lambda: bay.book.guest("n01")),
            steps_of(lambda: bay.book.guest_at(SOURCE)),
            steps_of(config),
        )


async def test_what_a_machine_asks_costs_the_same_in_a_larger_cluster(build: Any) -> None:
    """The configuration tells of all nodes, and is put together of what was looked through for the first of them."""
    assert await costs(build, 300) == await costs(build, 3)

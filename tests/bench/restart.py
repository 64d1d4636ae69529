"""A daemon that was killed: how long until every node is at work again."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from figures import Figure, python, wall

BARE = "import asyncio, sqlite3, transitions"
SIZES = ((1000, 3, 4.0, 8.0), (10_000, 3, 12.0, 30.0))
"""Nodes, rounds, the goal and the least that is enough."""
DAEMON = str(Path(__file__).with_name("working.py"))


def until_told(command: Sequence[str | Path]) -> tuple[subprocess.Popen[bytes], float]:
    """A process that said its first line, and the seconds until it did."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    line = child.stdout.readline()
    taken = time.perf_counter() - begun
    assert line, f"{command} said nothing"
    return child, taken


def killed(child: subprocess.Popen[bytes]) -> None:
    """End a process without a warning."""
    child.kill()
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def one_restart(nodes: int) -> float:
    """Seconds from the start of the second process until all nodes are in their next call."""
    with tempfile.TemporaryDirectory() as directory:
        arguments = [directory, str(nodes)]
        first, _ = until_told([sys.executable, DAEMON, "begin", *arguments])
        killed(first)
        second, taken = until_told([sys.executable, DAEMON, "again", *arguments])
        killed(second)
    return taken


def restart() -> list[Figure]:
    """G4: from the start after a kill -9 in the middle of all lives until every node's next intent is durable, each
    doubt settled by a list."""
    figures = []
    for nodes, rounds, goal, least in SIZES:
        pairs = [(one_restart(nodes), wall(python(BARE))) for _ in range(rounds)]
        taken, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
        figures += [
            Figure(f"engine.rearmed_{nodes}", taken * 1000, "ms"),
            Figure(f"engine.rearmed_{nodes}_over_start", taken / bare, f"x {BARE}", goal, "lower", least),
        ]
    return figures

"""Whoever waits is told what happens to what he waits for, and nothing of others."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.cli.waiting import PlainLines


def line(cluster: str, node: str | None, level: str = "info") -> Any:
    event = {"time": 0.0, "cluster": cluster, "node": node, "level": level, "message": "it goes on"}
    return {"type": "event", "revision": 1, "now": 0.0, "event": event}


@pytest.mark.parametrize(
    ("waited", "told"),
    [("demo", ["demo", "node01", "node02"]), ("node01", ["node01"]), ("other", [])],
    ids=["cluster", "node", "stranger"],
)
def test_the_lines_of_a_cluster_and_its_nodes_or_of_the_one_node_are_told(
    waited: str, told: list[str]
) -> None:
    said: list[str] = []
    screen = PlainLines(waited, said.append)
    for node in (None, "node01", "node02"):
        screen.line(line("demo", node))
    screen.line(line("demo", "node01", "debug"))
    assert [text.split()[2] for text in said] == told

"""Whoever waits is told what happens to what he waits for, and nothing of others."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.cli.waiting import REST_SECONDS, PlainLines, Watch


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


def stands(name: str, phase: str, evidence: str = "", *ways: str) -> Any:
    kind = "cluster" if name == "demo" else "node"
    return {"name": name, "cluster": "demo", "kind": kind, "phase": phase, "state": phase, "wish": None,
            "title": phase, "error": None, "waiting_for": evidence and "2 nodes", "evidence": evidence,
            "remedies": [{"kind": way.split()[0], "text": way} for way in ways]}  # fmt: skip


def test_what_has_stopped_is_told_once_its_cluster_has_seen_all_of_it() -> None:
    watch = Watch("demo", "active")
    before = [stands("node01", "failed"), stands("node02", "working")]
    cluster = stands("demo", "attention", "0 of 2 ready")
    snapshot: Any = {"type": "snapshot", "snapshot": {"clusters": [cluster], "nodes": before}}
    watch.take(snapshot)
    assert watch.verdict() == "going"
    ready: Any = {"type": "change", "entity": stands("node02", "ok")}
    watch.take(ready)
    assert watch.verdict() == "failed"
    assert not watch.is_at_rest("failed", ready, 10.0), "its cluster has still to hear of it"
    seen: Any = {"type": "change", "entity": stands("demo", "attention", "1 of 2 ready")}
    watch.take(seen)
    assert not watch.is_at_rest("failed", seen, 10.1)
    beat: Any = {"type": "heartbeat"}
    assert watch.is_at_rest("failed", beat, 10.2)
    assert watch.is_at_rest("failed", {**beat, "type": "event"}, 10.1 + 2 * REST_SECONDS)
    assert watch.entities["demo"]["evidence"] == "1 of 2 ready"
    assert all(watch.is_at_rest(verdict, seen, 10.0) for verdict in ("done", "gone"))  # type: ignore[arg-type]


ALONE = "verb Try again: nxd retry node02."
OUTSIDE = "outside See in Prism why it keeps node02."


@pytest.mark.parametrize(
    ("waited", "demo", "nodes", "verdict"),
    [
        ("demo", stands("demo", "attention", "1 of 2 ready", ALONE), ("ok", "released"), "failed"),
        ("demo", stands("demo", "attention", "", "verb Go on: nxd resume demo."), ("ok", "ok"), "failed"),
        ("demo", stands("demo", "attention", "", "verb Go on: nxd resume demo."), ("ok", "released"), "failed"),
        ("demo", stands("demo", "attention", "it is protected", "verb nxd unprotect demo"), ("ok", "ok"), "failed"),
        ("demo", stands("demo", "attention", "a host is kept", OUTSIDE), ("ok", "ok"), "going"),
        ("demo", stands("demo", "attention", "1 of 2 ready", ALONE), ("working", "released"), "going"),
        ("node01", stands("demo", "attention", "", "verb Go on: nxd resume demo."), ("ok", "ok"), "failed"),
        ("node01", stands("demo", "failed"), ("waiting", "ok"), "failed"),
        ("node01", stands("demo", "working"), ("ok", "ok"), "going"),
        ("node01", stands("demo", "working"), ("waiting", "ok"), "going"),
    ],
)  # fmt: skip
def test_what_only_a_person_can_move_is_not_waited_for(
    waited: str, demo: Any, nodes: tuple[str, str], verdict: str
) -> None:
    watch = Watch(waited, "active")
    stand = [stands(f"node{number:02d}", phase) for number, phase in enumerate(nodes, 1)]
    snapshot: Any = {
        "type": "snapshot",
        "snapshot": {"clusters": [stands("demo", "working")], "nodes": stand},
    }
    watch.take(snapshot)
    change: Any = {"type": "change", "entity": demo}
    watch.take(change)
    assert watch.verdict() == verdict
    if verdict == "failed":
        assert [entity["name"] for entity in watch.stopped()] == ["demo"]

"""Each line of a spec is told what became of it: nodes by their names, settings that are not in force yet."""

from __future__ import annotations

from typing import Any

from daemon.requests.spec_marks import marks
from state_machines.record import Record

TEXT = """# a comment
platform: toy
cluster: demo
gate: 3
deep:
  key: {sealed: b}
  servers: [1.1.1.1]
nodes:
  - name: node01
  - colour: red
    name: node02
  - name: node03
"""
NEW: dict[str, Any] = {
    "gate": 3, "deep": {"key": {"sealed": "b"}, "servers": ["1.1.1.1"]}, "nodes": ["node01", "node02", "node03"]
}  # fmt: skip


def node(name: str) -> Record:
    return Record(name, "toy.node", "demo", "active", 0.0)


def told(old: dict[str, Any]) -> list[tuple[str, str]]:
    lines = TEXT.splitlines()
    nodes = {name: node(name) for name in ("node01", "node02")}
    found = marks(TEXT, nodes, lambda one: ("ok", f"{one.name} stands", ""), old, NEW)
    return [(lines[mark["line"] - 1].strip(), mark["text"]) for mark in found]


def test_nodes_are_found_by_their_names_wherever_these_stand() -> None:
    assert told(NEW) == [("- name: node01", "node01 stands"), ("name: node02", "node02 stands")]


def test_what_waits_says_what_is_in_force_and_tells_no_secret() -> None:
    old = {"gate": "all", "deep": {"key": {"sealed": "a"}, "servers": []}, "nodes": ["node01", "node02"]}
    assert told(old) == [
        ("gate: 3", "in force: all"),
        ("key: {sealed: b}", "in force: another secret"),
        ("servers: [1.1.1.1]", "in force: nothing"),
        ("- name: node01", "node01 stands"),
        ("name: node02", "node02 stands"),
        ("- name: node03", "not begun yet"),
    ]

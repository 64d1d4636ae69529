"""A seeded sample of `make matrix`, and that the matrix leaves no box out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from cells import CALLS, FAULTS, POINTS, crash_of, impossible, matrix, rules_of

from daemon.faultpoints import POINTS as NAMED
from daemon.sim.faults import rule_from_json


def test_every_point_meets_every_fault_in_both_directions_or_says_why_not() -> None:
    cells = list(matrix())
    assert len({cell.name for cell in cells}) == len(cells) == 2 * len(CALLS) * len(POINTS) * len(FAULTS)
    assert {point.removeprefix("P") for point in POINTS} == {str(n) for n in range(16) if n != 8}
    assert {fault.rstrip("ab") for fault in FAULTS} == {f"F{number}" for number in range(17)}
    possible = Counter((cell.direction, cell.point) for cell in cells if not impossible(cell))
    assert all(
        possible[direction, point] for direction in ("make", "undo") for point in POINTS if point != "P12"
    )
    assert not possible["make", "P12"] and not possible["undo", "P12"]


def test_every_cell_that_can_be_has_rules_of_the_world_and_a_point_of_the_daemon() -> None:
    for cell in matrix():
        if impossible(cell):
            continue
        for rule in rules_of(cell, "n001", 1200.0):
            rule_from_json(rule)
        crash = crash_of(cell, "n001", "c001")
        links = crash.partition("!")[0].split(">") if crash else []
        assert links or cell.point in ("P3", "P4"), f"{cell.name} is stopped nowhere"
        assert {link.partition("@")[0] for link in links} <= set(NAMED)


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_a_sample_of_the_matrix_holds(tmp_path: Path) -> None:
    environ = {**os.environ, "SEED": "11", "CELLS": "64"}
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("matrix.py"))],
        capture_output=True, text=True, env=environ, cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    counts = json.loads(run.stdout.splitlines()[-1])
    assert (counts["held"], counts["WRONG"]) == (64, 0)
    report = json.loads((tmp_path / "build" / "matrix.json").read_text())
    assert {row["result"] for row in report} == {"held"}
    assert all(row["seed"] == 11 and row["seconds"] > 0 for row in report)

"""A seeded sample of `make matrix`, and that the matrix leaves no box out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from axes import FAULTS, POINTS
from breaks import rules_of
from calls import CALLS
from cells import impossible, matrix
from crashpoints import crash_of

from daemon.faultpoints import POINTS as NAMED
from daemon.sim.faults.rules import rule_from_json

OF_PRISM = (
    "make nutanix_cluster P6 F8",
    "make nutanix_cluster P5 F12",
    "make nutanix_cluster P15a F7",
    "make password P2 F7a",
    "make password P15b F3",
    "make nutanix_host P2 F7",
    "make nutanix_host P6 F11a",
    "undo nutanix_host P8/P2 F3",
    "undo nutanix_host P8/P5 F10",
    "undo nutanix_host P8/P9 F10a",
)
"""Cells of which each went wrong once, or would if what it is about were not seen to."""


def test_every_point_meets_every_fault_in_both_directions_or_says_why_not() -> None:
    cells = list(matrix())
    assert len({cell.name for cell in cells}) == len(cells) == 2 * len(CALLS) * len(POINTS) * len(FAULTS)
    assert {point.strip("Pab") for point in POINTS} == {str(n) for n in range(16) if n != 8}
    assert {fault.rstrip("abc") for fault in FAULTS} == {f"F{number}" for number in range(17)}
    possible = Counter((cell.direction, cell.point) for cell in cells if not impossible(cell))
    assert all(
        possible[direction, point] for direction in ("make", "undo") for point in POINTS if point != "P12"
    )
    assert not possible["make", "P12"] and not possible["undo", "P12"]


def test_every_cell_that_can_be_has_rules_of_the_world_and_a_point_of_the_daemon() -> None:
    for cell in matrix():
        if impossible(cell):
            continue
        for rule in rules_of(cell, "n001", 1200.0, "c001"):
            rule_from_json(rule)
        crash = crash_of(cell, "n001", "c001")
        links = crash.partition("!")[0].split(">") if crash else []
        assert links or cell.point in ("P3", "P4"), f"{cell.name} is stopped nowhere"
        assert {link.partition("@")[0] for link in links} <= set(NAMED)


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_a_sample_of_the_matrix_holds(tmp_path: Path) -> None:
    report = run_matrix(tmp_path, ONLY=r" (reserved_ip|dns_record|vni|server) ", CELLS="56")
    assert len(report) == 56
    assert all(row["seed"] == 11 and row["seconds"] > 0 for row in report)


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_a_doubled_create_is_found_whatever_the_cloud_checks_first(tmp_path: Path) -> None:
    report = run_matrix(tmp_path, ONLY=r"^make (reserved_ip|vni|server) P(2|5|6) F7[abc]$")
    held = {row["cell"] for row in report}
    assert {
        f"make {kind} P6 F7{order}" for kind in ("reserved_ip", "vni", "server") for order in "ab"
    } <= held
    assert "make reserved_ip P5 F7c" in held


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_calls_to_prism_are_neither_lost_nor_sent_for_what_is_done(tmp_path: Path) -> None:
    report = run_matrix(tmp_path, ONLY=f"^({'|'.join(OF_PRISM)})$")
    assert {row["cell"] for row in report} == set(OF_PRISM)


def run_matrix(directory: Path, **environ: str) -> list[dict[str, Any]]:
    """The rows of cells that all hold."""
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("matrix.py"))],
        capture_output=True, text=True, env={**os.environ, "SEED": "11", **environ}, cwd=directory,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    counts = json.loads(run.stdout.splitlines()[-1])
    report: list[dict[str, Any]] = json.loads((directory / "build" / "matrix.json").read_text())
    assert (counts["held"] + counts["impossible"], counts["WRONG"]) == (len(report), 0)
    report = [row for row in report if row["result"] != "impossible"]
    assert {row["result"] for row in report} == {"held"}
    return report

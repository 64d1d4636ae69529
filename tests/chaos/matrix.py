"""`make matrix`: every crash point × every fault of the API, forward and backward, cell by cell.

`SEED=7` sets the order, `ONLY=REGEX` takes the cells whose names it is found in, `CELLS=N` a seeded sample. The
report is `build/matrix.json`; the exit code is 0 only if every cell that can be was reached and held.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from axes import FAULTS, POINTS
from calls import CALLS
from cells import Cell, impossible, matrix
from lane import Lane
from limits import READ_TIMEOUT, STOPS
from prism_lane import HOST, PrismLane
from rows import Row
from wallclock import PRELOAD, WallClock, build, loaded

from daemon.drivers import prism

SPEED = 1200.0
SLOW = 100.0
"""For calls that are applied late: slow enough for the daemon to look before they are."""
WORKERS = 2
PORTION = 60
"""Cells that share a world."""
HOSTS_PORTION = 40
"""The same where each cell has a cluster of four."""
REPORT = Path("build") / "matrix.json"


def work(number: int, cells: Sequence[Cell], speed: float, seed: int) -> list[Row]:
    """One worker's share: the cells of one kind, in a world of their own."""
    prism.PATIENCE = READ_TIMEOUT
    library = loaded()
    clock = None if library is None else WallClock(library)
    a_lane = PrismLane if cells[0].call.service == "prism" else Lane
    with tempfile.TemporaryDirectory() as directory:
        stage = Path(directory) / "stage"
        try:
            return a_lane(stage, speed, seed, clock).run(cells)
        except Exception:
            logs = [stage / name for name in ("serve.log", "sim.log")]
            said = "\n".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())
            return [Row(f"lane {number}", "", "", "", "", seed, "WRONG", f"{said}\n{traceback.format_exc()}")]


def run(cells: Sequence[Cell], seed: int, workers: int = WORKERS) -> list[Row]:
    """Run the cells that can be; the others are rows as well."""
    with tempfile.TemporaryDirectory() as directory:
        library = build(Path(directory))
        reasons = {cell: impossible(cell) or _not_here(cell, library) for cell in cells}
        rows = [Row.of(cell, seed, "impossible", reason) for cell, reason in reasons.items() if reason]
        shares = _shares([cell for cell, reason in reasons.items() if not reason], seed)
        if library is not None:
            os.environ[PRELOAD] = str(library)
        try:
            return rows + _run(shares, seed, workers)
        finally:
            os.environ.pop(PRELOAD, None)


def _not_here(cell: Cell, library: Path | None) -> str | None:
    """Why a cell cannot be on this machine."""
    if library is None and STOPS.get(cell.point):
        return "there is no C compiler here to build the clock that can be stepped"
    return None


def _run(shares: Sequence[tuple[list[Cell], float]], seed: int, workers: int) -> list[Row]:
    rows: list[Row] = []
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting = [
            pool.submit(work, number, share, speed, seed) for number, (share, speed) in enumerate(shares)
        ]
        for number, one in enumerate(waiting):
            found = one.result()
            wrong = sum(row.result == "WRONG" for row in found)
            took = sum(row.seconds for row in found)
            print(
                f"{number + 1} of {len(shares)}: {len(found)} cells in {took:.0f} s, {wrong} wrong",
                flush=True,
            )
            for row in found:
                if row.result == "WRONG":
                    print(f"WRONG {row.cell} (seed {row.seed}): {row.why.strip()[-600:]}", flush=True)
            rows += found
    return rows


def _shares(cells: Sequence[Cell], seed: int) -> list[tuple[list[Cell], float]]:
    """The cells of one kind and one speed, in portions that leave a daemon little to do beside the one cell."""
    shares: list[tuple[list[Cell], float]] = []
    for kind in CALLS:
        for speed in (SPEED, SLOW):
            mine = [cell for cell in cells if cell.kind == kind and (cell.fault == "F4") == (speed == SLOW)]
            random.Random(seed).shuffle(mine)
            mine.sort(key=lambda cell: cell.direction)
            portions = -(-len(mine) // (HOSTS_PORTION if kind == HOST else PORTION))
            shares += [(mine[number::portions], speed) for number in range(portions)]
    return sorted(shares, key=lambda share: (share[1], -len(share[0])))


def table(rows: Sequence[Row]) -> str:
    """Points down, faults across: how many cells held, or what went wrong with them."""
    signs = {"held": "·", "impossible": "-", "WRONG": "X"}
    lines = []
    for direction in ("make", "undo"):
        for kind in CALLS:
            found = {
                (r.point, r.fault): signs[r.result]
                for r in rows
                if (r.direction, r.kind) == (direction, kind)
            }
            if found:
                lines.append(f"\n{direction} {kind:<12}" + "".join(f"{fault:>5}" for fault in FAULTS))
                for point in POINTS:
                    marks = "".join(f"{found.get((point, fault), ' '):>5}" for fault in FAULTS)
                    lines.append(f"  {point:<15}{marks}")
    return "\n".join([*lines, "", "· held   - cannot be (the report says why)   X wrong"])


def main(arguments: Sequence[str]) -> int:
    """Run the matrix, or a sample of it."""
    seed = int(os.environ.get("SEED") or 7)
    sample = int(os.environ.get("CELLS") or 0)
    only = os.environ.get("ONLY") or ""
    cells = [cell for cell in matrix() if re.search(only, cell.name)]
    if sample:
        possible = [cell for cell in cells if not impossible(cell)]
        cells = random.Random(seed).sample(possible, min(sample, len(possible)))
    begun = time.monotonic()
    rows = run(cells, seed, int(os.environ.get("WORKERS") or WORKERS))
    took = time.monotonic() - begun
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    print(table(rows))
    results = Counter(row.result for row in rows)
    print(f"{took:.0f} s, report in {REPORT}")
    print(
        json.dumps(
            {"seed": seed, "cells": len(rows), **{k: results[k] for k in ("held", "impossible", "WRONG")}}
        )
    )
    return int(results["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

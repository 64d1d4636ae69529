"""`make bench`: measures, prints a table, and writes build/bench.json and docs/benchmarks.md.

`ONLY=name` runs the parts whose name begins so; the document is written by a full run alone.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import engine
import simulator
import tui_bench
import whole
from figures import Figure

PARTS: dict[str, Callable[[], list[Figure]]] = {
    "demo": whole.demo,
    "daemon": whole.daemon,
    "engine": engine.engine,
    "tui": tui_bench.figures,
    "sim": simulator.thousand,
}
ROOT = Path(__file__).parents[2]

INTRODUCTION = """# Benchmarks

`make bench` wrote this table and `build/bench.json`; `make bench ONLY=tui` runs a part. A ratio has both of its
sides measured in one run, in turns, as medians of several. Absolute figures belong to the machine they were
taken on ({machine}); a figure that was not measured is not here.

"""


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| figure | value | unit | goal | met |", "|---|---:|---|---:|---|"]
    for one in figures:
        goal = "" if one.goal is None else f"{'≤' if one.better == 'lower' else '≥'} {one.goal:g}"
        met = {None: "", True: "yes", False: "**no**"}[one.met]
        lines.append(f"| `{one.name}` | {one.value:.4g} | {one.unit} | {goal} | {met} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the parts that were asked for."""
    only = os.environ.get("ONLY", "")
    parts = {name: part for name, part in PARTS.items() if name.startswith(only)}
    if not parts:
        print(f"There is no part {only}; there is {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name, part in parts.items():
        print(f"measuring {name} …", flush=True)
        figures += part()
    shown = table(figures)
    print(shown)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    rows = [
        {"name": one.name, "value": one.value, "unit": one.unit, "goal": one.goal, "met": one.met}
        for one in figures
    ]
    (build / "bench.json").write_text(json.dumps(rows, indent=2) + "\n")
    if not only:
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        (ROOT / "docs" / "benchmarks.md").write_text(INTRODUCTION.format(machine=machine) + shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())

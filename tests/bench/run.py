"""`make bench`: measures, prints a table, and writes build/bench.json and docs/benchmarks.md.

`ONLY=name` runs the parts whose name begins so; the document is written by a full run alone.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import timeit
import traceback
from collections.abc import Callable
from pathlib import Path

import adapter
import boot
import deadlines
import engine
import fanout
import idle
import latency
import life
import listing
import many
import memory
import peers
import restart
import simulator
import tables
import tui_bench
import whole
from figures import Figure, of_runs, thrice

PARTS: dict[str, tuple[Callable[[], list[Figure]], ...]] = {
    "engine": (
        thrice(engine.engine),
        latency.latency,
        thrice(restart.restart),
        memory.memory,
        tables.tables,
        idle.idle,
        thrice(peers.dbos),
        peers.ironic,
        fanout.fanout,
        listing.listing,
        whole.daemon,
        whole.demo,
    ),
    "engine-many": (deadlines.deadlines, idle.many_waiting, many.active),
    "boot": (boot.boot,),
    "sdk": (adapter.adapter,),
    "life": (life.life,),
    "life-cpu": (life.thousand,),
    "life-shapes": (life.shapes,),
    "life-one": (life.one_cluster,),
    "tui": (tui_bench.figures,),
    "sim": (simulator.thousand,),
}
"""Part → what it measures."""
ROOT = Path(__file__).parents[2]
ADDITIONS = 1_000_000

INTRODUCTION = """# Benchmarks

`make bench` wrote this table and `build/bench.json`; `make bench ONLY=engine` runs a part. A ratio has both of its
sides measured in one run, in turns, as medians of several. Absolute figures belong to the machine they were taken
on ({machine}), shared with other work meanwhile, and to its Python, as fast as
`machine.million_additions` says; a figure that was not measured is not here.
*Least* is what may be called done, *goal* what is aimed at.

*Of runs* is the least and the most of several runs, *value* their median; a bound is met when every run meets it.
*With* is what differs from the default settings: a figure of a thousand nodes is with a thousand places to install and
2,000 calls a second to the simulated cloud, because a daemon with the defaults waits for these limits and for nothing
that could be measured.

What is compared with what: `steps_over_dbos` is a step of ours and one of DBOS, each in its own process with its own
database. `engine.lives_over_ironic` is our *engine without an API* against Ironic's *REST service*, both with nothing
outside that takes time: it says what the engine costs and not how much faster a deployment is.
`api.lives_over_ironic` is the fair one: over our API, with a daemon in a process of its own, its boot server and a
simulated cloud behind it, against the same Ironic. Idle memory is told before and after the cloud's SDK is loaded,
which comes with the first call.

DBOS and Ironic are installed into `build/peers` when they are measured. There is no PostgreSQL store yet, so nothing
compares the SQLite one with it.

A step costs 45 to 60 us of work and one commit, so `steps_over_fdatasync` and `step_alone_over_fdatasync` say as much
of the disk as of the engine: they get worse the faster it is. A restart, and that of DBOS, begins with every node in
the seventh of twelve steps.

"""


def machine() -> list[Figure]:
    """How fast this machine and its Python are: the same Python built without optimisation takes half as long again."""
    took = [timeit.timeit("x += 1", "x = 0", number=ADDITIONS) * 1000 for _ in range(9)]
    return [of_runs("machine.million_additions", took, f"ms, Python {platform.python_version()}")]


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| figure | value | of runs | unit | least | goal | met | with |",
        "|---|---:|---|---|---:|---:|---|---|",
    ]
    for one in figures:
        sign = "≤" if one.better == "lower" else "≥"
        goal, least = (
            "" if bound is None else f"{sign} {bound:g}"
            for bound in (one.goal, one.goal if one.least is None else one.least)
        )
        met = {None: "", True: "yes", False: "the least" if one.enough else "**no**"}[one.met]
        spread = f"{min(one.runs):.4g} to {max(one.runs):.4g} of {len(one.runs)}" if one.runs else ""
        lines.append(
            f"| `{one.name}` | {one.value:.4g} | {spread} | {one.unit} | {least} | {goal} | {met} | {one.settings} |"
        )
    return "\n".join(lines) + "\n"


def _save(figures: list[Figure]) -> None:
    """What is known so far, for programs."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    rows = [
        {
            "name": one.name,
            "value": one.value,
            "unit": one.unit,
            "goal": one.goal,
            "met": one.met,
            "least": one.least,
            "enough": one.enough,
            "settings": one.settings,
            "runs": one.runs,
        }
        for one in figures
    ]
    (build / "bench.json").write_text(json.dumps(rows, indent=2) + "\n")


def main() -> int:
    """Run the parts that were asked for; a measure that breaks is told, and its figures are absent."""
    only = os.environ.get("ONLY", "")
    parts = {name: part for name, part in PARTS.items() if name.startswith(only)}
    if not parts:
        print(f"There is no part {only}; there is {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is measured is compiled, as what is installed is
    figures = machine()
    print(table(figures), flush=True)
    broken = 0
    for name, measures in parts.items():
        for measure in measures:
            print(f"measuring {name}: {measure.__module__}.{measure.__name__} …", flush=True)
            try:
                found = measure()
            except Exception:
                traceback.print_exc()
                broken += 1
                continue
            print(table(found), flush=True)
            figures += found
            _save(figures)
    shown = table(figures)
    print(shown)
    if not only:
        host = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        (ROOT / "docs" / "benchmarks.md").write_text(INTRODUCTION.format(machine=host) + shown)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

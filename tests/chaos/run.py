"""`make chaos`: kills the daemon over deployments and their undoing, and counts what went wrong. It must be nothing.

`make chaos KILLS=1000 SEED=7`. The last line is JSON; the exit code is 0 only if its last four numbers are 0.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from episode import Episode, Tally

from daemon.demo.stage import Rehearsal, Stage

SPEED = 3000.0
WORKERS = 2
KILLS_IN_AN_EPISODE = (4, 20)


def work(number: int, kills: int, seed: int) -> Tally:
    """One worker's share: episodes on a stage of its own until the kills are done."""
    tally = Tally()
    decisions = random.Random(f"{seed}/{number}")
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage(Path(directory) / "stage")
        subnet = 40 + number
        stage.set_up(Rehearsal(SPEED, (), seed, f"127.{subnet}.0.0/24", f"127.{subnet}.1.0/24"))
        try:
            while tally.kills.total() < kills:
                Episode(stage, decisions, tally).run(decisions.randint(*KILLS_IN_AN_EPISODE))
        except Exception:
            traceback.print_exc()
            tally.stuck.append("an episode broke off")
            print((stage.directory / "serve.log").read_text(errors="replace")[-2000:], file=sys.stderr)
        finally:
            stage.stop()
    return tally


def chaos(kills: int, seed: int, workers: int = WORKERS) -> dict[str, int]:
    """The counts of a whole run, told on the way."""
    print(
        f"seed {seed}: {kills} kills over deployments at {SPEED:g} times real time, {workers} workers",
        flush=True,
    )
    share = -(-kills // workers)
    with ProcessPoolExecutor(workers) as pool:
        tallies = list(pool.map(work, range(workers), [share] * workers, [seed] * workers))
    for title, counters in (("kills", [t.kills for t in tallies]), ("faults", [t.faults for t in tallies])):
        counted = sum(counters[1:], counters[0])
        print(f"{title}: {', '.join(f'{name} {number}' for name, number in counted.most_common())}")
    for wrong in ("leaked", "doubled", "stuck", "lost_events"):
        for tally in tallies:
            for what in getattr(tally, wrong):
                print(f"{wrong}: {what}")
    return {
        "seed": seed,
        "kills": sum(tally.kills.total() for tally in tallies),
        "faults": sum(tally.faults.total() for tally in tallies),
        "deployments": sum(tally.deployments for tally in tallies),
        "leaked": sum(len(tally.leaked) for tally in tallies),
        "doubled": sum(len(tally.doubled) for tally in tallies),
        "stuck": sum(len(tally.stuck) for tally in tallies),
        "lost_events": sum(len(tally.lost_events) for tally in tallies),
    }


def main(arguments: Sequence[str]) -> int:
    """Run as many kills as asked for."""
    kills = int(os.environ.get("KILLS") or 1000)
    seed = int(os.environ.get("SEED") or 7)
    counts = chaos(kills, seed)
    print(json.dumps(counts))
    return int(any(counts[wrong] for wrong in ("leaked", "doubled", "stuck", "lost_events")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

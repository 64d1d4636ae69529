"""`make chaos`: kills the daemon over deployments and their undoing, and counts what went wrong. It must be nothing.

`make chaos KILLS=1000 SEED=7`. The last line is JSON; the exit code is 0 only if its last four numbers are 0.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from episode import WRONGS, Episode, Tally, agenda
from forked import ForkedStage

from daemon.demo.setup import DemoOptions
from daemon.drivers import prism
from tests.loopback import address, networks

SPEED = 600.0
"""So slow that a busy machine has read a call in the 0.2 s that it may be late; at twice the speed one run of a
thousand kills on such a machine found records made twice."""
WORKERS = 2
KILLS_IN_AN_EPISODE = (8, 40)
READ_TIMEOUT = 0.4
"""Real seconds after which a call counts as lost."""
REPLAYS = 0.1
"""The chance with which a proxy sends a changing call twice. In which order the cloud checks is drawn, too."""
ENVIRON = {"NXD_IBM_READ_TIMEOUT": str(READ_TIMEOUT)}


def work(number: int, workers: int, kills: int, seed: int) -> Tally:
    """One worker's share: episodes on a stage of its own until the kills are done."""
    prism.PATIENCE = READ_TIMEOUT
    tally = Tally()
    decisions = random.Random(f"{seed}/{number}")
    pairs = agenda()
    decisions.shuffle(pairs)
    left = deque(pairs[number::workers])
    with tempfile.TemporaryDirectory() as directory:
        stage = ForkedStage(Path(directory) / "stage", ENVIRON)
        manner = {"order": "drawn", "replays": REPLAYS}
        stage.set_up(DemoOptions(SPEED, (), seed, *networks(), listen=address(), **manner))
        try:
            while tally.kills.total() < kills:
                done = tally.kills.total()
                this = min(decisions.randint(*KILLS_IN_AN_EPISODE), max(4, (kills - done) * 2 // 3))
                Episode(stage, decisions, tally, left, SPEED).run(this)
                print(
                    f"worker {number}: {tally.kills.total()} kills, {tally.deployments} deployments",
                    flush=True,
                )
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
    begun = time.monotonic()
    share = -(-kills // workers)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting = [pool.submit(work, number, workers, share, seed) for number in range(workers)]
        tallies = [one.result() for one in waiting]
    _tell(tallies, time.monotonic() - begun)
    return {
        "seed": seed,
        "kills": sum(tally.kills.total() for tally in tallies),
        "faults": sum(tally.faults.total() for tally in tallies),
        "deployments": sum(tally.deployments for tally in tallies),
        **{wrong: sum(len(getattr(tally, wrong)) for tally in tallies) for wrong in WRONGS},
    }


def _tell(tallies: Sequence[Tally], took: float) -> None:
    for title in ("kills", "faults", "verbs"):
        counted = sum((getattr(tally, title) for tally in tallies), Counter[str]())
        print(f"{title}: {', '.join(f'{name} {number}' for name, number in counted.most_common())}")
    pairs, struck = sum(tally.pairs for tally in tallies), sum(tally.struck for tally in tallies)
    print(
        f"{pairs} of {len(agenda())} pairs of a fault point and a fault; rules struck {struck} times; {took:.0f} s"
    )
    for wrong in WRONGS:
        for tally in tallies:
            for what in getattr(tally, wrong):
                print(f"{wrong}: {what}")


def main(arguments: Sequence[str]) -> int:
    """Run as many kills as asked for."""
    kills = int(os.environ.get("KILLS") or 1000)
    seed = int(os.environ.get("SEED") or 7)
    counts = chaos(kills, seed)
    print(json.dumps(counts))
    return int(any(counts[wrong] for wrong in WRONGS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

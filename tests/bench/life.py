"""A thousand nodes through their whole life in the simulated data centre, against the longest way one of them has.

The clock runs so slowly that the waiting counts, not this machine: it takes about ten minutes.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import yaml
from figures import Figure, cpu_seconds, of_runs, resident_mb

from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions

NODES = 1000
CLUSTERS = 40
SPEED = 6.0
CPU_SPEED, SHAPE_SPEED = 20.0, 30.0
ONE_SPEED = 3.0
"""Slower, because all thousand do the same in the same moment: what two cores need for that and for the simulated
world counts least."""
ROUNDS = 3
PATIENCE = 3000.0
LOOK_SECONDS = 10.0
"""Between two looks at the whole fleet: each costs the daemon 10 to 20 ms with a thousand nodes."""
IDLE_SECONDS = 20.0
NETWORKS = ("127.61.32.0/20", "127.61.48.0/20")
WIDE = {
    "NXD_LIMITS_INSTALLS": str(NODES),
    "NXD_LIMITS_STEPS": "1024",
    "NXD_RATES_VPC_PER_SECOND": "2000",
    "NXD_RATES_DNS_PER_SECOND": "500",
    "NXD_IBM_CONNECTIONS": "256",
    "NXD_POLL_SECONDS": "60",
}
"""A daemon that nothing but the outside holds up."""
PROMPT = {key: value for key, value in WIDE.items() if key != "NXD_POLL_SECONDS"}
WITH = "limits.installs 1000, limits.steps 1024, VPC 2000 and DNS 500 calls/s over 256 connections each, poll 60 s"


def spec(number: int, nodes: int) -> str:
    """One of the clusters."""
    document = yaml.safe_load((resources.files("daemon.demo") / "three-node.yaml").read_text())
    document["cluster"] = f"c{number:02d}"
    document["nodes"] = [{"name": f"n{number:02d}-{place:02d}"} for place in range(nodes)]
    ranges = {"management": [10, 1299], "ahv": [1300, 2599], "cvm": [2600, 3899], "cluster": [3900, 4000]}
    document["ibm"]["management"]["ranges"] = ranges
    document["ibm"]["workload"]["range"] = [10, 1299]
    return str(yaml.safe_dump(document))


@contextmanager
def fleet(
    speed: float,
    nodes: int,
    clusters: int,
    wide: Mapping[str, str] = WIDE,
    prepare: Callable[[Demo], None] = lambda stage: None,
) -> Iterator[tuple[Demo, float]]:
    """A rehearsal of so many nodes, and the simulated time at which they were asked for; it ends with the block.
    ``prepare`` has the stage before anything is asked for."""
    kept = dict(os.environ)
    os.environ.update(wide)
    try:
        with tempfile.TemporaryDirectory() as directory:
            stage = Demo(Path(directory) / "stage")
            stage.set_up(
                DemoOptions(speed, (), 1, *NETWORKS, quotas={"server": 2 * nodes, "record": 8 * nodes})
            )
            try:
                prepare(stage)
                with Client(stage.socket) as client:
                    begun = client.snapshot()["now"]
                    for number in range(clusters):
                        client.apply(spec(number, nodes // clusters))
                yield stage, begun
            finally:
                stage.stop()
    finally:
        os.environ.clear()
        os.environ.update(kept)


def states(stage: Demo) -> Counter[str]:
    """How many nodes are in each state."""
    with Client(stage.socket) as client:
        return Counter(node["state"] for node in client.snapshot()["nodes"])


def _all_active(stage: Demo, nodes: int, begun: float) -> float:
    """Wait until all nodes are active; the simulated seconds since ``begun`` at which the last one was."""
    ends = time.monotonic() + PATIENCE
    while (found := states(stage)) != Counter(active=nodes):
        assert time.monotonic() < ends, found
        assert not {"failed", "rollback_blocked"} & set(found), found
        time.sleep(LOOK_SECONDS)
    with Client(stage.socket) as client:
        return max(node["since"] for node in client.snapshot()["nodes"]) - begun


def _ideal(stage: Demo, nodes: int) -> float:
    """The sum of outside times on the longest way of a cluster of so many nodes, in simulated seconds."""
    with urllib.request.urlopen(f"{stage.urls()['control_url']}/critical-path?nodes={nodes}") as answer:
        return float(json.load(answer)["seconds"])


def _life_cpu(nodes: int, clusters: int, speed: float = SHAPE_SPEED) -> tuple[float, float]:
    """CPU of the daemon for each node's life in ms, and its memory right after them in MB."""
    with fleet(speed, nodes, clusters) as (stage, begun):
        pid = stage.processes()["serve"]
        _all_active(stage, nodes, begun)
        return cpu_seconds(pid) / nodes * 1000, resident_mb(pid)


def shapes() -> list[Figure]:
    """J: a node costs the same in one cluster of 400 as in sixteen of 25."""
    runs = [[_life_cpu(400, clusters) for clusters in (1, 16)] for _ in range(ROUNDS)]
    one, many = ([run[side][0] for run in runs] for side in (0, 1))
    ratio = [a / b for a, b in zip(one, many, strict=True)]
    settings = f"400 nodes, speed {SHAPE_SPEED:g}, {WITH}"
    return [
        of_runs("engine.life_cpu_one_of_400", one, "ms for each node's life", None, settings),
        of_runs("engine.life_cpu_16_of_25", many, "ms for each node's life", None, settings),
        of_runs("engine.life_cpu_one_over_many", ratio, "ratio", 1.1, settings),
    ]


def thousand() -> list[Figure]:
    """J: what a thousand lives cost."""
    used, memory = zip(*(_life_cpu(NODES, CLUSTERS, CPU_SPEED) for _ in range(ROUNDS)), strict=True)
    settings = f"{CLUSTERS} clusters of {NODES // CLUSTERS}, speed {CPU_SPEED:g}, {WITH}"
    return [
        of_runs("engine.thousand_cpu", used, "ms for each node's life", 60.0, settings),
        of_runs("engine.thousand_memory", memory, "MB, right after all lives", 200.0, settings),
    ]


def one_cluster() -> list[Figure]:
    """J: a thousand nodes in one cluster, against the longest way of that cluster; one run, because of its length."""
    with fleet(ONE_SPEED, NODES, 1, PROMPT) as (stage, begun):
        taken = _all_active(stage, NODES, begun)
        ratio = taken / _ideal(stage, NODES)
    settings = f"{NODES} nodes in one cluster, speed {ONE_SPEED:g}, {WITH.replace('poll 60 s', 'poll 10 s')}"
    return [Figure("engine.one_cluster_over_critical_path", ratio, "ratio", 1.1, settings=settings)]


def life() -> list[Figure]:
    """From forty specs to a thousand active nodes; one run, because of its length."""
    with fleet(SPEED, NODES, CLUSTERS) as (stage, begun):
        taken = _all_active(stage, NODES, begun)
        used = cpu_seconds(stage.processes()["serve"])
        idle = _idle(stage)
        ideal = _ideal(stage, NODES // CLUSTERS)
    with_ = {"settings": f"{CLUSTERS} clusters of {NODES // CLUSTERS}, speed {SPEED:g}, {WITH}"}
    return [
        Figure("engine.thousand_taken", taken, "s simulated", **with_),
        Figure("engine.thousand_over_critical_path", taken / ideal, "ratio", 1.2, **with_),
        Figure("engine.thousand_cpu_slow_clock", used / NODES * 1000, "ms for each node's life", **with_),
        Figure("engine.idle_thousand_memory", idle[0], "MB, started anew, SDK not loaded", 150, **with_),
        Figure("engine.idle_thousand_cpu", idle[1], "% of a core, started anew", 5, **with_),
    ]


def _idle(stage: Demo) -> tuple[float, float]:
    """Resident memory (MB) and load (% of a core) of a daemon that was started anew and has nothing to do."""
    stage.stop_daemon()
    stage.start_daemon()
    pid = stage.processes()["serve"]
    time.sleep(IDLE_SECONDS)
    begun = cpu_seconds(pid)
    time.sleep(IDLE_SECONDS)
    return resident_mb(pid), (cpu_seconds(pid) - begun) / IDLE_SECONDS * 100

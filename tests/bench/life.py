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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import yaml
from figures import Figure, cpu_seconds, resident_mb

from daemon.client import Client
from daemon.demo.stage import Rehearsal, Stage

NODES = 1000
CLUSTERS = 40
SPEED = 6.0
PATIENCE = 3000.0
IDLE_SECONDS = 20.0
NETWORKS = ("127.61.32.0/20", "127.61.48.0/20")
WIDE = {
    "NXD_LIMITS_INSTALLS": str(NODES),
    "NXD_LIMITS_STEPS": "1024",
    "NXD_RATES_VPC_PER_SECOND": "2000",
    "NXD_RATES_DNS_PER_SECOND": "500",
    "NXD_POLL_SECONDS": "60",
}
"""A daemon that nothing but the outside holds up."""


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
def fleet(speed: float, nodes: int, clusters: int, wide: Mapping[str, str] = WIDE) -> Iterator[Stage]:
    """A rehearsal of so many nodes that were just asked for; it ends with the block."""
    kept = dict(os.environ)
    os.environ.update(wide)
    try:
        with tempfile.TemporaryDirectory() as directory:
            stage = Stage(Path(directory) / "stage")
            stage.set_up(
                Rehearsal(speed, (), 1, *NETWORKS, quotas={"server": 2 * nodes, "record": 8 * nodes})
            )
            try:
                with Client(stage.socket) as client:
                    for number in range(clusters):
                        client.apply(spec(number, nodes // clusters))
                yield stage
            finally:
                stage.stop()
    finally:
        os.environ.clear()
        os.environ.update(kept)


def states(stage: Stage) -> Counter[str]:
    """How many nodes are in each state."""
    with Client(stage.socket) as client:
        return Counter(node["state"] for node in client.snapshot()["nodes"])


def life() -> list[Figure]:
    """From forty specs to a thousand active nodes; one run, because of its length."""
    begun = time.monotonic()
    with fleet(SPEED, NODES, CLUSTERS) as stage:
        pid = stage.processes()["serve"]
        while (found := states(stage)) != Counter(active=NODES):
            assert time.monotonic() - begun < PATIENCE, found
            assert not {"failed", "rollback_blocked"} & set(found), found
            time.sleep(2)
        taken = time.monotonic() - begun
        used, memory = cpu_seconds(pid), resident_mb(pid)
        idle = _idle(stage)
        url = f"{stage.urls()['control_url']}/critical-path?nodes={NODES // CLUSTERS}"
        with urllib.request.urlopen(url) as answer:
            ideal = float(json.load(answer)["seconds"])
    return [
        Figure("engine.thousand_taken", taken * SPEED, f"s simulated, {NODES} nodes at speed {SPEED:g}"),
        Figure("engine.thousand_over_critical_path", taken * SPEED / ideal, "ratio", 1.2),
        Figure("engine.thousand_cpu", used / NODES * 1000, "ms of the daemon for each node's life"),
        Figure("engine.thousand_memory", memory, f"MB, after the lives of {NODES} nodes"),
        Figure("engine.idle_thousand_memory", idle[0], f"MB, {NODES} active nodes", 150),
        Figure("engine.idle_thousand_cpu", idle[1], f"% of a core, {NODES} active nodes", 5),
    ]


def _idle(stage: Stage) -> tuple[float, float]:
    """Resident memory (MB) and load (% of a core) of a daemon that was started anew and has nothing to do."""
    stage.stop_daemon()
    stage.start_daemon()
    pid = stage.processes()["serve"]
    time.sleep(IDLE_SECONDS)
    begun = cpu_seconds(pid)
    time.sleep(IDLE_SECONDS)
    return resident_mb(pid), (cpu_seconds(pid) - begun) / IDLE_SECONDS * 100

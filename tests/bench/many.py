"""Ten thousand active nodes in a real daemon: what they cost while nothing happens.

They are written into its database as a deployment leaves them: 25 clusters of 400, each node with its addresses,
names, interfaces and server in the ledger.
"""

from __future__ import annotations

import asyncio
import time
from importlib import resources
from pathlib import Path
from typing import Any

import life
from figures import Figure, cpu_seconds, of_runs, resident_mb
from whole import stage

from daemon.client import Client, DaemonRefused
from daemon.demo.setup import Demo
from daemon.platforms import spec_model, states
from daemon.platforms.ibm_nutanix import planned
from daemon.platforms.ibm_nutanix.names import Names
from daemon.spec.reading import load_spec
from daemon.store.ops import Op, PutRecord, PutResource, Resource
from daemon.store.sqlite import SqliteStore
from state_machines.record import Record

CLUSTERS, NODES = 25, 400
IDLE_SECONDS = 15.0
ROUNDS = 3


def _spec(number: int) -> dict[str, Any]:
    """A spec as the records keep it."""
    spec = load_spec(life.spec(number, NODES), "spec", spec_model, states)
    return {**spec.model_dump(mode="json"), "deadlines": {}}


def _cluster(number: int, now: float) -> list[Op]:
    """A cluster as it stands when it is active."""
    spec = _spec(number)
    name = str(spec["cluster"])
    facts = {
        "formed": True,
        "secured": True,
        "member": True,
        "round": 1,
        "pin": "ab" * 32,
        "factory_login": 1,
    }
    ops: list[Op] = [
        PutRecord(
            Record(seed.name, seed.kind.name, name, "active", now, version=1, spec=seed.spec, facts=facts)
        )
        for seed in planned.seeds(spec)
    ]
    for place, one in enumerate(planned.objects(Names("demo"), spec)):
        data = {
            "address": f"10.{number}.{place // 256}.{place % 256}",
            "role": "cvm",
            "attempt": 1,
            "sent_at": now,
        }
        row = Resource(one.owner, name, one.kind, one.name, "present", f"0717-{name}-{place}", 1, data)
        ops.append(PutResource(row))
    return ops


async def _fill(directory: Path) -> None:
    store = SqliteStore(directory / "nxd.db", "bench")
    await store.open()
    lease = await store.acquire("bench")
    for number in range(CLUSTERS):
        await store.commit(lease, _cluster(number, time.time()))
    await store.close()


def _one() -> tuple[float, float, float]:
    """Resident MB before and after the first call to the cloud, and the share of a core."""
    with stage(1.0) as one:
        one.stop_daemon()
        asyncio.run(_fill(one.directory / "state"))
        one.start_daemon()
        pid = one.processes()["serve"]
        time.sleep(2.0)
        bare = resident_mb(pid)
        _load_sdk(one)
        begun = cpu_seconds(pid)
        time.sleep(IDLE_SECONDS)
        return bare, resident_mb(pid), (cpu_seconds(pid) - begun) / IDLE_SECONDS * 100


def _load_sdk(one: Demo) -> None:
    """Have the daemon look at the cloud once."""
    text = (
        (resources.files("daemon.demo") / "three-node.yaml")
        .read_text()
        .replace("cluster: demo", "cluster: more")
    )
    with Client(one.socket) as client:
        try:
            client.preflight(text.replace("name: node", "name: other"))
        except DaemonRefused as refused:
            print(f"the preflight was refused: {refused}")


def active() -> list[Figure]:
    """J: ten thousand active nodes."""
    bare, loaded, used = zip(*(_one() for _ in range(ROUNDS)), strict=True)
    total = f"{CLUSTERS} clusters of {NODES}"
    return [
        of_runs("engine.active_10000_memory", bare, "MB", 300.0, f"{total}, SDK not loaded"),
        of_runs("engine.active_10000_memory_sdk", loaded, "MB", 300.0, f"{total}, SDK loaded"),
        of_runs("engine.active_10000_cpu", used, "% of a core", 2.0, f"{total}, nothing happens"),
    ]

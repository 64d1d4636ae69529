"""The whole job: a deployment against the simulated world, and the daemon and commands around it."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from figures import Figure, python, resident_mb, side_by_side, wall

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client, DaemonUnreachable
from daemon.demo.setup import Demo, DemoOptions

FAST = 20_000.0
"""A speed at which an hour outside passes in a fifth of a second."""
PROPORTIONATE = 120.0
"""A speed at which the seconds of work of this machine, which no clock hastens, weigh little against the waiting."""
NXD = [sys.executable, "-m", "daemon.cli"]
SDKS = ("ibm_vpc", "ibm_cloud_networking_services", "ibm_cloud_sdk_core")
SUBNETS = ("127.27.0.0/24", "127.27.1.0/24")


@contextmanager
def stage(speed: float) -> Iterator[Demo]:
    """A rehearsal that ends with the block."""
    with tempfile.TemporaryDirectory() as directory:
        one = Demo(Path(directory) / "stage")
        one.set_up(DemoOptions(speed, (), 1, *SUBNETS))
        try:
            yield one
        finally:
            one.stop()


def deploy(one: Demo) -> float:
    """Real seconds from the spec to the active cluster."""
    text = (resources.files("daemon.demo") / "three-node.yaml").read_text()
    begun = time.perf_counter()
    with Client(one.socket) as client:
        client.apply(text)
    code = wait_for(one.socket, "demo", "active", 300, PlainLines("demo", lambda line: None))
    assert code == 0, "the deployment failed"
    return time.perf_counter() - begun


def critical_path(one: Demo) -> float:
    """The sum of simulated outside times on the critical path of three nodes, in simulated seconds."""
    url = one.urls()["control_url"] + "/critical-path?nodes=3"
    with urllib.request.urlopen(url) as answer:
        return float(json.load(answer)["seconds"])


def demo() -> list[Figure]:
    """How much of a deployment's time is ours."""
    fast = []
    for _ in range(3):
        with stage(FAST) as one:
            fast.append(deploy(one))
            outside = critical_path(one)
    with stage(PROPORTIONATE) as one:
        slow = deploy(one) * PROPORTIONATE
    own = statistics.median(fast)
    return [
        Figure("engine.demo_outside_time", outside, "s simulated"),
        Figure("engine.demo_own_time", own, "s"),
        Figure("engine.demo_own_over_outside", own / outside, "ratio", 0.01),
        Figure(
            "engine.demo_wall_over_critical_path", slow / outside, f"ratio at speed {PROPORTIONATE:g}", 1.2
        ),
    ]


def daemon() -> list[Figure]:
    """Start, memory, and the commands that are typed most."""
    with stage(PROPORTIONATE) as one:
        memory = resident_mb(one.processes()["serve"])
        environ = {"NXD_CONFIG": str(one.config)}
        status, bare = side_by_side(
            lambda: wall([*NXD, "status"], environ), lambda: wall(python("import httpx"))
        )
        one.stop_daemon()
        sdk = _sdk_modules(one)
        started, imported = side_by_side(
            lambda: _start(one), lambda: wall(python("import aiohttp.web, sqlite3"))
        )
    help_, interpreter = side_by_side(lambda: wall([*NXD, "--help"]), lambda: wall(python("import click")))
    return [
        Figure("api.start_to_first_answer", started * 1000, "ms"),
        Figure(
            "api.start_over_import", started / imported, "x import aiohttp.web, sqlite3", 1.5, "lower", 2.5
        ),
        Figure("api.sdk_modules_at_start", sdk, "modules of the cloud's SDKs loaded", 0),
        Figure("engine.idle_memory", memory, "MB", 150),
        Figure("api.help_wall", help_ * 1000, "ms"),
        Figure("api.help_over_import", help_ / interpreter, "x import click", 1.5),
        Figure("api.status_wall", status * 1000, "ms"),
        Figure("api.status_over_import", status / bare, "x import httpx", 2.5),
    ]


def _sdk_modules(one: Demo) -> int:
    """How many modules of an SDK a daemon has imported when it first answers, as the interpreter itself tells."""
    os.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    try:
        _start(one)
    finally:
        del os.environ["PYTHONPROFILEIMPORTTIME"]
    told = (one.directory / "serve.log").read_text()
    assert "import time:" in told
    return sum(line.rpartition("|")[2].strip().startswith(SDKS) for line in told.splitlines())


def _start(one: Demo) -> float:
    """Real seconds from exec to the first answer on the socket."""
    begun = time.perf_counter()
    child = one.spawn_daemon()
    while True:
        try:
            with Client(one.socket) as client:
                client.health()
            break
        except DaemonUnreachable:
            assert child.poll() is None, "the daemon did not start"
            time.sleep(0.002)
    taken = time.perf_counter() - begun
    one.stop_daemon()
    return taken

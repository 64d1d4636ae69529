"""Other engines doing the same, each installed into an environment of its own under build/ when it is measured."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import ironic_life
from engine import NODES
from figures import Figure
from life import WITH, fleet, states
from restart import killed, one_restart, until_told
from toy import HALF, STEPS, seconds

HOME = Path(__file__).parents[2] / "build" / "peers"
PEERS = {"dbos": "dbos==3.4.0", "ironic": "ironic==39.0.0"}
ROUNDS = 3
WORKFLOWS = 100
RECOVERED = 1000
ENROLLED = 40
TOGETHER = 4
"""Nodes of one cluster, where they are deployed by the whole daemon."""
FASTEST = 5_000.0
"""A speed at which nothing outside takes time that counts."""
LIFE = str(Path(__file__).with_name("dbos_life.py"))


def binaries(name: str) -> Path | None:
    """Where a peer's programs are; None, and a word why, when it cannot be had here."""
    home = HOME / name
    if not (home / "ready").exists():
        pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in ([sys.executable, "-m", "venv", home], [*pip, PEERS[name]]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name} cannot be had here, so its figures are absent: {done.stderr.strip()[-200:]}")
                return None
        (home / "ready").touch()
    return home / "bin"


def nginx() -> Path | None:
    """nginx's program, out of the package of the system without installing it; None, and a word why, when it cannot
    be had here."""
    home = HOME / "nginx"
    binary = home / "usr" / "sbin" / "nginx"
    if not binary.exists():
        home.mkdir(parents=True, exist_ok=True)
        unpack = "apt-get download -q nginx && dpkg -x nginx_*.deb . && usr/sbin/nginx -v"
        done = subprocess.run(["sh", "-c", unpack], cwd=home, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"nginx cannot be had here, so its figures are absent: {done.stderr.strip()[-200:]}")
            return None
    return binary


def _ours(nodes: int) -> float:
    """Durable steps a second."""
    with tempfile.TemporaryDirectory() as name:
        return nodes * STEPS / asyncio.run(seconds(Path(name), nodes))


def _dbos_steps(python: Path) -> float:
    with tempfile.TemporaryDirectory() as name:
        command = [python, LIFE, "steps", f"{name}/dbos.db", str(WORKFLOWS), str(STEPS)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return WORKFLOWS * STEPS / float(told)


def _dbos_recovery(python: Path) -> float:
    with tempfile.TemporaryDirectory() as name:
        arguments = [f"{name}/dbos.db", str(RECOVERED), str(HALF)]
        first, _ = until_told([python, LIFE, "hang", *arguments])
        killed(first)
        second, taken = until_told([python, LIFE, "recover", *arguments])
        killed(second)
    return taken


def dbos() -> list[Figure]:
    """G1b and G4b: DBOS on SQLite (WAL)."""
    home = binaries("dbos")
    if home is None:
        return []
    python = home / "python"
    rates = [(_ours(NODES), _dbos_steps(python)) for _ in range(ROUNDS)]
    times = [(one_restart(RECOVERED), _dbos_recovery(python)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
    rearmed, recovered = (statistics.median(column) for column in zip(*times, strict=True))
    return [
        Figure("engine.dbos_steps_per_second", theirs, "steps/s"),
        Figure("engine.steps_over_dbos", ours / theirs, "x DBOS on SQLite (WAL)", 100.0, "higher", 30.0),
        Figure(f"engine.dbos_recovered_{RECOVERED}", recovered, "s"),
        Figure(
            f"engine.rearmed_{RECOVERED}_over_dbos",
            rearmed / recovered,
            "x DBOS's recovery",
            0.01,
            "lower",
            0.025,
        ),
    ]


def ironic() -> list[Figure]:
    """Nodes a minute through all their states, with nothing outside that takes time, on both sides."""
    home = binaries("ironic")
    if home is None:
        return []
    rows = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            theirs = ironic_life.seconds(home, Path(name), ENROLLED)
        rows.append((_ours(NODES) / STEPS * 60, ENROLLED / theirs * 60, _deployed(ENROLLED)))
    ours, theirs, whole = (statistics.median(column) for column in zip(*rows, strict=True))
    ratios = tuple(row[2] / row[1] for row in rows)
    settings = f"{ENROLLED} nodes in clusters of {TOGETHER}, speed {FASTEST:g}, {WITH}"
    return [
        Figure("engine.lives_per_minute", ours, f"nodes of {STEPS} steps/min"),
        Figure("engine.ironic_lives_per_minute", theirs, "nodes/min, enrolment to active"),
        Figure(
            "engine.lives_over_ironic",
            ours / theirs,
            "x Ironic's fake-hardware",
            1.0,
            "higher",
            settings="an engine without an API against a REST service",
        ),
        Figure("api.lives_per_minute", whole, "nodes/min, apply to active", settings=settings),
        Figure(
            "api.lives_over_ironic",
            statistics.median(ratios),
            "x Ironic's fake-hardware",
            1.0,
            "higher",
            settings=f"both over their API; ours with {settings}",
            runs=ratios,
        ),
    ]


def _deployed(nodes: int) -> float:
    """Nodes a minute of the whole daemon: over its API, with its boot server and the simulated cloud behind it."""
    with fleet(FASTEST, nodes, nodes // TOGETHER) as (stage, _):
        begun = time.monotonic()
        while states(stage) != Counter(active=nodes):
            assert time.monotonic() - begun < 300, states(stage)
            time.sleep(0.1)
        return nodes / (time.monotonic() - begun) * 60

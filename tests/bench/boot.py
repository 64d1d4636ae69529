"""The boot server of the whole daemon beside nginx: images to many machines, and a thousand that boot in one second.

The machines are curl for images, each a process with an address of its own, and `boot_machines.py` for scripts; the
simulated ones stand still before their script.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from figures import RUNS, Figure, cpu_seconds, of_runs, percentile, resident_mb
from life import PROMPT, fleet, states
from peers import nginx
from whole import NXD

from daemon.client import Client
from daemon.demo.setup import Demo
from daemon.host.state_dir import KEY
from daemon.secrets.box import SecretBox

NODES, CLUSTERS = 1000, 40
SPEED = 20.0
IMAGE = "initrd-foundation.img"
IMAGE_MB = 96
TIMES = {1: 16, 16: 2, 64: 1}
"""Clients at once → how often each gets the image."""
SERVED = 16
WITHIN = 1.0
PATIENCE = 600.0
STANDING = {"trigger": "machine boot", "action": "never", "count": None}
WIDE = {**PROMPT, "NXD_POLL_SECONDS": "300", "NXD_DEADLINES_FACTOR": "1000"}
HERE = Path(__file__).parent


@dataclass
class Side:
    """One of the two servers."""

    url: str
    pids: Sequence[int]
    rates: dict[int, list[float]] = field(default_factory=dict)
    work: dict[int, list[float]] = field(default_factory=dict)


@dataclass
class Fleet:
    """The machines that wait for their boot script."""

    stage: Demo
    addresses: list[str]
    tokens: list[tuple[str, str]]
    """Name and token, in the order of the addresses."""
    boot_port: int
    config_port: int

    @property
    def pid(self) -> int:
        return self.stage.processes()["serve"]


def boot() -> list[Figure]:
    """All figures of the boot server, each of three runs in turns."""
    binary = nginx()
    with _waiting() as machines, tempfile.TemporaryDirectory(prefix="nx") as directory:
        ours = Side(f"http://127.0.0.1:{machines.boot_port}/pxe/images/{IMAGE}", [machines.pid])
        figures: list[Figure] = []
        _until_served(ours.url, machines.addresses[0])
        if binary is not None:
            with _nginx(binary, Path(directory), machines.stage.directory / "images" / IMAGE) as theirs:
                figures += _beside(machines, ours, theirs)
        return figures + _storms(machines, ours)


@contextmanager
def _waiting() -> Iterator[Fleet]:
    """A thousand nodes whose machines may boot, and an image of some size."""
    with fleet(SPEED, NODES, CLUSTERS, WIDE, _prepare) as (stage, _):
        ends = time.monotonic() + PATIENCE
        while states(stage)["awaiting_boot"] < NODES:
            assert time.monotonic() < ends, states(stage)
            time.sleep(2.0)
        with Client(stage.socket) as client:
            nodes = sorted(client.snapshot()["nodes"], key=lambda node: str(node["name"]))
        settings = yaml.safe_load(stage.config.read_text())
        ports = [int(settings[one]["listen"].rpartition(":")[2]) for one in ("boot", "config")]
        yield Fleet(stage, [_address(node) for node in nodes], _tokens(stage, nodes), *ports)


def _address(node: object) -> str:
    assert isinstance(node, dict)
    return str(node["addresses"]["mgmt"])


def _tokens(stage: Demo, nodes: Sequence[object]) -> list[tuple[str, str]]:
    """What stands in the user data of each server, which no cloud gives back."""
    box = SecretBox.at(stage.directory / "state" / KEY, False, [])
    with sqlite3.connect(f"file:{stage.directory / 'state' / 'nxd.db'}?mode=ro", uri=True) as database:
        sealed = dict(database.execute("SELECT name, sealed FROM secrets"))
    names = [str(node["name"]) for node in nodes if isinstance(node, dict)]
    return [(name, box.open(sealed[f"{name}/boot_token"])) for name in names]


def _prepare(stage: Demo) -> None:
    """Let no machine boot by itself, and put an image of some size where the small one is."""
    rules = json.dumps({"rules": [STANDING]}).encode()
    urllib.request.urlopen(f"{stage.urls()['control_url']}/faults", rules).close()
    stage.stop_daemon()
    made = stage.directory / "made"
    with made.open("wb") as file:
        for _ in range(IMAGE_MB):
            file.write(secrets.token_bytes(1 << 20))
    environ = {**os.environ, "NXD_CONFIG": str(stage.config)}
    subprocess.run([*NXD, "images", "add", IMAGE, made, "--replace"], check=True, env=environ)
    stage.start_daemon()
    ends = time.monotonic() + PATIENCE
    with Client(stage.socket) as client:  # who asks while images are being read waits for the next look
        while client.health().get("problems"):
            assert time.monotonic() < ends, client.health()
            time.sleep(0.5)


@contextmanager
def _nginx(binary: Path, directory: Path, image: Path) -> Iterator[Side]:
    """nginx as its package configures it for files, as nobody, with everything of its own in this directory."""
    directory.chmod(0o755)
    shutil.copy(binary, directory / "nginx")
    shutil.copy(image, directory / IMAGE)
    (directory / IMAGE).chmod(0o644)
    (directory / "own").mkdir(mode=0o777)
    (directory / "own").chmod(0o777)
    own, port = directory / "own", 18080
    paths = "".join(
        f"{name}_temp_path {own}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (directory / "nginx.conf").write_text(
        f"worker_processes auto; daemon off; pid {own}/pid; error_log {own}/log;\n"
        "events { worker_connections 768; }\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; {paths}\n"
        f"server {{ listen 127.0.0.1:{port}; root {directory}; }} }}\n"
    )
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    child = subprocess.Popen(
        [directory / "nginx", "-c", directory / "nginx.conf", "-e", own / "log"],
        stderr=subprocess.DEVNULL,
        **nobody,  # type: ignore[call-overload]
    )
    try:
        url = f"http://127.0.0.1:{port}/{IMAGE}"
        _until_served(url, "127.0.0.1")
        workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        yield Side(url, [child.pid, *map(int, workers)])
    finally:
        child.terminate()
        child.wait(30)


def _until_served(url: str, source: str) -> None:
    """Wait until the image is there; a daemon looks at new ones now and then."""
    ends = time.monotonic() + PATIENCE
    head = ["curl", "-sf", "--head", "-o", "/dev/null", "--interface", source, url]
    while subprocess.run(head, check=False).returncode:
        assert time.monotonic() < ends, f"{url} is not served"
        time.sleep(0.2)


def _curl(url: str, source: str, times: int, *more: str) -> subprocess.Popen[bytes]:
    targets = [part for _ in range(times) for part in (url, "-o", "/dev/null")]
    return subprocess.Popen(["curl", "-sS", "--fail", "--interface", source, *more, *targets])


def _transfer(side: Side, addresses: Sequence[str], clients: int) -> None:
    """So many machines get the image at once; what it gave and what it cost."""
    used, begun = sum(map(cpu_seconds, side.pids)), time.perf_counter()
    running = [_curl(side.url, addresses[number], TIMES[clients]) for number in range(clients)]
    codes = [one.wait() for one in running]
    taken, used = time.perf_counter() - begun, sum(map(cpu_seconds, side.pids)) - used
    assert not any(codes), codes
    amount = clients * TIMES[clients] * IMAGE_MB
    side.rates.setdefault(clients, []).append(amount / taken)
    side.work.setdefault(clients, []).append(used / (amount / 1024))


def _beside(machines: Fleet, ours: Side, theirs: Side) -> list[Figure]:
    memory = resident_mb(machines.pid)
    for run in range(RUNS):
        for clients in TIMES:
            for side in (ours, theirs) if run % 2 else (theirs, ours):
                _transfer(side, machines.addresses, clients)
    grown = resident_mb(machines.pid) - memory
    passed = RUNS * sum(clients * times for clients, times in TIMES.items()) * IMAGE_MB / 1024
    figures = []
    for clients in TIMES:
        settings = (
            f"{clients} curl, an image of {IMAGE_MB} MiB in memory, nginx 1.22 with a worker for each core"
        )
        ratios = [a / b for a, b in zip(ours.rates[clients], theirs.rates[clients], strict=True)]
        work = [a / b for a, b in zip(ours.work[clients], theirs.work[clients], strict=True)]
        figures += [
            of_runs(f"boot.image_rate_{clients}", ours.rates[clients], "MiB/s", None, settings),
            Figure(
                f"boot.image_rate_{clients}_over_nginx",
                statistics.median(ratios),
                "x nginx",
                0.95,
                "higher",
                settings=settings,
                runs=tuple(ratios),
            ),
            of_runs(f"boot.image_cpu_{clients}", ours.work[clients], "s of CPU for each GiB", None, settings),
            of_runs(f"boot.image_cpu_{clients}_over_nginx", work, "x nginx", 1.3, settings),
        ]
    return [*figures, Figure("boot.memory_grown", grown, f"MB after {passed:.0f} GiB of images", 10.0)]


def _storms(machines: Fleet, ours: Side) -> list[Figure]:
    """A thousand machines within a second: with nothing else, while images are served, and served at a rate that a
    network of 10 Gbit/s has."""
    figures = []
    for name, limit in (("alone", None), ("at_10_gbit", "75M"), ("at_full_speed", "")):
        runs = [_storm(machines, ours, limit) for _ in range(RUNS)]
        scripts, configs, lost, silent = zip(*runs, strict=True)
        meanwhile = "no image" if limit is None else f"{SERVED} images being served"
        settings = f"{NODES} machines within {WITHIN:g} s, {meanwhile}" + (
            f", each with {limit}B/s" if limit else ""
        )
        figures += [
            of_runs(f"boot.script_p99_{name}", scripts, "ms", 50.0, settings),
            of_runs(f"boot.config_p99_{name}", configs, "ms", None, settings),
            of_runs(f"boot.lost_{name}", lost, "answers", 0.0, settings),
            of_runs(f"boot.healthz_silent_{name}", silent, "ms at most", 100.0, settings),
        ]
    return figures


def _storm(machines: Fleet, ours: Side, limit: str | None) -> tuple[float, float, float, float]:
    """The 99th percentile of scripts and configurations (ms), how many were lost, and how long the API was silent."""
    rate = ["--limit-rate", limit] if limit else []
    downloads = (
        []
        if limit is None
        else [_curl(ours.url, machines.addresses[number], 400, *rate) for number in range(SERVED)]
    )
    watch = subprocess.Popen(
        [sys.executable, HERE / "boot_health.py", machines.stage.socket],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        time.sleep(1.0)
        asked = [
            [address, machines.boot_port, f"/boot/ipxe/{name}?token={token}"]
            for address, (name, token) in zip(machines.addresses, machines.tokens, strict=True)
        ]
        given = {"machines": asked, "config_port": machines.config_port, "within": WITHIN}
        told = subprocess.run(
            [sys.executable, HERE / "boot_machines.py"],
            input=json.dumps(given).encode(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        assert all(one.poll() is None for one in downloads), (
            "the images were over before the machines were answered"
        )
    finally:
        for one in downloads:
            one.kill()
            one.wait()
        silent, _ = watch.communicate()
    found = json.loads(told)
    return (
        percentile(found["script"], 99),
        percentile(found["config"], 99),
        float(found["lost"]),
        float(silent),
    )

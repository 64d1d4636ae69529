"""Whatever strangers do at the boot ports, the people at the socket are served."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.client import Client

IDLE = 1100
"""Idle connections: more than the file descriptors that a process gets at first."""


def start(place: Any, soft: int, hard: int) -> subprocess.Popen[str]:
    """The daemon, with so many file descriptors at first and at most."""
    program = (
        "import resource, sys; "
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard})); "
        "from daemon.cli import main; sys.argv[1:] = ['serve']; main()"
    )
    with (place.directory / "serve.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-c", program],
            env=place.environ(),
            stdin=subprocess.DEVNULL,
            stderr=log,
            text=True,
        )
    place.children.append(child)
    until = time.monotonic() + 30
    while True:
        assert child.poll() is None, (place.directory / "serve.log").read_text()
        with contextlib.suppress(Exception), Client(place.socket) as client:
            client.health()
            return child
        assert time.monotonic() < until
        time.sleep(0.05)


def knock(stack: contextlib.ExitStack, port: int, sources: list[str]) -> None:
    """One connection from each of these addresses, which says nothing."""
    for source in sources:
        one = stack.enter_context(socket.socket())
        one.settimeout(2)
        one.bind((source, 0))
        with contextlib.suppress(OSError):
            one.connect(("127.0.0.1", port))


@pytest.mark.parametrize("hard", [1024, 4096])
@pytest.mark.parametrize("many", [False, True], ids=["one source", "many sources"])
def test_idle_connections_leave_the_socket_and_the_machines_alone(place: Any, hard: int, many: bool) -> None:
    start(place, 1024, hard)
    port = int(place.settings["boot"]["listen"].rpartition(":")[2])
    sources = [f"127.40.{n // 200}.{n % 200 + 1}" if many else "127.40.0.1" for n in range(IDLE)]
    with contextlib.ExitStack() as stack, Client(place.socket) as client:
        knock(stack, port, sources)
        slowest = 0.0
        for _ in range(20):
            asked = time.monotonic()
            assert client.health()["ok"] is True
            slowest = max(slowest, time.monotonic() - asked)
        assert slowest < 1.0
        assert place.run("status").code == 0
        if not many:
            assert b"200 OK" in ask(port)
    said = (place.directory / "serve.log").read_text()
    assert "Traceback" not in said and "Too many open files" not in said
    assert len(said.splitlines()) < 30, said


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 2) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return one.recv(1000)


def test_a_locked_database_is_seen_while_nobody_works(place: Any) -> None:
    place.serve()
    database = Path(place.settings["state_dir"]) / "nxd.db"
    with Client(place.socket) as client:
        assert client.health()["ok"] is True
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(4):
                health = client.health()
                (said,) = health["problems"]
                assert health["ok"] is False and f": process {os.getpid()} (" in said, said
                assert ". database is locked" not in said and "nxd goes on by itself" in said
            until = time.monotonic() + 20
            while "lock of the database" not in (place.directory / "serve.log").read_text():
                assert time.monotonic() < until
                time.sleep(0.2)
            other.execute("ROLLBACK")
        until = time.monotonic() + 20
        while not client.health()["ok"]:
            assert time.monotonic() < until
            time.sleep(0.2)
    said = (place.directory / "serve.log").read_text()
    assert "process " in said and "disk" not in said, said


def test_the_metrics_of_the_daemon_show_the_configuration_port_too(place: Any) -> None:
    place.serve()
    ports = [int(place.settings[name]["listen"].rpartition(":")[2]) for name in ("boot", "config")]
    assert b"200 OK" in ask(ports[1])
    with socket.create_connection(("127.0.0.1", ports[0]), 2) as one:
        one.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: one.recv(4096), b"")).decode()
    head, _, page = text.partition("\r\n\r\n")
    assert "text/plain; version=" in head, head
    families = {family.name: family for family in text_string_to_metric_families(page)}
    counted = {
        (one.name, *sorted(one.labels.items())): one.value for one in families["nxd_boot_requests"].samples
    }
    assert counted["nxd_boot_requests_total", ("route", "/healthz"), ("status", "200")] == 1, page
    assert families.keys() >= {
        "nxd_records",
        "nxd_step_seconds",
        "nxd_turns_waiting",
        "process_cpu_seconds",
    }, page

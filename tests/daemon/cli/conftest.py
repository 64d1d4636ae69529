"""The command as a person runs it, in a process of its own, and a daemon that reaches no cloud."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from oracle import broken

from daemon.client import Client, DaemonUnreachable
from tests import commands
from tests.loopback import free_ports

ROOT = Path(__file__).parents[3]
PATIENCE = 30.0


@dataclass
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    def refused_with(self, code: int, *words: str) -> None:
        """It ended with this code and one clear sentence that holds these words, and nothing broke open."""
        assert (self.code, "Traceback" in self.err) == (code, False), self
        sentence = self.err.strip()
        assert sentence and len(sentence) < 2000, self
        for word in words:
            assert word in sentence, self


@dataclass
class Place:
    """A directory with settings in it, and the processes that were started there."""

    directory: Path
    settings: dict[str, Any]
    children: list[commands.Process] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.directory / "nxd.yaml"

    @property
    def socket(self) -> Path:
        return Path(self.settings["socket"])

    def write(self, **changes: Any) -> None:
        self.settings.update(changes)
        given = {key: value for key, value in self.settings.items() if value is not None}
        self.config.write_text(yaml.safe_dump(given, sort_keys=False))

    def environ(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("NXD_")}
        return {**clean, "PYTHONPATH": str(ROOT), "NXD_CONFIG": str(self.config), **(more or {})}

    def run(
        self, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "", **how: Any
    ) -> Ended:
        """Run `nxd` to its end."""
        ended = commands.run(
            arguments, env=self.environ(env), input=stdin, timeout=PATIENCE, cwd=self.directory, **how
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str, stdout: Any = subprocess.PIPE) -> commands.Process:
        """Start `nxd` and go on; it is ended with the place."""
        child = commands.popen(
            arguments,
            env=self.environ(),
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.directory,
        )
        self.children.append(child)
        return child

    def serve(self) -> commands.Process:
        """Start the daemon and wait until it answers."""
        with (self.directory / "serve.log").open("ab") as log:
            child = commands.popen(["serve"], env=self.environ(), stderr=log, text=True)
        self.children.append(child)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert child.poll() is None, (self.directory / "serve.log").read_text()
            try:
                with Client(self.socket) as client:
                    client.health()
                return child
            except DaemonUnreachable:
                time.sleep(0.02)
        raise AssertionError("the daemon does not answer")

    def end(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            child.communicate(timeout=PATIENCE)
        log = self.directory / "serve.log"
        found = broken(log.read_text(errors="replace")) if log.exists() else []
        assert not found, "\n".join(found)


def _place(directory: Path) -> Place:
    boot, config, nobody = free_ports(3)
    url = f"http://127.0.0.1:{nobody}"
    place = Place(
        directory,
        {
            "environment": "lab",
            "state_dir": str(directory / "state"),
            "socket": str(directory / "nxd.sock"),
            "boot": {"listen": f"127.0.0.1:{boot}", "url": f"http://127.0.0.1:{boot}"},
            "config": {"listen": f"127.0.0.1:{config}", "url": f"http://127.0.0.1:{config}"},
            "ibm": {
                "vpc_url": f"{url}/v1",
                "dns_url": f"{url}/v1",
                "metadata_url": url,
                "trusted_profile": "Profile-1",
            },
        },
    )
    place.write()
    return place


@pytest.fixture
def place() -> Iterator[Place]:
    """Settings that are right, and no daemon yet. The path is short, because a socket's has to be."""
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        one = _place(Path(directory))
        yield one
        one.end()


@pytest.fixture
def another() -> Iterator[Callable[[], Place]]:
    """Further places beside the first."""
    with contextlib.ExitStack() as stack:

        def make() -> Place:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="nx"))
            one = _place(Path(directory))
            stack.callback(one.end)
            return one

        yield make


@pytest.fixture(scope="session")
def served() -> Iterator[Place]:
    """A daemon with one cluster on hold, for tests that only look or are refused.

    The cloud is silent until the hold is accepted and gone afterwards, so that the first step cannot end before.
    """
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        one = _place(Path(directory))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            one.write(ibm={**one.settings["ibm"], "metadata_url": url})
            one.serve()
            with Client(one.socket) as client:
                client.apply((ROOT / "sample-specs" / "one-node.yaml").read_text())
                client.verb("hold", "solo")
        until = time.monotonic() + PATIENCE
        with Client(one.socket) as client:
            while client.show("solo")["entity"]["state"] != "held":
                assert time.monotonic() < until, client.show("solo")
                time.sleep(0.02)
        yield one
        one.end()


@pytest.fixture(scope="module")
def at_work() -> Iterator[Place]:
    """A daemon with one cluster that goes on for as long as anybody waits: the cloud takes its calls and is silent."""
    with (
        tempfile.TemporaryDirectory(prefix="nx") as directory,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        one = _place(Path(directory))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        one.write(ibm={**one.settings["ibm"], "metadata_url": url})
        one.serve()
        with Client(one.socket) as client:
            client.apply((ROOT / "sample-specs" / "one-node.yaml").read_text())
        yield one
        one.end()

"""Sets up a whole rehearsal in one directory: settings, boot images, the simulated world and a daemon on it.

It starts the same commands a person would (`nxd sim`, `nxd serve`) and ends only what it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from daemon import wire
from daemon.client import Client, DaemonUnreachable
from daemon.host.state_dir import claimant

DYING_SECONDS = 1.0
START_SECONDS = 30.0
STOP_SECONDS = 15.0
IMAGE_NAMES = ("vmlinuz-foundation", "initrd-foundation.img")
TRUSTED_PROFILE = "Profile-4f1c0de0-0000-4000-8000-000000000070"
"""The profile that the simulated metadata service knows."""
DEADLINES_HOLD_UP_TO = 120.0
"""The speed beyond which deadlines are stretched: real calls take their time, however fast the clock runs."""

KILLS_FORGIVEN = 1_000_000
"""A rehearsal may kill its daemon as often as it likes: no record is held for it."""


class DemoError(Exception):
    """The rehearsal cannot be set up; the text says why and what to do, ``code`` with which exit code."""

    def __init__(self, text: str, code: int = wire.EXIT_USAGE) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to rehearse. ``fail`` are NODE:STEP or CLUSTER:STEP entries, each of which goes wrong once;
    ``scenarios`` are names of scenarios, perhaps with @TARGET; ``quotas`` stand for the account's documented
    ones, and ``capacity`` for the servers of a profile that a zone holds; ``order`` and ``replays`` are behaviour of
    the cloud (`nxd sim --order --replays`); ``listen`` is the address that the daemon serves machines at,
    ``machines`` whether they are simulated."""

    speed: float
    fail: Sequence[str] = ()
    seed: int = 1
    management: str = "127.24.0.0/24"
    workload: str = "127.24.1.0/24"
    scenarios: Sequence[str] = ()
    quotas: Mapping[str, int] = field(default_factory=dict)
    capacity: int | None = None
    order: str = "name"
    replays: float = 0.0
    listen: str = "127.0.0.1"
    machines: bool = True


class Child(Protocol):
    """A process that was started, as subprocess.Popen has it."""

    pid: int
    stdout: IO[bytes] | None

    def poll(self) -> int | None:
        """The exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its end."""


class Start(Protocol):
    """Starts the command `nxd` with these arguments; ``environ`` is added to what this process has."""

    def __call__(
        self, arguments: Sequence[str], stdout: int, stderr: IO[bytes], environ: Mapping[str, str]
    ) -> Child: ...


def start_nxd(
    arguments: Sequence[str], stdout: int, stderr: IO[bytes], environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start `nxd` by this Python, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "daemon.cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, **environ},
        start_new_session=True,
    )


class Demo:
    """One directory with everything in it. Other processes find it by its ``stage.json``. ``start`` starts what runs
    here."""

    def __init__(self, directory: Path, start: Start = start_nxd) -> None:
        self.directory = directory
        self._start = start
        self.config = directory / "nxd.yaml"
        self.socket = directory / "nxd.sock"
        self._state = directory / "stage.json"
        self._children: dict[int, Child] = {}

    def set_up(self, rehearsal: DemoOptions) -> None:
        """Prepare the directory and start the world and the daemon. Raises DemoError."""
        if self.runs():
            ends = f"nxd demo --stop --dir {shlex.quote(str(self.directory))}"
            raise DemoError(
                f"A demo is running in {self.directory} already: end it with `{ends}`, "
                "or give this one another --dir."
            )
        self.refuse_strangers()
        made = self._clear()
        origin = time.time()
        try:
            urls = self._start_world(rehearsal, origin)
        except DemoError:
            self._unmake(made)
            raise
        try:
            self._write_images()
            self._write_settings(rehearsal, origin, urls)
            self.start_daemon()
        except BaseException:
            self.stop()
            raise

    def runs(self) -> bool:
        """Whether anything that was started here runs still. Raises DemoError."""
        return any(self._running(pid) for pid in self.processes().values())

    def serves(self) -> bool:
        """Whether the daemon that was started here runs still. Raises DemoError."""
        pid = self.processes().get("serve")
        return pid is not None and self._running(pid)

    def has_lost_its_daemon(self) -> bool:
        """Whether the daemon has ended; one that dies lets go of its socket a moment before."""
        until = time.monotonic() + DYING_SECONDS
        while self.serves() and time.monotonic() < until:
            time.sleep(0.02)
        return not self.serves()

    def refuse_strangers(self) -> None:
        """See that no daemon works here that this demo did not start, whose answers would be taken for its own. Raises
        DemoError."""
        if self.serves():
            return  # the place is its own
        other = claimant(self.directory / "state")
        if other is not None:
            raise DemoError(
                f"A daemon that the demo did not start works on {self.directory / 'state'} ({other}): end it with "
                "Ctrl-C where it runs, or with kill, then try again.",
                wire.EXIT_FAILED,
            )

    def urls(self) -> Mapping[str, str]:
        """Where the simulated world answers."""
        found: Mapping[str, str] = self._read_state().get("urls", {})
        return found

    def processes(self) -> dict[str, int]:
        """What this stage started, by name: ``sim`` and ``serve``."""
        found: dict[str, int] = self._read_state().get("processes", {})
        return found

    def start_daemon(self, crash: str = "") -> None:
        """Start the daemon and wait until it answers. Raises DemoError.

        ``crash`` names the fault point at which it shall die (see ``daemon.faultpoints``).
        """
        child = self.spawn_daemon(crash)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if child.poll() is not None:
                raise DemoError(f"The daemon did not start: {self._last_words('serve')}")
            try:
                with Client(self.socket) as client:
                    client.health()
                return
            except DaemonUnreachable:
                time.sleep(0.02)
        raise DemoError(f"The daemon does not answer: {self._last_words('serve')}")

    def spawn_daemon(self, crash: str = "") -> Child:
        """Start the daemon without waiting for it."""
        arguments = ["--config", str(self.config), "serve"]
        return self._spawn("serve", arguments, subprocess.DEVNULL, {"NXD_CRASH": crash} if crash else {})

    def kill_daemon(self) -> None:
        """End the daemon with SIGKILL, in the middle of whatever it does."""
        pid = self.processes()["serve"]
        os.kill(pid, signal.SIGKILL)
        while self._running(pid):
            time.sleep(0.01)

    def stop_daemon(self) -> None:
        """End the daemon politely; the world goes on."""
        self._end(self.processes()["serve"])

    def stop(self) -> None:
        """End the daemon and the world, politely first."""
        processes = self.processes()
        for name in ("serve", "sim"):
            if name in processes:
                self._end(processes[name])
        if self._state.exists():
            self._remember("processes", {})

    def _end(self, pid: int) -> None:
        until = time.monotonic() + STOP_SECONDS
        number = signal.SIGTERM
        while self._running(pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return
            while self._running(pid) and time.monotonic() < until:
                time.sleep(0.02)
            number, until = signal.SIGKILL, time.monotonic() + STOP_SECONDS

    def _running(self, pid: int) -> bool:
        child = self._children.get(pid)
        if child is not None:
            return child.poll() is None
        born = self._read_state().get("born", {}).get(str(pid))
        return _born(pid) is not None and born in (None, _born(pid))

    def _clear(self) -> Sequence[Path]:
        """Make room for a new demo; the directories that did not exist before. Raises DemoError."""
        lacking = [one for one in (self.directory, *self.directory.parents) if not one.exists()]
        try:
            self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
            for path in (*self.directory.glob("state/*"), *self.directory.glob("*.log"), self._state):
                if path.is_file():
                    path.unlink()
            self._remember("processes", {})
        except OSError as error:
            raise DemoError(
                f"A demo cannot be kept in {self.directory} ({error.strerror}): name another directory with --dir."
            ) from error
        return lacking

    def _unmake(self, made: Sequence[Path]) -> None:
        """Leave nothing of a demo whose world was refused."""
        for path in (self._state, self.directory / "sim.log"):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # somebody put something there meanwhile
            for directory in made:
                directory.rmdir()

    def _start_world(self, rehearsal: DemoOptions, origin: float) -> Mapping[str, str]:
        arguments = ["sim", "--json", "--speed", repr(rehearsal.speed), "--origin", repr(origin)]
        arguments += ["--seed", str(rehearsal.seed), "--management", rehearsal.management]
        arguments += ["--workload", rehearsal.workload]
        arguments += ["--order", rehearsal.order, "--replays", str(rehearsal.replays)]
        if not rehearsal.machines:
            arguments.append("--no-machines")
        for entry in rehearsal.fail:
            arguments += ["--fail", entry]
        for name in rehearsal.scenarios:
            arguments += ["--scenario", name]
        for kind, number in rehearsal.quotas.items():
            arguments += ["--quota", f"{kind}={number}"]
        if rehearsal.capacity is not None:
            arguments += ["--capacity", str(rehearsal.capacity)]
        child = self._spawn("sim", arguments, subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout as said:
            line = said.readline()
        if not line:
            child.wait(STOP_SECONDS)
            raise DemoError(self._last_words("sim"))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            child.wait(STOP_SECONDS)
            raise DemoError(answer["error"]["message"], answer["error"]["exit_code"])
        self._remember("urls", answer)
        return answer

    def _spawn(
        self, name: str, arguments: Sequence[str], stdout: int, environ: Mapping[str, str] | None = None
    ) -> Child:
        with (self.directory / f"{name}.log").open("ab") as log:
            child = self._start(arguments, stdout, log, environ or {})
        self._children[child.pid] = child
        self._remember("processes", {**self.processes(), name: child.pid})
        self._remember("born", {**self._read_state().get("born", {}), str(child.pid): _born(child.pid)})
        return child

    def _last_words(self, name: str) -> str:
        text = (self.directory / f"{name}.log").read_text(errors="replace").strip()
        return text.splitlines()[-1] if text else f"see {self.directory / f'{name}.log'}"

    def _write_images(self) -> None:
        from pxe.image_list import write_list
        from pxe.images import fingerprint

        images = self.directory / "images"
        images.mkdir(exist_ok=True)
        images.chmod(0o755)
        pins = {}
        for name in IMAGE_NAMES:
            path = images / name
            path.write_bytes(secrets.token_bytes(64 * 1024))
            path.chmod(0o644)
            pins[name] = fingerprint(path)
        write_list(images, pins)

    def _write_settings(self, rehearsal: DemoOptions, origin: float, urls: Mapping[str, str]) -> None:
        import yaml

        at = rehearsal.listen
        boot, config = _free_ports(at, 2)
        settings = {
            "environment": "demo",
            "state_dir": str(self.directory / "state"),
            "images_dir": str(self.directory / "images"),
            "socket": str(self.socket),
            "boot": {"listen": f"{at}:{boot}", "url": f"http://{at}:{boot}"},
            "config": {"listen": f"{at}:{config}", "url": f"http://{at}:{config}"},
            "ibm": {
                "region": "us-south",
                "vpc_url": urls["vpc_url"],
                "dns_url": urls["dns_url"],
                "metadata_url": urls["metadata_url"],
                "trusted_profile": TRUSTED_PROFILE,
            },
            "limits": {"crashes": KILLS_FORGIVEN},
            "deadlines": {"factor": max(1.0, rehearsal.speed / DEADLINES_HOLD_UP_TO)},
            "clock": {"speed": rehearsal.speed, "origin": origin},
        }
        self.config.write_text(yaml.safe_dump(settings, sort_keys=False))

    def _read_state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(self._state.read_text())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as error:
            raise DemoError(
                f"What runs in {self.directory} is not known, {self._state} cannot be read ({error}): "
                "name another directory with --dir."
            ) from error
        return state

    def _remember(self, key: str, value: object) -> None:
        self._state.write_text(json.dumps({**self._read_state(), key: value}))


def _born(pid: int) -> int | None:
    """When a process started, in clock ticks: another one of the same number was born at another time. None when
    there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _free_ports(address: str, count: int) -> list[int]:
    """Ports of an address that nobody listens on; all held at once, so that they differ."""
    held = [socket.create_server((address, 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()

"""Starts `nxd` as tests need it: hundreds of times, and most of them forked from a process that has imported it.

What only a new process takes in, such as the language or a library that is loaded before all others, is left to Python.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from select import POLLIN, poll
from typing import IO, Any
from weakref import finalize

from tests.fork_server import NUMBER

ROOT = Path(__file__).parents[1]
TAKEN_IN = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "SSL_", "OPENSSL_")
"""How the variables begin that a process looks at once, when it starts."""
STARTED = "nxd.tests.fork"
"""What Python's audit is told of a start."""

os.environ["SSL_CERT_FILE"] = str(ROOT / "tests" / "authority.crt")
"""aiohttp reads the machine's 150 authorities twice when it is imported, in each process: 60 ms. No test meets a
stranger, and one authority is enough."""
FIRST = dict(os.environ)
"""The environment of the fork servers: a test may change what its own processes are given."""
PATHS = {FIRST.get("PYTHONPATH", ""), str(ROOT), f"{ROOT}:{ROOT / 'tests' / 'platforms' / 'toy'}"}
"""Values of PYTHONPATH by which so much is started that each has a fork server."""

Process = Any
"""A subprocess.Popen, or a Forked."""


def start(
    arguments: Sequence[str], stdout: int, stderr: IO[bytes], environ: Mapping[str, str] | None = None
) -> Process:
    """Start `nxd` for a rehearsal, as `daemon.demo.setup.start_nxd` does."""
    given = {**os.environ, **(environ or {})}
    return popen(arguments, stdout=stdout, stderr=stderr, env=given, start_new_session=True)


def run(
    arguments: Sequence[str], *, input: str = "", timeout: float = 60.0, **how: Any
) -> subprocess.CompletedProcess[str]:
    """Run `nxd` to its end, as subprocess.run does. Raises TimeoutExpired."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    child = popen(arguments, **{**pipes, **how}, text=True)
    try:
        out, err = child.communicate(input, timeout=timeout)
    except BaseException:
        child.kill()
        child.communicate()
        raise
    return subprocess.CompletedProcess(list(arguments), child.returncode, out, err)


def popen(arguments: Sequence[str], *, env: Mapping[str, str] | None = None, **how: Any) -> Process:
    """Start `nxd` with these arguments, as subprocess.Popen does; from nowhere it reads nothing."""
    given, how = dict(os.environ if env is None else env), {"stdin": subprocess.DEVNULL, **how}
    path = given.get("PYTHONPATH", "")
    if path in PATHS and _taken_in(given) == _taken_in(FIRST):
        return _fork(_server(path), arguments, given, **how)
    return subprocess.Popen([sys.executable, "-P", "-m", "daemon.cli", *arguments], env=given, **how)


def _taken_in(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environ.items() if name.startswith(TAKEN_IN) and name != "PYTHONPATH"
    }


class Forked:
    """A process that was forked: what its starter asks of a subprocess.Popen."""

    def __init__(self, line: socket.socket, streams: Mapping[str, IO[Any]]) -> None:
        self._line = line.detach()
        self._close = finalize(self, os.close, self._line)
        self.pid = self._heard()
        self.returncode: int | None = None
        self.stdin = streams.get("stdin")
        self.stdout = streams.get("stdout")
        self.stderr = streams.get("stderr")

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("nxd", timeout or 0.0)
        return code

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Write what it reads, and read what it writes to its end. Raises TimeoutExpired."""
        end = None if timeout is None else time.monotonic() + timeout
        if self.stdin is not None and not self.stdin.closed:
            with contextlib.suppress(BrokenPipeError), self.stdin as stdin:
                if input:
                    stdin.write(input)
        said = _read_all([one for one in (self.stdout, self.stderr) if one and not one.closed], end)
        self.wait(None if end is None else max(0.0, end - time.monotonic()))
        return said.get(self.stdout), said.get(self.stderr)

    def send_signal(self, number: int) -> None:
        """Send it a signal if it lives."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and _ready([self._line], seconds):
            self.returncode = self._heard()
            self._close()
        return self.returncode

    def _heard(self) -> int:
        said = os.read(self._line, NUMBER.size)
        assert said, "the fork server has ended"
        number: int = NUMBER.unpack(said)[0]
        return number


def _read_all(streams: Sequence[IO[Any]], end: float | None) -> dict[IO[Any] | None, Any]:
    """What comes from each until it ends. Raises TimeoutExpired."""
    said: dict[IO[Any] | None, list[bytes]] = {one: [] for one in streams}
    left = list(streams)
    while left:
        wait = None if end is None else end - time.monotonic()
        ready = _ready(left, wait) if wait is None or wait > 0 else []
        if not ready:
            raise subprocess.TimeoutExpired("nxd", wait or 0.0)
        for one in ready:
            part = os.read(one.fileno(), 1 << 16)
            said[one].append(part)
            if not part:
                left.remove(one)
                one.close()
    whole = {one: b"".join(parts) for one, parts in said.items()}
    return {one: text.decode() if hasattr(one, "encoding") else text for one, text in whole.items()}


def _ready(files: Sequence[Any], seconds: float | None) -> list[Any]:
    """Those that have something to read, as soon as one has."""
    looked = poll()
    numbers = {one if isinstance(one, int) else one.fileno(): one for one in files}
    for number in numbers:
        looked.register(number, POLLIN)
    return [numbers[number] for number, _ in looked.poll(None if seconds is None else seconds * 1000)]


def _fork(
    server: socket.socket,
    arguments: Sequence[str],
    env: Mapping[str, str],
    *,
    cwd: str | Path | None = None,
    text: bool = False,
    start_new_session: bool = False,
    **files: Any,
) -> Forked:
    """Have a process forked, with ``files`` as subprocess has its standard streams."""
    sys.audit(STARTED, list(arguments))
    os.umask(umask := os.umask(0o022))
    words = {"words": list(arguments), "env": env, "cwd": str(cwd or os.getcwd()), "umask": umask}
    ours: dict[str, IO[Any]] = {}
    with ExitStack() as theirs:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.callback(there.close)
        given = [there.fileno()]
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            file, end = _opened(number, files.get(name), theirs)
            given.append(file)
            if end is not None:
                ours[name] = os.fdopen(end, ("w" if number == 0 else "r") + ("" if text else "b"))
        request = json.dumps({**words, "session": start_new_session}).encode()
        socket.send_fds(server, [request], given)
    return Forked(here, ours)


def _opened(number: int, wanted: Any, theirs: ExitStack) -> tuple[int, int | None]:
    """The file that a process has for a standard stream, and for a pipe our end of it."""
    if wanted == subprocess.PIPE:
        read, write = os.pipe()
        file, ours = (read, write) if number == 0 else (write, read)
        theirs.callback(os.close, file)
        return file, ours
    if wanted == subprocess.DEVNULL:
        file = os.open(os.devnull, os.O_RDWR)
        theirs.callback(os.close, file)
        return file, None
    if wanted is None:
        return number, None
    return (wanted if isinstance(wanted, int) else wanted.fileno()), None


@cache
def _server(path: str) -> socket.socket:
    """The line to the fork server of this process whose PYTHONPATH this is; it ends when this one does."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.fork_server", str(there.fileno())],
        stdin=subprocess.DEVNULL,
        env={**FIRST, "PYTHONPATH": path},
        cwd=ROOT,
        pass_fds=[there.fileno()],
        start_new_session=True,
    )
    there.close()

    def end() -> None:
        here.close()
        child.wait()

    atexit.register(end)
    return here

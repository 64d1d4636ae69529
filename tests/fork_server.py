"""Forks processes of `nxd` for the tests: it has imported everything already and does nothing else.

Such a process is the same as any `nxd serve` or `nxd status`, with an environment, a directory, a session, files and
signals of its own; only what Python takes to import it is saved.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pkgutil
import selectors
import socket
import struct
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from daemon import cli, faultpoints

NEEDED = (
    "daemon.service",
    "daemon.sim.run",
    "daemon.platforms.ibm_nutanix.platform",
    "ibm_cloud_sdk_core.authenticators",
    "asyncssh",
    "httpx",
    "rich.progress",
    "rich.table",
)
"""What a daemon, a simulated world and a command import sooner or later, beside the commands themselves."""
DRIVERS = ("daemon.drivers.ibm_vpc", "daemon.drivers.ibm_dns")
"""Drivers whose part of an SDK is loaded too."""
LARGEST = 1 << 20
"""Bytes of a request."""
NUMBER = struct.Struct("i")
"""A process's number, and then its exit code."""
GIVEN = 4
"""Files that come with a request: where its start and end are told, and the standard three."""


def serve(line: socket.socket) -> None:
    """Fork a process for each request, and tell when it has ended and how, until the other side hangs up."""
    _load()
    chosen = selectors.DefaultSelector()
    chosen.register(line, selectors.EVENT_READ)
    while True:
        for key, _ in chosen.select():
            if key.data is not None:
                chosen.unregister(key.fd)
                _end(key.fd, *key.data)
                continue
            request, files, _, _ = socket.recv_fds(line, LARGEST, GIVEN)
            if not request:
                return
            pid, told = _begin(json.loads(request), files)
            chosen.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))


def _load() -> None:
    for name in (*NEEDED, *(f"daemon.cli.{one.name}" for one in pkgutil.iter_modules(cli.__path__))):
        if name != "daemon.cli.__main__":
            importlib.import_module(name)
    for name in DRIVERS:
        importlib.import_module(name).service()
    gc.collect()
    gc.freeze()


def _begin(request: dict[str, Any], files: Sequence[int]) -> tuple[int, socket.socket]:
    """Fork the process of a request; its number, and where its end is to be told."""
    told, *standard = files
    begins, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(request, (*standard, ready))
    for file in (*standard, ready):
        os.close(file)
    os.read(begins, 1)  # nothing comes: it is closed when the process is the one that was asked for
    os.close(begins)
    line = socket.socket(fileno=told)
    line.send(NUMBER.pack(pid))
    return pid, line


def _end(file: int, pid: int, told: socket.socket) -> None:
    os.close(file)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with told:
        try:
            told.send(NUMBER.pack(code))
        except OSError:
            return  # nobody waits for it any more


def _become(request: dict[str, Any], files: Sequence[int]) -> NoReturn:
    """Be `nxd` with the words of a request, as a new process would. ``files`` are the standard three, and one that is
    closed when it begins."""
    code: object = 1
    try:
        if request["session"]:
            os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.closerange(len(files), 1 + max(map(int, os.listdir("/proc/self/fd"))))
        os.chdir(request["cwd"])
        os.umask(request["umask"])
        os.environ.clear()
        os.environ.update(request["env"])
        time.tzset()
        _open_standard_streams()
        sys.argv = ["nxd", *request["words"]]
        faultpoints.arm(os.environ.get("NXD_CRASH", ""))
        os.close(len(files) - 1)
        cli.main()
        code = 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _open_standard_streams() -> None:
    """Python's own are those of the server: they know its files."""
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (open as long as the process is)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    error = io.BufferedWriter(io.FileIO(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(error, errors="backslashreplace", line_buffering=True)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))

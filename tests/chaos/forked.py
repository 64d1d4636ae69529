"""A stage whose daemons are forked from this process, which has imported everything already.

A daemon is the same process as `nxd serve`, with its own database connection, ports and signals; only the
second that Python takes to import the SDKs is saved, which a thousand kills would pay a thousand times.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon import faultpoints
from daemon.client import Client, DaemonUnreachable
from daemon.demo.setup import Demo

NEEDED = (
    "daemon.cli.running",
    "daemon.service",
    "daemon.platforms.ibm_nutanix.platform",
    "ibm_vpc",
    "ibm_cloud_networking_services",
    "ibm_cloud_sdk_core.base_service",
    "ibm_cloud_sdk_core.authenticators",
    "httpx",
    "asyncssh",
)


class Fork:
    """A forked daemon: what `Demo` asks of a child process, and whether it stopped."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stopped = False

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFSTOPPED(status):
                self.stopped = True
            elif pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None when it lives (or is stopped) still after so many seconds."""
        until = time.monotonic() + seconds
        while self.poll() is None and not self.stopped and time.monotonic() < until:
            time.sleep(0.001)
        return self.returncode


class ForkedStage(Demo):
    """``environ`` is set for every daemon."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        super().__init__(directory)
        self.environ = dict(environ)
        self.starts = 0
        for name in NEEDED:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()

    def spawn_daemon(self, crash: str = "") -> Any:
        """Fork a daemon without waiting for it."""
        self.starts += 1
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become_daemon(crash)
        child: Any = Fork(pid)
        self._children[pid] = child
        self._remember("processes", {**self.processes(), "serve": pid})
        return child

    def _become_daemon(self, crash: str) -> None:
        code = 1
        try:
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            log = os.open(self.directory / "serve.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            nothing = os.open(os.devnull, os.O_RDWR)
            for here, there in ((nothing, 0), (nothing, 1), (log, 2)):
                os.dup2(here, there)
            os.environ.update(self.environ)
            faultpoints.arm(crash)
            from daemon.cli.running import serve

            serve.main(["serve"][1:], obj={"config": str(self.config)}, standalone_mode=False)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def answer(self, child: Any, seconds: float = 20.0) -> bool:
        """Wait until the daemon answers; False when it died or stopped before."""
        until = time.monotonic() + seconds
        with Client(self.socket) as client:
            while child.poll() is None and not child.stopped and time.monotonic() < until:
                try:
                    client.health()
                    return True
                except DaemonUnreachable:
                    time.sleep(0.002)
        return False

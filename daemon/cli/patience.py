"""The client of a person at a terminal: a daemon that takes its time is told of while it is waited for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.client import Client
from daemon.wire import StreamLine

TOLD_AFTER = 3.0
"""Seconds after which a person is told that nothing hangs but the answer."""


class TerminalClient(Client):
    """Asks like any client; on standard error, if that is a terminal, it says what it waits for."""

    def _ask(self, call: Any) -> Any:
        with _told(self.socket, self._timeout):
            return super()._ask(call)

    def stream(self, after: int | None = None) -> Generator[StreamLine, None, None]:
        """Follow the daemon, whose first line comes at once; later ones are heartbeats at least."""
        lines = super().stream(after)
        with _told(self.socket, self._timeout):
            first = next(lines, None)
        if first is not None:
            yield first
            yield from lines


@contextmanager
def _told(socket: Path, patience: float) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    said = f"The daemon on {socket} has not answered yet: waiting for it, {patience:g} s at most (Ctrl-C ends this)."
    timer = threading.Timer(TOLD_AFTER, lambda: print(said, file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

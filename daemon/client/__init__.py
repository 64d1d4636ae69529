"""The daemon's clients: ask it and follow it over its Unix socket, once for scripts and once for asyncio.

``Client`` serves the command line, ``AsyncClient`` the terminal UI; both speak ``docs/api.md`` and nothing
else. A request is made once: whether to try again is the caller's to decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.client.asking import ANSWER_WITHIN, LINE_WITHIN, DaemonRefused, DaemonUnreachable
from daemon.client.blocking import Client

if TYPE_CHECKING:
    from daemon.client.awaiting import AsyncClient

__all__ = ["ANSWER_WITHIN", "LINE_WITHIN", "AsyncClient", "Client", "DaemonRefused", "DaemonUnreachable"]


def __getattr__(name: str) -> object:
    """A command does not wait for asyncio, which only the client of the terminal UI needs."""
    if name != "AsyncClient":
        raise AttributeError(name)
    from daemon.client.awaiting import AsyncClient

    return AsyncClient

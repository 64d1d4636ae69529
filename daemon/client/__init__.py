"""The daemon's clients: ask it and follow it over its Unix socket, once for scripts and once for asyncio.

``Client`` serves the command line, ``AsyncClient`` the terminal UI; both speak ``docs/api.md`` and nothing
else. A request is made once: whether to try again is the caller's to decide.
"""

from daemon.client.asking import ANSWER_WITHIN, LINE_WITHIN, DaemonUnreachable, Refused
from daemon.client.awaiting import AsyncClient
from daemon.client.blocking import Client

__all__ = ["ANSWER_WITHIN", "LINE_WITHIN", "AsyncClient", "Client", "DaemonUnreachable", "Refused"]

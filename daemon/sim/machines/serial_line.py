"""The serial line of a machine that stands elsewhere, behind a Unix socket such as QEMU's."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

from daemon.clock import Clock
from daemon.sim.world.consoles import SerialConsole

CONNECT_SECONDS, QUIET_SECONDS = 15.0, 30.0
"""Virtual seconds between two looks for the machine, and after which an unfinished line is shown as it is."""
_BETWEEN_LINES = re.compile(rb"\r*\n")


class SerialLine:
    """What the machine says goes to its console, and what is typed there to the machine, from one power-on to the
    next."""

    def __init__(self, clock: Clock, path: Path, console: SerialConsole) -> None:
        self._clock = clock
        self._path = path
        self._console = console

    async def run(self) -> None:
        """Connect to the socket whenever there is one."""
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(self._path)
                self._console.type_to = writer.write
                try:
                    await self._read(reader)
                finally:
                    self._console.type_to = None
                    writer.close()
            await self._clock.sleep(CONNECT_SECONDS)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Until the power is cut."""
        said, coming = b"", asyncio.ensure_future(reader.read(4096))
        try:
            while True:
                quiet = asyncio.ensure_future(self._clock.sleep(QUIET_SECONDS))
                await asyncio.wait((coming, quiet), return_when=asyncio.FIRST_COMPLETED)
                quiet.cancel()
                if not coming.done():
                    self._say(said)
                    said = b""
                    continue
                if not (more := coming.result()):
                    return
                coming = asyncio.ensure_future(reader.read(4096))
                *lines, said = _BETWEEN_LINES.split(said + more)
                for line in lines:
                    self._say(line)
        finally:
            coming.cancel()
            self._say(said)

    def _say(self, line: bytes) -> None:
        if text := line.decode("utf-8", "replace").strip("\r\0"):
            self._console.append(text)

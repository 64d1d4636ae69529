"""Sends a part of a verified image over a connection, a bounded piece at a time, and never the end of another file."""

from __future__ import annotations

import asyncio
import os
import socket
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO

from pxe.digests import CONTENT, mark_of
from pxe.image_threads import ImageThreads
from pxe.images import Image
from pxe.threads import answer_in_thread

PIECE = 2 << 20
"""Bytes of one call at most, after which it is another one's turn."""
REST = 64 << 10
"""The last bytes are sent only after a look that the file is still the one that was verified: without them an answer is
too short, and every client knows."""


class TransferCut(ConnectionError):
    """The connection has to end, for what was promised cannot be sent. The text says why."""


@dataclass
class OpenImage:
    """An image whose file is open, so that no other file can take its place."""

    image: Image
    file: BinaryIO

    def let_go(self) -> None:
        """Close the file beside everything else: a disk that does not answer holds up this too."""
        answer_in_thread(Future(), self.file.close, "image-close")

    def unchanged(self) -> bool:
        """Whether the content is still as it was verified. That another file took its name is no change of it."""
        mark = mark_of(os.fstat(self.file.fileno()))
        return mark[:CONTENT] == self.image.mark[:CONTENT]


def open_sound(image: Image) -> OpenImage | None:
    """The image, open; None if it is no longer the one that was verified, or its disk does not read it."""
    if not image.is_sound():
        return None
    try:
        opened = OpenImage(image, image.path.open("rb", buffering=0))
    except OSError:
        return None
    if opened.unchanged():
        return opened
    opened.file.close()
    return None


class Transfer:
    """The bytes from ``at`` to ``end`` on their way.

    The connection is a duplicate of its own: a thread that a disk holds up must not find another machine behind the
    same number when it comes back.
    """

    def __init__(self, opened: OpenImage, connection: socket.socket, at: int, end: int) -> None:
        self.at, self.end = at, end
        self._opened = opened
        self._connection = connection
        self._in_thread = False

    async def run(self, threads: ImageThreads, transport: asyncio.BaseTransport, stalled: float) -> None:
        """Send everything, while everybody else goes on. ``stalled`` is for how many seconds the machine may take
        nothing. Raises TransferCut, ConnectionError."""
        while self.at < self.end:
            if transport.is_closing():
                raise ConnectionResetError("The connection is over.")
            if not await self._piece(threads):
                await self._until_it_takes_more(stalled)

    def end_connection(self) -> None:
        """End the connection, whoever holds it: what has been sent is all that the machine gets."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is over

    def close(self) -> None:
        """Let go of file and connection, at once or when the thread that is at them is done."""
        if not self._in_thread:
            self._connection.close()
            self._opened.let_go()

    async def _piece(self, threads: ImageThreads) -> int:
        self._in_thread = True
        try:
            sent = await threads.ask(self._send, lambda _: self._out_of_thread())
        except TimeoutError:
            raise TransferCut("its disk does not answer") from None
        except ConnectionError:
            self._in_thread = False
            raise
        self._in_thread = False
        return sent

    def _out_of_thread(self) -> None:
        self._in_thread = False
        self.close()

    def _send(self) -> int:
        """Send what the connection takes now, a piece at most; how much it was. It waits for the disk and for nothing
        else. Raises TransferCut, ConnectionError."""
        try:
            if not self._opened.unchanged():
                raise TransferCut("its file was changed")
            left = self.end - self.at
            sent = self._send_rest(left) if left <= REST else self._send_file(min(left - REST, PIECE))
        except BlockingIOError:
            return 0
        except ConnectionError:
            raise
        except TimeoutError:
            raise ConnectionResetError("The machine is gone.") from None
        except OSError as error:
            raise TransferCut(f"its file cannot be read ({error.strerror})") from error
        self.at += sent
        return sent

    def _send_file(self, count: int) -> int:
        sent = os.sendfile(self._connection.fileno(), self._opened.file.fileno(), self.at, count)
        if not sent:
            raise TransferCut("its file became shorter")
        return sent

    def _send_rest(self, count: int) -> int:
        rest = os.pread(self._opened.file.fileno(), count, self.at)
        if len(rest) < count or not self._opened.unchanged():
            raise TransferCut("its file was changed")
        return self._connection.send(rest)

    async def _until_it_takes_more(self, stalled: float) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        number = self._connection.fileno()
        loop.add_writer(number, _set, ready)
        try:
            async with asyncio.timeout(stalled):
                await ready
        except TimeoutError:
            raise TransferCut("the machine takes nothing") from None
        finally:
            loop.remove_writer(number)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)

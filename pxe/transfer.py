"""Sends a part of a verified image over a connection, a bounded piece at a time, and never the end of another file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO

from pxe.digests import CONTENT, mark_of
from pxe.images import Image
from pxe.threads import answer_in_thread

PIECE = 2 << 20
"""Bytes of one call at most, after which it is another one's turn."""
LOOK = 8 << 20
"""Bytes after which it is looked whether the file is still the one that was verified."""
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
    same number when it comes back. ``over`` is true once nobody sends of it any more, ``unwanted`` when whoever asked
    for it has gone, and ``done`` is what waits for it.
    """

    def __init__(self, opened: OpenImage, connection: socket.socket, at: int, end: int) -> None:
        self.at, self.end = at, end
        self.number = connection.fileno()
        self.over = self.unwanted = False
        self.done: asyncio.Future[None] | None = None
        self._opened = opened
        self._connection = connection
        self._look_at = at

    def end_connection(self) -> None:
        """End the connection, whoever holds it: what has been sent is all that the machine gets."""
        with contextlib.suppress(OSError):  # it is over
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of file and connection."""
        self._connection.close()
        self._opened.let_go()

    def send(self) -> bool:
        """Send what the connection takes now, a piece at most; whether that was all. It waits for the disk and for
        nothing else. Raises TransferCut, ConnectionError."""
        try:
            if self.at >= self._look_at:
                self._look_at = self.at + LOOK
                if not self._opened.unchanged():
                    raise TransferCut("its file was changed")
            left = self.end - self.at
            self.at += self._send_rest(left) if left <= REST else self._send_file(min(left - REST, PIECE))
        except BlockingIOError:
            return False
        except ConnectionError:
            raise
        except TimeoutError:
            raise ConnectionResetError("The machine is gone.") from None
        except OSError as error:
            raise TransferCut(f"its file cannot be read ({error.strerror})") from error
        return self.at >= self.end

    def _send_file(self, count: int) -> int:
        sent = os.sendfile(self.number, self._opened.file.fileno(), self.at, count)
        if not sent:
            raise TransferCut("its file became shorter")
        return sent

    def _send_rest(self, count: int) -> int:
        rest = os.pread(self._opened.file.fileno(), count, self.at)
        if len(rest) < count or not self._opened.unchanged():
            raise TransferCut("its file was changed")
        return self._connection.send(rest)

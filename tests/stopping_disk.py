"""A file system that holds one file, reads its beginning and then never answers again (FUSE, linux/fuse.h)."""

from __future__ import annotations

import os
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from threading import Thread

from tests.fuse import DETACH, FORCE, mount, unmount


class _Asks(IntEnum):
    """What the kernel asks for."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    OPEN = 14
    READ = 15
    RELEASE = 18
    FLUSH = 25
    INIT = 26
    INTERRUPT = 36


_FILE = 2
_LONG = 1_000_000
_NO_ENTRY, _NOT_THERE = 2, 38


class _FileSystem:
    """``size`` bytes of zeros by any ``name``, of which those from ``stops`` on are never read."""

    def __init__(self, device: int, name: str, size: int, stops: int) -> None:
        self._device, self._name, self._size, self._stops = device, name.encode(), size, stops

    def serve(self) -> None:
        """Answer until the file system is gone."""
        while True:
            try:
                asked = os.read(self._device, 1 << 20)
                length, kind, unique, node = struct.unpack_from("<IIQQ", asked)
                body = asked[40:length]
                if kind in (_Asks.FORGET, _Asks.INTERRUPT) or (kind == _Asks.READ and self._is_late(body)):
                    continue
                error, answer = self._answer(kind, node, body)
                os.write(self._device, struct.pack("<IiQ", 16 + len(answer), -error, unique) + answer)
            except OSError:
                return

    def _is_late(self, body: bytes) -> bool:
        _, offset, size = struct.unpack_from("<QQI", body)
        return bool(offset + size > self._stops)

    def _answer(self, kind: int, node: int, body: bytes) -> tuple[int, bytes]:
        match kind:
            case _Asks.INIT:
                return 0, struct.pack("<IIIIHHIIHHI", 7, 31, 0, 0, 12, 9, 1 << 17, 1, 0, 0, 0) + bytes(28)
            case _Asks.LOOKUP if body.rstrip(b"\0") == self._name:
                return 0, struct.pack("<QQQQII", _FILE, 0, _LONG, _LONG, 0, 0) + self._attributes(_FILE)
            case _Asks.LOOKUP:
                return _NO_ENTRY, b""
            case _Asks.GETATTR:
                return 0, struct.pack("<QII", _LONG, 0, 0) + self._attributes(node)
            case _Asks.OPEN:
                return 0, bytes(16)
            case _Asks.READ:
                _, offset, size = struct.unpack_from("<QQI", body)
                return 0, bytes(min(size, self._size - offset))
            case _Asks.RELEASE | _Asks.FLUSH:
                return 0, b""
        return _NOT_THERE, b""

    def _attributes(self, node: int) -> bytes:
        mode = stat.S_IFREG | 0o644 if node == _FILE else stat.S_IFDIR | 0o755
        times = (0, 1_700_000_000, 0, 0, 0, 0)
        return struct.pack("<QQQQQQIIIIIIIIII", node, self._size, 0, *times, mode, 1, 0, 0, 0, 4096, 0)


@contextmanager
def stopping_disk(name: str, size: int, stops: int) -> Iterator[Path]:
    """A directory with that file, as a network disk whose server dies while it is read."""
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        place = Path(directory)
        device = mount("stopping", place)
        serving = Thread(target=_FileSystem(device, name, size, stops).serve, daemon=True)
        serving.start()
        try:
            yield place
        finally:
            # Whoever still waits is let go with an error, and then so is the thread.
            unmount(place, FORCE | DETACH)
            serving.join(10)
            os.close(device)

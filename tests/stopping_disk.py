"""A file system that holds one file, reads its beginning and then never answers again (FUSE, linux/fuse.h)."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from threading import Thread

import pytest


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
    if os.getuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("a file system of one's own is mounted by root, where there is FUSE")
    libc = ctypes.CDLL(None, use_errno=True)
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
        if libc.mount(b"stopping", directory.encode(), b"fuse", 0, options.encode()) != 0:
            os.close(device)
            pytest.skip(f"nothing can be mounted here: {os.strerror(ctypes.get_errno())}")
        serving = Thread(target=_FileSystem(device, name, size, stops).serve, daemon=True)
        serving.start()
        try:
            yield Path(directory)
        finally:
            # Whoever still waits is let go with an error, and then so is the thread.
            libc.umount2(directory.encode(), 1 | 2)
            serving.join(10)
            os.close(device)

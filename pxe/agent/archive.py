"""Builds the second initrd, which holds the agent: a gzipped archive in the kernel's format, always the same bytes."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NAME = "nxd-agent.img"
"""What iPXE and the kernel call it."""
FIRST_PROGRAM = "/nxd/init"
"""What the kernel is told to run first (`rdinit=`)."""

_FOLDER = Path(__file__).parent
_PROGRAMS = ("address", "agent", "fetch", "heartbeat", "init", "report", "run", "write")
"""Each stands beside this module with the ending ``.sh``, and has none in the archive."""
_SOURCED = ("hardware.sh", "network.sh", "protocol.sh")
_DIRECTORY, _FILE = 0o040000, 0o100000
_END = "TRAILER!!!"


@dataclass(frozen=True)
class AgentInitrd:
    """The archive as it is served."""

    content: bytes
    sha256: str


@cache
def agent_initrd() -> AgentInitrd:
    """The agent, read once: whatever becomes of its files, a daemon that runs gives what it read at its start."""
    content = gzip.compress(archive(_entries()), compresslevel=9, mtime=0)
    return AgentInitrd(content, hashlib.sha256(content).hexdigest())


def _entries() -> Iterator[tuple[str, int, bytes]]:
    yield "nxd", _DIRECTORY | 0o755, b""
    for program in _PROGRAMS:
        yield f"nxd/{program}", _FILE | 0o755, (_FOLDER / f"{program}.sh").read_bytes()
    for name in _SOURCED:
        yield f"nxd/{name}", _FILE | 0o644, (_FOLDER / name).read_bytes()


def archive(entries: Iterator[tuple[str, int, bytes]]) -> bytes:
    """Paths with their modes and contents as the kernel unpacks them (Documentation/driver-api/early-userspace,
    "initramfs buffer format"): everything belongs to root, and has no date."""
    packed = bytearray()
    for inode, (path, mode, content) in enumerate([*entries, (_END, 0, b"")], start=1):
        name = path.encode("ascii") + b"\0"
        links = 2 if mode & _DIRECTORY else 1
        # inode, mode, owner, group, links, time, size, its device (2), the device it is (2), length of the name, sum
        fields = (inode if mode else 0, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name), 0)
        packed += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        packed += bytes(-len(packed) % 4)
        packed += content
        packed += bytes(-len(packed) % 4)
    return bytes(packed)

"""Mounts file systems of the tests' own (FUSE); where that cannot be, the test is skipped."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

_LIBC = ctypes.CDLL(None, use_errno=True)
FORCE, DETACH = 1, 2
"""Of umount2(2)."""


def mount(name: str, directory: Path) -> int:
    """Mount a file system there; what the kernel asks of it comes from the file that is returned."""
    if os.getuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("a file system of one's own is mounted by root, where there is FUSE")
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    if _LIBC.mount(name.encode(), str(directory).encode(), b"fuse", 0, options.encode()) != 0:
        os.close(device)
        pytest.skip(f"nothing can be mounted here: {os.strerror(ctypes.get_errno())}")
    return device


def unmount(directory: Path, flags: int) -> None:
    """Take it away."""
    _LIBC.umount2(str(directory).encode(), flags)

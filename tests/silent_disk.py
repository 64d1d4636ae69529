"""A file system whose other side never answers."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def hung_disk() -> Iterator[Path]:
    """A directory on a file system whose other side never answers, as a network disk whose server is gone."""
    if os.getuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("a file system of one's own is mounted by root, where there is FUSE")
    libc = ctypes.CDLL(None, use_errno=True)
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        silent = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={silent},rootmode=40000,user_id=0,group_id=0"
        if libc.mount(b"silent", directory.encode(), b"fuse", 0, options.encode()) != 0:
            os.close(silent)
            pytest.skip(f"nothing can be mounted here: {os.strerror(ctypes.get_errno())}")
        try:
            yield Path(directory)
        finally:
            os.close(silent)  # whoever still waits is let go with an error
            libc.umount2(directory.encode(), 2)

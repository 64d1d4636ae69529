"""A file system whose other side never answers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuse import DETACH, mount, unmount


@pytest.fixture
def hung_disk() -> Iterator[Path]:
    """A directory on a file system whose other side never answers, as a network disk whose server is gone."""
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        place = Path(directory)
        silent = mount("silent", place)
        try:
            yield place
        finally:
            os.close(silent)  # whoever still waits is let go with an error
            unmount(place, DETACH)

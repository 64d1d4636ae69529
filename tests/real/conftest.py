"""The tests with real machines run by ``make test-real`` alone: they need a network namespace and QEMU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real.lab import Lab, here

collect_ignore_glob = [] if here() else ["test_*.py"]


@pytest.fixture
def lab(tmp_path: Path, nothing_broke: Callable[..., None]) -> Iterator[Lab]:
    """A network, a simulated cloud and a daemon; they end with the test."""
    one = Lab(tmp_path)
    try:
        one.open()
        yield one
    finally:
        one.close()
    nothing_broke(one.stage.directory / "serve.log")

"""What every test that starts a daemon asks at its end: did it break somewhere, whatever came of it?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(
    0, str(Path(__file__).parent / "chaos")
)  # that folder is no package: its programs are run alone

from oracle import broken

from tests.order import sort_for_sharing
from tests.processes import mark_starters, pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol"]


@pytest.fixture(scope="session")
def nothing_broke() -> Callable[[Path], None]:
    """Fails when the log of a daemon, in the file that is named, tells of a bug."""

    def look(log: Path) -> None:
        found = broken(log.read_text(errors="replace")) if log.exists() else []
        assert not found, "The daemon's log tells of a bug:\n" + "\n".join(found)

    return look


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark_starters(items)
    sort_for_sharing(config, items)

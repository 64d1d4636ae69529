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


@pytest.fixture(scope="session")
def nothing_broke() -> Callable[[Path], None]:
    """Fails when the log of a daemon, in the file that is named, tells of a bug."""

    def look(log: Path) -> None:
        found = broken(log.read_text(errors="replace")) if log.exists() else []
        assert not found, "The daemon's log tells of a bug:\n" + "\n".join(found)

    return look

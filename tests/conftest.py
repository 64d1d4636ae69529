"""What every test that starts a daemon asks at its end: did it break somewhere, whatever came of it?"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection, Generator
from pathlib import Path

import hypothesis
import pytest

sys.path.insert(
    0, str(Path(__file__).parent / "chaos")
)  # that folder is no package: its programs are run alone

from oracle import broken

from tests.logfmt import unreadable
from tests.order import pytest_xdist_make_scheduler, sort_for_sharing
from tests.processes import mark_starters, pytest_runtest_protocol
from tests.silent_disk import hung_disk

hypothesis.settings.register_profile("a busy machine", deadline=None)
hypothesis.settings.load_profile("a busy machine")
"""An example may take as long as it takes: on a machine that is shared, its time tells nothing of the product."""

__all__ = ["hung_disk", "pytest_runtest_protocol", "pytest_xdist_make_scheduler"]


@pytest.fixture(scope="session")
def nothing_broke() -> Callable[..., None]:
    """Fails when the log of a daemon, in the file that is named, tells of a bug or holds a line that no program can
    read, but for what a daemon that refused to start told whoever started it."""

    def look(log: Path, refused: Collection[str] = ()) -> None:
        text = log.read_text(errors="replace") if log.exists() else ""
        found = broken(text)
        assert not found, "The daemon's log tells of a bug:\n" + "\n".join(found)
        strange = [line for line in unreadable(text) if not any(said in line for said in refused)]
        assert strange == [], "The daemon's log holds lines that are no logfmt"

    return look


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark_starters(items)
    sort_for_sharing(config, items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: the search for garbage, of which tests leave much, need not pass
    through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 10, 20)
        gc.enable()

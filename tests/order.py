"""How several processes share the tests: which are handed out together, and which begin first."""

from __future__ import annotations

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "tests/mutants/test_mutants.py::test_a_sample",
    "tests/e2e/test_scenarios.py",
    "tests/chaos/test_matrix.py",
    "tests/chaos/test_chaos.py",
    "tests/e2e/test_crashes.py",
    "tests/e2e/test_replacing.py",
    "tests/e2e/test_scenarios_alone.py",
    "tests/e2e/test_host_faults.py",
    "tests/nxtui/test_real_daemon.py",
    "tests/e2e/",
    "tests/platforms/toy/",
    "tests/daemon/cli/test_images.py",
    "tests/daemon/cli/test_lost_state.py",
    "tests/daemon/cli/test_behind.py",
    "tests/chaos/",
    "tests/nxtui/test_lead.py",
    "tests/nxtui/screens/test_frames.py",
    "tests/daemon/cli/",
    "tests/nxtui/screens/",
    "tests/nxtui/",
    "tests/pxe/",
    "tests/daemon/sim/",
    "tests/daemon/",
)
"""What takes longest begins first, so that no process is left with it at the end. What is not named comes after."""
BATCH = re.compile(r"tests/e2e/test_scenarios\.py::\w+\[(\d+)-")
"""The scenarios that are played side by side, by the number of their batch."""
ALONE = (
    "tests/mutants/test_mutants.py::test_a_sample",
    "tests/chaos/",
    "tests/e2e/",
    "tests/nxtui/test_",
    "tests/nxtui/screens/test_frames.py",
    "tests/platforms/toy/",
    "tests/daemon/cli/test_behind.py",
    "tests/daemon/cli/test_images.py",
    "tests/daemon/cli/test_lost_state.py",
    "tests/daemon/cli/test_patience.py",
    "tests/daemon/cli/test_strangers.py",
)
"""Tests that have nothing in common with the others of their file, and take long: any process may run each."""


def sort_for_sharing(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests of a process that runs a share of them; one that runs them all keeps their order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.nodeid))


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands the tests out in the units that ``unit`` names."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing | None:
    """Take the place of the option that hands out whole files."""
    return Sharing(config, log) if config.getoption("dist") == "loadfile" else None


def unit(nodeid: str) -> str:
    """What is handed out together with a test: its file, its batch, or nothing else."""
    if batch := BATCH.match(nodeid):
        return batch[0]
    return nodeid if nodeid.startswith(ALONE) else nodeid.partition("::")[0]


def _place(nodeid: str) -> int:
    return next((place for place, path in enumerate(LONGEST) if nodeid.startswith(path)), len(LONGEST))

"""In which order the files of tests begin when several processes share them, and which of them run alone."""

from __future__ import annotations

import pytest

LONGEST = (
    "tests/e2e/test_scenarios.py",
    "tests/e2e/test_scenarios_alone.py",
    "tests/e2e/test_crashes.py",
    "tests/e2e/test_replacing.py",
    "tests/platforms/toy/test_toyland.py",
    "tests/nxtui/screens/test_frames.py",
    "tests/chaos/test_matrix.py",
    "tests/e2e/test_host_faults.py",
    "tests/daemon/cli/test_lost_state.py",
    "tests/e2e/",
    "tests/mutants/test_mutants.py",
    "tests/chaos/test_chaos.py",
    "tests/platforms/toy/",
    "tests/daemon/cli/",
    "tests/nxtui/test_real_daemon.py",
    "tests/nxtui/screens/",
    "tests/nxtui/acts/",
    "tests/daemon/",
)
"""What takes longest begins first, so that no process is left with it at the end. What is not named comes after."""


def sort_for_sharing(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the files of a process that runs a share of the tests; one that runs them all keeps their order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((place for place, path in enumerate(LONGEST) if nodeid.startswith(path)), len(LONGEST))

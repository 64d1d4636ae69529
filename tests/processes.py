"""Which tests start processes: they are marked ``e2e``, and no other test can start one."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any

import pytest

from tests import commands

STARTERS = {"place", "another", "served", "at_work", "rig", "playbill", "terminal", "stage", "toy", "jump"}
"""Fixtures that start processes; who asks for one is marked."""
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", commands.STARTED}
"""What Python calls the start of a process when it audits itself, and what the fork server of the tests is told."""

_running: list[pytest.Item] = []


def mark_starters(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for a fixture which starts processes."""
    for item in items:
        if STARTERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("e2e")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Know which test runs."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def _watch(event: str, details: tuple[Any, ...]) -> None:
    if event in STARTS and _running and not any(_running[-1].iter_markers("e2e")):
        raise AssertionError(f"{_running[-1].nodeid} starts a process ({event} {details[:1]}): mark it e2e")


sys.addaudithook(_watch)

"""A process dies, or stops, exactly where `NXD_CRASH` says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.e2e

PASSES = """
import sys, time
from daemon.faultpoints import point
for number in range(1, 4):
    for name, *about in (("before_intent", "n1", "vni"), ("queued", "n1"), ("before_intent", "n2", "vni"), ("queued", "n2")):
        print(number, name, *about, flush=True)
        point(name, *about)
time.sleep(0.5)
print("lived", flush=True)
"""  # noqa: E501


def run(crash: str) -> tuple[int, str]:
    """The exit code of the process, and the last thing it said."""
    command = [sys.executable, "-c", PASSES]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "NXD_CRASH": crash}, timeout=30
    )
    return done.returncode, (done.stdout.splitlines() or [done.stderr.strip().splitlines()[-1]])[-1]


@pytest.mark.parametrize(
    ("crash", "last"),
    [
        ("before_intent", "1 before_intent n1 vni"),
        ("before_intent#2", "1 before_intent n2 vni"),
        ("before_intent@n2", "1 before_intent n2 vni"),
        ("before_intent@n2/vni#3", "3 before_intent n2 vni"),
        ("before_intent@n2>queued", "1 queued n2"),
        ("before_intent#2>queued@n1", "2 queued n1"),
        ("queued+0.05", "3 queued n2"),
    ],
)
def test_it_dies_at_the_passage_that_was_asked_for(crash: str, last: str) -> None:
    assert run(crash) == (-signal.SIGKILL, last)


@pytest.mark.parametrize("crash", ["", "before_intent@n3", "before_intent#9", "queued>before_delete"])
def test_it_lives_where_nothing_matches(crash: str) -> None:
    assert run(crash) == (0, "lived")


def test_it_stops_and_can_be_continued() -> None:
    environ = {**os.environ, "NXD_CRASH": "queued!stop"}
    with subprocess.Popen([sys.executable, "-c", PASSES], stdout=subprocess.PIPE, env=environ) as child:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        os.kill(child.pid, signal.SIGCONT)
        said, _ = child.communicate(timeout=30)
    assert said.endswith(b"lived\n")


@pytest.mark.parametrize("crash", ["nowhere", "queued#0", "queued>nowhere", "queued@", "queued!go"])
def test_a_point_that_there_is_not_is_said_at_once(crash: str) -> None:
    code, last = run(crash)
    assert code == 1
    assert "names no fault point" in last

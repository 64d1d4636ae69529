"""A process that was forked for a test is one as Python starts it, but for what it has imported already."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import STARTED, Forked, popen, run
from tests.loopback import networks
from tests.processes import STARTS

pytestmark = pytest.mark.e2e


def started(arguments: tuple[str, ...], **how: Any) -> subprocess.Popen[Any]:
    return subprocess.Popen([sys.executable, "-P", "-m", "daemon.cli", *arguments], **how)


@pytest.fixture(params=[started, popen], ids=["started", "forked"])
def begin(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Starts nxd in one way or the other."""
    children: list[Any] = []

    def begin(*words: str, env: dict[str, str] | None = None, **how: Any) -> Any:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        children.append(request.param(words, env={**os.environ, **(env or {})}, **{**pipes, **how}))
        assert isinstance(children[-1], Forked) == (request.param is popen)
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        child.communicate(timeout=10)


def sim() -> tuple[str, ...]:
    """The words that start a world on networks of its own."""
    management, workload = networks()
    return "sim", "--json", "--no-machines", "--management", management, "--workload", workload


def test_it_says_what_it_says_and_ends_with_its_code(begin: Callable[..., Any]) -> None:
    good, bad = begin("--version", text=True), begin("dance", text=True)
    assert good.communicate(timeout=20)[0].startswith("nxd, version")
    assert "dance" in bad.communicate(timeout=20)[1]
    assert (good.returncode, bad.returncode, good.poll(), bad.wait()) == (0, 2, 0, 2)


def test_it_reads_what_it_is_given(begin: Callable[..., Any]) -> None:
    child = begin("validate", "-", text=True)
    said = child.communicate("cluster: [", timeout=20)
    assert child.returncode == 2 and "-:1:" in "".join(said)


def test_it_has_a_session_files_and_a_directory_of_its_own(begin: Callable[..., Any], tmp_path: Path) -> None:
    with (tmp_path / "said").open("ab") as log:
        child = begin(*sim(), stdin=subprocess.DEVNULL, stderr=log, cwd=tmp_path, start_new_session=True)
    assert b"vpc_url" in child.stdout.readline()
    assert os.getsid(child.pid) == child.pid
    assert os.readlink(f"/proc/{child.pid}/cwd") == str(tmp_path)
    links = [os.readlink(one) for one in Path(f"/proc/{child.pid}/fd").iterdir()]
    assert (links.count("/dev/null"), links.count(str(tmp_path / "said"))) == (1, 1)
    assert sum(one.startswith("pipe:") for one in links) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_it_ends_by_a_signal_as_any(begin: Callable[..., Any], number: int, code: int) -> None:
    child = begin(*sim())
    assert b"vpc_url" in child.stdout.readline()
    assert child.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.01)
    child.send_signal(number)
    assert child.wait(10) == code
    child.send_signal(number)  # nobody is there any more


def test_it_has_the_environment_that_it_was_given(begin: Callable[..., Any], tmp_path: Path) -> None:
    crash = begin("serve", env={"NXD_CRASH": "nowhere"})
    assert b"names no fault point" in crash.communicate(timeout=20)[1]
    assert crash.returncode == 1
    silent = begin("status", env={"NXD_SOCKET": str(tmp_path / "none")})
    assert b"none" in silent.communicate(timeout=20)[1]
    assert silent.returncode == 3


@pytest.mark.parametrize("name", ["LC_ALL", "LD_PRELOAD", "PYTHONVERBOSE", "TZ"])
def test_what_only_a_new_process_takes_in_is_left_to_python(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    child = popen(["--version"], stdout=subprocess.PIPE)
    assert isinstance(child, subprocess.Popen)
    assert child.communicate(timeout=20)[0].startswith(b"nxd")


def test_a_command_is_run_to_its_end_or_ended() -> None:
    assert run(["--version"]).stdout.startswith("nxd")
    with pytest.raises(subprocess.TimeoutExpired):
        run(sim(), timeout=0.5)


def test_a_start_is_told_to_the_watch_over_tests_that_start_nothing() -> None:
    assert STARTED in STARTS

"""A rehearsal knows what it started, and refuses a place where it cannot know it, in a sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.demo.setup import Demo, DemoError, DemoOptions, _born
from daemon.host.state_dir import claimed
from tests.loopback import apart


def noted(directory: Path, born: int | None) -> Demo:
    """A rehearsal that says of this very process that it is its daemon."""
    pid = os.getpid()
    state = {"processes": {"serve": pid}, "born": {str(pid): born}}
    (directory / "stage.json").write_text(json.dumps(state))
    return Demo(directory)


def test_a_process_that_has_the_number_of_one_that_ended_is_not_taken_for_it(tmp_path: Path) -> None:
    born = _born(os.getpid())
    assert born is not None
    assert noted(tmp_path, born).runs()
    assert not noted(tmp_path, born - 1).runs()


def test_a_second_rehearsal_in_the_same_place_is_refused_with_the_command_that_ends_the_first(
    tmp_path: Path,
) -> None:
    demo = noted(tmp_path, _born(os.getpid()))
    with pytest.raises(DemoError, match=r"running in .* already: end it with `nxd demo --stop --dir "):
        demo.set_up(DemoOptions(speed=60))


def test_where_it_is_not_known_what_runs_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "stage.json").write_text("{")
    with pytest.raises(DemoError, match=r"cannot be read .* name another directory with --dir"):
        Demo(tmp_path).set_up(DemoOptions(speed=60))


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="cannot be kept in"):
        Demo(tmp_path / "file" / "demo").set_up(DemoOptions(speed=60))


@pytest.mark.e2e
def test_a_daemon_that_the_demo_did_not_start_is_not_taken_for_its_own(tmp_path: Path) -> None:
    stop = [sys.executable, "-P", "-m", "daemon.cli", "demo", "--stop", "--dir", str(tmp_path)]
    with claimed(tmp_path / "state"):
        with pytest.raises(DemoError, match=rf"did not start works on .* \(process {os.getpid()}\): end it"):
            Demo(tmp_path).set_up(DemoOptions(speed=60))
        assert list(tmp_path.iterdir()) == [tmp_path / "state"], "nothing was cleared or started"
        ended = subprocess.run(stop, capture_output=True, text=True, timeout=30)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f"process {os.getpid()}" in ended.stderr
    ended = subprocess.run(stop, capture_output=True, text=True, timeout=30)
    assert "No demo runs in" in ended.stderr


@pytest.mark.e2e
def test_what_runs_is_left_alone_where_its_daemon_is_another_ones(tmp_path: Path) -> None:
    stop = [sys.executable, "-P", "-m", "daemon.cli", "demo", "--stop", "--dir", str(tmp_path)]
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as world:
        state = {"processes": {"sim": world.pid}, "born": {str(world.pid): _born(world.pid)}}
        (tmp_path / "stage.json").write_text(json.dumps(state))
        with claimed(tmp_path / "state"):
            ended = subprocess.run(stop, capture_output=True, text=True, timeout=30)
        assert (ended.returncode, "did not start works on" in ended.stderr) == (1, True)
        assert world.poll() is None, "its world goes on"
        world.kill()


@pytest.mark.e2e
def test_a_world_that_is_kept_outlives_its_daemon_and_tells_how_to_start_it_again(tmp_path: Path) -> None:
    nxd = [sys.executable, "-P", "-m", "daemon.cli", "demo", "--dir", str(tmp_path)]
    run = [*nxd, "--headless", "--keep", "--speed", "60", *apart()]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        demo.stdout.readline()  # the deployment has begun
        stage = Demo(tmp_path)
        os.kill(stage.processes()["serve"], signal.SIGKILL)
        told = demo.stdout.read()
    try:
        assert demo.returncode != 0 and "nxd serve " in told and "Traceback" not in told, told
        assert stage.runs() and not stage.serves()
        stage.start_daemon()
    finally:
        stage.stop()
    assert not stage.runs()

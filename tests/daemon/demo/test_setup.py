"""A rehearsal knows what it started, and refuses a place where it cannot know it, in a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from daemon.demo.setup import Demo, DemoError, DemoOptions, _born


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

"""A database that is older than what it had reached is noticed, and a ledger that was put back goes on with nothing by
itself."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client
from tests.daemon.cli.seen_later import until

SAMPLE = Path(__file__).parents[3] / "sample-specs" / "one-node.yaml"


def kill(child: Any) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait(30)


def stop(child: Any) -> None:
    child.terminate()
    assert child.wait(30) == 0


@pytest.fixture
def killed(place: Any) -> Path:
    """The state directory of a daemon that was given a spec and killed."""
    child = place.serve()
    assert place.run("apply", str(SAMPLE)).code == 0
    kill(child)
    state = Path(place.settings["state_dir"])
    assert (state / "nxd.db-wal").stat().st_size
    return state


def lose_the_log(state: Path) -> None:
    for name in ("nxd.db-wal", "nxd.db-shm"):
        (state / name).unlink()


def keep_three_files(state: Path) -> None:
    kept = {name: (state / name).read_bytes() for name in ("nxd.db", "secret.key", "ledger.json")}
    shutil.rmtree(state)
    state.mkdir(mode=0o700)
    for name, content in kept.items():
        (state / name).write_bytes(content)
    (state / "secret.key").chmod(0o600)


@pytest.mark.parametrize("harm", [lose_the_log, keep_three_files], ids=lambda harm: harm.__name__)
def test_a_database_without_its_write_ahead_log_is_not_taken(
    place: Any, killed: Path, harm: Callable[[Path], None]
) -> None:
    harm(killed)
    before = (killed / "nxd.db").read_bytes()
    place.run("serve").refused_with(4, "nxd.db-wal", "ledger.json", "rm ", "nxd audit")
    assert (killed / "nxd.db").read_bytes() == before, "something was written to it"
    (killed / "ledger.json").unlink()  # as the sentence says
    place.serve()
    assert place.run("status").code == 0


def test_the_log_put_back_is_all_that_was_missing(place: Any, killed: Path) -> None:
    log = (killed / "nxd.db-wal").read_bytes()
    lose_the_log(killed)
    place.run("serve").refused_with(4, "nxd.db-wal")
    (killed / "nxd.db-wal").write_bytes(log)
    place.serve()
    assert "solo" in place.run("status").out


def test_an_older_database_beside_a_newer_mark_is_not_taken(place: Any) -> None:
    state = Path(place.settings["state_dir"])
    stop(place.serve())
    older = (state / "nxd.db").read_bytes()
    child = place.serve()
    assert place.run("apply", str(SAMPLE)).code == 0
    stop(child)
    assert not (state / "nxd.db-wal").exists(), "a clean stop leaves one file"
    (state / "nxd.db").write_bytes(older)
    place.run("serve").refused_with(4, "nxd.db", "older copy")


def test_a_daemon_that_is_killed_again_and_again_is_never_taken_for_one_that_lost_anything(
    place: Any,
) -> None:
    for number in range(5):
        child = place.serve()
        if number == 1:
            assert place.run("apply", str(SAMPLE)).code == 0
        if number > 1:
            assert place.run("hold" if number % 2 else "resume", "solo").code in (0, 4)
        kill(child)
    place.serve()
    assert "solo" in place.run("status").out


def error_of(place: Any, name: str) -> tuple[str, str | None]:
    with Client(place.socket) as client:
        entity = client.show(name)["entity"]
    return entity["state"], (entity["error"] or {}).get("code")


def test_a_copy_that_is_put_back_starts_held_and_a_resume_goes_on(place: Any, tmp_path: Path) -> None:
    state = Path(place.settings["state_dir"])
    child = place.serve()
    assert place.run("apply", str(SAMPLE)).code == 0
    stop(child)
    shutil.copytree(state, tmp_path / "copy")
    stop(place.serve())
    assert error_of_a_new_life(place) != ("held", "moved"), "nothing was put back"
    shutil.rmtree(state)
    shutil.copytree(tmp_path / "copy", state)
    child = place.serve()
    assert error_of(place, "solo") == ("held", "moved")
    told = place.run("show", "solo").out
    assert "from a copy" in told and "nxd audit" in told and "nxd resume solo" in told
    stop(child)
    place.serve()
    assert error_of(place, "solo") == ("held", "moved"), "a person decides"
    assert place.run("resume", "solo").code == 0
    until(lambda: error_of(place, "solo")[0] != "held", "it is held still")


def error_of_a_new_life(place: Any) -> tuple[str, str | None]:
    child = place.serve()
    found = error_of(place, "solo")
    stop(child)
    return found


def test_a_backup_of_a_working_daemon_is_whole_and_starts_held(place: Any, tmp_path: Path) -> None:
    state, copy = Path(place.settings["state_dir"]), tmp_path / "copy"
    child = place.serve()
    assert place.run("apply", str(SAMPLE)).code == 0
    made = place.run("backup", str(copy))
    assert made.code == 0 and "line" in made.err, made
    assert {path.name for path in copy.iterdir()} == {"nxd.db", "secret.key", "platforms.json"}
    assert (copy.stat().st_mode & 0o777, (copy / "secret.key").stat().st_mode & 0o777) == (0o700, 0o600)
    with contextlib.closing(sqlite3.connect(copy / "nxd.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert ("solo",) in database.execute("SELECT name FROM records").fetchall()
    place.run("backup", str(copy)).refused_with(2, "exists")
    kill(child)
    state.rename(state.with_name("moved"))
    copy.rename(state)
    place.serve()
    assert error_of(place, "solo") == ("held", "moved")


def test_a_backup_of_a_daemon_that_was_killed_has_what_stands_beside_the_database(
    place: Any, killed: Path, tmp_path: Path
) -> None:
    before = {path.name for path in killed.iterdir()}
    assert place.run("backup", str(tmp_path / "copy")).code == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "copy" / "nxd.db")) as database:
        assert ("solo",) in database.execute("SELECT name FROM records").fetchall()
    assert {path.name for path in killed.iterdir()} == before, "the state directory is only read"
    place.run("backup", "/proc/nowhere/copy").refused_with(1, "cannot be written")

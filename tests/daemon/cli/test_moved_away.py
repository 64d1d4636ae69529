"""A state directory that is moved away under a running daemon: it says so, writes nothing more, and never touches what
stands at that path since; and a daemon that nobody could reach makes no ledger."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client, DaemonRefused
from tests.daemon.cli.seen_later import until

SAMPLE = Path(__file__).parents[3] / "sample-specs" / "one-node.yaml"


def problems(place: Any) -> str:
    with Client(place.socket) as client:
        health = client.health()
    assert health["ok"] is not bool(health["problems"])
    return " ".join(health["problems"])


def stop(child: Any) -> None:
    child.terminate()
    assert child.wait(30) == 0


def test_a_daemon_whose_state_directory_is_moved_away_says_so_and_takes_nothing_until_it_is_back(
    place: Any,
) -> None:
    child, state = place.serve(), Path(place.settings["state_dir"])
    away = state.rename(state.with_name("state.old"))
    until(lambda: "is not the one that this nxd works in" in problems(place), "nobody says it")
    said = problems(place)
    assert str(state) in said and f"Move {away} back to {state}" in said
    with Client(place.socket) as client:
        with pytest.raises(DaemonRefused) as refused:
            client.apply(SAMPLE.read_text())
        assert client.snapshot()["unwritten"]["problem"] in said, "every client says of when it tells"
    assert (refused.value.status, refused.value.error["code"]) == (503, "database")
    place.run("serve").refused_with(1, "the port is in use")
    assert sorted(path.name for path in state.iterdir()) == ["nxd.lock"], "no ledger and no key is made anew"
    (state / "nxd.lock").unlink()
    state.rmdir()
    away.rename(state)
    until(lambda: not problems(place), "it goes on by itself")
    assert place.run("apply", str(SAMPLE), "--yes").code == 0
    stop(child)


def test_a_daemon_that_was_moved_away_leaves_the_directory_of_another_one_alone(
    place: Any, another: Any
) -> None:
    first, state = place.serve(), Path(place.settings["state_dir"])
    assert place.run("apply", str(SAMPLE), "--yes").code == 0
    away = state.rename(state.with_name("state.old"))
    other = another()
    other.write(state_dir=str(state))
    second = other.serve()
    until(lambda: "is not the one" in problems(place), "nobody says it")
    before = {path.name: path.read_bytes() for path in state.iterdir() if path.name != "nxd.db-shm"}
    stop(first)
    after = {path.name: path.read_bytes() for path in state.iterdir() if path.name != "nxd.db-shm"}
    assert after == before
    assert (state / "nxd.db-shm").exists()
    owners = [json.loads((folder / "ledger.json").read_text())["daemon_id"] for folder in (state, away)]
    assert owners[0] != owners[1]
    stop(second)
    place.write(state_dir=str(away))
    stop(place.serve())


def test_a_lock_that_somebody_removed_is_told_before_a_second_daemon_takes_the_directory(place: Any) -> None:
    child, state = place.serve(), Path(place.settings["state_dir"])
    (state / "nxd.lock").unlink()
    until(lambda: "nxd.lock is not the one that this nxd took" in problems(place), "nobody says it")
    assert "start this nxd again" in problems(place)
    stop(child)


@pytest.mark.parametrize("port", ["boot", "config"])
def test_a_daemon_that_cannot_open_its_ports_makes_no_ledger_and_no_key(place: Any, port: str) -> None:
    state = Path(place.settings["state_dir"])
    host, _, number = place.settings[port]["listen"].rpartition(":")
    with socket.create_server((host, int(number))):
        place.run("serve").refused_with(1, "the port is in use", f"{port}.listen")
    assert sorted(path.name for path in state.iterdir()) == ["nxd.lock"]

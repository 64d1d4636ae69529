"""What is lost or open in the state directory is told before anything is made anew, and nothing is changed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).parents[3] / "sample-specs" / "one-node.yaml"


@pytest.fixture
def kept(place: Any) -> Path:
    """The state directory of a daemon that has a ledger and is stopped now."""
    child = place.serve()
    applied = place.run("apply", str(SAMPLE))
    assert applied.code == 0, applied
    child.terminate()
    assert child.wait(30) == 0
    return Path(place.settings["state_dir"])


def files(state: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in state.iterdir() if path.is_file()}


def lose_key(state: Path) -> None:
    (state / "secret.key").unlink()


def empty_key(state: Path) -> None:
    (state / "secret.key").write_bytes(b"")


def spoil_key(state: Path) -> None:
    (state / "secret.key").write_bytes(b"not a key at all")


def open_key(state: Path) -> None:
    (state / "secret.key").chmod(0o644)


def lose_database(state: Path) -> None:
    for path in state.glob("nxd.db*"):
        path.unlink()


def empty_database(state: Path) -> None:
    for path in state.glob("nxd.db-*"):
        path.unlink()
    (state / "nxd.db").write_bytes(b"")


def lose_all_but_key(state: Path) -> None:
    for path in (*state.glob("nxd.db*"), state / "ledger.json", state / "running"):
        path.unlink(missing_ok=True)


def lose_all_but_running(state: Path) -> None:
    for path in (*state.glob("nxd.db*"), state / "ledger.json", state / "secret.key"):
        path.unlink()


def empty_all_but_key(state: Path) -> None:
    empty_database(state)
    (state / "ledger.json").unlink()


def database_to_directory(state: Path) -> None:
    lose_database(state)
    (state / "nxd.db").mkdir()


def key_to_directory(state: Path) -> None:
    (state / "secret.key").unlink()
    (state / "secret.key").mkdir()


def spoil(table: str, column: str, state: Path) -> None:
    with contextlib.closing(sqlite3.connect(state / "nxd.db")) as database:
        database.execute(f"UPDATE {table} SET {column} = '{{\"half'")
        database.commit()


def spoil_record(state: Path) -> None:
    spoil("records", "facts", state)


def spoil_log(state: Path) -> None:
    spoil("events", "data", state)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lose_all_but_key, ("nxd.db is gone", "secret.key says", "backup", "move")),
        (lose_all_but_running, ("nxd.db is gone", "running says", "backup")),
        (empty_all_but_key, ("nxd.db is empty", "secret.key says", "backup")),
        (spoil_record, ("nxd.db is not a usable database", "backup")),
        (spoil_log, ("nxd.db is not a usable database", "backup")),
        (lose_key, ("secret.key is gone", "backup")),
        (empty_key, ("secret.key is empty", "backup")),
        (spoil_key, ("secret.key is not a key", "backup")),
        (open_key, ("mode 0644", "chmod 600")),
        (lose_database, ("nxd.db is gone", "ledger", "backup")),
        (empty_database, ("nxd.db is empty", "ledger", "backup")),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_daemon_whose_state_is_lost_refuses_to_start_and_makes_nothing_anew(
    place: Any, kept: Path, harm: Any, words: tuple[str, ...]
) -> None:
    harm(kept)
    before = files(kept)
    place.run("serve").refused_with(4, *words)
    after = files(kept)
    assert after.get("secret.key") == before.get("secret.key")
    assert bool(after.get("nxd.db")) == bool(before.get("nxd.db")), "a ledger was begun anew"
    assert not place.socket.exists()


@pytest.mark.parametrize(
    ("harm", "name"), [(database_to_directory, "nxd.db"), (key_to_directory, "secret.key")]
)
def test_a_directory_where_a_file_belongs_is_named(place: Any, kept: Path, harm: Any, name: str) -> None:
    harm(kept)
    place.run("serve").refused_with(4, f"{kept / name} is a directory", "backup")
    assert not any((kept / name).iterdir())


def test_a_key_that_its_owner_can_only_read_is_taken(place: Any, kept: Path) -> None:
    (kept / "secret.key").chmod(0o400)
    child = place.serve()
    child.terminate()
    assert child.wait(30) == 0


def test_the_key_of_another_database_is_not_taken(place: Any, kept: Path) -> None:
    import asyncio

    from cryptography.fernet import Fernet

    from daemon.store.ops import PutSecret
    from daemon.store.sqlite import SqliteStore

    async def seal() -> None:
        store = SqliteStore(kept / "nxd.db", "x")
        await store.open()
        sealed = Fernet((kept / "secret.key").read_bytes()).encrypt(b"boot token")
        await store.commit(await store.acquire("test"), [PutSecret("solo01/boot", "solo", sealed)])
        await store.close()

    asyncio.run(seal())
    child = place.serve()
    child.terminate()
    assert child.wait(30) == 0
    (kept / "secret.key").write_bytes(Fernet.generate_key())
    place.run("serve").refused_with(4, "not the one", "backup")


def test_the_ledger_of_another_daemon_is_not_taken(place: Any, another: Any, kept: Path) -> None:
    other = another()
    child = other.serve()
    child.terminate()
    assert child.wait(30) == 0
    lose_database(kept)
    (kept / "nxd.db").write_bytes((Path(other.settings["state_dir"]) / "nxd.db").read_bytes())
    place.run("serve").refused_with(4, "ledger.json", "is the ledger of")


def test_a_restored_state_directory_works_again_and_so_does_one_that_was_moved_away(
    place: Any, kept: Path
) -> None:
    saved = files(kept)
    lose_key(kept)
    lose_database(kept)
    for name, content in saved.items():
        (kept / name).write_bytes(content)
    (kept / "secret.key").chmod(0o600)
    child = place.serve()
    assert "solo" in place.run("status").out or "node" in place.run("status").out
    child.terminate()
    assert child.wait(30) == 0
    kept.rename(kept.with_name("moved"))
    child = place.serve()
    assert place.run("status").code == 0
    assert (kept / "secret.key").stat().st_mode & 0o777 == 0o600

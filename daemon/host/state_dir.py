"""The state directory: one daemon at a time, which keeps to its own, and what has to be there of a ledger that was ever
kept here."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.errors.tree import StartError, StateLost, StoreError

DATABASE = "nxd.db"
KEY = "secret.key"
MARK = "ledger.json"
"""Says whose ledger is kept beside it and how far it had come, for the day on which that is gone."""
SEEN = "platforms.json"
"""Names the platforms that were ever installed, with the keys of their settings."""
RUNNING = "running"
LOCK = "nxd.lock"
NAMES = frozenset((DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", KEY, MARK, SEEN, RUNNING, LOCK))
"""What nxd keeps in its state directory."""

_AWAY = (
    "Put it back from the backup (it belongs together with secret.key), then start nxd again. If there is none: "
    "move {directory} away and start with an empty ledger; `nxd audit` then lists what stands in the cloud."
)

_FILE = (
    "Move it away and put the file back from the backup, then start nxd again. If there was none: move {directory} "
    "away and start with an empty ledger; `nxd audit` then lists what stands in the cloud."
)


_ELSEWHERE = (
    "Move {now} back to {path}; nxd goes on by itself. Or stop this nxd: it leaves everything in {now}."
)
_UNLOCKED = "Stop whatever else works there, then start this nxd again."


class StateDir:
    """A state directory that this daemon has claimed, by its descriptor: whoever moves it away moves it with what is
    written into it."""

    def __init__(self, path: Path, folder: int, lock: int) -> None:
        self.path = path
        self.folder = folder
        stands = os.fstat(lock)
        self._lock = (stands.st_dev, stands.st_ino)
        self.place = f"{stands.st_ino}:{stands.st_ctime_ns}"
        """Names this directory on its disk: nobody writes to the lock's file, and a copy of it has another age."""

    def check_here(self) -> None:
        """See that the directory at its path is still the one that was claimed, by its lock. Raises StoreError."""
        try:
            stands = os.stat(self.path / LOCK)
        except OSError:
            there = None
        else:
            there = (stands.st_dev, stands.st_ino)
        if there == self._lock:
            return
        now = os.readlink(f"/proc/self/fd/{self.folder}")
        if now == str(self.path.resolve()):
            what, remedy = f"The lock {self.path / LOCK} is not the one that this nxd took", _UNLOCKED
        else:
            what = f"The state directory {self.path} is not the one that this nxd works in"
            remedy = _ELSEWHERE.format(now=now, path=self.path)
        raise StoreError("database", f"{what}.", evidence=f"It works in {now}.", remedy=remedy)

    def put(self, name: str, text: str) -> None:
        """Put a file in the place of the one of this name, durably, whole or not at all. Raises OSError."""
        fresh = f"{name}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with open(os.open(fresh, flags, 0o600, dir_fd=self.folder), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh, name, src_dir_fd=self.folder, dst_dir_fd=self.folder)


@contextmanager
def claimed(state_dir: Path) -> Iterator[StateDir]:
    """The state directory, for this daemon alone while it runs. Raises StartError."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=folder)
        except OSError:
            os.close(folder)
            raise
    except OSError as error:
        wrong = isinstance(error, PermissionError | NotADirectoryError | FileExistsError | IsADirectoryError)
        raise StartError(
            f"The state directory {state_dir} cannot be used ({error.strerror}): "
            "make it writable for this user, or name another one as state_dir.",
            passing=not wrong,
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        os.close(folder)
        raise StartError(
            f"Another nxd works on {state_dir} already: stop that one first, or give this one its own state_dir.",
            passing=True,
        ) from None
    try:
        yield StateDir(state_dir, folder, lock)
    finally:
        os.close(lock)
        os.close(folder)


def claimant(state_dir: Path) -> str | None:
    """Who works on a state directory, in words; None if nobody does."""
    try:
        lock = os.open(state_dir / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(os.fstat(lock).st_ino)
    finally:
        os.close(lock)
    return None


def _holder(inode: int) -> str:
    """Who holds the lock of a file: of the kernel's list, the process that it names."""
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5].rpartition(":")[2] == str(inode):
            return f"process {words[4]}"
    return "another process"


def check_ledger(state_dir: Path, owner: str | None) -> None:
    """See, before the database is opened, that it was not lost; ``owner`` is whose ledger was kept here, by its mark.
    Raises StateLost."""
    database = state_dir / DATABASE
    left = [state_dir / name for name in (KEY, RUNNING) if (state_dir / name).exists()]
    if owner is not None:
        proof = f"{state_dir / MARK} says that the ledger of {owner} was kept in it"
    elif left:
        proof = f"{left[0]} says that a ledger was kept in it"
    else:
        return
    try:
        size = database.stat().st_size
    except FileNotFoundError:
        what = "is gone"
    else:
        if size:
            return
        what = "is empty"
    raise StateLost(
        "database",
        f"The database {database} {what}, and {proof}.",
        remedy=_AWAY.format(directory=state_dir),
    )


def check_files(state_dir: Path) -> None:
    """See that what nxd keeps in files is in files. Raises StateLost."""
    for path in (state_dir / name for name in sorted(NAMES)):
        if path.exists() and not path.is_file():
            what = "a directory" if path.is_dir() else "something else"
            raise StateLost(
                "database",
                f"{path} is {what}, where nxd keeps a file.",
                remedy=_FILE.format(path=path, directory=state_dir),
            )

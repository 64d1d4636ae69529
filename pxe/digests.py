"""Checksums of the files of a directory: each file is read once for each change of it, whoever asks and in whatever
process, for what was read is kept beside the files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

from pxe.image_list import DIGESTS_NAME as DIGESTS_NAME
from pxe.image_list import write_whole

_CHUNK = 1 << 20

Mark = tuple[int, ...]
"""What the file system says of a file that changes whenever the file does, as far as it knows."""
CONTENT = 3
"""So many parts of a mark change with the content alone; the last one does with the name too."""


def mark_of(status: os.stat_result) -> Mark:
    """Inode, size, and the times of the last change of the content and of anything."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@dataclass(frozen=True)
class Reading:
    """A file that is being read: so many bytes of all."""

    name: str
    done: int
    size: int


class Digests:
    """What was read of the files of one directory, kept in it where it can be written and in memory where it cannot."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / DIGESTS_NAME
        self._one_reads = threading.Lock()
        self._unwritten: dict[str, tuple[str, Mark]] = {}
        self.reading: Reading | None = None
        """What is being read now by this process."""
        self.done = 0
        """So many bytes this process has read of all files: where it stands still the disk does not answer."""

    def known(self, name: str, mark: Mark) -> str | None:
        """The SHA-256 of a file as it is now; None where it was not read since it changed."""
        for notes in (self._unwritten, self._kept()):
            digest, then = notes.get(name, ("", ()))
            if then == mark:
                return digest
        return None

    def read(self, path: Path) -> tuple[str, Mark]:
        """The SHA-256 of a file, which is read if it was not since it changed, and the mark that it holds for. Raises
        OSError."""
        digest = self.known(path.name, mark := mark_of(path.stat(follow_symlinks=False)))
        if digest is not None:
            return digest, mark
        with self._one_reads:
            mark = mark_of(path.stat(follow_symlinks=False))
            digest = self.known(path.name, mark)
            if digest is None:
                digest = self._read_now(path)
                self.keep(path.name, digest, mark)
        return digest, mark

    def keep(self, name: str, digest: str, mark: Mark) -> None:
        """Keep what was read of a file that had this mark before it was read, and has it still."""
        try:
            if mark_of((self._directory / name).stat(follow_symlinks=False)) != mark:
                return
            self._write({**self._kept(), name: (digest, mark)})
        except OSError:
            self._unwritten[name] = (digest, mark)
        else:
            self._unwritten.pop(name, None)

    def forget(self, name: str) -> None:
        """Have a file read anew, whatever the file system says of it. Raises OSError."""
        self._unwritten.pop(name, None)
        kept = self._kept()
        if kept.pop(name, None) is not None:
            self._write(kept)

    def keep_only(self, names: Container[str]) -> None:
        """Drop what is kept of other files, which are no images any more."""
        kept = self._kept()
        if any(name not in names for name in kept):
            with contextlib.suppress(OSError):
                self._write({name: note for name, note in kept.items() if name in names})

    def _read_now(self, path: Path) -> str:
        def tell(done: int, size: int) -> None:
            self.done += done - (self.reading.done if self.reading else 0)
            self.reading = Reading(path.name, done, size)

        try:
            return digest_of(path, tell)
        finally:
            self.reading = None

    def _kept(self) -> dict[str, tuple[str, Mark]]:
        """What the file says; of one that says nothing sensible nothing is known."""
        try:
            said = json.loads(self._path.read_bytes())
            return {str(name): (str(digest), tuple(map(int, mark))) for name, (digest, *mark) in said.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def _write(self, kept: dict[str, tuple[str, Mark]]) -> None:
        there = {name: [digest, *mark] for name, (digest, mark) in sorted(kept.items())}
        write_whole(self._path, f"{json.dumps(there, indent=1)}\n".encode())


_BY_DIRECTORY: dict[Path, Digests] = {}
"""One for each directory, so that two who ask at the same time read no file twice."""


def digests_of(directory: Path) -> Digests:
    """What this process knows of the files of a directory."""
    return _BY_DIRECTORY.setdefault(directory, Digests(directory))


def digest_of(
    path: Path, tell: Callable[[int, int], None] = lambda done, size: None, from_disk: bool = False
) -> str:
    """The SHA-256 of a file, every byte of which is read now; ``tell`` is told how far it is. ``from_disk``: what the
    kernel holds of it in memory does not count. Raises OSError."""
    found, buffer = hashlib.sha256(), bytearray(_CHUNK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        if from_disk:
            with contextlib.suppress(OSError):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        size, done = os.fstat(file.fileno()).st_size, 0
        tell(done, size)
        while count := file.readinto(buffer):
            found.update(view[:count])
            done += count
            tell(done, size)
    return found.hexdigest()

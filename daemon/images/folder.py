"""The directory of the boot images: files are put there whole and pinned, verified byte by byte, and taken away."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from daemon.words import counted
from pxe.digests import DIGESTS_NAME, digest_of, digests_of, mark_of
from pxe.image_list import DRAFT, LIST_NAME, ImagesError, NoListError, put_in_place, read_list, write_list
from pxe.images import is_name, is_pin, twins

State = Literal["verified", "unverified", "missing", "short", "altered", "unreadable", "unlisted"]
WRONG: tuple[State, ...] = ("missing", "short", "altered", "unreadable")
"""States in which an image is not served."""
CHUNK = 1 << 20

Tell = Callable[[str, int, int], None]
"""Is told what is being done with which file, how many bytes of it are done, and how many there are."""


Ask = Callable[[list[str]], None]


class FolderError(Exception):
    """Why nothing was done: the command was ``wrong``, it is ``refused``, or the disk ``failed``."""

    def __init__(self, why: Literal["wrong", "refused", "failed"], text: str) -> None:
        super().__init__(text)
        self.why = why


@dataclass(frozen=True)
class ImageSource:
    """What becomes an image: ``origin`` is where it comes from, in words, and ``open`` gives its bytes."""

    name: str
    origin: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True)
class StoredImage:
    """An image as it is listed and as it lies there; ``added`` in Unix seconds."""

    name: str
    state: State
    size: int | None
    sha256: str | None
    added: float | None


def file_source(name: str, path: Path) -> ImageSource:
    """A file that becomes an image. Raises FolderError."""
    try:
        status = path.stat()
    except OSError as error:
        raise FolderError("wrong", f"{path} cannot be read ({error.strerror}).") from None
    if not stat.S_ISREG(status.st_mode):
        raise FolderError("wrong", f"{path} is no plain file.")
    return ImageSource(name, str(path), status.st_size, lambda: path.open("rb"))


def put(
    directory: Path, sources: Sequence[ImageSource], over: bool, tell: Tell, ask: Ask = lambda names: None
) -> list[StoredImage]:
    """Copy them all into the directory, or nothing. Each is hashed on the way, read back from the disk, named when it
    is whole, and pinned. ``over``: in place of what has the name now; ``ask`` is told which of these are served and
    would be others, and raises what it likes. Raises FolderError."""
    with _changing(directory):
        pins = _pins(directory)
        _check_names(directory, sources, pins, over)
        _check_room(directory, sources)
        with contextlib.ExitStack() as stack:
            drafts = [stack.enter_context(_draft(directory, one.name)) for one in sources]
            digests = [_copy(one, draft, tell) for one, draft in zip(sources, drafts, strict=True)]
            if others := _others(
                directory, pins, dict(zip((one.name for one in sources), digests, strict=True))
            ):
                ask(others)
            for one, draft, digest in zip(sources, drafts, digests, strict=True):
                put_in_place(draft, directory / one.name)
                status = (directory / one.name).stat()
                added = round(status.st_mtime, 3)
                pins[one.name] = {"sha256": digest, "size": one.size, "added": added}
            write_list(directory, pins)
        for one, digest in zip(sources, digests, strict=True):
            digests_of(directory).keep(one.name, digest, mark_of((directory / one.name).stat()))
        return [_stored(directory, one.name, pins[one.name]) for one in sources]


def _others(directory: Path, pins: Mapping[str, Any], digests: Mapping[str, str]) -> list[str]:
    """Which of the images that are as they were pinned would be others."""
    known = [_stored(directory, name, pins[name]) for name in digests if name in pins]
    return [one.name for one in known if one.state == "verified" and one.sha256 != digests[one.name]]


def remove(directory: Path, name: str) -> None:
    """Take an image out of the list, and its file away. Raises FolderError."""
    with _changing(directory):
        pins = _pins(directory)
        listed = pins.pop(name, None) is not None
        full = listed and not _is_written(directory, pins)
        with contextlib.suppress(FileNotFoundError):
            (directory / name).unlink()
        if full:
            write_list(directory, pins)  # there is room for it now


def _is_written(directory: Path, pins: dict[str, Any]) -> bool:
    """Write the list, unless the disk is full. Raises OSError for every other trouble."""
    try:
        write_list(directory, pins)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False
    return True


def stored(directory: Path) -> list[StoredImage]:
    """Every image in the list, and what lies beside them, as far as it is known without reading any. Raises
    FolderError."""
    pins = _pins(directory)
    return [_stored(directory, name, pin) for name, pin in sorted(pins.items())] + _unlisted(directory, pins)


def verified(directory: Path, names: Sequence[str], tell: Tell) -> list[StoredImage]:
    """The same after every byte of these was read, or of all of them. What is not as it was pinned is forgotten: the
    daemon reads it anew too. Raises FolderError."""
    pins = _pins(directory)
    if (said := lost_list(directory)) is not None:
        raise FolderError("failed", said)
    unknown = [name for name in names if name not in pins]
    if unknown:
        raise FolderError("wrong", f"No image of this name is in the list: {', '.join(unknown)}.")
    found = [_read(directory, name, pins[name], tell) for name in names or sorted(pins)]
    return found + ([] if names else _unlisted(directory, pins))


def _read(directory: Path, name: str, pin: Any, tell: Tell) -> StoredImage:
    path, digests = directory / name, digests_of(directory)
    known = _stored(directory, name, pin)
    if known.state in ("missing", "short", "unreadable"):
        return known
    try:
        mark = mark_of(path.stat(follow_symlinks=False))
        digest = digest_of(path, lambda done, size: tell(f"verifying {name}", done, size), from_disk=True)
    except OSError:
        return replace(known, state="unreadable")
    if digest == known.sha256:
        digests.keep(name, digest, mark)
        return replace(known, state="verified")
    with contextlib.suppress(OSError):  # who may only read tells of it all the same
        digests.forget(name)
    return replace(known, state="altered")


def _stored(directory: Path, name: str, pin: Any) -> StoredImage:
    """An image of the list, by what the file system says of it and what is known of its bytes."""
    if not is_pin(pin) or not is_name(name):
        return StoredImage(name, "unreadable", None, None, None)
    size, sha256, added = pin["size"], pin["sha256"], pin.get("added")
    state: State
    try:
        status = (directory / name).stat(follow_symlinks=False)
    except FileNotFoundError:
        return StoredImage(name, "missing", size, sha256, added)
    except OSError:
        return StoredImage(name, "unreadable", size, sha256, added)
    if not stat.S_ISREG(status.st_mode):
        state = "unreadable"
    elif status.st_size != size:
        state = "short" if status.st_size < size else "altered"
    else:
        digest = digests_of(directory).known(name, mark_of(status))
        state = "unverified" if digest is None else "verified" if digest == sha256 else "altered"
    since = added if isinstance(added, int | float) else round(status.st_mtime, 3)
    return StoredImage(name, state, size, sha256, since)


def _unlisted(directory: Path, pins: dict[str, Any]) -> list[StoredImage]:
    """What lies in the directory and is served to nobody."""
    found = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name not in pins and entry.name not in (LIST_NAME, DIGESTS_NAME):
                    status = entry.stat(follow_symlinks=False)
                    found.append(
                        StoredImage(entry.name, "unlisted", status.st_size, None, round(status.st_mtime, 3))
                    )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FolderError("failed", f"{directory} cannot be read ({error.strerror}).") from None
    return sorted(found, key=lambda one: one.name)


def _pins(directory: Path) -> dict[str, Any]:
    """The list as it stands; an empty one where there is none yet. Raises FolderError."""
    try:
        return read_list(directory)
    except NoListError:
        return {}
    except ImagesError as error:
        raise FolderError("failed", str(error)) from None


def lost_list(directory: Path) -> str | None:
    """What is said where images lie and their list is gone: none of them is served. Raises FolderError."""
    try:
        read_list(directory)
    except NoListError as error:
        return str(error) if error.lost else None
    except ImagesError as error:
        raise FolderError("failed", str(error)) from None
    return None


def _check_names(directory: Path, sources: Sequence[ImageSource], pins: dict[str, Any], over: bool) -> None:
    """See that every name is free, or may be given anew. Raises FolderError."""
    names = [one.name for one in sources]
    for one, name in zip(sources, names, strict=True):
        if not is_name(name):
            said = f'"{name}" cannot be the name of an image: use letters, digits, ".", "_" and "-".'
            raise FolderError("wrong", said)
        if not one.size:
            raise FolderError(
                "wrong", f"{one.origin} is empty, and no machine boots from that: name another file."
            )
        if names.count(name) > 1:
            raise FolderError("wrong", f"Two files would have the name {name}: give them different ones.")
        if not over and (name in pins or os.path.lexists(directory / name)):
            raise FolderError(
                "refused", f"There is a {name} already: give --replace to put this one there instead."
            )
        others = {*pins, *names}
        hidden = [other for other in others if name in twins(other)]
        if hidden:
            said = f"{name} would be sent instead of {hidden[0]}: give it another name."
            raise FolderError("wrong", said)
        in_the_way = [twin for twin in twins(name) if os.path.lexists(directory / twin)]
        if in_the_way:
            said = f"{directory / in_the_way[0]} would be sent instead of {name}: remove it, or give another name."
            raise FolderError("refused", said)


def _check_room(directory: Path, sources: Sequence[ImageSource]) -> None:
    needed, free = sum(one.size for one in sources), shutil.disk_usage(directory).free
    if needed > free:
        room = f"room for {counted(free, 'byte')} and not for {counted(needed, 'byte')}"
        said = f"{directory} has {room}: free disk space."
        raise FolderError("failed", said)


@contextmanager
def _changing(directory: Path) -> Iterator[None]:
    """The directory, made where it is not there yet, for one who changes it; what an earlier one left half done is
    removed. Trouble with the disk becomes a FolderError."""
    try:
        if not directory.is_dir():
            directory.mkdir(parents=True)
            directory.chmod(0o755)
        lock = os.open(directory, os.O_RDONLY)
    except OSError as error:
        said = f"{directory} cannot be used ({error.strerror}): see that it is a directory, and whose it is."
        raise FolderError("failed", said) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in directory.glob(f".*{DRAFT}"):
            if not left.name.startswith(f".{DIGESTS_NAME}"):
                left.unlink()
        yield
    except BlockingIOError:
        said = f"Another command changes {directory} now: give this one again when it is done."
        raise FolderError("refused", said) from None
    except OSError as error:
        said = f"{directory} cannot be written ({error.strerror}): free disk space, or see whose it is."
        raise FolderError("failed", said) from None
    finally:
        os.close(lock)


@contextmanager
def _draft(directory: Path, name: str) -> Iterator[Path]:
    draft = directory / f".{name}{DRAFT}"
    try:
        yield draft
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _copy(source: ImageSource, draft: Path, tell: Tell) -> str:
    """Write the draft, durably, and read it back from the disk; its SHA-256. Raises OSError, FolderError."""
    found, done = hashlib.sha256(), 0
    with draft.open("wb") as file:
        os.fchmod(file.fileno(), 0o644)
        for piece in _pieces(source):
            file.write(piece)
            found.update(piece)
            done += len(piece)
            tell(f"copying {source.name}", done, source.size)
        file.flush()
        os.fsync(file.fileno())
    if done != source.size:
        received = f"{done} of {counted(source.size, 'byte')}"
        said = f"{source.origin} ended after {received}: it is cut short, or changed meanwhile."
        raise FolderError("failed", said)
    digest = digest_of(
        draft, lambda done, size: tell(f"reading {source.name} back", done, size), from_disk=True
    )
    if digest != found.hexdigest():
        said = f"What was written of {source.name} is not what is read back: see that the disk is sound."
        raise FolderError("failed", said)
    return digest


def _pieces(source: ImageSource) -> Iterator[bytes]:
    """The bytes of a source, whose trouble is told as its own. Raises FolderError."""
    try:
        with source.open() as file:
            while piece := file.read(CHUNK):
                yield piece
    except OSError as error:
        raise FolderError("failed", f"{source.origin} cannot be read ({error.strerror or error}).") from None

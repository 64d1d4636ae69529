"""The list of boot images: only what stands in ``images.json`` is served, and only as it was pinned there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pxe.once import once

LIST_NAME = "images.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACKED = (".gz", ".br")
"""Endings under which aiohttp looks for a compressed twin to send instead."""


class ImagesError(Exception):
    """The images cannot be served. ``problems`` holds every reason, each with what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Image:
    """A verified file. ``mark`` is what the file system said of it when it was verified."""

    path: Path
    sha256: str
    size: int
    mark: tuple[int, int, int]

    def unchanged(self) -> bool:
        """Whether the file is still the one that was verified, and the one that would be sent."""
        try:
            same = _mark(self.path.stat(follow_symlinks=False)) == self.mark
        except OSError:
            return False
        return same and not any(_twin(self.path, ending).exists() for ending in _PACKED)

    def is_sound(self) -> bool:
        """Whether it is unchanged and its disk reads it now."""
        try:
            with self.path.open("rb") as file:
                file.read(1)
        except OSError:
            return False
        return self.unchanged()


@dataclass
class Images:
    """The images by name, as they were verified last. ``problems``: why what lies in their directory now cannot be
    served, each with what to do."""

    by_name: Mapping[str, Image]
    problems: list[str] = field(default_factory=list)
    _seen: object = None

    def get(self, name: str) -> Image | None:
        """The image of exactly this name."""
        return self.by_name.get(name)

    def look(self, directory: Path) -> bool:
        """Verify the directory if anything in it changed since the last look; whether it did.

        Reads every byte then, so it belongs into a thread. What was verified before stays in the list when something
        is wrong now; what changed of it is not served.
        """
        seen = _marks(directory)
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self.by_name, self.problems = load_images(directory).by_name, []
        except ImagesError as error:
            self.problems = error.problems
        return True


def _marks(directory: Path) -> object:
    """What the file system says of a directory and everything in it."""
    try:
        with os.scandir(directory) as entries:
            stats = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
        return directory.stat().st_mode, [(name, one.st_mode, _mark(one)) for name, one in stats]
    except OSError as error:
        return error.errno


def fingerprint(path: Path) -> dict[str, Any]:
    """The entry of a file in the list: ``sha256`` in hexadecimal and ``size`` in bytes. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"sha256": digest, "size": file.tell()}


def load_images(directory: Path) -> Images:
    """Read ``images.json`` (``{name: {"sha256": …, "size": …}}``) and verify every file in it.

    Reads every byte, so it belongs into a thread. Raises ImagesError with everything that is wrong.
    """
    pins = _read_list(directory / LIST_NAME)
    problems: list[str] = []
    if not directory.stat().st_mode & stat.S_IXOTH:
        problems.append(f"{directory} is closed to other users: chmod 755 {directory}")
    images = {}
    for name, pin in pins.items():
        try:
            images[name] = _verified(directory, name, pin)
        except _Wrong as wrong:
            problems.append(str(wrong))
    if problems:
        raise ImagesError(problems)
    return Images(images)


class _Wrong(Exception):
    """One image cannot be served, with the reason and the remedy."""


def _read_list(path: Path) -> dict[str, Any]:
    try:
        pins = json.loads(path.read_bytes(), object_pairs_hook=once)
    except FileNotFoundError:
        raise ImagesError(
            [f"There is no image list {path}: put the boot images and their list there."]
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ImagesError([f"The image list {path} cannot be read ({error}): write it again."]) from None
    if not isinstance(pins, dict):
        raise ImagesError([f"The image list {path} must be an object of names: write it again."])
    return pins


def _verified(directory: Path, name: str, pin: Any) -> Image:
    if not _NAME.fullmatch(name) or name == LIST_NAME:
        raise _Wrong(f'"{name}" cannot be the name of an image: use letters, digits, ".", "_" and "-"')
    if not _is_pin(pin):
        raise _Wrong(f"{name} needs its sha256 (64 hexadecimal digits) and its size in {LIST_NAME}")
    path = directory / name
    try:
        before = path.stat(follow_symlinks=False)
        if not stat.S_ISREG(before.st_mode):
            raise _Wrong(f"{path} is not a plain file: copy the image itself there")
        if not before.st_mode & stat.S_IROTH or before.st_mode & stat.S_IWOTH:
            raise _Wrong(f"{path} must be readable for all and writable for its owner: chmod 644 {path}")
        found = fingerprint(path)
    except FileNotFoundError:
        raise _Wrong(f"{path} is missing: copy the image there, or take it out of {LIST_NAME}") from None
    except OSError as error:
        raise _Wrong(f"{path} cannot be read ({error.strerror}): chmod 644 {path}") from None
    if found["size"] != pin["size"]:
        raise _Wrong(f"{path} has the size {found['size']} and not {pin['size']}: copy it again")
    if found["sha256"] != pin["sha256"]:
        raise _Wrong(
            f"{path} does not have the pinned checksum: copy it again, or pin it anew if that was meant"
        )
    for ending in _PACKED:
        if _twin(path, ending).exists():
            raise _Wrong(f"{_twin(path, ending)} would be sent instead of {name}: remove it")
    return Image(path, found["sha256"], found["size"], _mark(before))


def _is_pin(pin: Any) -> bool:
    return (
        isinstance(pin, dict)
        and isinstance(pin.get("sha256"), str)
        and bool(_SHA256.fullmatch(pin["sha256"]))
        and type(pin.get("size")) is int
    )


def _twin(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns

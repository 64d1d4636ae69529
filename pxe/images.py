"""The boot images: only what stands in their list is served, and only as it was pinned there."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pxe.book import BookClosed
from pxe.digests import DIGESTS_NAME, Mark, digest_of, digests_of, mark_of
from pxe.image_list import LIST_NAME, ImagesError, read_list

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACKED = (".gz", ".br")
"""Endings under which aiohttp looks for a compressed twin to send instead."""


@dataclass(frozen=True)
class Image:
    """A verified file. ``mark`` is what the file system said of it when it was verified."""

    path: Path
    sha256: str
    size: int
    mark: Mark

    def unchanged(self) -> bool:
        """Whether the file is still the one that was verified, and the one that would be sent."""
        try:
            same = mark_of(self.path.stat(follow_symlinks=False)) == self.mark
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
    served, each with what to do; ``unread``: the names that are being verified now, or have still to be."""

    by_name: Mapping[str, Image]
    problems: list[str] = field(default_factory=list)
    unread: frozenset[str] = frozenset()
    _wrong: Mapping[str, str] = field(default_factory=dict)
    _seen: object = None

    def get(self, name: str) -> Image | None:
        """The image of exactly this name. Raises BookClosed while it is being verified: it can be asked for soon."""
        if name in self.unread:
            raise BookClosed
        return self.by_name.get(name)

    def hindering(self, names: Iterable[str]) -> list[str]:
        """Why these cannot all be served, as far as it was found at the last look; nothing while they can."""
        general = [said for said in self.problems if said not in self._wrong.values()]
        missing = "{0} is not there: `nxd images import ISO` or `nxd images add {0} FILE` puts it there"
        lacking = [
            self._wrong.get(name, missing.format(name))
            for name in names
            if name in self._wrong or name not in self.by_name
        ]
        return general or lacking

    def look(self, directory: Path) -> bool:
        """Verify the directory if anything in it changed since the last look; whether it did.

        Reads every byte of what changed, so it belongs into a thread. What was verified before stays in the list when
        something is wrong now; what changed of it is not served.
        """
        seen = _marks(directory)
        if seen == self._seen:
            return False
        try:
            pins = read_list(directory)
            shut = not directory.stat().st_mode & stat.S_IXOTH
        except ImagesError as error:
            self._seen, self.problems = seen, error.problems
            return True
        self._wrong = self._verify(directory, pins)
        closed = [f"{directory} is closed to other users: chmod 755 {directory}"] if shut else []
        self._seen, self.problems = seen, [*closed, *self._wrong.values()]
        return True

    def _verify(self, directory: Path, pins: Mapping[str, Any]) -> dict[str, str]:
        """Take over what is as it was pinned, one after the other; what is wrong with the others, by their names."""
        found: dict[str, str] = {}
        digests = digests_of(directory)
        self.unread = frozenset(name for name in pins if _is_unread(directory / name))
        try:
            for name, pin in sorted(pins.items(), key=lambda one: one[0] in self.unread):
                try:
                    image = _verified(directory, name, pin)
                except _Wrong as wrong:
                    found[name] = str(wrong)
                    self._stop_serving(name)
                else:
                    self.by_name = {**self.by_name, name: image}
                self.unread -= {name}
        finally:
            self.unread = frozenset()
        self.by_name = {name: image for name, image in self.by_name.items() if name in pins}
        digests.keep_only(pins)
        return found

    def _stop_serving(self, name: str) -> None:
        """Keep the name of an image and not its file, also where only reading it tells that it is another one."""
        if name in self.by_name:
            self.by_name = {**self.by_name, name: replace(self.by_name[name], mark=())}


def _is_unread(path: Path) -> bool:
    try:
        return digests_of(path.parent).known(path.name, mark_of(path.stat(follow_symlinks=False))) is None
    except (OSError, ValueError):
        return False


def _marks(directory: Path) -> object:
    """What the file system says of a directory and everything in it."""
    try:
        with os.scandir(directory) as entries:
            stats = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
        return directory.stat().st_mode, [(name, one.st_mode, mark_of(one)) for name, one in stats]
    except OSError as error:
        return error.errno


def fingerprint(path: Path) -> dict[str, Any]:
    """The entry of a file in the list: ``sha256`` in hexadecimal and ``size`` in bytes. Raises OSError."""
    return {"sha256": digest_of(path), "size": path.stat().st_size}


def load_images(directory: Path) -> Images:
    """Read the list and verify every file in it that changed since it was read last.

    Reads every byte of those, so it belongs into a thread. Raises ImagesError with everything that is wrong.
    """
    images = Images({})
    images.look(directory)
    if images.problems:
        raise ImagesError(images.problems)
    return images


class _Wrong(Exception):
    """One image cannot be served, with the reason and the remedy."""


def twins(name: str) -> list[str]:
    """The names under which a file would be sent instead of the image of this name."""
    return [name + ending for ending in _PACKED]


def is_name(name: str) -> bool:
    """Whether an image can have this name."""
    return bool(_NAME.fullmatch(name)) and name not in (LIST_NAME, DIGESTS_NAME)


def is_pin(pin: Any) -> bool:
    """Whether an entry of the list says what it has to."""
    return (
        isinstance(pin, dict)
        and isinstance(pin.get("sha256"), str)
        and bool(_SHA256.fullmatch(pin["sha256"]))
        and type(pin.get("size")) is int
    )


def _verified(directory: Path, name: str, pin: Any) -> Image:
    if not is_name(name):
        raise _Wrong(f'"{name}" cannot be the name of an image: use letters, digits, ".", "_" and "-"')
    if not is_pin(pin):
        raise _Wrong(f"{name} needs its sha256 (64 hexadecimal digits) and its size in {LIST_NAME}")
    path = directory / name
    try:
        before = path.stat(follow_symlinks=False)
        if not stat.S_ISREG(before.st_mode):
            raise _Wrong(f"{path} is not a plain file: copy the image itself there")
        if not before.st_mode & stat.S_IROTH or before.st_mode & stat.S_IWOTH:
            raise _Wrong(f"{path} must be readable for all and writable for its owner: chmod 644 {path}")
        if not before.st_size:
            raise _Wrong(f"{path} is empty, and no machine boots from that: {_again(name)}")
        if before.st_size != pin["size"]:
            raise _Wrong(f"{path} has the size {before.st_size} and not {pin['size']}: {_again(name)}")
        digest, mark = digests_of(directory).read(path)
    except FileNotFoundError:
        raise _Wrong(f"{path} is missing: {_again(name)}, or `nxd images rm {name}`") from None
    except OSError as error:
        raise _Wrong(f"{path} cannot be read ({error.strerror}): chmod 644 {path}") from None
    if digest != pin["sha256"]:
        raise _Wrong(f"{path} does not have the pinned checksum: {_again(name)}")
    for ending in _PACKED:
        if _twin(path, ending).exists():
            raise _Wrong(f"{_twin(path, ending)} would be sent instead of {name}: remove it")
    return Image(path, digest, mark[1], mark)


def _again(name: str) -> str:
    """What puts an image right, whatever it was that it lost."""
    return f"copy the image there again, or `nxd images add {name} FILE --replace`"


def _twin(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)

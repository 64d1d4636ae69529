"""The list of the boot images, ``images.json``: the checksum and the size of each, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pxe.once import once

LIST_NAME = "images.json"
DIGESTS_NAME = "images.digests.json"
"""What was read of the files stands beside the list, and is no image."""
VERSION = 2
"""Of what is written here. A list without a version was written by hand, is a plain object of names, and is taken as it
stands."""
DRAFT = ".new"
"""The ending of a file that is not whole yet; its name begins with a dot, so that it is the name of no image."""


class ImagesError(Exception):
    """The images cannot be served. ``problems`` holds every reason, each with what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NoListError(ImagesError):
    """There is no list: no image was put there yet, or, where files lie there, it is ``lost``."""

    def __init__(self, said: str, lost: bool) -> None:
        super().__init__([said])
        self.lost = lost


def read_list(directory: Path) -> dict[str, Any]:
    """What the list says of each name, as it stands there. Raises ImagesError."""
    path = directory / LIST_NAME
    anew = f"pin what lies there anew: `nxd images add NAME {directory}/NAME --replace` for each"
    again = f"move it away, then {anew}"
    try:
        said = json.loads(path.read_bytes(), object_pairs_hook=once)
    except FileNotFoundError:
        ways = "`nxd images import ISO` or `nxd images add NAME FILE` puts images there"
        lost = _holds_files(directory)
        if lost:
            ways = f"none of what lies there is served; put the list back from a backup, or {anew}"
        raise NoListError(f"There is no image list {path}: {ways}.", lost) from None
    except OSError as error:
        said = f"The image list {path} cannot be read ({error.strerror}): see who may, and that its disk answers."
        raise ImagesError([said]) from None
    except (ValueError, RecursionError) as error:
        raise ImagesError([f"The image list {path} cannot be read ({error}): {again}."]) from None
    version = said.get("version") if isinstance(said, dict) else None
    if type(version) is int and version > VERSION:
        raise ImagesError([f"The image list {path} is of a newer nxd (version {version}): use that one."])
    pins = said.get("images") if type(version) is int else said
    if not isinstance(pins, dict):
        raise ImagesError([f"The image list {path} must be an object of names: {again}."])
    return pins


def _holds_files(directory: Path) -> bool:
    try:
        with os.scandir(directory) as entries:
            return any(not one.name.startswith(".") and one.name != DIGESTS_NAME for one in entries)
    except OSError:
        return False


def write_list(directory: Path, pins: Mapping[str, Any]) -> None:
    """Write the list anew, in place of the one that is there. Raises OSError."""
    text = json.dumps({"version": VERSION, "images": dict(sorted(pins.items()))}, indent=2)
    write_whole(directory / LIST_NAME, f"{text}\n".encode())


def write_whole(path: Path, content: bytes) -> None:
    """Put a file there that all may read, so that whoever looks sees the old one or the new one. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}{DRAFT}")
    try:
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def put_in_place(draft: Path, path: Path) -> None:
    """Give a file that is whole its name, durably. Raises OSError."""
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

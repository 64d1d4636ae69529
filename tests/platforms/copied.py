"""A platform as somebody else's package brings it: toyland, copied into a directory and changed there."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.platforms import own
from daemon.platforms.found import PlatformsFound, found_beside

TOY = Path(__file__).parent / "toy"
Change = Callable[[Path], None]
"""Changes the package in its directory."""


def edit(file: str, *changes: tuple[str, str]) -> Change:
    """Put other words into a file of toyland's, each once."""

    def change(directory: Path) -> None:
        path = directory / "toyland" / file
        text = path.read_text()
        for old, new in changes:
            assert old in text, (file, old)
            text = text.replace(old, new, 1)
        path.write_text(text)

    return change


def add(file: str, text: str) -> Change:
    """Write at the end of a file of toyland's."""

    def change(directory: Path) -> None:
        path = directory / "toyland" / file
        path.write_text(f"{path.read_text()}\n{text}\n")

    return change


def drop(file: str) -> Change:
    """Leave a file or folder out of the package."""

    def change(directory: Path) -> None:
        path = directory / "toyland" / file
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def copied(directory: Path, *changes: Change) -> None:
    """Install toyland in a directory, with these changes."""
    for name in ("toyland", "toyland_nxd-1.0.dist-info"):
        shutil.copytree(TOY / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for change in changes:
        change(directory)


def bring(directory: Path, package: str, points: str, **modules: str) -> None:
    """Install another package: its entry points, and modules by their names."""
    info = directory / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[nxd.platforms]\n{points}\n")
    for name, text in modules.items():
        (directory / f"{name}.py").write_text(text)


@contextmanager
def installed(directory: Path) -> Iterator[PlatformsFound]:
    """What nxd finds while the packages of a directory are installed, and nothing of them afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    try:
        yield found_beside(own())
    finally:
        sys.path.remove(str(directory))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(directory)):
                del sys.modules[name]

"""A boot image that takes a while to read and no room on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_SIZE = 1 << 29
_DIGEST = "9acca8e8c22201155389f65abbf6bc9723edc7384ead80503839f49dcc56d767"
"""The SHA-256 of so many zeros: read by who is tested, not before."""


def large_image(path: Path) -> dict[str, Any]:
    """Make the file; its entry in the list of images."""
    with path.open("wb") as file:
        file.truncate(_SIZE)
    path.chmod(0o644)
    return {"sha256": _DIGEST, "size": _SIZE}

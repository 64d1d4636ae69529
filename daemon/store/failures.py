"""What a trouble of SQLite is told as."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from daemon.errors.tree import StateLost, StoreError


def locked(error: Exception) -> bool:
    """Whether somebody else holds the lock."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def failure(error: Exception, path: Path, holder: str | None = None) -> Exception:
    """What the caller is told: SQLite's troubles as a StoreError, anything else as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return damaged(path, text)
    if locked(error):
        return held(path, holder or "it cannot be seen from here which", f"SQLite: {text}")
    return StoreError("database", f"The database {path} cannot be written.", evidence=text)


def held(path: Path, holder: str, evidence: str | None = None) -> StoreError:
    """Another process, the ``holder``, keeps everybody from writing."""
    return StoreError(
        "database",
        f"Another process holds the lock of the database {path}: {holder}.",
        evidence=evidence,
        remedy=f"End that process (`fuser -v {path} {path}-shm` names it); nxd goes on by itself.",
    )


def damaged(path: Path, evidence: str) -> StateLost:
    """The file is no database that can be read."""
    return StateLost(
        "database",
        f"{path} is not a usable database.",
        evidence=evidence,
        remedy="Restore it from a backup, or move it away and let `nxd audit` find what stands in the cloud.",
    )

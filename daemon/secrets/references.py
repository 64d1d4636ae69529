"""Reads the secret that a spec refers to, at the moment at which a step needs it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from daemon.disks import read_within
from daemon.errors.tree import NxdError
from daemon.secrets.box import SecretBox
from daemon.secrets.redaction import SHORTEST

LONGEST = 64 * 1024
"""Bytes that a file with a secret may have."""
READ_SECONDS = 10.0
"""How long the reading of one may take: a disk in the network may never answer."""


def sealed_name(cluster: str, mark: str) -> str:
    """Under which name a secret of a cluster's spec is kept, sealed."""
    return f"spec:{cluster}/{mark}"


async def revealed(
    reference: Mapping[str, str], cluster: str, secrets: Mapping[str, bytes], box: SecretBox
) -> str:
    """The secret itself, without the line end of a file; it stands in no text from then on. Raises NxdError."""
    ((way, where),) = reference.items()
    if way == "sealed":
        kept = secrets.get(sealed_name(cluster, where))
        if kept is None:
            raise _unreadable(f"The secret {where} is not sealed here.", None)
        return box.open(kept)
    secret = _of_variable(where) if way == "env" else await _in_time(_path(way, where))
    if len(secret) < SHORTEST:
        said = f"The secret in {where} has fewer than {SHORTEST} characters, and cannot be kept out of what is told."
        raise _unreadable(said, None)
    box.known.add(secret)
    return secret


def _of_variable(name: str) -> str:
    secret = os.environ.get(name)
    if not secret:
        raise _unreadable(f"The daemon has no variable {name}.", None)
    return secret


def _path(way: str, where: str) -> Path:
    if way == "file":
        return Path(where)
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory or "/" in where:
        raise _unreadable(f"systemd gives the daemon no credential {where}.", None)
    return Path(directory) / where


async def _in_time(path: Path) -> str:
    """The secret in a file."""
    try:
        return await read_within(READ_SECONDS, path, lambda: _of_file(path))
    except TimeoutError:
        raise _unreadable(
            f"The file {path} with a secret could not be read within {READ_SECONDS:g} s: the disk that it lies "
            "on does not answer.",
            None,
        ) from None


def _of_file(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for somebody who writes
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _unreadable(f"{path} is no file.", None)
            found = file.read(LONGEST + 1)
        if len(found) > LONGEST:
            raise _unreadable(f"The file {path} is longer than {LONGEST} bytes, which is no secret.", None)
        secret = found.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(f"The file {path} with a secret cannot be read.", str(error)) from error
    if not secret:
        raise _unreadable(f"The file {path} holds no secret.", None)
    return secret


def _unreadable(said: str, evidence: str | None) -> NxdError:
    return NxdError("secret", said, evidence=evidence)

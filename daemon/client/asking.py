"""What an answer of the socket API says, and what is told when there is none."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Literal, cast

import orjson

from daemon.wire import ErrorView, SpecMistake, StreamLine
from daemon.wire.actor import KEY_FIELD, KEY_VARIABLE, is_key

ANSWER_WITHIN = 30.0
"""Seconds a request may take: a verb answers when it is durable, a plan when the cloud was looked at."""

LINE_WITHIN = 5.0
"""Seconds without a line after which a stream counts as lost: the daemon sends a heartbeat each second."""


class DaemonUnreachable(Exception):
    """Nobody answers, or no longer; the text is one sentence with the socket and what to do."""


class DaemonRefused(Exception):
    """The daemon answered, and the answer is no."""

    def __init__(self, status: int, error: ErrorView, problems: list[SpecMistake] | None = None) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error
        self.problems: list[SpecMistake] = problems or []


Trouble = Literal["connect", "silent", "broken"]


def request_fields(body: bytes | None) -> list[tuple[str, str]]:
    """The fields at the head of a request with this JSON as its body; None: it has none."""
    found = [("Host", "nxd"), ("Connection", "close")]
    if is_key(key := os.environ.get(KEY_VARIABLE, "")):
        found.append((KEY_FIELD, key))
    if body is not None:
        found += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return found


def unreachable(socket: Path, trouble: Trouble) -> DaemonUnreachable:
    if trouble == "connect":
        if (barrier := _barrier(socket)) is not None:
            return DaemonUnreachable(f"You may not talk to the daemon on {socket}: {_way_past(barrier)}")
        return DaemonUnreachable(
            f"No daemon answers on {socket}: start it with `nxd serve` or name another one with --config."
        )
    if trouble == "silent":
        return DaemonUnreachable(
            f"The daemon on {socket} is silent: see what its log says (journalctl -u nxd), then restart it."
        )
    return DaemonUnreachable(
        f"The daemon on {socket} broke off in the middle: see whether it still runs, then try again."
    )


def _barrier(socket: Path) -> Path | None:
    """The directory on the way, or the socket itself, that does not let this user through."""
    absolute = socket.absolute()
    for path in (*reversed(absolute.parents), absolute):
        if not os.access(path, os.F_OK):
            return None
        if not os.access(path, os.W_OK if path == absolute else os.X_OK):
            return path
    return None


def _way_past(barrier: Path) -> str:
    """Which group is let through, and how this user joins it."""
    import grp
    import pwd
    import stat

    found = barrier.stat()
    group, user = str(found.st_gid), "$USER"
    members: list[str] = []
    with contextlib.suppress(KeyError):
        group, _, _, members = grp.getgrgid(found.st_gid)
    with contextlib.suppress(KeyError):
        user = pwd.getpwuid(os.geteuid()).pw_name
    if not found.st_mode & (stat.S_IWGRP if stat.S_ISSOCK(found.st_mode) else stat.S_IXGRP):
        return f"{barrier} is open to its owner alone. Ask whoever runs the daemon (nxd.service opens it to a group)."
    if user in members:
        return f"it is open to the group {group}, which {user} has joined since logging in. Log in anew."
    return f"it is open to the group {group}. Join it (sudo usermod -aG {group} {user}), then log in anew."


def answer(status: int, text: str) -> Any:
    """The decoded body. Raises DaemonRefused for anything but a 2xx with JSON in it."""
    body = None
    with contextlib.suppress(ValueError):
        body = orjson.loads(text)
    if 200 <= status < 300 and body is not None:
        return body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        raise DaemonRefused(status, cast(ErrorView, body["error"]), body.get("problems"))
    raise DaemonRefused(
        status,
        ErrorView(
            code="not_the_api",
            message=f"What answers on the socket is not nxd's API (HTTP {status}).",
            remedy="Check which program listens on the socket, and that both are the same version.",
            retry="never",
            evidence=text[:500],
        ),
    )


class Broken(Exception):
    """The other side ended, or spoke something else, in the middle of an answer."""


def line_of(text: str | bytes) -> StreamLine:
    """One line of the stream. Raises Broken if it was cut off or is no JSON object."""
    try:
        line = orjson.loads(text)
    except ValueError as error:
        raise Broken from error
    if isinstance(line, dict) and "type" in line:
        return cast(StreamLine, line)
    raise Broken

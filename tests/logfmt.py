"""Reads a line of logfmt as any program would, and no other line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from logging import LogRecord

from daemon.host.log import Logfmt
from daemon.secrets.redaction import Redactor

HEAD = ["ts", "level", "logger", "action"]
LEVELS = {"debug", "info", "warning", "error", "critical"}
_PAIR = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)=("(?:[^"\\\x00-\x1f]|\\.)*"|[^\s"=\\]+)(?: (?=\S)|$)')


def read(line: str) -> dict[str, str]:
    """The keys of a line with their values. Raises ValueError for what is no logfmt, or no line of the journal."""
    found: dict[str, str] = {}
    place = 0
    while place < len(line):
        pair = _PAIR.match(line, place)
        if pair is None or pair[1] in found:
            raise ValueError(f"no logfmt from character {place} on: {line}")
        found[pair[1]] = json.loads(pair[2]) if pair[2].startswith('"') else pair[2]
        place = pair.end()
    if list(found)[: len(HEAD)] != HEAD or found["level"] not in LEVELS:
        raise ValueError(f"no line of the journal: {line}")
    if datetime.fromisoformat(found["ts"]).utcoffset() is None:
        raise ValueError(f"a time without a zone: {line}")
    return found


def journal(records: Iterable[LogRecord]) -> str:
    """The lines of the host's journal that tell of what was logged."""
    lines = Logfmt(Redactor())
    return "\n".join(map(lines.format, records))


def unreadable(text: str) -> list[str]:
    """The lines of a journal that no program can read."""
    lines = []
    for line in text.splitlines():
        try:
            read(line)
        except ValueError as error:
            lines.append(str(error))
    return lines

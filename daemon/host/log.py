"""The journal of the host: one line of logfmt for each event, without secrets, and never a flood of them.

A line holds ``ts``, ``level``, ``logger`` and ``action``, then what the event names: each a key, ``=`` and a value,
which is quoted as in JSON where it is more than one plain word.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import TextIO

from daemon.secrets.redaction import Redactor
from pxe.line_limiter import LineLimiter

LINES_PER_MINUTE = 200
"""So many lines of one sort are written in a minute; of the rest only the number is told."""
SAID = "said"
"""The action of a line whose words are a library's."""
_OURS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What a record of logging has by itself; everything else was given as ``extra``."""
_ACTION = re.compile(r"[a-z][a-z0-9_]*")
_PLAIN = re.compile(r"[^\s\"=\\]+")


class Logfmt(logging.Formatter):
    """Formats lines of the journal, without secrets."""

    def __init__(self, known: Redactor) -> None:
        super().__init__()
        self._known = known

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        action = record.msg if not record.args and _ACTION.fullmatch(str(record.msg)) else SAID
        fields = {key: value for key, value in vars(record).items() if key not in _OURS and value is not None}
        if action == SAID:
            fields["message"] = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
            fields["trace"] = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        head = f"ts={when[:-6]}Z level={record.levelname.lower()} logger={self._quoted(record.name)} action={action}"
        return " ".join((head, *(f"{key}={self._quoted(value)}" for key, value in fields.items())))

    def _quoted(self, value: object) -> str:
        """A value as it stands in a line: a secret is taken out first, which quoting might hide."""
        if type(value) is int:
            return str(value)
        text = self._known.text(f"{value:.3g}" if isinstance(value, float) else str(value))
        if text.isprintable():
            return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
        return json.dumps(text)


class HostLog(logging.StreamHandler[TextIO]):
    """Writes the lines of all loggers. Of one sort are those that one place in the code writes at one level about one
    thing."""

    def __init__(self, stream: TextIO, known: Redactor) -> None:
        super().__init__(stream)
        self.setFormatter(Logfmt(known))
        self._line_limiter = LineLimiter(LINES_PER_MINUTE, in_all=20 * LINES_PER_MINUTE)
        self._looked = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        self._tell_left_out(record)
        given = vars(record)
        about = given.get("record") or given.get("about") or ""
        sort = f"{record.levelname} {record.name} {record.msg} {about}"
        untold = self._line_limiter.take(sort, record.created)
        if untold is None:
            return
        if untold:
            record = logging.makeLogRecord({**vars(record), "left_out": untold})
        super().emit(record)

    def _tell_left_out(self, record: logging.LogRecord) -> None:
        """Once a minute at most: how many lines were left out of a flood that is over."""
        if 0 <= record.created - self._looked < 60.0:
            return
        self._looked = record.created
        for sort, count in self._line_limiter.over(record.created):
            told = {"name": "nxd", "levelname": "WARNING", "levelno": 30, "msg": "lines_left_out"}
            super().emit(logging.makeLogRecord({**told, "count": count, "like": sort[:200].rstrip()}))

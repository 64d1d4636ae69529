"""The journal of the host: one line for each event, without secrets, and never a flood of them."""

from __future__ import annotations

import logging
from typing import TextIO

from daemon.secrets.redaction import Redactor
from pxe.sparing import Sparing, left_out

LINES_PER_MINUTE = 200
"""So many lines of one sort are written in a minute; of the rest only the number is told."""
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Redacting(logging.Formatter):
    """Formats lines of the journal, without secrets."""

    def __init__(self, known: Redactor) -> None:
        super().__init__(FORMAT)
        self._known = known

    def format(self, record: logging.LogRecord) -> str:
        return self._known.text(super().format(record))


class HostLog(logging.StreamHandler[TextIO]):
    """Writes the lines of all loggers. Of one sort are those that one place in the code writes at one level."""

    def __init__(self, stream: TextIO, known: Redactor) -> None:
        super().__init__(stream)
        self.setFormatter(Redacting(known))
        self._sparing = Sparing(LINES_PER_MINUTE, in_all=20 * LINES_PER_MINUTE)
        self._looked = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        self._tell_left_out(record)
        sort = f"{record.levelname} {record.name} {record.msg}"
        untold = self._sparing.take(sort, record.created)
        if untold is None:
            return
        if untold:
            record = logging.makeLogRecord(
                {**record.__dict__, "msg": record.getMessage() + left_out(untold), "args": ()}
            )
        super().emit(record)

    def _tell_left_out(self, record: logging.LogRecord) -> None:
        """Once a minute at most: how many lines were left out of a flood that is over."""
        if 0 <= record.created - self._looked < 60.0:
            return
        self._looked = record.created
        for sort, count in self._sparing.over(record.created):
            said = f"action=lines_left_out count={count} like={sort[:200]}"
            super().emit(
                logging.makeLogRecord({"name": "nxd", "levelname": "WARNING", "levelno": 30, "msg": said})
            )

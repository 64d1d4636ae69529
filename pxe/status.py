"""Bounds what an installer reports about itself, whoever reads it, and says in one sentence what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pxe.book import Report
from pxe.once import Twice, once
from pxe.routes import Reader

BODY_LIMIT = 64 * 1024
"""The most bytes a report may have."""

MESSAGE_LIMIT = 2000
"""So many characters of a message are kept; of the rest only the number is told."""

REPORTS_LIMIT = 100
"""So many reports may stand in one body."""

LAST_SEQ = 2**53
"""The largest whole number that every JSON reader keeps exact."""


class BadReport(Exception):
    """The report makes no sense; the message says what it must be. ``problem``: what the reader itself met."""

    def __init__(self, message: str, problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem


def reports_of(reader: Reader, body: bytes, source: str, last_phase: int) -> list[Report]:
    """What a platform's reader makes of a body, within the bounds that hold for all. Raises BadReport."""
    try:
        found = list(reader(body, source))
    except BadReport:
        raise
    except Exception as error:  # it is the platform's, and the body is a stranger's
        raise BadReport("The body makes no sense.", type(error).__name__) from None
    if len(found) > REPORTS_LIMIT:
        raise BadReport(f"The body may hold {REPORTS_LIMIT} reports at most.")
    return [_bounded(report, last_phase) for report in found]


def _bounded(report: Report, last_phase: int) -> Report:
    if not 0 <= report.seq <= LAST_SEQ or not 0 <= report.boot <= LAST_SEQ:
        raise BadReport(f"A number must be from 0 to {LAST_SEQ}.")
    if report.kind not in ("phase", "log", "install_error", "heartbeat"):
        raise BadReport(
            "A report tells of a phase, a line of the log or an error, or that the machine is alive."
        )
    if report.kind == "phase" and not 1 <= (report.phase or 0) <= last_phase:
        raise BadReport(f"A phase must be from 1 to {last_phase}.")
    if report.percent is not None and not 0 <= report.percent <= 100:
        raise BadReport("A percentage must be from 0 to 100.")
    # Half a surrogate pair is legal JSON but can be stored nowhere.
    return replace(report, message=_cut(report.message.encode("utf-8", "replace").decode("utf-8")))


def json_object(body: bytes) -> dict[str, Any]:
    """The object of JSON in a body, in which no key stands twice. Raises BadReport."""
    try:
        said = _JSON.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except Twice:
        raise BadReport("The body must say each key once.") from None
    except (ValueError, RecursionError):
        raise BadReport("The body must be JSON.") from None
    if not isinstance(said, dict):
        raise BadReport("The body must be a JSON object.")
    return said


_JSON = json.JSONDecoder(object_pairs_hook=once)


def _cut(message: str) -> str:
    """As much of the message as is kept."""
    more = len(message) - MESSAGE_LIMIT
    return (
        message
        if more <= 0
        else f"{message[:MESSAGE_LIMIT]}… ({more} more character{' was' if more == 1 else 's were'} left out)"
    )

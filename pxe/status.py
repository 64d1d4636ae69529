"""Reads what an installer reports about itself, and says in one sentence what is wrong with garbage."""

from __future__ import annotations

import json
from typing import Any

from pxe.book import Report, ReportKind
from pxe.once import Twice, once

BODY_LIMIT = 64 * 1024
"""The most bytes a report may have."""

MESSAGE_LIMIT = 2000
"""So many characters of a message are kept; of the rest only the number is told."""

LAST_PHASE = 8
_LAST_SEQ = 2**53
"""The largest whole number that every JSON reader keeps exact."""


class BadReport(Exception):
    """The report makes no sense; the message says what it must be."""


def read_report(body: bytes, source: str) -> Report:
    """The report in a request body, as ``docs/boot.md`` describes it. Raises BadReport."""
    try:
        said = _JSON.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except Twice:
        raise BadReport("The body must say each key once.") from None
    except (ValueError, RecursionError):
        raise BadReport("The body must be JSON.") from None
    if not isinstance(said, dict):
        raise BadReport("The body must be a JSON object.")
    seq = said.get("seq")
    if type(seq) is not int or not 1 <= seq <= _LAST_SEQ:
        raise BadReport(f'"seq" must be a whole number from 1 to {_LAST_SEQ}.')
    boot = said.get("boot", 0)
    if "boot" in said and (type(boot) is not int or not 1 <= boot <= _LAST_SEQ):
        raise BadReport('"boot" must be the number that the configuration gives, or be left out.')
    message = said.get("message")
    if not isinstance(message, str):
        raise BadReport('"message" must be text.')
    # Half a surrogate pair is legal JSON but can be stored nowhere.
    message = _cut(message.encode("utf-8", "replace").decode("utf-8"))
    kind, phase = _kind(said.get("phase"))
    percent = _percent(said.get("percent")) if kind == "phase" else None
    return Report(kind, source, seq, phase, percent, message, boot)


_JSON = json.JSONDecoder(object_pairs_hook=once)


def _cut(message: str) -> str:
    """As much of the message as is kept."""
    more = len(message) - MESSAGE_LIMIT
    return (
        message
        if more <= 0
        else f"{message[:MESSAGE_LIMIT]}… ({more} more character{' was' if more == 1 else 's were'} left out)"
    )


def _kind(phase: Any) -> tuple[ReportKind, int | None]:
    if phase == "error":
        return "install_error", None
    if type(phase) is int and phase == -1:
        return "log", None
    if type(phase) is int and 1 <= phase <= LAST_PHASE:
        return "phase", phase
    raise BadReport(f'"phase" must be 1 to {LAST_PHASE}, -1 for a line of the log, or "error".')


def _percent(percent: Any) -> float | None:
    if percent is None:
        return None
    if type(percent) not in (int, float) or not 0 <= percent <= 100:
        raise BadReport('"percent" must be a number from 0 to 100.')
    return float(percent)

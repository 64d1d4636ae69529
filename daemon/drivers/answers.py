"""What another side said, so that a person can bear it: a short sentence, and evidence in plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from daemon.errors.tree import LONGEST_EVIDENCE

LONGEST_SENTENCE = 240
"""Characters of what another side says that stand in a message."""

_LOOKS_LIKE_A_PAGE = re.compile(r"<\s*(!doctype|html|head|body|title|script|center|h1)\b", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*(>|\Z)")
_WHITE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>[:,]?\s*")
_PARSED = 65_536
"""Characters of an answer that are looked at."""


def is_page(text: str) -> bool:
    """Whether an answer is a page for people, as proxies send them."""
    return _LOOKS_LIKE_A_PAGE.search(text[:_PARSED]) is not None


def plain(text: str, longest: int = LONGEST_EVIDENCE) -> str:
    """The text of an answer in one line, without what only a browser reads; how long it was, if it is cut."""
    seen = text[:_PARSED]
    if is_page(seen):
        seen = html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", seen)))
    seen = _WHITE.sub(" ", seen).strip()
    if len(seen) <= longest and len(text) <= _PARSED:
        return seen
    return f"{seen[:longest].rstrip()}… ({len(text)} characters)"


def evidence(status: int, text: str) -> str:
    """An answer as evidence."""
    return f"HTTP {status} {plain(text)}".rstrip()


def sentence(text: str) -> str:
    """What another side says, to stand in a message; without its full stop."""
    return plain(text, LONGEST_SENTENCE).rstrip(".")


def reason(error: BaseException) -> str:
    """Why a connection or an answer was lost: what the innermost error says, or what kind it is."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        within = (getattr(error, "reason", None), *error.args, error.__cause__)
        error = next((one for one in within if isinstance(one, BaseException)), error)
    said = _OBJECT.sub("", str(error)).strip()
    return plain(said) if said else type(error).__name__


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the service wants to hear from us again, from ``Retry-After`` in either of its forms."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        seconds = (until - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(0.0, seconds)

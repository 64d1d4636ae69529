"""What is told of each call to something outside: a line of the host's journal for what a driver wants, and the call
itself with all that was asked and answered."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

from msgspec import Struct

from daemon.drivers.answers import reason
from daemon.errors.tree import OutsideError
from daemon.outside import OutsideCall, over

log = logging.getLogger("nxd.calls")

LONGEST_BODY = 8192
"""Bytes of a body that are told at most."""
_LOOKS = ("GET", "HEAD")
_WHY = {"CancelledError": "Nobody waited for the answer any more.", "TimeoutError": "No answer in time."}
"""What is said of an exception that says nothing itself."""


class _Named(Struct, frozen=True, gc=False):
    """What a driver says of the calls that it makes next; ``private``: no body of them is told to anybody."""

    service: str
    intent: str
    quiet: str | None
    private: bool


_named: ContextVar[_Named | None] = ContextVar("named", default=None)


@contextmanager
def logged(
    api: str, call: str, about: str | None = None, quiet: str | None = None, private: bool = False
) -> Iterator[None]:
    """Writes the line when the block ends. ``about`` is what the call is about, by name, id or address; an outcome
    that is ``quiet`` is what is waited for to pass, and neither a line nor a call. ``private``: what is sent and
    answered holds secrets that nobody knows yet."""
    began, outcome, status = perf_counter(), "ok", None
    intent = call.replace("_", " ")
    intent = intent if about is None else f"{intent} {about}"
    before = _named.set(_Named(api, intent, quiet, private))
    try:
        yield
    except OutsideError as error:
        outcome, status = error.code, error.status
        raise
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        _named.reset(before)
        log.log(
            logging.DEBUG if outcome == quiet else logging.INFO,
            "call",
            extra={
                "api": api,
                "call": call,
                "about": about,
                "outcome": outcome,
                "status": status,
                "ms": round((perf_counter() - began) * 1000),
            },
        )


@contextmanager
def told(method: str, url: str, body: str | bytes | None = None) -> Iterator[OutsideCall]:
    """Tells of a call when the block ends, in which it is made: the block says what came of it by ``answered``. What
    the block raises is why there is no answer."""
    named = _named.get()
    server, path, query = _parts(url)
    service, intent = (server, f"{method} {path}") if named is None else (named.service, named.intent)
    call = OutsideCall(service, method, server, path, query, intent)
    began, quiet = perf_counter(), False
    try:
        yield call
    except OutsideError as error:
        call.why = None if call.status else reason(error)
        quiet = named is not None and error.code == named.quiet
        raise
    except BaseException as error:
        call.why = None if call.status else _WHY.get(type(error).__name__) or reason(error)
        raise
    finally:
        call.ms = (perf_counter() - began) * 1000
        if (named is not None and named.private) or _is_usual(call):
            call.answered = None
        else:
            call.sent = _text(body)
        if not quiet:
            over(call)


def answered(call: OutsideCall, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """What came back."""
    call.status = status
    call.request_id = headers.get("X-Request-Id")
    if not _is_usual(call):
        call.answered = _text(body)


def _is_usual(call: OutsideCall) -> bool:
    """Whether it only looked, and was answered: thousands of these say the same."""
    return call.method in _LOOKS and not call.failed


def _text(body: str | bytes | None) -> str | None:
    """So much of a body as is told."""
    if not body:
        return None
    head = body[:LONGEST_BODY]
    return head if isinstance(head, str) else head.decode(errors="replace")


def _parts(url: str) -> tuple[str, str, str]:
    """Server, path and query of an address."""
    begin = url.find("/", url.find("//") + 2)
    if begin < 0:
        return url, "/", ""
    path, _, query = url[begin:].partition("?")
    return url[:begin], path, query

"""A line of the host's journal for each call to something outside: whom, what, how it ended and how long it took."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from daemon.errors.tree import OutsideError

log = logging.getLogger("nxd.calls")


@contextmanager
def logged(api: str, call: str, about: str | None = None, quiet: str | None = None) -> Iterator[None]:
    """Writes the line when the block ends. ``about`` is what the call is about, by name, id or address; an outcome
    that is ``quiet`` is what is waited for to pass, and no line."""
    began, outcome, status = perf_counter(), "ok", None
    try:
        yield
    except OutsideError as error:
        outcome, status = error.code, error.status
        raise
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
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

"""Threads for what may never answer. Nobody can end one that waits for a disk: it is left behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def answer_in_thread(answer: Future[T], ask: Callable[[], T], name: str) -> None:
    """Begin a thread of its own, from which ``answer`` has what ``ask`` returns or raises; whoever stops waiting for it
    ends it for nobody."""
    answer.set_running_or_notify_cancel()
    Thread(target=_run, args=(answer, ask), name=name, daemon=True).start()


def _run(answer: Future[T], ask: Callable[[], T]) -> None:
    try:
        found = ask()
    except BaseException as error:
        answer.set_exception(error)
    else:
        answer.set_result(found)

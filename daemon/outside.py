"""A call to something outside: for whom it is made, what is asked and answered, and who is told when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct


class OutsideCall(Struct, gc=False):
    """One call. Its driver says what was asked and what came of it; whoever is told of it adds the rest.

    ``server`` is the origin that was asked (scheme, host and port), ``path`` has no query. ``intent`` is what the call
    is for, in the words of its driver, and ``tries`` which try of it this is: 1, and more after failed ones. ``ms`` are
    milliseconds; ``why`` says why there is no status. ``request_id`` is the service's own name for the call. ``sent``
    and ``answered`` are bodies, kept of a call that changes something or fails.
    """

    service: str
    method: str
    server: str
    path: str
    query: str
    intent: str
    id: int = 0
    time: float = 0.0
    target: str | None = None
    tries: int = 1
    status: int | None = None
    why: str | None = None
    ms: float = 0.0
    request_id: str | None = None
    sent: str | None = None
    answered: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it came to nothing. Who looks for what is not there has his answer."""
        status = self.status or 0
        sought = status == 404 and self.method in ("GET", "DELETE")
        return self.why is not None or (status >= 400 and not sought)


Told = Callable[[OutsideCall], None]

_told: list[Told] = []
"""Everybody who is told. A turn may begin in any context, that of the writer's thread too, so that it is no variable
of one."""
_target: ContextVar[str | None] = ContextVar("target", default=None)


@contextmanager
def telling_of_calls(told: Told) -> Iterator[None]:
    """Within this block, whatever runs beside it, each call that is over is told."""
    _told.append(told)
    try:
        yield
    finally:
        _told.remove(told)


def call_for(target: str) -> None:
    """From now on this task calls for the record of that name."""
    _target.set(target)


@contextmanager
def called_for(target: str) -> Iterator[None]:
    """Within this block calls are made for the record of that name."""
    before = _target.set(target)
    try:
        yield
    finally:
        _target.reset(before)


def over(call: OutsideCall) -> None:
    """A call is over: whoever wants to know is told."""
    call.target = _target.get()
    for told in _told:
        told(call)

"""The client for scripts: each method is one request, over a connection of its own and h11."""

from __future__ import annotations

import contextlib
import json
import socket as sockets
from collections.abc import Callable, Generator, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast
from urllib.parse import urlencode

import h11

from daemon.client import asking, calls
from daemon.client.asking import (
    ANSWER_WITHIN,
    Broken,
    DaemonRefused,
    answer,
    line_of,
    request_fields,
    unreachable,
)
from daemon.client.calls import Call
from daemon.wire import StreamLine

P = ParamSpec("P")
T = TypeVar("T")

PIECE = 256 * 1024
"""Bytes that are read at once."""
_BREAKS = (Broken, h11.RemoteProtocolError, OSError)
"""What a connection that ends in the middle, or is no HTTP, raises; a timeout is told apart first."""


class _BlockingExchange:
    """One request and its answer, over a connection of its own."""

    def __init__(self, socket: Path, call: Call[Any], patience: float) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=PIECE)
        self._socket = sockets.socket(sockets.AF_UNIX)
        self._socket.settimeout(patience)
        try:
            self._socket.connect(str(socket))
        except OSError as cause:
            self._socket.close()
            raise unreachable(socket, "connect") from cause
        self._call = call

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self) -> int:
        """Send the request; the status of the answer."""
        call = self._call
        query = f"?{urlencode(call.params)}" if call.params else ""
        body = None if call.body is None else json.dumps(call.body).encode()
        request = h11.Request(method=call.method, target=call.path + query, headers=request_fields(body))
        sent = (request, *((h11.Data(body),) if body else ()), h11.EndOfMessage())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have answered all the same
            self._socket.sendall(b"".join(self._http.send(event) or b"" for event in sent))
        while not isinstance(event := self._next(), h11.Response):
            if isinstance(event, h11.ConnectionClosed):
                raise Broken
        return event.status_code

    def pieces(self, patience: float | None = None) -> Iterator[bytes]:
        """The body as it comes; each piece may take ``patience`` seconds."""
        if patience is not None:
            self._socket.settimeout(patience)
        while not isinstance(event := self._next(), h11.EndOfMessage | h11.ConnectionClosed):
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    def text(self) -> str:
        """The whole body."""
        return b"".join(self.pieces()).decode(errors="replace")

    def _next(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(self._socket.recv(PIECE))
        return event


def _blocking(make: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method that sends such a request."""

    @wraps(make)
    def method(self: Client, /, *args: P.args, **named: P.kwargs) -> T:
        return self._ask(make(*args, **named))

    return method


class Client:
    """The API for scripts: each method is one request, raising DaemonUnreachable or Refused."""

    def __init__(self, socket: Path, timeout: float = ANSWER_WITHIN) -> None:
        self.socket = socket
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is kept open between two requests."""

    snapshot = _blocking(calls.snapshot)
    nodes = _blocking(calls.nodes)
    clusters = _blocking(calls.clusters)
    show = _blocking(calls.show)
    log = _blocking(calls.log)
    calls_made = _blocking(calls.made)
    timelines = _blocking(calls.timelines)
    map_of = _blocking(calls.map_of)
    plan = _blocking(calls.plan)
    plan_spec = _blocking(calls.plan_spec)
    preflight = _blocking(calls.preflight)
    audit = _blocking(calls.audit)
    audited = _blocking(calls.audited)
    last_audit = _blocking(calls.last_audit)
    discard = _blocking(calls.discard)
    login = _blocking(calls.login)
    apply = _blocking(calls.apply)
    spec = _blocking(calls.spec)
    drafts = _blocking(calls.drafts)
    draft = _blocking(calls.draft)
    keep_draft = _blocking(calls.keep_draft)
    drop_draft = _blocking(calls.drop_draft)
    verb = _blocking(calls.verb)
    health = _blocking(calls.health)
    steps = _blocking(calls.steps)
    verbs = _blocking(calls.verbs)
    troubles = _blocking(calls.troubles)
    offers = _blocking(calls.offers)

    def stream(self, after: int | None = None) -> Generator[StreamLine, None, None]:
        """Follow the daemon: the state first, then whatever changes.

        Ends only after a ``lagged`` line; raises DaemonUnreachable when the link is lost, which a silence of
        ``LINE_WITHIN`` seconds means too.
        """
        try:
            with _BlockingExchange(self.socket, calls.events(after), self._timeout) as exchange:
                status = exchange.ask()
                if status != 200:
                    answer(status, exchange.text())
                rest = b""
                for piece in exchange.pieces(asking.LINE_WITHIN):
                    *whole, rest = (rest + piece).split(b"\n")
                    for text in whole:
                        line = line_of(text)
                        yield line
                        if line["type"] == "lagged":
                            return
                raise Broken
        except TimeoutError as cause:
            raise unreachable(self.socket, "silent") from cause
        except _BREAKS as cause:
            raise unreachable(self.socket, "broken") from cause

    def _ask(self, call: Call[T]) -> T:
        try:
            with _BlockingExchange(self.socket, call, self._timeout) as exchange:
                status, text = exchange.ask(), exchange.text()
        except TimeoutError as cause:
            raise unreachable(self.socket, "silent") from cause
        except _BREAKS as cause:
            raise unreachable(self.socket, "broken") from cause
        try:
            body = answer(status, text)
        except DaemonRefused as refused:
            if call.otherwise is None or refused.status != 404:
                raise
            return self._ask(call.otherwise)
        return cast(T, body if call.key is None else body[call.key])

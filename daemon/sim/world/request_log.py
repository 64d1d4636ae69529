"""Every request that the simulated services received, in order, to be read back by tests and people."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000
_HIDDEN = "password"


@dataclass
class CallRecord:
    """One request. ``at`` and ``lasted`` are virtual; ``status`` 0 means that it is not answered yet; ``request_id`` is
    the one that it is answered with, where its service answers with any."""

    n: int
    service: str
    method: str
    path: str
    template: str
    at: float
    agent: str
    request_id: str
    body: Any = None
    status: int = 0
    lasted: float = 0.0


class RequestLog:
    """The calls received, numbered from 1; the oldest are forgotten beyond ``KEPT``."""

    def __init__(self) -> None:
        self._calls: deque[CallRecord] = deque(maxlen=KEPT)
        self.last = 0

    def open(
        self, service: str, method: str, path: str, template: str, at: float, agent: str, request_id: str
    ) -> CallRecord:
        self.last += 1
        record = CallRecord(self.last, service, method, path, template, at, agent, request_id)
        self._calls.append(record)
        return record

    def after(self, n: int) -> list[dict[str, Any]]:
        """The calls with a number greater than ``n``, passwords blacked out."""
        return [{**asdict(call), "body": _without_secrets(call.body)} for call in self._calls if call.n > n]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: "***" if _HIDDEN in key.lower() else _without_secrets(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return value

"""What the boot server counts, and the page on which Prometheus reads everything that the daemon counts."""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

FRESH_SECONDS = 1.0
"""For so long one page serves everybody who asks for it: writing it costs more than any other answer here."""


class Counters:
    """How many requests each route answered with which status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        said = "Requests answered on the two ports of the boot server, by route and status."
        self._requests = Counter("nxd_boot_requests", said, ("route", "status"), registry=registry)
        self._each: dict[tuple[str, int], Counter] = {}

    def count(self, route: str, status: int) -> None:
        """One more answer of this status."""
        counter = self._each.get((route, status))
        if counter is None:
            counter = self._each[route, status] = self._requests.labels(route, status)
        counter.inc()


class MetricsPage:
    """Answers ``GET /metrics`` with all that is in a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._page = b""
        self._written = float("-inf")

    async def answer(self, request: web.Request) -> web.Response:
        now = asyncio.get_running_loop().time()
        if now - self._written >= FRESH_SECONDS:
            self._page, self._written = generate_latest(self._registry), now
        return web.Response(body=self._page, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})

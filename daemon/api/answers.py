"""What all handlers have in common: what a request asked for, and how an answer is written."""

from __future__ import annotations

import orjson
from aiohttp import web

from daemon.api.parameters import Parameters

ASKED = web.RequestKey("asked", Parameters)
"""What a request says behind its path, which is read before its handler is called."""


def json_answer(value: object, status: int = 200) -> web.Response:
    """An answer in JSON; a large fleet must not hold everybody else up while it is written."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")

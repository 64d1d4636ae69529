"""What happens to a request when a rule strikes: on the way in, or on the way back after it was done."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import hdrs, web

from daemon.clock import SystemClock
from daemon.sim.faults.edits import EDITS
from daemon.sim.faults.rules import Strike
from daemon.sim.refusals import Refusal, nested
from daemon.sim.world.world import World

Envelope = Callable[[Refusal, str], dict[str, Any]]
Handle = Callable[[], Awaitable[web.Response]]

_LONGEST_HANG = 120.0
_LOOK = 0.05
"""Real seconds: how long nobody is answered at most, and how often it is looked whether he has gone."""

_PAGE = (
    "<html><head><title>{status} {title}</title></head><body><center><h1>{status} {title}</h1></center>"
    "<hr><center>cloudflare</center></body></html>"
)
_TITLES = {
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    520: "Web server returned an unknown error",
}
_BEFORE = frozenset({"answer", "html", "empty", "close", "reset", "hang", "refused"})


async def strike_request(
    strikes: Sequence[Strike],
    world: World,
    request: web.Request,
    envelope: Envelope,
    trace: str,
    handle: Handle,
) -> web.StreamResponse:
    """Answer ``request`` as the strikes have it; ``handle`` does what it asks for and answers truly."""
    for strike in strikes:
        if strike.rule.delay:
            await world.clock.sleep(strike.rule.delay)
    actions = [strike for strike in strikes if strike.action not in EDITS and strike.action != "slow"]
    decisive = actions[-1] if actions else None
    if decisive is not None and decisive.action in _BEFORE:
        return await _before(decisive, world, request, envelope, trace)
    response = await handle()
    if decisive is not None and decisive.action == "twice":
        response = await handle()
    for strike in strikes:
        if strike.action in EDITS:
            response = _edited(strike, world, request, response)
    return response if decisive is None else await _after(decisive, world, request, response)


async def _before(
    strike: Strike, world: World, request: web.Request, envelope: Envelope, trace: str
) -> web.StreamResponse:
    match strike.action:
        case "answer":
            return _answer(strike, envelope, trace)
        case "html":
            status = int(strike.what.get("status", 502))
            text = _PAGE.format(status=status, title=_TITLES.get(status, "Error"))
            headers = {hdrs.SERVER: "cloudflare", "Cf-Ray": trace[:16]}
            return web.Response(status=status, text=text, content_type="text/html", headers=headers)
        case "empty":
            return web.Response(status=int(strike.what.get("status", 500)))
        case "hang":
            await _silence(world, request, strike.seconds)
        case "refused":
            service = strike.rule.trigger.split(" ", 1)[0]
            if world.ports is not None and request.transport is not None:
                address = (request.transport.get_extra_info("sockname") or ("",))[0]
                world.ports.shut(service, address, strike.seconds or 0.0)
    _cut(request, gently=strike.action in ("close", "hang"))
    return web.Response(status=500)


def _answer(strike: Strike, envelope: Envelope, trace: str) -> web.Response:
    what = strike.what
    headers = {"X-Request-Id": trace, "Server": "cloudflare"}
    if "retry_after" in what:
        headers[hdrs.RETRY_AFTER] = _retry_after(str(what["retry_after"]))
    status = int(what.get("status", 500))
    if "body" in what:
        kind = str(what.get("type", "text/plain"))
        return web.Response(status=status, text=str(what["body"]), content_type=kind, headers=headers)
    refusal = Refusal(
        status, str(what.get("code", "")), str(what.get("message", "")), target=what.get("target")
    )
    if what.get("nested"):
        refusal = nested(refusal, trace)
    return web.json_response(envelope(refusal, trace), status=status, headers=headers)


def _retry_after(text: str) -> str:
    """Seconds as they are; ``date:SECONDS`` as the HTTP date that many seconds from now."""
    seconds = text.removeprefix("date:")
    if seconds == text:
        return text
    now = datetime.fromtimestamp(SystemClock().now(), UTC)
    return format_datetime(now + timedelta(seconds=float(seconds)), usegmt=True)


async def _after(
    strike: Strike, world: World, request: web.Request, response: web.Response
) -> web.StreamResponse:
    whole = response.body if isinstance(response.body, bytes) else b""
    match strike.action:
        case "close_after" | "reset_after":
            _cut(request, gently=strike.action == "close_after")
        case "fail_after":
            return web.Response(status=int(strike.what.get("status", 502)), text="Bad Gateway")
        case "hang_after":
            await _silence(world, request, strike.seconds)
            _cut(request, gently=True)
        case "truncate":
            half = whole[: len(whole) // 2]
            return web.Response(status=200, body=half, content_type="application/json")
        case "text":
            return web.Response(status=response.status, body=whole, content_type="text/plain")
        case "short":
            headers = {hdrs.CONTENT_TYPE: "application/json", hdrs.CONTENT_LENGTH: str(len(whole) or 1)}
            stream = web.StreamResponse(status=response.status, headers=headers)
            await stream.prepare(request)
            await stream.write(whole[: len(whole) // 2])
            _cut(request, gently=True)
    return response


def _edited(strike: Strike, world: World, request: web.Request, response: web.Response) -> web.Response:
    """The answer with what an edit does to it; an error stays as it is."""
    if response.status >= 300 or not isinstance(response.body, bytes) or not response.body:
        return response
    body = json.loads(response.body)
    EDITS[strike.action](strike, world.clock.now(), request.query, body)
    headers = {key: value for key, value in response.headers.items() if key.startswith("X-")}
    return web.json_response(body, status=response.status, headers=headers)


async def _silence(world: World, request: web.Request, seconds: float | None) -> None:
    """Say nothing until the other side has gone, or for so many virtual seconds."""
    waited, limit = 0.0, _LONGEST_HANG if seconds is None else seconds / world.clock.speed
    while waited < limit and request.transport is not None and not request.transport.is_closing():
        await world.clock.sleep(_LOOK * world.clock.speed)
        waited += _LOOK


def _cut(request: web.Request, gently: bool) -> None:
    """End the connection now: with a FIN, or with a RST."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return
    connection = transport.get_extra_info("socket")
    if gently or connection is None:
        transport.close()
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()

"""How every simulated service takes a request: log it, fail it if a rule says so, check it, wait, answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from daemon.sim.refusals import Json, Refusal, bad_parameter, bad_request
from daemon.sim.shapes import Shape, check_shape
from daemon.sim.things import Maker
from daemon.sim.world import World

_JSON_TYPES = ("application/json", "application/merge-patch+json")


@dataclass(frozen=True)
class Call:
    """One request, checked: ``path`` holds the decoded path parameters."""

    world: World
    path: dict[str, str]
    query: dict[str, str]
    body: Json
    maker: Maker


@dataclass(frozen=True)
class Answer:
    """A status with a JSON body, or with a page of HTML, or with nothing."""

    status: int = 200
    body: Any = None
    html: str | None = None


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """A line of a service's table. ``lasts`` names a duration; ``query`` lists the parameters it takes."""

    method: str
    path: str
    handler: Handler
    lasts: str
    query: frozenset[str] = field(default_factory=frozenset)
    body: Shape | None = None
    body_optional: bool = False


Envelope = Callable[[Refusal, str], Json]
Gate = Callable[[web.Request, World], None]


@dataclass(frozen=True)
class Service:
    """A table of routes with the door before it. ``gate`` refuses who may not enter or asks wrongly."""

    name: str
    base: str
    routes: Sequence[Route]
    envelope: Envelope
    gate: Gate
    common_query: frozenset[str] = field(default_factory=frozenset)


def build(service: Service, world: World) -> web.Application:
    """The aiohttp application of a service."""
    app = web.Application()
    for route in service.routes:
        app.router.add_route(route.method, service.base + route.path, _handler(service, route, world))
    app.router.add_route("*", "/{anything:.*}", _unknown(service, world))
    return app


def _handler(
    service: Service, route: Route, world: World
) -> Callable[[web.Request], Awaitable[web.Response]]:
    moment = f"{service.name} {route.method} {route.path}"

    async def handle(request: web.Request) -> web.Response:
        text = await request.text()

        async def answer() -> Answer:
            body = _decode(text)
            _strike(world, moment, body)
            service.gate(request, world)
            _check_query(request, route.query | service.common_query)
            _check_body(request, route, text, body)
            await world.take(route.lasts)
            call = Call(world, dict(request.match_info), dict(request.query), body or {}, maker_of(request))
            return route.handler(call)

        return await respond(service.name, service.envelope, world, request, route.path, text, answer)

    return handle


async def respond(
    name: str,
    envelope: Envelope,
    world: World,
    request: web.Request,
    template: str,
    text: str,
    answer: Callable[[], Awaitable[Answer]],
) -> web.Response:
    """Journal the request, run ``answer`` and put what it returns or refuses on the wire."""
    maker = maker_of(request)
    started = world.clock.now()
    record = world.journal.open(
        name, request.method, request.path_qs, template, started, maker.agent, maker.request_id
    )
    record.body = _decode(text)
    trace = maker.request_id or world.clock.new_id()
    headers = {"X-Request-Id": trace, "X-Correlation-Id": trace, "Cache-Control": "no-store"}
    html = None
    try:
        given = await answer()
        status, body, html = given.status, given.body, given.html
    except Refusal as refusal:
        status, body = refusal.status, envelope(refusal, trace)
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
    record.status = status
    record.lasted = world.clock.now() - started
    if html is not None:
        return web.Response(status=status, headers=headers, text=html, content_type="text/html")
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.json_response(body, status=status, headers=headers)


def maker_of(request: web.Request) -> Maker:
    identity = request.headers.get("X-Request-Id") or request.headers.get("X-Correlation-Id") or ""
    return Maker(request.headers.get("User-Agent", ""), identity)


def _strike(world: World, moment: str, body: Any) -> None:
    name = body.get("name") if isinstance(body, dict) else None
    if isinstance(name, str):
        step = world.faults.strike(moment, name, world.clock.now())
        if step is not None and step.answer is not None:
            raise replace(step.answer)


def _check_query(request: web.Request, allowed: frozenset[str]) -> None:
    for name in request.query:
        if name not in allowed:
            raise bad_parameter(f"The parameter '{name}' is unknown.", name, request.query[name])


def _check_body(request: web.Request, route: Route, text: str, body: Any) -> None:
    if route.body is None:
        return
    if not text and route.body_optional:
        return
    if request.content_type not in _JSON_TYPES:
        raise bad_request(f"The content type {request.content_type!r} is not JSON.")
    if body is None:
        raise bad_request("The body is not valid JSON.")
    check_shape(body, route.body)


def _decode(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _unknown(service: Service, world: World) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        async def answer() -> Answer:
            message = f"There is no {request.method} {request.path} here."
            raise Refusal(404, "not_found", message)

        text = await request.text()
        return await respond(service.name, service.envelope, world, request, "", text, answer)

    return handle

"""How every simulated service takes a request: log it, let rules strike, check it, wait, answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from daemon.sim.refusals import Json, Refusal, bad_parameter, bad_request
from daemon.sim.service.shapes import Shape, check_shape
from daemon.sim.service.striking import strike_request
from daemon.sim.world.objects import Maker
from daemon.sim.world.world import World

TRACE = web.RequestKey("trace", str)
"""Where a request keeps the name of its call."""
NO_ROUTE = 501
"""The status for a path that this world does not know. The real service may well know it, so that the answer must not
look like that for an object which does not exist."""
_JSON_TYPES = ("application/json", "application/merge-patch+json")


@dataclass(frozen=True)
class ServiceCall:
    """One request, checked: ``path`` holds the decoded path parameters."""

    world: World
    path: dict[str, str]
    query: dict[str, str]
    body: Json
    maker: Maker


@dataclass(frozen=True)
class Reply:
    """A status with a JSON body, or with a page of HTML, or with plain text, or with nothing."""

    status: int = 200
    body: Any = None
    html: str | None = None
    text: str | None = None


Handler = Callable[[ServiceCall], Reply]


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


@dataclass(frozen=True)
class Upgrade:
    """A line of a service's table that is a WebSocket: who is let in (by an answer of 101), and what is done then. It
    has a token of its own, and passes no gate."""

    path: str
    admit: Callable[[web.Request, World], Awaitable[Reply]]
    serve: Callable[[web.Request, World], Awaitable[web.StreamResponse]]


Envelope = Callable[[Refusal, str], Json]
Gate = Callable[[web.Request, World], None]


@dataclass(frozen=True)
class Service:
    """A table of routes behind a gate. ``gate`` refuses who may not enter or asks wrongly."""

    name: str
    base: str
    routes: Sequence[Route]
    envelope: Envelope
    gate: Gate
    common_query: frozenset[str] = field(default_factory=frozenset)
    upgrades: Sequence[Upgrade] = ()


def build(service: Service, world: World) -> web.Application:
    """The aiohttp application of a service."""
    app = web.Application()
    for route in service.routes:
        app.router.add_route(route.method, service.base + route.path, _handler(service, route, world))
    for upgrade in service.upgrades:
        app.router.add_get(service.base + upgrade.path, _upgrading(service, upgrade, world))
    app.router.add_route("*", "/{anything:.*}", _unknown(service, world))
    return app


def _upgrading(
    service: Service, upgrade: Upgrade, world: World
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        async def answer() -> Reply:
            return await upgrade.admit(request, world)

        names = _names(world, request, None)
        response = await respond(
            service.name, service.envelope, world, request, upgrade.path, "", answer, names
        )
        return await upgrade.serve(request, world) if response.status == 101 else response

    return handle


def _handler(
    service: Service, route: Route, world: World
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:

    async def handle(request: web.Request) -> web.StreamResponse:
        text = await request.text()

        async def answer() -> Reply:
            body = _decode(text)
            service.gate(request, world)
            _check_query(request, route.query | service.common_query)
            _check_body(request, route, text, body)
            await world.take(route.lasts)
            call = ServiceCall(
                world, dict(request.match_info), dict(request.query), body or {}, maker_of(request)
            )
            if route.method != "GET" and world.behaviour.repeats():
                _repeat(route.handler, call)
            return route.handler(call)

        names = _names(world, request, _decode(text))
        return await respond(service.name, service.envelope, world, request, route.path, text, answer, names)

    return handle


def _repeat(handler: Handler, call: ServiceCall) -> None:
    """The first of two times that a proxy sends a request; nobody hears its answer."""
    try:
        handler(call)
    except Refusal:
        return


async def respond(
    name: str,
    envelope: Envelope,
    world: World,
    request: web.Request,
    template: str,
    text: str,
    answer: Callable[[], Awaitable[Reply]],
    names: Sequence[str] = (),
) -> web.StreamResponse:
    """Journal the request, let the rules strike that wait for it, and put on the wire what ``answer`` returns
    or refuses. ``names`` are those of the objects that it is about."""
    maker = maker_of(request)
    started = world.clock.now()
    record = world.journal.open(
        name, request.method, request.path_qs, template, started, maker.agent, maker.request_id
    )
    record.body = _decode(text)
    trace = record.request_id = maker.request_id or world.clock.new_id()
    request[TRACE] = trace

    async def handle() -> web.Response:
        return await _answered(envelope, answer, trace)

    trigger = f"{name} {request.method} {template}"
    strikes = world.faults.strikes(trigger, names, started, request.query_string, text)
    if strikes:
        response = await strike_request(strikes, world, request, envelope, trace, handle)
    else:
        response = await handle()
    record.status = response.status
    record.lasted = world.clock.now() - started
    return response


async def _answered(envelope: Envelope, answer: Callable[[], Awaitable[Reply]], trace: str) -> web.Response:
    headers = {"X-Request-Id": trace, "X-Correlation-Id": trace, "Cache-Control": "no-store"}
    try:
        given = await answer()
    except Refusal as refusal:
        return web.json_response(envelope(refusal, trace), status=refusal.status, headers=headers)
    if given.html is not None:
        return web.Response(status=given.status, headers=headers, text=given.html, content_type="text/html")
    if given.text is not None:
        return web.Response(status=given.status, headers=headers, text=given.text)
    if given.body is None:
        return web.Response(status=given.status, headers=headers)
    return web.json_response(given.body, status=given.status, headers=headers)


def maker_of(request: web.Request) -> Maker:
    """Who asks, and in which call: a request that does not name itself is named when it arrives."""
    identity = request.headers.get("X-Request-Id") or request.headers.get("X-Correlation-Id")
    return Maker(request.headers.get("User-Agent", ""), identity or request.get(TRACE, ""))


def _names(world: World, request: web.Request, body: Any) -> list[str]:
    """Whom a request is about: the name in its body or query, and the objects of its path."""
    named = [body.get("name") if isinstance(body, dict) else None, request.query.get("name")]
    names = [name for name in named if isinstance(name, str)]
    for key in request.match_info.values():
        item = world.any_object(key)
        names += [key] if item is None else [item.name, key]
    return names


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


def _unknown(service: Service, world: World) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        async def answer() -> Reply:
            message = f"The simulated {service.name} service has no {request.method} {request.path}."
            raise Refusal(NO_ROUTE, "no_such_route", message)

        text = await request.text()
        return await respond(service.name, service.envelope, world, request, "", text, answer)

    return handle

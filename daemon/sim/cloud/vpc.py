"""The IBM VPC API: who may ask, and the tables of its parts."""

from __future__ import annotations

import re

from aiohttp import web

from daemon.sim.cloud import vpc_addresses, vpc_catalogue, vpc_consoles, vpc_interfaces, vpc_servers
from daemon.sim.cloud.metadata import Tokens
from daemon.sim.refusals import Refusal, token_invalid, token_missing, vpc_envelope
from daemon.sim.service.service import Gate, Service
from daemon.sim.world.world import World

_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def vpc_service(tokens: Tokens) -> Service:
    """The service; every request must carry a live token, a version (any date) and generation 2."""
    routes = (
        *vpc_catalogue.ROUTES,
        *vpc_addresses.ROUTES,
        *vpc_interfaces.ROUTES,
        *vpc_servers.ROUTES,
    )
    common = frozenset({"version", "generation"})
    return Service("vpc", "/v1", routes, vpc_envelope, _gate(tokens), common, (vpc_consoles.CONSOLE,))


def check_token(request: web.Request, tokens: Tokens) -> None:
    """Refuse a request without a live IAM token of this world."""
    header = request.headers.get("Authorization")
    if header is None:
        raise token_missing()
    if not tokens.valid(header, "iam"):
        raise token_invalid()


def _gate(tokens: Tokens) -> Gate:
    def gate(request: web.Request, world: World) -> None:
        version = request.query.get("version")
        if version is None:
            raise _wrong("missing_version", "The version query parameter is required.", "version")
        if not _DATE.fullmatch(version):
            raise _wrong("invalid_version", "The version must be a date, YYYY-MM-DD.", "version")
        generation = request.query.get("generation")
        if generation is None:
            message = "The generation query parameter is required."
            raise _wrong("missing_generation_parameter", message, "generation")
        if generation != "2":
            raise _wrong("invalid_generation_parameter", "The generation must be 2.", "generation")
        check_token(request, tokens)

    return gate


def _wrong(code: str, message: str, target: str) -> Refusal:
    return Refusal(400, code, message, target, "parameter")

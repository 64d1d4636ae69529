"""The instance metadata service: who stands on this machine gets a token of its trusted profile.

Two generations of paths exist. Up to API version 2025-08-25 it is ``/instance_identity``; from 2025-08-26
on it is ``/identity``, and the other one is a 404. Tokens live in real time, because clients check them
against the real clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
from aiohttp import web

from daemon.clock import SystemClock
from daemon.sim.refusals import Json, Refusal, metadata_envelope
from daemon.sim.service.service import Reply, Route, Service, ServiceCall
from daemon.sim.service.shapes import NUMBER, TEXT, Field, Shape
from daemon.sim.world.initial import ACCOUNT, TRUSTED_PROFILE
from daemon.sim.world.world import World

FIRST_OF_SECOND_GENERATION = "2025-08-26"
IAM_LIFETIME = 3600
_ALGORITHM = "HS256"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

PROFILE_CRN = f"crn:v1:bluemix:public:iam-identity::a/{ACCOUNT}::profile:{TRUSTED_PROFILE}"
PROFILE_NAME = "nxd-jump-host"

TOKEN: Shape = {"expires_in": NUMBER}
IAM_TOKEN: Shape = {"trusted_profile": Field(shape={"id": TEXT, "crn": TEXT, "name": TEXT})}


class Tokens:
    """Signs and checks the tokens of one world; ``use`` is ``identity`` or ``iam``."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._key = self._clock.new_token().encode()

    def issue(self, use: str, lifetime: int, age: int = 0) -> Json:
        """A token with its times, as the service answers it; lifetime and age in real seconds."""
        now = int(self._clock.now()) - age
        claims = {
            "iss": "https://iam.cloud.ibm.com/identity",
            "sub": TRUSTED_PROFILE,
            "account": {"bss": ACCOUNT},
            "use": use,
            "iat": now,
            "exp": now + lifetime,
        }
        return {
            "access_token": jwt.encode(claims, self._key, _ALGORITHM),
            "created_at": _real_stamp(now),
            "expires_at": _real_stamp(now + lifetime),
            "expires_in": lifetime,
        }

    def valid(self, header: str | None, use: str) -> bool:
        """Whether an ``Authorization`` header carries a live token of ours for this use."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            claims = jwt.decode(
                token, self._key, algorithms=[_ALGORITHM], options={"require": ["exp", "use"]}
            )
        except jwt.InvalidTokenError:
            return False
        return bool(claims["use"] == use)


def metadata_service(tokens: Tokens) -> Service:
    """The service's table, for both generations of its paths."""

    def create_token(call: ServiceCall) -> Reply:
        lifetime = call.body.get("expires_in", 300)
        if not 5 <= lifetime <= 3600:
            message = "The value of `expires_in` must be between 5 and 3600."
            raise Refusal(400, "invalid_value", message, "expires_in")
        return Reply(200, tokens.issue("identity", lifetime))

    def create_iam_token(call: ServiceCall) -> Reply:
        profile: dict[str, str] = call.body.get("trusted_profile", {})
        known = {"id": TRUSTED_PROFILE, "crn": PROFILE_CRN, "name": PROFILE_NAME}
        for selector, value in profile.items():
            if known[selector] != value:
                message = "The virtual server instance is not linked to the specified trusted profile."
                raise Refusal(400, "profile_not_linked", message, f"trusted_profile.{selector}")
        strike = call.world.strike("token issue")
        seconds = int(strike.seconds or 0) if strike is not None else 0
        if strike is not None and strike.action == "short":
            return Reply(200, tokens.issue("iam", seconds))
        return Reply(200, tokens.issue("iam", IAM_LIFETIME, seconds))

    def route(method: str, path: str, handler: Any, shape: Shape) -> Route:
        return Route(method, path, handler, "metadata.token", body=shape, body_optional=True)

    return Service(
        "metadata",
        "",
        (
            route("PUT", "/instance_identity/v1/token", create_token, TOKEN),
            route("PUT", "/identity/v1/token", create_token, TOKEN),
            route("POST", "/instance_identity/v1/iam_token", create_iam_token, IAM_TOKEN),
            route("POST", "/identity/v1/iam_tokens", create_iam_token, IAM_TOKEN),
        ),
        metadata_envelope,
        _gate(tokens),
        frozenset({"version"}),
    )


def _gate(tokens: Tokens) -> Callable[[web.Request, World], None]:
    """What a request must carry before anything else of it is read."""

    def gate(request: web.Request, world: World) -> None:
        _check_version(request)
        if request.headers.get("Metadata-Flavor") != "ibm":
            message = "A value such as `ibm` must be provided in the `Metadata-Flavor` header."
            raise Refusal(400, "missing_value", message, "Metadata-Flavor", "header")
        asks_for_iam = "iam_token" in request.path
        if asks_for_iam and not tokens.valid(request.headers.get("Authorization"), "identity"):
            raise Refusal(401, "unauthenticated", "The provided token is invalid or expired.")

    return gate


def _check_version(request: web.Request) -> None:
    version = request.query.get("version")
    if version is None:
        raise Refusal(400, "missing_field", "The parameter `version` is required.", "version", "parameter")
    if not _DATE.fullmatch(version):
        raise Refusal(400, "invalid_value", "The version must be a date.", "version", "parameter")
    second_generation = version >= FIRST_OF_SECOND_GENERATION
    if second_generation != request.path.startswith("/identity/"):
        raise Refusal(404, "not_found", "The requested resource was not found.")


def _real_stamp(trigger: int) -> str:
    return datetime.fromtimestamp(trigger, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

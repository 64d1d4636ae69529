"""Scenarios of the metadata service: who stands on the jump host gets no token, or a strange one."""

from __future__ import annotations

from typing import Any

from daemon.sim.faults.rules import Rule
from daemon.sim.scenarios.cloud import PREFLIGHT, refused
from daemon.sim.scenarios.scenario import Scenario

IDENTITY = "metadata PUT *"
IAM = "metadata POST *"
NO_IAT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl"
"""A JSON Web Token with ``exp`` and without ``iat``."""


def _metadata(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "metadata", sentence, f"Metadata/IAM: {source}", rules, alone=True, **more)


def _refusing(name: str, sentence: str, source: str, *rules: Rule) -> Scenario:
    return _metadata(name, sentence, source, *rules, ending="refused", at=PREFLIGHT, code="authentication")


METADATA = (
    _refusing(
        "metadata-disabled",
        "The metadata service is not enabled on the jump host.",
        "metadata disabled 403 `unauthorized`",
        refused(
            IDENTITY,
            403,
            "unauthorized",
            "The metadata service is not enabled on the provided instance.",
            None,
        ),
    ),
    _refusing(
        "profile-not-linked",
        "The jump host is not linked to the trusted profile.",
        "400 `profile_not_linked`",
        refused(
            IAM,
            400,
            "profile_not_linked",
            "The virtual server instance is not linked to the specified trusted profile.",
            None,
        ),
    ),
    _refusing(
        "metadata-not-found",
        "The metadata service answers 404, as it does on a bare metal server or to an old version.",
        "404 on `/instance_identity` (bare-metal/old-version behaviour)",
        refused(IDENTITY, 404, "not_found", "The requested resource was not found.", None),
    ),
    _metadata(
        "identity-token-expired",
        "The identity token is refused as expired, twice.",
        "401 `unauthenticated` (identity token expired)",
        refused(IAM, 401, "unauthenticated", "The provided token is invalid or expired.", 2),
    ),
    _metadata(
        "metadata-flavor-lost",
        "A proxy strips the Metadata-Flavor header once.",
        "400 `missing_value` without `Metadata-Flavor`",
        refused(
            IDENTITY,
            400,
            "missing_value",
            "A value such as `ibm` must be provided in the `Metadata-Flavor` header.",
        ),
    ),
    _metadata(
        "metadata-service-error",
        "The metadata service fails three times.",
        "500 `service_error`",
        refused(IDENTITY, 500, "service_error", "Internal service error.", 3),
    ),
    _metadata(
        "metadata-refused",
        "The metadata service refuses connections for two minutes.",
        "refused",
        Rule(IDENTITY, "refused", seconds=120.0),
    ),
    _metadata(
        "metadata-hangs",
        "The metadata service does not answer for ninety seconds, then closes.",
        "hang > 60 s; the 60 s stall",
        Rule(IDENTITY, "hang", seconds=90.0),
    ),
    _metadata(
        "iam-token-short",
        "IAM tokens live for fifteen seconds.",
        "IAM token short (exp ≤ 15 s)",
        Rule("token issue", "short", count=None, seconds=15.0),
    ),
    _metadata(
        "iam-token-past-refresh",
        "IAM tokens are past their time of refresh when they come.",
        "IAM token already past refresh",
        Rule("token issue", "aged", count=4, seconds=3300.0),
    ),
    _metadata(
        "iam-token-without-iat",
        "Two IAM tokens lack the time at which they were issued.",
        "IAM token: no `iat`",
        Rule(IAM, "set", count=2, what={"fields": {"access_token": NO_IAT}}),
    ),
    _metadata(
        "iam-token-not-a-jwt",
        "Two IAM tokens are no JSON Web Tokens.",
        "IAM token: not a JWT",
        Rule(IAM, "set", count=2, what={"fields": {"access_token": "opaque"}}),
    ),
    _metadata(
        "iam-clock-skew",
        "The clock that signs IAM tokens is two hours behind, for three tokens.",
        "clock skew",
        Rule("token issue", "aged", count=3, seconds=7200.0),
    ),
)

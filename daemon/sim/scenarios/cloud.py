"""Scenarios that any call to the VPC API can meet: its errors, its proxy and the network before it."""

from __future__ import annotations

from typing import Any

from daemon.sim.faults.rules import Rule
from daemon.sim.faults.triggers import CREATE_RECORD, CREATE_VNI, NOT_AUTHORIZED, RESERVE_IP
from daemon.sim.scenarios.scenario import MINE, Scenario

CREATE_SERVER = "vpc POST /bare_metal_servers"
READ_SERVER = "vpc GET /bare_metal_servers/{server_id}"
READ_VNI = "vpc GET /virtual_network_interfaces/{vni_id}"
LIST_IPS = "vpc GET /subnets/{subnet_id}/reserved_ips"
READ_SUBNET = "vpc GET /subnets/{subnet_id}"
PREFLIGHT = "cluster:preflight"


def refused(trigger: str, status: int, code: str, message: str, count: int | None = 1, **more: Any) -> Rule:
    """A request that is refused with an error of the service's own."""
    return Rule(
        trigger, "answer", count=count, what={"status": status, "code": code, "message": message, **more}
    )


UNAVAILABLE = (
    "The system is currently unable to fulfill the request. Please retry. If the failure persists, contact "
    "support and provide the trace value from this error."
)
TOO_MANY = "Too many requests within a short time."


def _vpc(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "vpc", sentence, f"VPC generic: {source}", rules, **more)


def _lost(kind: str, trigger: str) -> tuple[Scenario, Scenario]:
    """The two ways in which the answer to a create is lost."""
    return (
        _vpc(
            f"lost-answer-{kind}",
            f"The connection is reset after the {kind} was made.",
            "RST after committing (lost response)",
            Rule(trigger, "reset_after"),
        ),
        _vpc(
            f"hang-after-{kind}",
            f"The {kind} is made and the answer never comes.",
            "hang > client timeout after committing (lost response)",
            Rule(trigger, "hang_after"),
        ),
    )


VPC = (
    _vpc(
        "token-invalid",
        "The VPC API calls a good token invalid, twice.",
        "401 `token_invalid`",
        refused(RESERVE_IP, 401, "token_invalid", "The service token was expired or invalid.", 2),
    ),
    _vpc(
        "not-authorized",
        "A role is missing: no address may be reserved.",
        "403 `not_authorized` (double space text)",
        Rule(RESERVE_IP, "answer", count=None, what=NOT_AUTHORIZED),
        ending="fails",
        at="node:reserving_ips",
        code="not_authorized",
    ),
    _vpc(
        "not-found-on-create",
        "Ordering a server answers 404.",
        "404 `not_found`",
        refused(
            CREATE_SERVER, 404, "not_found", "Please check whether the resource you are requesting exists."
        ),
        ending="fails",
        at="node:creating_server",
        code="not_found",
    ),
    _vpc(
        "rate-limit-seconds",
        "Too many requests: come again in thirty seconds.",
        "429 `rate_limit_exceeded` with `Retry-After` (s)",
        refused(RESERVE_IP, 429, "rate_limit_exceeded", TOO_MANY, 3, retry_after="30"),
    ),
    _vpc(
        "rate-limit-date",
        "Too many requests: come again at a certain time.",
        "429 `rate_limit_exceeded` with `Retry-After` (HTTP-date)",
        refused(CREATE_VNI, 429, "rate_limit_exceeded", TOO_MANY, 3, retry_after="date:30"),
    ),
    _vpc(
        "rate-limit-bare",
        "Too many requests, and not a word about when to come again.",
        "429 `rate_limit_exceeded` without `Retry-After`",
        refused(CREATE_SERVER, 429, "rate_limit_exceeded", TOO_MANY, 3),
    ),
    _vpc(
        "internal-error",
        "Making an interface fails three times with an internal error.",
        "500 `internal_error`",
        refused(CREATE_VNI, 500, "internal_error", "An internal error occurred.", 3),
    ),
    _vpc(
        "service-unavailable",
        "Ordering a server fails three times: the system cannot fulfil the request.",
        "503 `The system is currently unable to fulfill the request. …`",
        refused(CREATE_SERVER, 503, "backend_service_unavailable", UNAVAILABLE, 3),
    ),
    _vpc(
        "proxy-502",
        "The proxy in front answers with a page of HTML, 502.",
        "502 HTML from `Server: cloudflare`",
        Rule(CREATE_SERVER, "html", count=2, what={"status": 502}),
    ),
    _vpc(
        "proxy-520",
        "The proxy in front answers with a page of HTML, 520, while a server is looked at.",
        "520 HTML from `Server: cloudflare`",
        Rule(READ_SERVER, "html", count=3, what={"status": 520}),
    ),
    _vpc(
        "truncated-json",
        "The address is reserved, and half of the JSON arrives with status 200.",
        "truncated JSON 200",
        Rule(RESERVE_IP, "truncate"),
    ),
    _vpc(
        "answer-breaks-off",
        "The interface is made, and the connection ends in the middle of the answer.",
        "truncated JSON 200 (shorter than its Content-Length)",
        Rule(CREATE_VNI, "short"),
    ),
    _vpc(
        "plain-text-answer",
        "The server is ordered, and the answer is called text/plain.",
        "text/plain 200",
        Rule(CREATE_SERVER, "text"),
    ),
    _vpc(
        "plain-text-on-read",
        "A server is looked at, and the answer is called text/plain, twice.",
        "text/plain 200",
        Rule(READ_SERVER, "text", count=2),
    ),
    _vpc(
        "empty-500",
        "Reserving an address answers 500 and nothing else, three times.",
        "empty 500",
        Rule(RESERVE_IP, "empty", count=3),
    ),
    _vpc(
        "connection-refused",
        "The VPC API refuses connections for a minute.",
        "connection refused",
        Rule(RESERVE_IP, "refused", seconds=60.0),
        alone=True,
    ),
    _vpc(
        "closed-before-handling",
        "The connection is closed before the interface is made, twice.",
        "connection closed before handling",
        Rule(CREATE_VNI, "close", count=2),
    ),
    _vpc(
        "reset-before-handling",
        "The connection is reset before the server is ordered, twice.",
        "RST before handling",
        Rule(CREATE_SERVER, "reset", count=2),
    ),
    *_lost("address", RESERVE_IP),
    *_lost("interface", CREATE_VNI),
    *_lost("server", CREATE_SERVER),
    *_lost("record", CREATE_RECORD),
    _vpc(
        "slow-api",
        "Every call takes a minute longer.",
        "slow 1–90 s",
        Rule("vpc * *", "slow", count=None, delay=60.0),
    ),
    _vpc(
        "unknown-fields",
        "Every answer has fields that nobody documented.",
        "extra unknown fields",
        Rule("vpc * *", "extra", count=None),
    ),
    _vpc(
        "status-suspended",
        "A server's status is one that the SDK does not list, for a while.",
        "unknown enum values (`suspended`)",
        Rule(READ_SERVER, "set", count=4, what={"fields": {"status": "suspended"}}),
    ),
    _vpc(
        "status-stopping",
        "A server that comes up shows `stopping`, for a while.",
        "unknown enum values (`stopping`)",
        Rule(READ_SERVER, "set", count=4, what={"fields": {"status": "stopping"}}),
    ),
    _vpc(
        "small-pages",
        "Every list comes in pages of two.",
        "small page size + `next`",
        page_limit=2,
        alone=True,
    ),
    _vpc(
        "page-token-expires",
        "The token for the next page has expired, twice.",
        "page token expiring 400 [G]",
        Rule(
            LIST_IPS,
            "answer",
            query="start=",
            count=2,
            what={"status": 400, "code": "bad_request", "message": "The start token has expired."},
        ),
        page_limit=2,
        alone=True,
    ),
    _vpc(
        "pages-shift",
        "While a list is read, an item moves to the page before.",
        "items shifting between pages",
        Rule("vpc GET *", "shift", query="start=", count=None),
        page_limit=2,
        alone=True,
    ),
    _vpc(
        "list-lags",
        "The answer to reserving an address is lost, and lists lag by a minute.",
        "RST after committing; list lagging create by seconds [G]",
        Rule(RESERVE_IP, "reset_after"),
        Rule(LIST_IPS, "lag", count=None, seconds=60.0, what={"items": MINE}),
    ),
    _vpc(
        "list-omits-fresh",
        "The answer to making an interface is lost, and the next two lists leave it out.",
        "RST after committing; list lagging create by seconds [G]",
        Rule(CREATE_VNI, "reset_after"),
        Rule("vpc GET /virtual_network_interfaces", "omit", count=2, what={"items": MINE}),
    ),
    _vpc(
        "request-replayed",
        "A proxy sends the order of an interface twice; the answer says that its name is taken.",
        "lost response; duplicate create",
        Rule(CREATE_VNI, "twice"),
    ),
    _vpc(
        "sporadic-errors",
        "One call in five fails with an internal error, whatever it asks.",
        "500 `internal_error` (any call)",
        Rule(
            "vpc * *",
            "answer",
            count=None,
            chance=0.2,
            what={"status": 500, "code": "internal_error", "message": "An internal error occurred."},
        ),
    ),
)

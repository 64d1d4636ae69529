"""Whatever IBM Cloud answers, or fails to answer, becomes the right error with its evidence kept verbatim."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import requests
from ibm_cloud_sdk_core import ApiException

from daemon.drivers.http import AnswerLost, Line, NotDelivered
from daemon.drivers.ibm_errors import TokenRefused, retry_after, translate
from daemon.errors.tree import OutsideError


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> ApiException:
    """What the SDK raises for an HTTP answer."""
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers or {})
    response._content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return ApiException(status, http_response=response)


def errors(code: str, message: str = "Some prose.") -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message, "more_info": ""}], "trace": "t-1"}


def nested(status: int, code: str, message: str) -> dict[str, Any]:
    inner = json.dumps({"errors": [{"code": code, "message": message}], "trace": "t-2"})
    return errors("bad_field", f"Handler Error: Status={status}, JSON={inner}")


HTML = "<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"

ROWS: list[tuple[int, object, str]] = [
    (401, errors("token_invalid", "The service token was expired or invalid."), "authentication"),
    (
        403,
        errors("not_authorized", "the provided token is not authorized to  the instance"),
        "not_authorized",
    ),
    (404, errors("not_found"), "not_found"),
    (404, HTML, "malformed"),
    (404, "", "malformed"),
    (404, "no such route", "malformed"),
    (429, errors("rate_limit_exceeded"), "rate_limited"),
    (429, "", "rate_limited"),
    (429, errors("conflict"), "rate_limited"),
    (500, errors("internal_error"), "unavailable"),
    (500, "", "unavailable"),
    (502, HTML, "unavailable"),
    (503, errors("backend_service_unavailable", "The system is currently unable."), "unavailable"),
    (520, HTML, "unavailable"),
    (408, "", "in_doubt"),
    (200, '{"id": "r0', "malformed"),
    (400, errors("address_is_already_reserved"), "address_taken"),
    (409, errors("address_is_already_reserved"), "address_taken"),
    (400, errors("bad_field", "The address lies outside the subnet."), "bad_request"),
    (400, errors("reserved_ip_owned_by_provider"), "bad_request"),
    (400, errors("validation_unique_failed", "Provided Name (a) is not unique"), "name_taken"),
    (400, errors("validation_invalid_name"), "bad_request"),
    (400, errors("subnet_out_of_ip_addresses"), "no_address"),
    (400, errors("over_quota"), "quota"),
    (403, errors("over_quota"), "quota"),
    (409, errors("reserved_ip_in_use"), "conflict"),
    (400, errors("reserved_ip_in_use"), "conflict"),
    (409, errors("conflict_field", "Vnic: a is attached to Subnet: b"), "conflict"),
    (409, errors("somebody_invented_this"), "conflict"),
    (
        400,
        nested(400, "validation_unique_failed", "Another VNI with the requested name exists"),
        "name_taken",
    ),
    (400, nested(404, "not_found", "No such image"), "not_found"),
    (400, nested(429, "rate_limit_exceeded", "Too many"), "rate_limited"),
    (400, errors("bad_field", "Handler Error: Status=400, JSON={truncated"), "bad_request"),
    (400, errors("bad_field", "Handler Error: Status=400, JSON={truncated}"), "bad_request"),
    (418, {"strange": True}, "bad_request"),
    (400, ["not", "an", "object"], "bad_request"),
    (400, {"errors": []}, "bad_request"),
    (400, {"errors": ["text"]}, "bad_request"),
    (500, None, "unavailable"),
]


@pytest.mark.parametrize(("status", "body", "code"), ROWS, ids=lambda value: ascii(value)[:60])
def test_an_answer_is_told_by_its_machine_code_and_status(status: int, body: object, code: str) -> None:
    error = translate(answer(status, body), "create vni")
    assert (error.code, error.status) == (code, status)
    assert error.message.startswith("create vni: ") and error.message.endswith(".")
    assert f"HTTP {status}" in (error.evidence or "")
    if body is HTML:
        assert error.evidence == f"HTTP {status} 502 Bad Gateway cloudflare"
    elif isinstance(body, str):
        assert body[:40] in (error.evidence or "")
    assert error.remedies and error.retry == error.kind.retry


def test_the_inner_message_of_a_wrapped_error_is_the_one_a_person_reads() -> None:
    body = nested(400, "validation_unique_failed", "Another VNI with the requested name already exists")
    error = translate(answer(400, body), "create server")
    assert error.message == "create server: Another VNI with the requested name already exists."
    assert "Handler Error" in (error.evidence or "")


def test_prose_decides_nothing() -> None:
    lying = "rate_limit_exceeded over_quota validation_unique_failed not_found"
    assert translate(answer(400, errors("bad_field", lying)), "x").code == "bad_request"


def test_evidence_is_kept_to_a_size_that_a_log_can_bear() -> None:
    error = translate(answer(500, "x" * 100_000), "x")
    assert len(error.evidence or "") < 2100


PAGE = f"<!DOCTYPE html><html><style>{'p {}' * 9000}</style><body><h1>Blocked</h1><p>Ask IT &amp; wait.</p>"


@pytest.mark.parametrize("status", [403, 404, 502])
def test_a_proxy_s_page_is_neither_the_message_nor_markup_in_the_evidence(status: int) -> None:
    error = translate(answer(status, PAGE), "create vni")
    assert error.message == (
        f"create vni: the answer is HTTP {status} and a page, as a proxy sends it, not the service."
    )
    assert error.evidence == f"HTTP {status} Blocked Ask IT & wait."


def test_a_long_message_of_the_service_is_cut_and_says_how_long_it_was() -> None:
    error = translate(answer(400, errors("bad_field", "so " * 9000)), "create vni")
    assert len(error.message) < 300 and error.message.endswith("… (27000 characters).")
    assert "\n" not in translate(answer(400, errors("bad_field", "one\ntwo\x07")), "x").message


async def test_why_nothing_came_is_told_without_the_names_of_python_objects() -> None:
    line = Line(1)
    with pytest.raises(NotDelivered) as caught:
        await line.ask("GET", "http://127.0.0.1:1/v1/secret?token=abc", {}, None, 2, 2)
    await line.close()
    told = translate(caught.value, "create vni")
    assert told.code == "unreachable"
    assert told.evidence == "[Errno 111] Connect call failed ('127.0.0.1', 1)"


DATE = "Tue, 15 Nov 1994 12:45:26 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 120 "}, 120.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "Tue, 15 Nov 1994 12:46:26 GMT", "Date": DATE}, 60.0),
        ({"Retry-After": "Tue, 15 Nov 1994 12:40:00 GMT", "Date": DATE}, 0.0),
        ({"retry-after": "9"}, 9.0),
        ({"Retry-After": "Tue, 15 Nov 1994 12:46:26 GMT"}, None),
        ({"Retry-After": "Tue, 15 Nov 1994 12:46:26 -0000", "Date": DATE}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "\N{SUPERSCRIPT TWO}"}, None),
        ({}, None),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_retry_after_is_understood_in_both_of_its_forms(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert translate(answer(429, errors("rate_limit_exceeded"), headers), "x").after == seconds
    if "retry-after" not in headers:
        assert retry_after(headers) == seconds


def test_a_token_that_was_refused_is_told_with_what_the_metadata_service_said() -> None:
    error = translate(TokenRefused("HTTP 403 metadata service is disabled"), "create vni")
    assert (error.code, error.retry) == ("authentication", "now")
    assert error.evidence == "HTTP 403 metadata service is disabled"


def test_what_nobody_knows_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        translate(KeyError("x"), "create vni")
    assert isinstance(translate(AnswerLost("t"), "x"), OutsideError)

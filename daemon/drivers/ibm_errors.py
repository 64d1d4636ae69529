"""Turns what the IBM SDKs raise into the daemon's errors, by status and machine code, never by a substring of prose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from daemon.drivers.answers import evidence, is_page, reason, retry_after, sentence
from daemon.drivers.http import AnswerLost, NotDelivered
from daemon.drivers.ibm_codes import ADDRESS_TAKEN, NO_ADDRESS
from daemon.errors.tree import ErrorKind, OutsideError

_BY_CODE: dict[str, str | ErrorKind] = {
    "over_quota": "quota",
    "validation_unique_failed": "name_taken",
    "key_name_exists": "name_taken",
    "duplicate_error": "name_taken",
    "address_is_already_reserved": ADDRESS_TAKEN,
    "subnet_out_of_ip_addresses": NO_ADDRESS,
    "reserved_ip_in_use": "conflict",
    "conflict": "conflict",
    "conflict_field": "conflict",
    "not_authorized": "not_authorized",
    "iam_failure": "authentication",
    "token_invalid": "authentication",
    "token_missing": "authentication",
    "not_found": "not_found",
    "rate_limit_exceeded": "rate_limited",
}
"""Machine codes of the VPC API (its error catalogue until 2024, and reports since)."""

_BY_STATUS: dict[int, str] = {
    400: "bad_request",
    401: "authentication",
    403: "not_authorized",
    404: "not_found",
    408: "in_doubt",
    409: "conflict",
    429: "rate_limited",
}

_MEND: dict[str, str] = {
    "authentication": "Check ibm.trusted_profile in nxd.yaml, that the metadata service is enabled on this host, and "
    "the clock.",
    "not_authorized": "Give the trusted profile Editor and Manager on VPC Infrastructure Services and DNS Services, "
    "and IP Spoofing Operator.",
}
"""What a person mends at IBM Cloud, where its kind of error alone would not say."""

_NESTED = re.compile(r"JSON=(\{.*\})\s*$", re.DOTALL)
"""The VPC gateway wraps the body of an inner service in its message."""


class TokenRefused(Exception):
    """No token could be fetched; the text says what the metadata service answered."""


def translate(error: Exception, what: str) -> OutsideError:
    """The daemon's error for an exception of an SDK call named ``what``; re-raises what it does not know."""
    from ibm_cloud_sdk_core import ApiException

    if isinstance(error, TokenRefused):
        return OutsideError(
            "authentication", f"No token for {what}.", evidence=str(error), remedy=_MEND["authentication"]
        )
    if isinstance(error, ApiException):
        return _from_answer(error, what)
    if isinstance(error, NotDelivered):
        return OutsideError("unreachable", f"{what}: no connection.", evidence=reason(error))
    if isinstance(error, AnswerLost):
        return OutsideError("in_doubt", f"{what}: the answer was lost.", evidence=reason(error))
    raise error


def _from_answer(error: Any, what: str) -> OutsideError:
    status = int(error.status_code or 0)
    body = _body(error)
    machine_code, message = _innermost(body)
    code = _BY_CODE.get(machine_code) or _BY_STATUS.get(status)
    if code is None:
        code = "malformed" if 200 <= status < 300 else "unavailable" if status >= 500 else "bad_request"
    if code in ("name_taken", "conflict") and status == 429:
        code = "rate_limited"
    if status == 404 and not isinstance(body, dict):
        code = "malformed"  # a proxy, or a wrong address: it says nothing about the object
    text = f"{what}: {sentence(message) or _unread(status, _text(error))}."
    headers: Mapping[str, str] = getattr(error.http_response, "headers", None) or {}
    return OutsideError(
        code,
        text,
        evidence=evidence(status, _text(error)),
        remedy=_MEND.get(code) if isinstance(code, str) else None,
        after=retry_after(headers),
        status=status,
    )


def _body(error: Any) -> Any:
    try:
        return error.http_response.json()
    except (AttributeError, ValueError):
        return None


def _text(error: Any) -> str:
    return str(getattr(error.http_response, "text", None) or "")


def _unread(status: int, text: str) -> str:
    """What is said of an answer that is none of the service's own."""
    if not text:
        return f"the answer is HTTP {status} without a word"
    if is_page(text):
        return f"the answer is HTTP {status} and a page, as a proxy sends it, not the service"
    return f"the answer is HTTP {status} and could not be read"


def _innermost(body: Any) -> tuple[str, str]:
    """Machine code and message of the first error, looking through a nested `Handler Error`."""
    if not isinstance(body, dict):
        return "", ""
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else body
    code, message = str(first.get("code", "")), str(first.get("message", ""))
    nested = _NESTED.search(message)
    if nested:
        try:
            inner_code, inner_message = _innermost(json.loads(nested[1]))
        except ValueError:
            return code, message
        return inner_code or code, inner_message or message
    return code, message

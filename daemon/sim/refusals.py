"""What the simulated services say when they refuse: one exception, and one envelope per service.

Codes, statuses and shapes are those of the real services as far as they are known. Where the number of a
status is not documented, 400 is used, and 409 for what is in use or in conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_VPC_CODES = {"unknown_field": "bad_field"}
_DNS_CODES = dict.fromkeys(("unknown_field", "bad_field", "validation_required_field"), "bad_request")
_METADATA_CODES = {
    "bad_field": "invalid_value",
    "bad_request": "invalid_request",
    "validation_required_field": "missing_field",
}
"""What each service calls a refusal that the check of the body makes for all of them."""

MORE_INFO = "https://cloud.ibm.com/apidocs/vpc#error-handling"


class SimError(Exception):
    """The simulated world cannot be started as asked; the text is one sentence with the remedy."""


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is turned down. ``target`` names the field, parameter or header at fault."""

    status: int
    code: str
    message: str
    target: str | None = None
    target_type: str = "field"
    value: str | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


def vpc_envelope(refusal: Refusal, trace: str) -> Json:
    """The body of a VPC error: ``{"errors": [{code, message, more_info, target}], "trace"}``."""
    error: Json = {
        "code": _VPC_CODES.get(refusal.code, refusal.code),
        "message": refusal.message,
        "more_info": MORE_INFO,
    }
    if refusal.target is not None:
        error["target"] = {"name": refusal.target, "type": refusal.target_type}
        if refusal.value is not None:
            error["target"]["value"] = refusal.value
    return {"errors": [error], "trace": trace}


def dns_envelope(refusal: Refusal, trace: str) -> Json:
    """The body of a DNS Services error; the SDK does not model it, so this shape is a guess."""
    code = _DNS_CODES.get(refusal.code, refusal.code)
    return {"errors": [{"code": code, "message": refusal.message}], "trace": trace}


def metadata_envelope(refusal: Refusal, trace: str) -> Json:
    """The body of a metadata service error."""
    code = _METADATA_CODES.get(refusal.code, refusal.code)
    error: Json = {"code": code, "message": refusal.message}
    if refusal.target is not None:
        error["target"] = {"name": refusal.target, "type": refusal.target_type}
    return {"errors": [error], "status_code": refusal.status, "trace": trace}


def prism_envelope(refusal: Refusal, trace: str) -> Json:
    """The body of a Prism v1 or v2.0 error."""
    return {"message": refusal.message}


def foundation_envelope(refusal: Refusal, trace: str) -> Json:
    """The body of a Foundation error."""
    return {"error": {"message": refusal.message, "details": {}, "session_id": None}}


def nested(refusal: Refusal, trace: str) -> Refusal:
    """The way in which the bare metal service passes on a refusal of the service behind it."""
    inner = f'{{"errors":[{{"code":"{refusal.code}","message":"{refusal.message}"}}],"trace":"{trace}"}}'
    return Refusal(400, "bad_field", f"Handler Error: Status={refusal.status}, JSON={inner}")


def bad_field(message: str, target: str, value: str | None = None) -> Refusal:
    """A field whose value cannot be."""
    return Refusal(400, "bad_field", message, target, value=value)


def missing_field(target: str) -> Refusal:
    """A required field that is not there."""
    return Refusal(400, "validation_required_field", f"The field '{target}' is required.", target)


def bad_request(message: str) -> Refusal:
    """A request that is wrong as a whole."""
    return Refusal(400, "bad_request", message)


def bad_parameter(message: str, target: str, value: str | None = None) -> Refusal:
    """A query parameter that is unknown or whose value cannot be."""
    return Refusal(400, "bad_request", message, target, "parameter", value)


def not_found(what: str, key: str) -> Refusal:
    """The object that the path names does not exist."""
    message = f"Please check whether the resource you are requesting exists. ({what} {key})"
    return Refusal(404, "not_found", message)


def no_such(what: str, target: str, value: str) -> Refusal:
    """A reference in a body to something that does not exist."""
    return bad_field(f"the provided {what} does not exist", target, value)


def conflict(message: str, code: str = "conflict") -> Refusal:
    """A request that the state of an object forbids now."""
    return Refusal(409, code, message)


def over_quota(message: str = "The request would exceed the quota for a resource type.") -> Refusal:
    """One more than the account, or the object, may have. That the status is 400 is a guess."""
    return Refusal(400, "over_quota", message)


def token_missing() -> Refusal:
    """No ``Authorization`` header."""
    message = "The request carries no service token."
    return Refusal(401, "token_missing", message, "Authorization", "header")


def token_invalid() -> Refusal:
    """A token that is not ours, not for this, or too old."""
    message = "The service token was expired or invalid."
    return Refusal(401, "token_invalid", message, "Authorization", "header")


def not_authorized() -> Refusal:
    """The real text, with its two spaces; it also stands for a missing IP spoofing role."""
    message = (
        "the provided token is not authorized to  the specified instance (ID:NEWRESOURCE) in this account"
    )
    return Refusal(403, "not_authorized", message)

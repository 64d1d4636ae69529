"""What a request brings: its body, the keys of it, and who is at the other end of the socket."""

from __future__ import annotations

import asyncio
import json
import pwd
import socket
import struct
from collections.abc import Collection
from typing import Any, NoReturn

from aiohttp import web
from aiohttp.http_exceptions import PayloadEncodingError

from daemon.api.parameters import shortened
from daemon.errors.tree import NxdError
from daemon.wire.actor import KEY_FIELD, is_key

BODY_SECONDS = 30.0
"""How long a caller may take for the body of a request."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises NxdError for a key that stands in it twice: nobody can tell which one is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise NxdError(
            "request", f'The key "{shortened(twice)}" stands in the body more than once: give it once.'
        )
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


async def body_of(request: web.Request, keys: Collection[str]) -> dict[str, Any]:
    """The body, an object of JSON with none but these keys. Raises NxdError."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = json.loads(await request.read(), object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair can be stored nowhere
    except TimeoutError as error:
        raise NxdError("request", f"The body did not come within {BODY_SECONDS:.0f} seconds.") from error
    except (web.RequestPayloadError, PayloadEncodingError) as error:
        raise NxdError("request", "The body is not what the head of the request says of it.") from error
    except (ValueError, RecursionError) as error:
        raise NxdError("request", "The body is not JSON.", evidence=str(error)) from error
    if not isinstance(body, dict):
        raise NxdError("request", "The body must be a JSON object.")
    strange = sorted(set(body) - set(keys))
    if strange:
        raise NxdError("request", f"Unknown: {', '.join(strange)}. Known: {', '.join(sorted(keys))}.")
    return {key: value for key, value in body.items() if value is not None}


def text_of(body: dict[str, Any], key: str) -> str:
    """A text that must be there. Raises NxdError."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise NxdError("request", f"{key} is missing or not a text.")
    return value


def maybe_text(body: dict[str, Any], key: str) -> str | None:
    """A text, None where it is left out. Raises NxdError."""
    return text_of(body, key) if key in body else None


def maybe_true(body: dict[str, Any], key: str) -> bool:
    """Whether it is true; false where it is left out. Raises NxdError."""
    said = body.get(key, False)
    if not isinstance(said, bool):
        raise NxdError("request", f"{key} must be true or false.")
    return said


def actor_of(request: web.Request) -> str:
    """Who is at the other end of the socket: the account by the kernel's word (SO_PEERCRED), with the key that opened
    the session where it names one."""
    account, key = _account(request), request.headers.get(KEY_FIELD, "")
    return f"{account} ({key})" if is_key(key) else account


def _account(request: web.Request) -> str:
    sock = request.get_extra_info("socket")
    try:
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", credentials)[1]
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
    except (AttributeError, OSError):
        return "unknown"

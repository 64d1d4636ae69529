"""Lists in pages, as the VPC API gives them: ``start`` is opaque, ``next`` is absent on the last page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from daemon.sim.refusals import Json, bad_parameter
from daemon.sim.service.service import ServiceCall
from daemon.sim.world.world import LARGEST_PAGE

T = TypeVar("T")
Key = Callable[[T], tuple[str | float | int, ...]]

PAGING = frozenset({"start", "limit"})


def page(
    call: ServiceCall,
    field: str,
    url: str,
    items: Sequence[T],
    key: Key[T],
    view: Callable[[T], Json],
    newest_first: bool = False,
) -> Json:
    """One page of ``items``, ordered by ``key``. A token names the last item given, so nothing is skipped or
    repeated when others come or go between two pages."""
    limit = _limit(call)
    ordered = sorted(items, key=key, reverse=newest_first)
    if "start" in call.query:
        last = _untoken(call.query["start"])
        ordered = [item for item in ordered if (key(item) < last if newest_first else key(item) > last)]
    shown = ordered[:limit]
    body: Json = {
        "first": {"href": _href(call, url, limit, None)},
        "limit": limit,
        "total_count": len(items),
        field: [view(item) for item in shown],
    }
    if len(ordered) > limit:
        body["next"] = {"href": _href(call, url, limit, _token(key(shown[-1])))}
    return body


def _limit(call: ServiceCall) -> int:
    text = call.query.get("limit")
    if text is None:
        return call.world.page_size
    if not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        raise bad_parameter(f"The limit must be between 1 and {LARGEST_PAGE}.", "limit", text)
    return min(int(text), call.world.page_limit)


def _token(key: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _untoken(token: str) -> tuple[Any, ...]:
    try:
        padded = token + "=" * (-len(token) % 4)
        return tuple(json.loads(base64.urlsafe_b64decode(padded)))
    except (ValueError, TypeError, binascii.Error):
        raise bad_parameter("The start token is not one of ours.", "start", token) from None


def _href(call: ServiceCall, url: str, limit: int, start: str | None) -> str:
    query = {k: v for k, v in call.query.items() if k not in ("start", "limit", "version", "generation")}
    query["limit"] = str(limit)
    if start is not None:
        query["start"] = start
    return f"{url}?{urlencode(query)}"

"""How a true answer is changed on its way back: new fields, other values, lists that lag, leave out or shift."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from daemon.sim.faults.rules import Rule, Strike

Edit = Callable[[Strike, float, Mapping[str, str], Any], None]

_MARKS = frozenset({"limit", "entities", "permitted_networks"})
"""What only an answer has that is a list."""
_UNKNOWN = {"new_in_2027": {"reason": "a field that no SDK knows", "weight": 3}}


def _lists(body: Any) -> Iterator[list[Any]]:
    """The lists of objects in an answer that is a list."""
    if isinstance(body, dict) and not _MARKS.isdisjoint(body):
        yield from (value for value in body.values() if isinstance(value, list))


def _objects(body: Any) -> Iterator[dict[str, Any]]:
    """Every object of an answer, the answer itself first."""
    if isinstance(body, dict):
        yield body
    for items in _lists(body):
        yield from (item for item in items if isinstance(item, dict))


def _named(strike: Strike, item: Any) -> bool:
    """Whether an item of a list is one of those that the rule is about."""
    about = strike.what.get("items")
    if not isinstance(item, dict):
        return False
    return about is None or Rule("", "", str(about)).concerns(
        str(item.get("name", "")), str(item.get("id", ""))
    )


def _extra(strike: Strike, now: float, query: Mapping[str, str], body: Any) -> None:
    for item in list(_objects(body)):
        item.update(_UNKNOWN)


def _set(strike: Strike, now: float, query: Mapping[str, str], body: Any) -> None:
    lists = list(_lists(body))
    targets = [item for items in lists for item in items if _named(strike, item)] if lists else [body]
    for target in targets:
        for path, value in strike.what["fields"].items():
            *above, last = path.split(".")
            inner = target
            for part in above:
                inner = inner[int(part)] if isinstance(inner, list) else inner.get(part, {})
            if isinstance(inner, dict):
                inner[last] = value


def _leave_out(body: Any, away: Callable[[Any], bool]) -> None:
    for items in _lists(body):
        items[:] = [item for item in items if not away(item)]


def _lag(strike: Strike, now: float, query: Mapping[str, str], body: Any) -> None:
    def fresh(item: Any) -> bool:
        made = item.get("created_at") or item.get("created_on") if isinstance(item, dict) else None
        if made is None or not _named(strike, item):
            return False
        age = now - datetime.fromisoformat(str(made).replace("Z", "+00:00")).timestamp()
        return strike.seconds is None or age < strike.seconds

    _leave_out(body, fresh)


def _omit(strike: Strike, now: float, query: Mapping[str, str], body: Any) -> None:
    _leave_out(body, lambda item: _named(strike, item))


def _shift(strike: Strike, now: float, query: Mapping[str, str], body: Any) -> None:
    if "start" in query or int(query.get("offset", "0")) > 0:
        for items in _lists(body):
            del items[:1]


EDITS: Mapping[str, Edit] = {
    "extra": _extra,
    "set": _set,
    "lag": _lag,
    "omit": _omit,
    "shift": _shift,
}

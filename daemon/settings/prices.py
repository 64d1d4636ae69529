"""Reads the operator's own price list: what a machine of a profile costs by the hour, and the day that was so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from daemon.display.money import Price
from daemon.settings.kinds import InParts
from daemon.spec.values import ValueType, found_text, matching, number
from daemon.spec.yaml_marks import Loc, unknown

EXAMPLE = "{bx2d-metal-96x384: {hour: 6.6, currency: EUR, as_of: 2026-10-01}}"


def _day(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError
    date.fromisoformat(value)
    return value


PARTS: Mapping[str, ValueType] = {
    "hour": number(0),
    "currency": matching(r"[A-Z]{3}", "three capital letters like EUR"),
    "as_of": ValueType("the day of the list like 2026-10-01", _day),
}
"""What a price must say, each of it."""


def _prices(value: Any) -> dict[str, Price]:
    """A price for each profile. Raises InParts, ValueError."""
    if not isinstance(value, dict):
        raise ValueError
    if wrong := [one for profile, price in value.items() for one in _mistakes(str(profile), price)]:
        raise InParts(wrong)
    return {
        str(profile): Price(float(one["hour"]), one["currency"], one["as_of"])
        for profile, one in value.items()
    }


def _mistakes(profile: str, price: Any) -> Iterator[tuple[Loc, str]]:
    if not isinstance(price, dict):
        yield (profile,), f"expected {', '.join(PARTS)} of this profile, found {found_text(price)}"
        return
    for key in price.keys() - PARTS.keys():
        yield (profile, key), unknown("part of a price", str(key), PARTS)
    for key, kind in PARTS.items():
        if key not in price:
            yield (profile,), f"{key} is missing: expected {kind.words}"
            continue
        try:
            kind.read(price[key])
        except ValueError:
            yield (profile, key), kind.mistake(price[key])


PRICES = ValueType(f"a price for each profile, for example {EXAMPLE}", _prices, mapped=True)

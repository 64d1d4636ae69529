"""Money is arithmetic on the operator's own list, and without that there is none."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.display.money import NO_LIST, Price, cost, used

PRICES = {
    "big": Price(6.6, "EUR", "2026-10-01"),
    "small": Price(0.35, "EUR", "2026-10-01"),
    "far": Price(7.0, "USD", "2026-09-01"),
}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"big": 3}, "+ 19.80 EUR/h (list of 2026-10-01)"),
        ({"big": 1, "small": 2}, "+ 7.30 EUR/h (list of 2026-10-01)"),
        ({"big": 1, "far": 1}, "+ 6.60 EUR/h (list of 2026-10-01), + 7.00 USD/h (list of 2026-09-01)"),
        ({"big": -3}, "- 19.80 EUR/h (list of 2026-10-01)"),
        ({"big": 0}, "0.00 EUR/h (list of 2026-10-01)"),
        ({"big": 1, "odd": 2}, f"+ 6.60 EUR/h (list of 2026-10-01), + 2 odd   {NO_LIST}"),
        ({"odd": 2}, NO_LIST),
    ],
)
def test_a_plan_comes_to_what_it_makes_less_what_it_deletes(more: dict[str, int], text: str) -> None:
    told = cost(more, PRICES)
    assert told["text"] == text
    assert told["unlisted"] == [sort for sort in more if sort not in PRICES]


def test_without_a_list_no_currency_is_named() -> None:
    assert cost({"big": 3}, {}) == {"text": NO_LIST, "sums": [], "unlisted": ["big"]}
    use: Any = {"kind": "server", "text": "server hours", "seconds": 3600.0, "running": 2, "at": 0.0}
    assert used([use], 3600.0) == "3.0 server hours"
    spent = {"currency": "EUR", "as_of": "2026-10-01", "hour": 13.2, "amount": 6.6}
    assert used([use | {"spent": [spent]}], 3600.0) == "3.0 server hours, 19.80 EUR (list of 2026-10-01)"

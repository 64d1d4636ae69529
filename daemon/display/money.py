"""What machines cost by the operator's own price list, and nothing where that does not say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from daemon.wire import PlanCost, RateView, UseView

HOUR = 3600.0
NO_LIST = "no price known (prices: in nxd.yaml)"


@dataclass(frozen=True)
class Price:
    """What one of a sort costs by the hour, in a currency, and the day of the list that says so."""

    hour: float
    currency: str
    as_of: str


Prices = Mapping[str, Price]
"""By what the outside calls the sort: a profile."""
NO_PRICES: Prices = MappingProxyType({})


def cost(more: Mapping[str, int], prices: Prices) -> PlanCost:
    """What it comes to by the hour to have so many more of each sort, or fewer. Each currency and each list is told
    apart; of a sort that no list has, how many it is."""
    sums: dict[tuple[str, str], float] = {}
    for sort, count in more.items():
        if sort in prices:
            price = prices[sort]
            key = price.currency, price.as_of
            sums[key] = sums.get(key, 0.0) + count * price.hour
    unlisted = {sort: count for sort, count in more.items() if sort not in prices}
    found = [
        RateView(currency=currency, as_of=as_of, hour=round(hour, 6))
        for (currency, as_of), hour in sums.items()
    ]
    told = [f"{_signed(one['hour'])} {one['currency']}/h (list of {one['as_of']})" for one in found]
    if unlisted:
        told += [f"{_counts(unlisted)}   {NO_LIST}"] if told else [NO_LIST]
    return PlanCost(text=", ".join(told), sums=found, unlisted=sorted(unlisted))


def added(costs: Sequence[PlanCost]) -> PlanCost:
    """What several plans come to together."""
    if len(costs) == 1:
        return costs[0]
    sums: dict[tuple[str, str], float] = {}
    for one in (one for told in costs for one in told["sums"]):
        key = one["currency"], one["as_of"]
        sums[key] = sums.get(key, 0.0) + one["hour"]
    found = [
        RateView(currency=currency, as_of=as_of, hour=round(hour, 6))
        for (currency, as_of), hour in sums.items()
    ]
    unlisted = sorted({sort for told in costs for sort in told["unlisted"]})
    told = [f"{_signed(one['hour'])} {one['currency']}/h (list of {one['as_of']})" for one in found]
    told += [f"{', '.join(unlisted)}: {NO_LIST}" if told else NO_LIST] if unlisted else []
    return PlanCost(text=", ".join(told), sums=found, unlisted=unlisted)


def _counts(sorts: Mapping[str, int]) -> str:
    return ", ".join(f"{'-' if count < 0 else '+'} {abs(count)} {sort}" for sort, count in sorts.items())


def _signed(amount: float) -> str:
    """``+ 6.60``, ``- 6.60``, or ``0.00`` where it comes to nothing."""
    told = f"{abs(amount):,.2f}"
    return told if told == "0.00" else f"{'-' if amount < 0 else '+'} {told}"


def hours_of(use: UseView, now: float) -> float:
    """How many hours of it were used until now."""
    return (use["seconds"] + use["running"] * max(0.0, now - use["at"])) / HOUR


def used(uses: Iterable[UseView], now: float) -> str:
    """How many hours of everything were used until now, and what that cost as far as the list has all of it:
    ``7.6 server hours, 25.08 EUR (list of 2026-10-01)``."""
    told = []
    for use in uses:
        passed = max(0.0, now - use["at"]) / HOUR
        paid = [
            f"{one['amount'] + one['hour'] * passed:,.2f} {one['currency']} (list of {one['as_of']})"
            for one in use.get("spent", ())
        ]
        told.append(", ".join([f"{hours_of(use, now):,.1f} {use['text']}", *paid]))
    return ", ".join(told)

"""What a cluster has used, since its order, of what costs by the hour; nothing where not all of it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from daemon import wire
from daemon.display.money import HOUR, Prices
from daemon.memory.mirror import Mirror
from daemon.store.ops import Use
from state_machines.objects import ObjectKind


def used_by(
    cluster: str, objects: Mapping[str, ObjectKind], mirror: Mirror, prices: Prices
) -> list[wire.UseView]:
    """Each kind that costs by the hour, with what the cluster had of it."""
    uses = mirror.uses(cluster)
    owners = [cluster, *(member.name for member in mirror.members(cluster))]
    hourly = {kind.name: kind for kind in objects.values() if kind.hourly}
    rows = (row for owner in owners for row in mirror.resources(owner) if row.kind in hourly)
    if any(row.cloud_id is not None and (row.kind, row.cloud_id) not in uses for row in rows):
        return []
    found = []
    for name, kind in hourly.items():
        if mine := [use for use in uses.values() if use.kind == name]:
            found.append(_used(kind.one + " hours", mine, prices))
    return found


def _used(text: str, uses: list[Use], prices: Prices) -> wire.UseView:
    at = max(one.began if one.ended is None else one.ended for one in uses)
    view = wire.UseView(
        kind=uses[0].kind,
        text=text,
        seconds=round(sum(_seconds(one, at) for one in uses), 3),
        running=sum(one.ended is None for one in uses),
        at=at,
    )
    if all(one.sort in prices for one in uses):
        view["spent"] = _spent(uses, at, prices)
    return view


def _seconds(use: Use, at: float) -> float:
    return max(0.0, (at if use.ended is None else use.ended) - use.began)


def _spent(uses: Iterable[Use], at: float, prices: Prices) -> list[wire.SpentView]:
    """Each currency and each list apart."""
    sums: dict[tuple[str, str], list[float]] = {}
    for one in uses:
        price = prices[one.sort]
        both = sums.setdefault((price.currency, price.as_of), [0.0, 0.0])
        both[0] += _seconds(one, at) / HOUR * price.hour
        both[1] += price.hour if one.ended is None else 0.0
    return [
        wire.SpentView(currency=currency, as_of=as_of, hour=round(hour, 6), amount=round(amount, 6))
        for (currency, as_of), (amount, hour) in sums.items()
    ]

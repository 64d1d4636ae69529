"""Scenarios that are being played in a world: their rules wait in it, and their changes stand until mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.sim.cloud.vpc_addresses import reserve
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.refusals import Json
from daemon.sim.scenarios.scenario import Assignment, Change
from daemon.sim.world.objects import STRANGER, DnsZone, Subnet
from daemon.sim.world.world import LARGEST_PAGE, World

ADDRESSES = "addresses"
"""The change that others take addresses; they go away as all strangers do."""


class ActiveScenarios:
    """What was begun and not yet mended."""

    def __init__(self, world: World, fleet: NutanixFleet) -> None:
        self._world = world
        self._fleet = fleet
        self._playing: list[Assignment] = []
        self._before: dict[str, list[tuple[str, str, Any]]] = {}

    def begin(self, casting: Assignment) -> None:
        """Let a scenario happen from now on."""
        scenario = casting.scenario
        self._playing.append(casting)
        self._world.faults.add_rules(scenario.rules_for(casting.target, casting.label))
        self._before[casting.label] = [self._change(change) for change in scenario.changes]
        if scenario.page_limit is not None:
            self._world.page_limit = scenario.page_limit
        if scenario.personality:
            self._fleet.dress(casting.target, scenario.personality)

    def mend(self, label: str | None = None) -> None:
        """End a scenario, or all of them and every other rule: what they held goes on, what they changed is as
        before, and strangers take their objects away."""
        for casting in [c for c in self._playing if label in (None, c.label)]:
            self._playing.remove(casting)
            for kind, key, before in reversed(self._before.pop(casting.label, [])):
                self._restore(kind, key, before)
            if casting.scenario.page_limit is not None:
                self._world.page_limit = LARGEST_PAGE
            if casting.scenario.personality:
                self._fleet.undress(casting.target)
        self._world.faults.mend(label)
        self._world.remove_strangers()
        self._fleet.remove_strangers()

    def view(self) -> list[Json]:
        return [{**casting.scenario.view(), "target": casting.target} for casting in self._playing]

    def _change(self, change: Change) -> tuple[str, str, Any]:
        """Make a change; what was there before."""
        if change.kind == DnsZone.kind:
            zone = self._world.get(DnsZone, change.key)
            before = zone.state
            zone.state = str((change.fields or {}).get("state", before))
            return change.kind, change.key, before
        if change.kind == ADDRESSES:
            self._crowd(self._world.get(Subnet, change.key), int((change.fields or {}).get("left", 0)))
            return change.kind, change.key, None
        catalogue = self._world.catalogue[change.kind]
        document = catalogue.pop(change.key, None)
        if change.fields is not None and isinstance(document, Mapping):
            catalogue[change.key] = {**document, **change.fields}
        return change.kind, change.key, document

    def _crowd(self, subnet: Subnet, left: int) -> None:
        """Others reserve every free address of a subnet but the last ``left``."""
        taken = self._world.addresses[subnet.id]
        free = [str(address) for address in subnet.network if str(address) not in taken]
        for address in free[: len(free) - left]:
            reserve(self._world, subnet, {"address": address}, STRANGER)

    def _restore(self, kind: str, key: str, before: Any) -> None:
        if kind == DnsZone.kind:
            self._world.get(DnsZone, key).state = before
        elif before is not None and kind != ADDRESSES:
            self._world.catalogue[kind][key] = before

"""Named misfortunes: what goes wrong, by which rules, and how a deployment that meets one should end.

The tables stand in ``scenarios_metadata``, ``scenarios_cloud`` (what every call to the VPC API can meet),
``scenarios_objects`` (addresses, interfaces, records), ``scenarios_servers``, ``scenarios_machines``,
``scenarios_prism`` and ``scenarios_ssh``. Scenarios combine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from daemon.sim.faults.rules import Rule

Area = Literal[
    "metadata",
    "vpc",
    "reserved-ip",
    "vni",
    "server",
    "dns",
    "boot",
    "installer",
    "prism",
    "foundation",
    "ssh",
]
Ending = Literal["recovers", "fails", "refused"]
WayOut = Literal["retry", "rollback"]

MINE = "*"
"""As ``items`` in a rule's ``what``: the rule is narrowed by the items of a list, not by whom the request is
about."""


@dataclass(frozen=True)
class Change:
    """Something that stands otherwise in the cloud. ``fields`` None: it is not there at all."""

    kind: str
    key: str
    fields: Mapping[str, Any] | None


@dataclass(frozen=True)
class Scenario:
    """One misfortune. ``source`` is the section of the list of failure modes and the words there.

    A deployment that meets it ``recovers`` by itself; or ``fails`` ``at`` a state (``node:STATE`` or
    ``cluster:STATE``) with the error ``code``, until the cause is mended and somebody takes the ``way_out``; or
    is ``refused`` before anything is made. ``idle``: the product does not come to the call that would fail.
    ``installs`` is how often its machine is installed (None: that depends), ``retries`` how many a person needs,
    ``doubled`` the kind of which one too many stands while the cluster does, and ``climb_to`` the rung of the
    retry ladder that the spec must allow for the product to come to the failing call.
    """

    name: str
    area: Area
    sentence: str
    source: str
    rules: tuple[Rule, ...] = ()
    ending: Ending = "recovers"
    at: str = ""
    code: str = ""
    way_out: WayOut = "retry"
    changes: tuple[Change, ...] = ()
    page_limit: int | None = None
    personality: str = ""
    nodes: int = 1
    alone: bool = False
    idle: bool = False
    installs: int | None = 1
    retries: int = 1
    doubled: str = ""
    climb_to: str = "none"

    def view(self) -> dict[str, Any]:
        """What a person or a script is told of it."""
        said = asdict(self)
        wanted = ("name", "area", "sentence", "source", "ending", "at", "code", "way_out", "nodes", "idle")
        return {key: said[key] for key in wanted}

    def rules_for(self, target: str, label: str) -> list[Rule]:
        """The rules, narrowed to what has ``target`` in its name, if one is given."""
        return [_narrowed(rule, target, label) for rule in self.rules]


def _narrowed(rule: Rule, target: str, label: str) -> Rule:
    if rule.what.get("items") == MINE:
        return replace(rule, what={**rule.what, "items": target}, scenario=label)
    return replace(rule, name=rule.name or target, scenario=label)


@dataclass(frozen=True)
class Assignment:
    """A scenario that shall happen, and whom it meets; to everybody if there is no ``target``."""

    scenario: Scenario
    target: str = ""

    @property
    def label(self) -> str:
        return f"{self.scenario.name}@{self.target}" if self.target else self.scenario.name

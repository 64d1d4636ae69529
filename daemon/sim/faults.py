"""What can be made to go wrong, as rules: where it strikes, whom, how often, and what happens instead.

A rule waits for its *moment*: a request (service, method and path template) or an instant in the life of a
machine or a cluster. It strikes the first time that moment comes for an object with a matching name, and is
gone when its count is used up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from daemon.sim.refusals import Refusal, SimError, not_authorized, over_quota


@dataclass(frozen=True)
class Step:
    """One way to fail, asked for by name. Without an answer, the moment's owner knows what to do."""

    scope: str
    moment: str
    answer: Refusal | None = None
    meaning: str = ""


STEPS: dict[str, Step] = {
    "ips": Step(
        "node",
        "vpc POST /subnets/{subnet_id}/reserved_ips",
        over_quota(),
        "reserving an address is over quota",
    ),
    "dns": Step(
        "node",
        "dns POST /instances/{instance_id}/dnszones/{zone_id}/resource_records",
        Refusal(403, "not_authorized", "The request is not authorized for this DNS zone."),
        "creating a DNS record is not authorized",
    ),
    "vnis": Step(
        "node",
        "vpc POST /virtual_network_interfaces",
        not_authorized(),
        "creating a network interface is not authorized",
    ),
    "server": Step("node", "server start", meaning="the zone has no capacity for the server"),
    "boot": Step("node", "machine boot", meaning="the machine never fetches its script"),
    "config": Step(
        "node", "machine config", meaning="the installer dies before it asks for its configuration"
    ),
    "install": Step("node", "machine phase 6", meaning="a disk fails during phase 6"),
    "cvm": Step("node", "machine cvm", meaning="the controller VM never answers"),
    "create": Step(
        "cluster",
        "prism POST /PrismGateway/services/rest/v2.0/clusters",
        Refusal(422, "", "Cluster creation failed: could not reach genesis on all nodes."),
        "creating the cluster is refused",
    ),
    "up": Step("cluster", "cluster up", meaning="the cluster never comes up and ends FAILED"),
    "password": Step(
        "cluster",
        "prism POST /PrismGateway/services/rest/v1/utils/change_default_system_password",
        Refusal(500, "", "Failed to update the password on all nodes."),
        "changing the factory password fails",
    ),
    "settings": Step(
        "cluster",
        "prism POST /PrismGateway/services/rest/v1/cluster/name_servers/add_list",
        Refusal(422, "", "Failed to validate the name servers."),
        "adding name servers is refused",
    ),
    "health": Step("cluster", "cluster health", meaning="one host is degraded for a while"),
}


@dataclass(frozen=True)
class Rule:
    """One fault that waits: for ``target``, a node or a cluster, at ``step``, ``count`` more times."""

    target: str
    step: str
    count: int = 1

    def concerns(self, name: str) -> bool:
        """Whether an object's name holds the target as a whole word between hyphens, or is the target.

        Only the first label counts, so that DNS names match like resource names.
        """
        return f"-{self.target}-" in f"-{name.split('.', 1)[0]}-"


def parse_fault(text: str) -> Rule:
    """``NODE:STEP`` or ``CLUSTER:STEP`` as a rule; raises SimError naming the known steps."""
    target, colon, step = text.partition(":")
    if not colon or not target or step not in STEPS:
        by_scope = {
            scope: ", ".join(name for name, known in STEPS.items() if known.scope == scope)
            for scope in ("node", "cluster")
        }
        raise SimError(
            f"The fault {text!r} is not known: write NODE:STEP with one of {by_scope['node']}, "
            f"or CLUSTER:STEP with one of {by_scope['cluster']}."
        )
    return Rule(target, step)


class Faults:
    """The rules that wait, and those that have struck."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._waiting: list[Rule] = []
        self.struck: list[dict[str, Any]] = []
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Add one rule for each entry, or none at all if one of them is not known."""
        self._waiting.extend([parse_fault(text) for text in texts])

    def strike(self, moment: str, name: str, at: float) -> Step | None:
        """The step that goes wrong now for the object called ``name``, if a rule says so; it is used up."""
        for index, rule in enumerate(self._waiting):
            if STEPS[rule.step].moment != moment or not rule.concerns(name):
                continue
            if rule.count > 1:
                self._waiting[index] = replace(rule, count=rule.count - 1)
            else:
                del self._waiting[index]
            self.struck.append({"target": rule.target, "step": rule.step, "name": name, "at": at})
            return STEPS[rule.step]
        return None

    def waiting(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self._waiting]

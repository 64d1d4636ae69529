"""The stages of a node's rollback, and how a person removes what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.engine.context import Step, StepContext
from daemon.engine.objects import Disposal
from daemon.life import undo
from daemon.life.members import LEFT
from daemon.life.replacing import GENERATION, generation_of
from daemon.platforms.ibm_nutanix.power import is_stubborn, told
from daemon.platforms.ibm_nutanix.ways import of_stubborn
from daemon.store.ops import Resource
from state_machines.outcome import Done, Outcome, Remedy

_KEPT = (GENERATION, "round", LEFT)
"""What outlives a rollback: counters, so that no name and no token is used twice, and why the node went."""


def stage(kind: str, what: str, disposals: Mapping[str, Disposal]) -> Step:
    """The stage that deletes every object of a kind; of a server that does not obey its buttons a person is told."""
    return undo.stage(kind, what, disposals, told, _of_stubborn)


def _of_stubborn(rows: Sequence[Resource]) -> Sequence[Remedy]:
    return of_stubborn(row for row in rows if is_stubborn(row))


async def forget_config(ctx: StepContext) -> Outcome:
    """What was recorded for the installer, the tokens and the pinned certificate are forgotten."""
    await ctx.forget_secrets()
    generation = generation_of(ctx.record)
    forgotten = {name: None for name in ctx.record.facts if name not in _KEPT}
    return Done({**forgotten, GENERATION: generation + bool(ctx.record.facts.get("ordered"))})


def removal_commands(row: Resource) -> list[str]:
    """The `ibmcloud` commands with which a person removes the object; each takes an id or a name, but for a DNS record.
    A server is deleted once it is stopped. What Prism calls a host or a cluster goes with its servers."""
    what = row.cloud_id or row.name
    match row.kind:
        case "reserved_ip":
            return [f"ibmcloud is subnet-reserved-ip-delete {row.data['subnet']} {what} --force"]
        case "vni":
            return [f"ibmcloud is virtual-network-interface-delete {what} --force"]
        case "server":
            stop = f"ibmcloud is bare-metal-server-stop {what} --type hard --force"
            return [stop, f"ibmcloud is bare-metal-server-delete {what} --force"]
        case "dns_record" if row.cloud_id is None:
            return [f"ibmcloud dns resource-records {row.data['zone']} -i {row.data['instance']}"]
        case "dns_record":
            return [
                f"ibmcloud dns resource-record-delete {row.data['zone']} {what} -i {row.data['instance']} --force"
            ]
        case _:
            return []

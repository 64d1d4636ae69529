"""The stages of a node's rollback: each deletes one kind of object and ends when every one was seen to be gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from daemon.engine.context import Step, StepContext
from daemon.engine.objects import Disposal
from daemon.platforms.ibm_nutanix.planned import LEFT
from daemon.platforms.ibm_nutanix.power import is_stubborn, told
from daemon.platforms.ibm_nutanix.ways import of_stubborn
from daemon.store.ops import Resource
from state_machines.outcome import Done, Outcome, Wait

GONE_POLL = 10.0
_KEPT = ("server", "round", LEFT)
"""What outlives a rollback: counters, so that no name and no token is used twice, and why the node went."""


def stage(kind: str, what: str, disposals: Mapping[str, Disposal]) -> Step:
    """The stage that deletes every object of a kind."""

    async def run(ctx: StepContext) -> Outcome:
        rows = ctx.resources(kind)
        gone = await asyncio.gather(
            *(ctx.remove(row, disposals[kind]) for row in rows), return_exceptions=True
        )
        for answer in gone:
            if isinstance(answer, BaseException):
                raise answer
        left = [row.name for row, answer in zip(rows, gone, strict=True) if not answer]
        if not left:
            return Done()
        now = {row.name: row for row in ctx.resources(kind)}
        shown = ", ".join(f"{name} ({said})" if (said := _why(now.get(name))) else name for name in left)
        stubborn = [row for row in now.values() if is_stubborn(row)]
        said, ways = f"not gone yet: {shown}", of_stubborn(stubborn)
        return Wait(f"the {what} to be gone", said, GONE_POLL, attention=bool(stubborn), remedies=ways)

    return run


def _why(row: Resource | None) -> str:
    """Why something is not gone, if more is known than that."""
    if row is None:
        return ""
    if row.cloud_id is None:
        return "a create of it was refused or not answered, and may take effect late"
    return told(row)


async def forget_config(ctx: StepContext) -> Outcome:
    """What was recorded for the installer, the tokens and the pinned certificate are forgotten."""
    await ctx.forget_secrets()
    generation = int(ctx.record.facts.get("server", 1))
    forgotten = {name: None for name in ctx.record.facts if name not in _KEPT}
    return Done({**forgotten, "server": generation + bool(ctx.record.facts.get("ordered"))})


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

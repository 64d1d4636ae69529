"""What a server is ordered with, and why one failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon.drivers.answers import sentence
from daemon.engine.context import StepContext
from daemon.engine.objects import Found
from daemon.engine.remedies import verb_remedy
from daemon.errors.tree import NxdError, as_json, outside
from daemon.life.boots import round_of
from daemon.life.replacing import GENERATION, generation_of, is_renewed, is_unfit
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import NODE
from state_machines.outcome import Remedy
from state_machines.record import Record

FIND_OUT = outside("Find out who did it.")


def boot_token(record: Record, secret: Callable[[str], str | None]) -> str | None:
    """The token of the record's present server; ``secret`` knows it by its name. One that was ordered under a token of
    the node, as all were once, keeps it."""
    return secret(_token_name(generation_of(record))) or secret(_token_name(1))


def _token_name(generation: int) -> str:
    return "boot_token" if generation == 1 else f"boot_token.{generation}"


async def seal_boot_token(ctx: StepContext, generation: int) -> None:
    """A server has a boot token of its own, sealed before it is ordered, that every try of the order repeats."""
    await ctx.secret(_token_name(generation), ctx.clock.new_token)


async def next_server(ctx: StepContext) -> None:
    """The server is gone and another one comes: from here on the token in the old one's user data is void."""
    generation = generation_of(ctx.record) + 1
    await seal_boot_token(ctx, generation)
    await ctx.remember(**{GENERATION: generation})


async def next_round(ctx: StepContext, **facts: Any) -> None:
    """A new round begins, another attempt to install the machine: what it said before no longer counts, its token is
    void, and so is what its CVM was known by, for it may be installed anew."""
    round_ = round_of(ctx.record) + 1
    await ctx.secret(f"install_token.{round_}", ctx.clock.new_token)
    await ctx.remember(round=round_, powered=ctx.record.attempt, pin=None, factory_login=None, **facts)


def boot_url(base: str, ctx: StepContext) -> str:
    """The user data of a server: where its iPXE fetches the boot script."""
    token = boot_token(ctx.record, ctx.secret_if_any) or ctx.known_secret("boot_token")
    return f"{base}/boot/ipxe/{ctx.record.name}?token={token}"


def is_unwanted(record: Record, row: Resource) -> bool:
    """Whether a server of an earlier attempt has to go: it failed, or a person asked to replace it."""
    earlier = int(row.data["attempt"]) < record.attempt
    return (earlier and is_unfit(row)) or is_renewed(record, row, NODE)


def server_prototype(ibm: Mapping[str, Any], name: str, vnis: Mapping[str, str], url: str) -> dict[str, Any]:
    """The order of a server, attached to the interfaces made before, that boots from ``url``."""
    group = {"resource_group": {"id": ibm["resource_group"]}} if ibm["resource_group"] else {}
    return {
        "name": name,
        "profile": {"name": ibm["profile"]},
        "zone": {"name": ibm["zone"]},
        "vpc": {"id": ibm["vpc"]},
        "initialization": {
            "image": {"id": ibm["image"]},
            "keys": [{"id": key} for key in ibm["ssh_keys"]],
            "user_data": url,
        },
        "primary_network_attachment": _attachment("eth0", vnis["management"]),
        "network_attachments": [_attachment("eth1", vnis["workload"])],
        **group,
    }


def _attachment(name: str, vni: str) -> dict[str, Any]:
    return {"name": name, "interface_type": "pci", "virtual_network_interface": {"id": vni}}


def vni_ids(server: Mapping[str, Any]) -> list[str]:
    """The interfaces that a server is attached to, by their ids."""
    attachments: Sequence[Mapping[str, Any]] = server.get("network_attachments", ())
    return sorted(attachment["virtual_network_interface"]["id"] for attachment in attachments)


def server_found(server: Mapping[str, Any]) -> Found:
    """A server as what was found of an object that shall exist: its mark are its interfaces."""
    return Found(server["id"], {"vnis": vni_ids(server)})


def replace_it(ctx: StepContext) -> Remedy:
    """What helps when a server that ran before is no good any more: a retry would meet the same one."""
    return verb_remedy(NODE, "replace", ctx.record.name)


def vanished(what: str, row: Resource, remedy: Remedy | None = None) -> NxdError:
    """Somebody else deleted what was made and seen before."""
    return NxdError(
        "vanished",
        f"The {what} {row.name} was deleted by somebody else.",
        evidence=f"{row.cloud_id}: HTTP 404, and no list shows the name {row.name}",
        remedy=remedy,
    )


def meddled_with(
    ctx: StepContext, row: Resource, server: Mapping[str, Any], ran_before: bool = True
) -> NxdError | None:
    """What keeps a server that is waited for from ever coming: it failed, or somebody stopped it or took an interface
    away. None while nothing does."""
    status, node = server["status"], ctx.record.name
    if status == "failed":
        return server_problem(row.name, server, replace_it(ctx) if ran_before else None)
    if status == "stopped":
        mend = (FIND_OUT, verb_remedy(NODE, "retry", node))
        said = f"The server {row.name} was stopped by somebody else."
        return NxdError("server_failed", said, evidence=as_json(_shown(server)), remedy=mend)
    lost = set(row.data.get("vnis", ())) - set(vni_ids(server))
    if lost and "network_attachments" in server and ctx.is_certain(row):
        names = {str(one.cloud_id): one.name for one in ctx.resources("vni")}
        shown = ", ".join(sorted(names.get(id_, id_) for id_ in lost))
        said = f"The interface {shown} was taken from the server {row.name} by somebody else."
        mend = (FIND_OUT, replace_it(ctx) if ran_before else verb_remedy(NODE, "retry", node))
        return NxdError("vanished", said, evidence=as_json(_shown(server)), remedy=mend)
    return None


def _shown(server: Mapping[str, Any]) -> dict[str, Any]:
    """What of a server is evidence."""
    kept = ("id", "name", "status", "status_reasons", "lifecycle_state", "health_state")
    return {key: server[key] for key in kept if key in server} | {"interfaces": vni_ids(server)}


def server_problem(name: str, server: Mapping[str, Any], remedy: Remedy | None = None) -> NxdError:
    """Why a server is failed, by the first of its status reasons; ``remedy`` where a retry is none."""
    reasons = server.get("status_reasons") or [{"code": "unknown", "message": "no reason was given"}]
    code = "capacity" if "capacity" in reasons[0]["code"] else "server_failed"
    return NxdError(
        code,
        f"The server {name} failed: {sentence(str(reasons[0]['message']))}.",
        evidence=as_json(reasons),
        remedy=remedy,
    )

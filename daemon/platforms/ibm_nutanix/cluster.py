"""The steps of a cluster: look first, wait for the nodes, form, secure, name, verify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from daemon.clock import Clock
from daemon.drivers.prism import Credentials
from daemon.engine.context import StepContext
from daemon.engine.objects import Disposal, Found, Want
from daemon.errors.tree import NxdError, OutsideError, as_json
from daemon.life import gate, release
from daemon.life.join import let_go_all, tell
from daemon.life.members import FORMED, has_arrived, in_spec, leaving
from daemon.platforms.base import Check
from daemon.platforms.ibm_nutanix.addresses import AddressPicker
from daemon.platforms.ibm_nutanix.cvms import (
    ARRIVED,
    NOT_DELIVERED,
    PASSING,
    Cvms,
    Host,
    factory_login,
)
from daemon.platforms.ibm_nutanix.errors import CLUSTER_FAILED
from daemon.platforms.ibm_nutanix.first_contact import PRISM_USER
from daemon.platforms.ibm_nutanix.hosts import joined
from daemon.platforms.ibm_nutanix.machine import address_of
from daemon.platforms.ibm_nutanix.membership import Membership, member_view
from daemon.platforms.ibm_nutanix.planned import FACT, host_row
from daemon.platforms.ibm_nutanix.preflight import Need, Preflight, failure
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.ways import of_ill, of_refused, of_silent, of_unformed
from daemon.store.ops import Resource
from daemon.words import counted
from state_machines.ibm_nutanix import NODE
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record

NOT_FOUND = 404
UP_POLL = 30.0
"""Seconds between two looks at a cluster that forms (the requirement's number)."""


SEEN_SECONDS = 600.0
"""How long what a preflight has seen is good, while passing troubles keep it from its end."""


@dataclass(frozen=True, slots=True)
class _ChecksSeen:
    """What a preflight has seen: when it was entered and for how many nodes, since when, and its lines by look."""

    asked: tuple[float, int]
    begun: float
    checks: dict[str, list[Check]]


class ClusterSteps:
    """Everything that concerns all nodes at once. No step here touches a node's installation.

    A changed spec and a replaced node lead a standing cluster through the same steps again; each finds what is
    there already and adds what is missing.
    """

    def __init__(
        self,
        settings: IbmSettings,
        preflight: Preflight,
        cvms: Cvms,
        members: Membership,
        picker: AddressPicker,
        clock: Clock,
    ) -> None:
        self._picker = picker
        self._settings = settings
        self._preflight = preflight
        self._cvms = cvms
        self._members = members
        self._clock = clock
        self._seen: dict[str, _ChecksSeen] = {}

    async def preflight(self, ctx: StepContext) -> Outcome:
        """Nothing that is needed is missing."""
        formed = bool(ctx.record.facts.get(FORMED))
        new = [member for member in in_spec(ctx) if member.state in ("pending", "rolled_back")]
        if new or not formed:
            trouble = await self._preflight.images.trouble()
            if trouble is not None and trouble.passes:
                return trouble.wait(self._settings.poll_seconds)
            seen = self._seen_by(ctx, len(new))
            known = {member.name: member for member in ctx.members}
            nodes = {node: known.get(node) for node in ctx.cluster.spec["nodes"]}
            need = Need.of(nodes, lambda node: ctx.resources(owner=node))
            checks = await self._preflight.check(ctx.cluster.spec, need, seen)
            del self._seen[ctx.record.name]
            ctx.looked()
            error = failure(checks)
            if error is not None:
                raise error
        for member in new:
            if member.state == "rolled_back" and not formed:
                await ctx.give(member.name, "retry")
        return Done()

    def _seen_by(self, ctx: StepContext, new: int) -> dict[str, list[Check]]:
        """What this preflight has seen already, while it is fresh; another attempt and another spec look anew."""
        asked, now = (ctx.record.since, new), self._clock.now()
        before = self._seen.get(ctx.record.name)
        if before is None or before.asked != asked or now > before.begun + SEEN_SECONDS:
            before = self._seen[ctx.record.name] = _ChecksSeen(asked, now, {})
        return before.checks

    async def deploy(self, ctx: StepContext) -> Outcome:
        """The gate: as many nodes are ready as the spec asks for. What has to go first, goes here."""
        inside = joined(ctx)
        outside = [one for one in leaving(ctx) if one not in inside and host_row(ctx, one.name) is None]
        await release.release(ctx, outside)
        await gate.send_out(ctx, NODE, await self._given(ctx, gate.new_nodes(ctx, NODE)))
        going = [
            one
            for one in in_spec(ctx)
            if not has_arrived(NODE, one)
            and one.state not in (NODE.initial, "rolled_back")
            and host_row(ctx, one.name) is not None
        ]
        if going and self._newcomers(
            ctx
        ):  # they are taken in before the next host leaves, which it does there
            return await self._all_answer(ctx)
        waiting = await let_go_all(ctx, going, self._members.let_go)
        if waiting is not None:
            return waiting
        return gate.closed(ctx, NODE, self._settings.poll_seconds) or await self._all_answer(ctx)

    def _newcomers(self, ctx: StepContext) -> list[Record]:
        """The nodes that are there and not in the cluster yet, which stands."""
        inside = {member.name for member in joined(ctx)}
        return [one for one in in_spec(ctx) if has_arrived(NODE, one) and one.name not in inside]

    async def _given(self, ctx: StepContext, new: Sequence[Record]) -> dict[str, dict[str, Any]]:
        """What each new node shall remember: its addresses, given in the order of the spec. Where the cloud does not
        tell what is free, each node finds its own later."""
        if not new:
            return {}
        try:
            given = await self._picker.give(ctx, ctx.cluster.spec["nodes"])
        except NxdError:
            return {}
        return {one.name: {FACT: given[one.name]} for one in new if one.name in given}

    async def _all_answer(self, ctx: StepContext) -> Outcome:
        """Done once the CVM of every node that is to be taken in answers; one that was ready an hour ago may be
        gone."""
        silent: dict[str, str] = {}
        ready = [member for member in in_spec(ctx) if member.state == "ready"]
        for member, answer in await self._cvms.each(ready, lambda one: self._cvms.prism(ctx, one).ready()):
            if isinstance(answer, OutsideError):
                if answer.code not in PASSING:
                    raise answer
                silent[member.name] = f"{member.name}: {answer.message}"
        if silent:
            said, ways = "; ".join(silent.values()), of_silent(list(silent))
            return Wait("every CVM to answer", said, UP_POLL, attention=True, remedies=ways)
        return Done()

    async def create(self, ctx: StepContext) -> Outcome:
        """The create request was taken by one of the CVMs."""
        cluster = ctx.cluster
        nutanix = cluster.spec["nutanix"]
        founders = [member for member in in_spec(ctx) if member.state == "ready"]
        nodes = [member_view(ctx, member) for member in founders]
        external = self._external(ctx)

        async def create() -> Found:
            made = await self._cvms.any(
                ctx,
                lambda prism: prism.create_cluster(
                    cluster.name, external, nutanix["redundancy_factor"], nutanix["timezone"], nodes
                ),
                NOT_DELIVERED,
            )
            return Found(str(made.get("cluster_uuid") or made.get("task_uuid")), {"external_ip": external})

        want = Want(
            "nutanix_cluster",
            cluster.name,
            find=lambda: self._existing(ctx),
            create=create,
            ours=lambda found: found.data["name"] == cluster.name,
            data={"members": [member.name for member in founders]},
            unique=False,
            proven=True,
        )
        try:
            await ctx.ensure(want)
        except OutsideError as error:
            if error.code == "bad_request":
                at = {one.name: address_of(ctx.resources(owner=one.name), "cvm") for one in founders}
                error.remedies += of_refused(error.evidence, at)
            raise
        return Done()

    async def _existing(self, ctx: StepContext) -> Found | None:
        """The cluster that one of our CVMs belongs to already."""
        there = [member for member in in_spec(ctx) if member.state in ARRIVED]
        for _, shown in await self._cvms.each(there, lambda one: self._cvms.prism(ctx, one).cluster()):
            if isinstance(shown, OutsideError):
                if shown.code in (*PASSING, "not_found", "bad_request"):
                    continue
                raise shown
            if shown.get("uuid") and shown.get("cluster_status") not in (None, "UNCONFIGURED", "FAILED"):
                return Found(str(shown["uuid"]), {"name": shown.get("name")})
        return None

    async def await_up(self, ctx: StepContext) -> Outcome:
        """The cluster says that it is up; where it does not say, all its nodes are there."""
        try:
            shown = await self._cvms.any(ctx, lambda prism: prism.cluster())
        except OutsideError as error:
            if error.status != NOT_FOUND:
                raise
            return Wait("the cluster to be UP", error.message, UP_POLL)
        status = shown.get("cluster_status")
        if status == "UNCONFIGURED":
            return await self._missing(ctx)
        if status == "FAILED":
            for row in ctx.resources("nutanix_cluster"):
                await ctx.note_absent(row)
            raise NxdError(CLUSTER_FAILED, "The cluster reports FAILED.", evidence=as_json(shown))
        there = int(shown.get("num_nodes") or 0)
        if status == "UP" or (status is None and there >= len(joined(ctx))):
            return Done()
        first = joined(ctx)[0]
        ways = of_unformed(address_of(ctx.resources(owner=first.name), "cvm"))
        evidence = f"cluster_status is {status}, {counted(there, 'node')} in it"
        return Wait("the cluster to be UP", evidence, UP_POLL, remedies=ways)

    async def _missing(self, ctx: StepContext) -> Wait:
        """A CVM that was to be in the cluster says that it is in none."""
        for row in ctx.resources("nutanix_cluster"):
            if await ctx.vanished(
                row, Disposal(lambda _: self._existing(ctx), _with_its_nodes, _with_its_nodes)
            ):
                await ctx.note_absent(row)
                said = f"The cluster {row.name} was destroyed by somebody else."
                raise NxdError(
                    "vanished", said, evidence=f"every CVM that answers is in no cluster ({row.cloud_id})"
                )
        return Wait("the cluster to be UP", "its CVMs say that they are in none", UP_POLL)

    async def change_passwords(self, ctx: StepContext) -> Outcome:
        """The factory password is refused, and the generated one is taken."""
        if ctx.record.facts.get("secured"):
            return Done()
        member = joined(ctx)[0]
        new = await ctx.secret("password", lambda: f"Nx-{self._clock.new_token()[:24]}-4u")
        factory = factory_login(member)
        if not await self._cvms.accepts(ctx, member, Credentials(PRISM_USER, new)):
            await ctx.written()
            try:
                await self._cvms.prism(ctx, member, factory).change_password(factory.password, new)
            except OutsideError as error:
                # A proxy that sends the call twice hands on the second answer: the old password is wrong by then.
                if error.code != "bad_request" or not await self._cvms.accepts(
                    ctx, member, Credentials(PRISM_USER, new)
                ):
                    raise
            return Wait("the new password on every CVM", "it was just changed", UP_POLL)
        open_still = []
        for other, takes in await self._cvms.each(
            joined(ctx), lambda one: self._cvms.accepts(ctx, one, factory)
        ):
            if isinstance(takes, OutsideError):
                raise takes
            open_still += [other.name] if takes else []
        if open_still:
            names = ", ".join(open_still)
            return Wait(f"{names} to refuse the factory password", "the old one is still taken", UP_POLL)
        return Done({"secured": True, "external_ip": self._external(ctx)})

    async def configure(self, ctx: StepContext) -> Outcome:
        """Name, DNS and NTP servers are as in the spec."""
        nutanix = ctx.cluster.spec["nutanix"]
        shown = await self._cvms.any(ctx, lambda prism: prism.cluster())
        dns = [one for one in nutanix["dns_servers"] if one not in (shown.get("name_servers") or ())]
        ntp = [one for one in nutanix["ntp_servers"] if one not in (shown.get("ntp_servers") or ())]
        await ctx.written()
        if shown.get("name") != ctx.record.name:
            await self._cvms.any(ctx, lambda prism: prism.rename(ctx.record.name), NOT_DELIVERED)
        elif dns:
            await self._cvms.any(ctx, lambda prism: prism.add_name_servers(dns), NOT_DELIVERED)
        elif ntp:
            await self._cvms.any(ctx, lambda prism: prism.add_ntp_servers(ntp), NOT_DELIVERED)
        else:
            return Done()
        return Wait("the settings to be taken", "they were just set", poll=0)

    async def verify(self, ctx: StepContext) -> Outcome:
        """Every host is there and normal, the redundancy is as in the spec, and the nodes know that they belong."""
        hosts = await self._cvms.any(ctx, lambda prism: prism.hosts())
        await self._members.lose(ctx, hosts)
        complaints = await self._complaints(ctx, hosts)
        if complaints:
            ways = of_ill(self._ill(ctx, hosts)) if len(joined(ctx)) > 1 else ()
            return Wait("a healthy cluster", "; ".join(complaints), UP_POLL, remedies=ways)
        return await tell(ctx, NODE, joined(ctx), self._settings.poll_seconds) or Done({FORMED: True})

    def _ill(self, ctx: StepContext, hosts: Sequence[Host]) -> list[str]:
        """The nodes whose hosts are not well."""
        ill = {host.get("service_vmexternal_ip") for host in hosts if _is_ill(host)}
        return [one.name for one in joined(ctx) if address_of(ctx.resources(owner=one.name), "cvm") in ill]

    async def _complaints(self, ctx: StepContext, hosts: Sequence[Host]) -> list[str]:
        shown = await self._cvms.any(ctx, lambda prism: prism.cluster())
        said = [
            f"host {host.get('service_vmexternal_ip')} is {'degraded' if host.get('is_degraded') else host['state']}"
            for host in hosts
            if _is_ill(host)
        ]
        if len(hosts) != len(joined(ctx)):
            said.append(f"{len(hosts)} of {counted(len(joined(ctx)), 'host')} are there")
        redundancy = shown.get("cluster_redundancy_state") or {}
        current, in_spec = (
            redundancy.get("current_redundancy_factor"),
            ctx.cluster.spec["nutanix"]["redundancy_factor"],
        )
        if current is not None and current < in_spec:
            said.append(f"redundancy factor {current} of {in_spec}")
        return said

    async def forget(self, ctx: StepContext) -> Outcome:
        """What is left of the cluster went with its nodes, which are all rolled back."""
        for row in ctx.resources():
            await ctx.note_absent(row)
        await ctx.forget_secrets()
        return Done({"secured": None, "external_ip": None, FORMED: None})

    def _external(self, ctx: StepContext) -> str:
        first = next(member for member in ctx.members if member.spec["first"])
        return address_of(ctx.resources(owner=first.name), "cluster")


def _is_ill(host: Host) -> bool:
    return host.get("state") != "NORMAL" or bool(host.get("is_degraded"))


async def _with_its_nodes(row: Resource) -> None:
    """Nothing is asked: a cluster goes with its nodes."""

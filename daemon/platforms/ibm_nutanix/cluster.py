"""The steps of a cluster: look first, wait for the nodes, form, secure, name, verify."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from daemon.clock import Clock
from daemon.drivers.prism import Login, Prism
from daemon.errors import NxdError, OutsideError
from daemon.platforms.ibm_nutanix.machine import FACTORY_LOGINS, PRISM_USER, address_of
from daemon.platforms.ibm_nutanix.preflight import Preflight, failures
from daemon.settings import Settings
from daemon.steps import Found, StepContext, Want
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record

UP_POLL = 30.0
"""Seconds between two looks at a cluster that forms (the requirement's number)."""
PASSING = ("unreachable", "unavailable", "in_doubt", "malformed")


class ClusterSteps:
    """Everything that concerns all nodes at once. No step here touches a node's installation."""

    def __init__(self, settings: Settings, preflight: Preflight, clock: Clock) -> None:
        self._settings = settings
        self._preflight = preflight
        self._clock = clock

    async def preflight(self, ctx: StepContext) -> Outcome:
        """Nothing that is needed is missing."""
        checks = await self._preflight.check(ctx.cluster.spec, len(ctx.members), patient=True)
        problems = failures(checks)
        if problems:
            evidence = "\n".join(f"{check.result}: {check.name}: {check.detail}" for check in checks)
            raise NxdError("preflight", " ".join(problems), evidence=evidence)
        for member in ctx.members:
            if member.state == "rolled_back":
                await ctx.order(member.name, "retry")
        return Done()

    async def deploy(self, ctx: StepContext) -> Outcome:
        """The gate: every node is ready."""
        members = ctx.members
        for member in members:
            if member.state == "pending":
                await ctx.order(member.name, "start")
        ready = [member for member in members if member.state == "ready"]
        if len(ready) == len(members):
            return await self._all_answer(ctx)
        stopped = [m for m in members if m.state in ("failed", "held", "rolled_back", "rollback_blocked")]
        evidence = f"{len(ready)} of {len(members)} ready"
        if stopped:
            evidence += "; " + ", ".join(
                f"{member.name} is {member.state.replace('_', ' ')}" for member in stopped
            )
        return Wait(
            f"{len(members)} ready nodes", evidence, self._settings.poll_seconds, attention=bool(stopped)
        )

    async def _all_answer(self, ctx: StepContext) -> Outcome:
        """Done once every CVM answers now; one that was ready an hour ago may be gone."""
        silent = []
        for member in ctx.members:
            try:
                await self._prism(ctx, member).ready()
            except OutsideError as error:
                if error.code not in PASSING:
                    raise
                silent.append(f"{member.name}: {error.message}")
        if silent:
            return Wait("every CVM to answer", "; ".join(silent), UP_POLL, attention=True)
        return Done()

    async def create(self, ctx: StepContext) -> Outcome:
        """The create request was taken by one of the CVMs."""
        cluster = ctx.cluster
        nutanix = cluster.spec["nutanix"]
        nodes = [
            {
                "cvm_ip": self._address(ctx, member, "cvm"),
                "hypervisor_ip": self._address(ctx, member, "ahv"),
                "node_position": member.spec["position"],
            }
            for member in ctx.members
        ]
        external = self._external(ctx)

        async def create() -> Found:
            made = await self._any_cvm(
                ctx,
                lambda prism: prism.create_cluster(
                    cluster.name, external, nutanix["redundancy_factor"], nutanix["timezone"], nodes
                ),
                pass_over=("unreachable",),
            )
            return Found(str(made.get("cluster_uuid") or made.get("task_uuid")), {"external_ip": external})

        await ctx.ensure(
            Want(
                "nutanix_cluster",
                cluster.name,
                find=lambda: self._existing(ctx),
                create=create,
                ours=lambda found: found.data["name"] == cluster.name,
                unique=False,
                proven=True,
            )
        )
        return Done()

    async def _existing(self, ctx: StepContext) -> Found | None:
        """The cluster that one of our CVMs belongs to already."""
        for member in ctx.members:
            try:
                shown = await self._prism(ctx, member).cluster()
            except OutsideError as error:
                if error.code in (*PASSING, "not_found", "bad_request"):
                    continue
                raise
            if shown.get("uuid") and shown.get("cluster_status") not in (None, "UNCONFIGURED", "FAILED"):
                return Found(str(shown["uuid"]), {"name": shown.get("name")})
        return None

    async def await_up(self, ctx: StepContext) -> Outcome:
        """The cluster says that it is up; where it does not say, all its nodes are there."""
        shown = await self._any_cvm(ctx, lambda prism: prism.cluster())
        status = shown.get("cluster_status")
        if status == "FAILED":
            for row in ctx.resources("nutanix_cluster"):
                await ctx.gone(row)
            raise NxdError("cluster_failed", "The cluster reports FAILED.", evidence=str(shown)[:2000])
        there = int(shown.get("num_nodes") or 0)
        if status == "UP" or (status is None and there >= len(ctx.members)):
            return Done()
        return Wait("the cluster to be UP", f"cluster_status is {status}, {there} nodes in it", UP_POLL)

    async def change_passwords(self, ctx: StepContext) -> Outcome:
        """The factory password is refused, and the generated one is taken."""
        member = ctx.members[0]
        new = await ctx.secret("password", lambda: f"Nx-{self._clock.new_token()[:24]}-4u")
        factory = FACTORY_LOGINS[int(member.facts["factory_login"])]
        if not await self._accepts(ctx, member, Login(PRISM_USER, new)):
            await self._prism(ctx, member, factory).change_password(factory.password, new)
            return Wait("the new password on every CVM", "it was just changed", self._settings.poll_seconds)
        for other in ctx.members:
            if await self._accepts(ctx, other, factory):
                return Wait(f"{other.name} to refuse the factory password", "it still takes it", UP_POLL)
        return Done({"secured": True, "external_ip": self._external(ctx)})

    async def _accepts(self, ctx: StepContext, member: Record, login: Login) -> bool:
        try:
            await self._prism(ctx, member, login).ready()
        except OutsideError as error:
            if error.code == "authentication":
                return False
            raise
        return True

    async def configure(self, ctx: StepContext) -> Outcome:
        """Name, DNS and NTP servers are as wished."""
        nutanix = ctx.cluster.spec["nutanix"]
        shown = await self._any_cvm(ctx, lambda prism: prism.cluster())
        dns = [one for one in nutanix["dns_servers"] if one not in (shown.get("name_servers") or ())]
        ntp = [one for one in nutanix["ntp_servers"] if one not in (shown.get("ntp_servers") or ())]
        if shown.get("name") != ctx.record.name:
            await self._any_cvm(ctx, lambda prism: prism.rename(ctx.record.name))
        elif dns:
            await self._any_cvm(ctx, lambda prism: prism.add_name_servers(dns))
        elif ntp:
            await self._any_cvm(ctx, lambda prism: prism.add_ntp_servers(ntp))
        else:
            return Done()
        return Wait("the settings to be taken", "they were just set", poll=0)

    async def verify(self, ctx: StepContext) -> Outcome:
        """Every host is there and normal, the redundancy is as wished, and the nodes know that they belong."""
        complaints = await self._complaints(ctx)
        if complaints:
            return Wait("a healthy cluster", "; ".join(complaints), UP_POLL)
        outside = [member for member in ctx.members if member.state != "active"]
        for member in outside:
            await ctx.order(member.name, "join")
        if outside:
            names = ", ".join(member.name for member in outside)
            return Wait("all nodes to join", f"not yet: {names}", self._settings.poll_seconds)
        return Done()

    async def _complaints(self, ctx: StepContext) -> list[str]:
        shown = await self._any_cvm(ctx, lambda prism: prism.cluster())
        hosts = await self._any_cvm(ctx, lambda prism: prism.hosts())
        said = [
            f"host {host.get('service_vmexternal_ip')} is {'degraded' if host.get('is_degraded') else host['state']}"
            for host in hosts
            if host.get("state") != "NORMAL" or host.get("is_degraded")
        ]
        if len(hosts) != len(ctx.members):
            said.append(f"{len(hosts)} of {len(ctx.members)} hosts are there")
        redundancy = shown.get("cluster_redundancy_state") or {}
        current, wished = (
            redundancy.get("current_redundancy_factor"),
            ctx.cluster.spec["nutanix"]["redundancy_factor"],
        )
        if current is not None and current < wished:
            said.append(f"redundancy factor {current} of {wished}")
        return said

    async def release_nodes(self, ctx: StepContext) -> Outcome:
        """Every node is rolled back; what is left of the cluster went with them."""
        left = [member for member in ctx.members if member.state != "rolled_back"]
        for member in left:
            if member.state == "rollback_blocked":
                raise NxdError(
                    "left_over",
                    f"{member.name} could not be rolled back: {(member.error or {}).get('message', '')}",
                    evidence=(member.error or {}).get("evidence"),
                    remedy=f"Retry {member.name} first (nxd retry {member.name}), then retry {ctx.record.name}.",
                )
            if member.state != "rolling_back":
                await ctx.order(member.name, "release")
        if left:
            done = len(ctx.members) - len(left)
            evidence = f"{done} of {len(ctx.members)} released"
            return Wait("all nodes to be released", evidence, self._settings.poll_seconds)
        for row in ctx.resources():
            await ctx.gone(row)
        await ctx.forget_secrets()
        return Done({"secured": None, "external_ip": None})

    async def _any_cvm(
        self,
        ctx: StepContext,
        ask: Callable[[Prism], Awaitable[Any]],
        pass_over: tuple[str, ...] = PASSING,
    ) -> Any:
        """The answer of the first CVM that gives one; those with an error named in ``pass_over`` are passed over.

        Raises the last one's error.
        """
        last: OutsideError | None = None
        for member in ctx.members:
            try:
                return await ask(self._prism(ctx, member))
            except OutsideError as error:
                if error.code not in pass_over:
                    raise
                last = error
        assert last is not None
        raise last

    def _prism(self, ctx: StepContext, member: Record, login: Login | None = None) -> Prism:
        if login is None:
            secured = ctx.cluster.facts.get("secured")
            login = FACTORY_LOGINS[int(member.facts["factory_login"])]
            if secured:
                login = Login(PRISM_USER, ctx.known_secret("password"))
        return Prism(self._address(ctx, member, "cvm"), self._settings.prism_port, member.facts["pin"], login)

    def _address(self, ctx: StepContext, member: Record, component: str) -> str:
        return address_of(ctx.resources(owner=member.name), component)

    def _external(self, ctx: StepContext) -> str:
        first = next(member for member in ctx.members if member.spec["first"])
        return self._address(ctx, first, "cluster")

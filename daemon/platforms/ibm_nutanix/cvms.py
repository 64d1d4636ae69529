"""How the steps of a cluster speak with its CVMs: which of them are in it, with which login, and whom to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from daemon.drivers.prism import Connections, Credentials, Prism
from daemon.engine.context import StepContext
from daemon.errors.tree import OutsideError
from daemon.life.members import told
from daemon.platforms.ibm_nutanix.first_contact import FACTORY_LOGINS, PRISM_USER
from daemon.platforms.ibm_nutanix.hosts import is_formed, is_in, joined, on_the_way_out
from daemon.platforms.ibm_nutanix.machine import address_of
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from state_machines.ibm_nutanix import NODE
from state_machines.record import Record

PASSING = ("unreachable", "unavailable", "in_doubt", "malformed")
ANOTHER_KNOWS = (*PASSING, "authentication")
"""After which a question may go to another CVM. One that came out of the cluster takes its factory password again."""
NOT_DELIVERED = ("unreachable", "authentication")
"""After which a call that changes something may go to another CVM: the one that was asked has not listened to it."""
ARRIVED = ("ready", "active")

AT_ONCE = 64
"""How many CVMs of a cluster are asked beside each other."""

Host = dict[str, Any]
Answer = TypeVar("Answer")


def factory_login(member: Record) -> Credentials:
    """The factory login that the node's CVM took at first contact."""
    return FACTORY_LOGINS[int(member.facts["factory_login"])]


class Cvms:
    """The CVMs of a cluster, as a step sees them."""

    def __init__(self, settings: IbmSettings, connections: Connections) -> None:
        self._settings = settings
        self._connections = connections

    async def hosts(self, ctx: StepContext) -> dict[str, Host]:
        """CVM address → host, as the cluster lists them."""
        hosts = await self.any(ctx, lambda prism: prism.hosts())
        return {str(host["service_vmexternal_ip"]): host for host in hosts}

    async def any(
        self,
        ctx: StepContext,
        ask: Callable[[Prism], Awaitable[Any]],
        pass_over: tuple[str, ...] = ANOTHER_KNOWS,
        but: Record | None = None,
    ) -> Any:
        """The answer of the first CVM of the cluster that gives one, but for that of ``but``; those with an error
        named in ``pass_over`` are passed over. While there is no cluster, every ready CVM is asked; in one that stands,
        those that are on their way out are asked last.

        Raises the last one's error, of a member's rather than of one that goes.
        """
        last: OutsideError | None = None
        members = joined(ctx)
        for member in (*members, *on_the_way_out(ctx)) if is_formed(ctx) else _arrived(ctx):
            if member == but or not member.facts.get("pin"):  # without one, its server was given back
                continue
            try:
                return await ask(self.prism(ctx, member))
            except OutsideError as error:
                if error.code not in pass_over:
                    raise
                last = error if member in members else last or error
        raise last or _nobody(ctx, but)

    async def each(
        self, members: Sequence[Record], ask: Callable[[Record], Awaitable[Answer]]
    ) -> list[tuple[Record, Answer | OutsideError]]:
        """What every node's CVM answers, or the error, in the order of the nodes; all are asked beside each other."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(member: Record) -> tuple[Record, Answer | OutsideError]:
            async with places:
                try:
                    return member, await ask(member)
                except OutsideError as error:
                    return member, error

        return await asyncio.gather(*(one(member) for member in members))

    async def accepts(self, ctx: StepContext, member: Record, login: Credentials) -> bool:
        """Whether a CVM takes this login."""
        try:
            await self.prism(ctx, member, login).ready()
        except OutsideError as error:
            if error.code == "authentication":
                return False
            raise
        return True

    def prism(self, ctx: StepContext, member: Record, login: Credentials | None = None) -> Prism:
        """A CVM, with the cluster's password once it is secured and the CVM is in it."""
        if login is None and ctx.cluster.facts.get("secured") and is_in(ctx, member):
            login = Credentials(PRISM_USER, ctx.known_secret("password"))
        address = address_of(ctx.resources(owner=member.name), "cvm")
        port, login = self._settings.prism_port, login or factory_login(member)
        return Prism(address, port, member.facts["pin"], login, self._connections)


def _arrived(ctx: StepContext) -> list[Record]:
    return [member for member in ctx.members if member.state in ARRIVED]


def _nobody(ctx: StepContext, but: Record | None) -> OutsideError:
    """Nobody could be asked: each node is told with where it stands."""
    others = [member for member in ctx.members if member != but]
    said = f"No CVM of {ctx.cluster.name} is there to be asked"
    return OutsideError("unreachable", f"{said}: {told(NODE, others)}." if others else f"{said}.")

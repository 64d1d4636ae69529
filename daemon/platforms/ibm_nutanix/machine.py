"""The steps in which the machine itself works: it boots, is installed, and answers as a CVM."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from daemon.display.durations import time_of_day
from daemon.drivers.ibm_vpc import IbmVpc
from daemon.engine.context import StepContext
from daemon.engine.objects import Disposal
from daemon.engine.remedies import verb_remedy
from daemon.errors.tree import NxdError, OutsideError
from daemon.life import installs
from daemon.life.boots import BootProgress, boot_progress, round_of
from daemon.platforms.ibm_nutanix.boot_images import BootImages
from daemon.platforms.ibm_nutanix.first_contact import FirstContact
from daemon.platforms.ibm_nutanix.installer_reports import LAST_PHASE, PHASES
from daemon.platforms.ibm_nutanix.power import is_stubborn, press, told
from daemon.platforms.ibm_nutanix.routes import CONFIG
from daemon.platforms.ibm_nutanix.server import (
    boot_url,
    meddled_with,
    next_round,
    replace_it,
    server_problem,
    vanished,
)
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.watch import ServerWatch
from daemon.platforms.ibm_nutanix.ways import of_stubborn, of_unfinished, of_unmade, of_unseen
from daemon.platforms.ibm_nutanix.works_already import (
    INSTALLED,
    QUIET_SECONDS,
    WorksAlready,
    taken,
    was_told,
)
from daemon.store.ops import Resource, Signal
from daemon.words import ended
from state_machines.ibm_nutanix import NODE
from state_machines.outcome import Done, Fail, Outcome, Wait
from state_machines.record import Record

CONFIGURED = 2
"""From this phase on the installer has its configuration, wherever it has it from."""
CVM_POLL = 30.0
"""Seconds between two looks at a CVM that does not answer yet (the requirement's number)."""
RUNS = "the server is running"


def address_of(resources: list[Resource], component: str) -> str:
    """The reserved address of a role."""
    for row in resources:
        if row.kind == "reserved_ip" and row.data["role"] == component and row.state == "present":
            return str(row.data["address"])
    raise NxdError("bug", f"No {component} address is reserved.")


class MachineSteps:
    """Waits for what the machine does, with the power button as the only means."""

    def __init__(
        self,
        settings: IbmSettings,
        vpc: IbmVpc,
        server: Disposal,
        watch: ServerWatch,
        contact: FirstContact,
        works: WorksAlready,
        images: BootImages,
        started: float,
    ) -> None:
        self._images = images
        self._started = started
        """When this daemon began to listen: of the time before it knows only what others wrote down."""
        self._settings = settings
        self._contact = contact
        self._works = works
        self._vpc = vpc
        self._servers = watch
        self._server = server

    async def await_boot(self, ctx: StepContext) -> Outcome:
        """The boot script was fetched; on a retry, after the power was cycled, unless the machine came to its end
        after the step was given up: what it installed is taken then. A machine that is still being installed is not
        interrupted either."""
        stands, facts = _standing(ctx), ctx.record.facts
        if (stands.ended and facts.get(INSTALLED) != round_of(ctx.record)) or _goes_on(ctx, stands):
            return Done({"powered": ctx.record.attempt})
        if _is_to_be_cycled(ctx.record) and await self._works.is_installed(ctx):
            return taken(ctx.record)
        cycling = await self._power_cycle(ctx)
        if cycling is not None:
            return cycling
        if _standing(ctx).begun:
            return Done()
        return await self._watch_boot(ctx, "the machine to fetch its boot script")

    async def await_config(self, ctx: StepContext) -> Outcome:
        """The installer fetched its configuration, or says that it has it."""
        stands = _standing(ctx)
        if stands.ended or CONFIG in stands.fetched or _phase(stands) >= CONFIGURED:
            return Done()
        if stands.error is not None:
            return _failed(stands.error)
        return await self._watch_boot(ctx, "the installer to fetch its configuration")

    async def install(self, ctx: StepContext) -> Outcome:
        """The installer reported its last phase. Until then its newest boot counts, and an error of that one fails."""
        stands = _standing(ctx)
        if stands.ended:
            return Done({INSTALLED: round_of(ctx.record), installs.FACT: None})
        if stands.error is not None:
            return _failed(stands.error)
        latest, phase = stands.phase, _phase(stands)
        if latest is None:
            return await self._watch(ctx, "the installer's first report")
        percent = float(latest.data.get("percent") or 0.0)
        evidence = f"phase {phase} of {LAST_PHASE}: {latest.data.get('message') or PHASES[phase]}"
        progress = (phase - 1 + percent / 100) / LAST_PHASE
        poll, what, ways = self._settings.poll_seconds, f"phase {phase + 1} of {LAST_PHASE}", of_unfinished()
        loud = max(stands.received, self._started) + QUIET_SECONDS - ctx.clock.now()
        wait = Wait(what, evidence, max(poll, loud), progress=progress, remedies=ways)
        if loud > 0:
            return wait
        return await self._watched(
            ctx, replace(wait, evidence=f"{evidence}; {self._silent(stands.received)}")
        )

    def _silent(self, received: float) -> str:
        """Since when nothing has been received. What was said while no daemon listened comes again, if the machine
        repeats it; so silence begins with the start of this one."""
        since = time_of_day(max(received, self._started))
        return (
            f"silent since {since}" if received >= self._started else f"silent since nxd started at {since}"
        )

    async def await_cvm(self, ctx: StepContext) -> Outcome:
        """Prism answers on the CVM with a factory login; its certificate is pinned at this first contact. A retry has
        nothing to mend by the power of a CVM that tells whether it was used."""
        again = _is_to_be_cycled(ctx.record) and not ctx.record.facts.get("pin")
        if not again or await self._works.is_in_use(ctx) is None:
            cycling = await self._power_cycle(ctx)
            if cycling is not None:
                return cycling
        address = address_of(ctx.resources(), "cvm")
        port = self._settings.prism_port
        try:
            pin = ctx.record.facts.get("pin") or await self._contact.certificate(address)
            login = await self._contact.login(address, pin)
        except OutsideError as error:
            if error.code in ("unreachable", "unavailable", "in_doubt", "malformed"):
                return await self._watched(ctx, Wait(f"Prism on {address}:{port}", error.message, CVM_POLL))
            raise
        return Done({"pin": pin, "factory_login": login, "powered": ctx.record.attempt})

    async def _watched(self, ctx: StepContext, wait: Wait) -> Outcome:
        """This wait, as long as the server is there and runs; else what became of it. The cloud may be out of reach
        meanwhile: the machine works on."""
        try:
            seen = await self._watch(ctx, wait.waiting_for)
        except OutsideError as error:
            if error.retry != "now":
                raise
            return replace(wait, evidence=f"{wait.evidence}; its server could not be seen: {error.message}")
        if not isinstance(seen, Wait):
            return seen
        if seen.evidence == RUNS:
            return wait
        said, ways = f"{wait.evidence}; {seen.evidence}", seen.remedies or of_unseen(server_row(ctx))
        return replace(wait, evidence=said, attention=True, remedies=ways)

    async def _watch_boot(self, ctx: StepContext, waiting_for: str) -> Outcome:
        """The same while the machine fetches its boot images, which have to be there for it."""
        seen = await self._watch(ctx, waiting_for)
        trouble = await self._images.trouble() if isinstance(seen, Wait) and not seen.attention else None
        if trouble is None or not isinstance(seen, Wait):
            return seen
        said = f"{seen.evidence}; its boot images: {trouble.detail}"
        return replace(seen, evidence=said, attention=not trouble.passes, remedies=trouble.remedies)

    async def _watch(self, ctx: StepContext, waiting_for: str) -> Outcome:
        """Wait for the machine, with the server's own status as evidence; fail when the server failed."""
        row = server_row(ctx)
        server = await self._servers.server(str(row.cloud_id), row.data["vnis"])
        if server is None:
            return await self._missing(ctx, row, waiting_for)
        trouble = meddled_with(ctx, row, server)
        if trouble is not None:
            return Fail(trouble.problem())
        stands, poll = f"the server is {server['status']}", self._settings.poll_seconds
        in_vain = _standing(ctx).in_vain
        if in_vain is None:
            return Wait(waiting_for, stands, poll)
        return Wait(waiting_for, f"{stands}; {in_vain}", poll, attention=True, remedies=of_unmade())

    async def _missing(self, ctx: StepContext, row: Resource, waiting_for: str) -> Wait:
        """The server answers with a 404: an old answer to wait out, or the truth. Raises NxdError when it is gone."""
        if not await ctx.vanished(row, self._server):
            return Wait(waiting_for, "the server is not shown", self._settings.poll_seconds)
        await ctx.note_absent(row)
        raise vanished("server", row, replace_it(ctx))

    async def _power_cycle(self, ctx: StepContext) -> Wait | None:
        """After a retry, the power goes off and on once; None when that is done or was not asked for."""
        if _is_to_be_cycled(ctx.record):
            await next_round(ctx, cycling="off")
        if not ctx.record.facts.get("cycling"):
            return None
        row = server_row(ctx)
        id_ = str(row.cloud_id)
        server = await self._vpc.server(id_)
        if server is None:
            return await self._missing(ctx, row, "the power to be switched")
        status, poll = str(server["status"]), self._settings.poll_seconds
        if status == "failed":
            raise server_problem(row.name, server, replace_it(ctx))
        if ctx.record.facts["cycling"] == "off":
            if status == "running":
                row = await self._press(ctx, row, "stop", status, lambda: self._vpc.stop_server(id_))
            elif status == "stopped":
                await ctx.remember(cycling="on")
                return Wait("the power to be switched on", f"the server is {status}", poll=0)
            elif status == "missing":
                said = f"The server {row.name} was deleted by somebody else."
                raise NxdError("server_failed", said, evidence=f"{id_}: its status is {status}")
            evidence = told(row) or f"the server is {status}"
            stubborn, ways = is_stubborn(row), of_stubborn([row])
            return Wait("the power to be off", evidence, poll, attention=stubborn, remedies=ways)
        if status == "running":
            await ctx.update(row, pressed=None)
            await ctx.remember(cycling=None)
            return None
        if status == "stopped":
            row = await self._press(ctx, row, "start", status, lambda: self._switch_on(ctx, id_))
        evidence = told(row) or f"the server is {status}"
        stubborn, ways = is_stubborn(row), of_stubborn([row])
        return Wait("the power to be on", evidence, poll, attention=stubborn, remedies=ways)

    async def _press(
        self, ctx: StepContext, row: Resource, button: str, status: str, call: Callable[[], Awaitable[None]]
    ) -> Resource:
        kept = await press(row, button, status, call, ctx.clock.now())
        return row if kept["pressed"] == row.data.get("pressed") else await ctx.update(row, **kept)

    async def _switch_on(self, ctx: StepContext, server: str) -> None:
        """Start the stopped server; a reinitialisation wipes its boot disk and starts it by itself. So goes what worked
        without the ledger: it was ordered with a token that the ledger may not know."""
        anew = ctx.record.facts.get("asked") == "reinitialise" or was_told(ctx.record)
        if not anew or ctx.record.state == "awaiting_cvm":
            await self._vpc.start_server(server)
            return
        ibm = ctx.cluster.spec["ibm"]
        url = boot_url(self._settings.boot_url, ctx)
        await self._vpc.reinitialise_server(server, ibm["image"], ibm["ssh_keys"], url)


def server_row(ctx: StepContext) -> Resource:
    """The ledger row of the node's server. Raises NxdError when it is gone."""
    for row in ctx.resources("server"):
        if row.cloud_id is not None:
            return row
    raise NxdError(
        "server_failed",
        "The node has no server any more.",
        remedy=verb_remedy(NODE, "rollback", ctx.record.name),
    )


def is_installed(where: str | None, stands: BootProgress) -> bool:
    """Whether the machine of a node that is at a step has to boot from its disk and not from the network."""
    return stands.ended or where in ("awaiting_cvm", "ready", "active")


def _standing(ctx: StepContext) -> BootProgress:
    return boot_progress(ctx.record, ctx.signals(), LAST_PHASE)


def _is_to_be_cycled(record: Record) -> bool:
    """Whether a retry has the power go off and on, which has not begun yet."""
    return int(record.facts.get("powered", 0)) < record.attempt and not record.facts.get("cycling")


def _goes_on(ctx: StepContext, stands: BootProgress) -> bool:
    """Whether a retry after a deadline, that asks for nothing else, finds the machine being installed: by a report of
    these minutes."""
    facts, latest = ctx.record.facts, stands.phase
    late = (facts.get("stuck") or {}).get("code") == "deadline" and facts.get("asked") != "reinitialise"
    if (
        not _is_to_be_cycled(ctx.record)
        or not late
        or latest is None
        or stands.error is not None
        or stands.ended
    ):
        return False
    return ctx.clock.now() - latest.time < QUIET_SECONDS


def _phase(stands: BootProgress) -> int:
    """The furthest phase of the newest boot; 0 before the first."""
    return 0 if stands.phase is None else int(stands.phase.data["phase"])


def _failed(error: Signal) -> Fail:
    """What the installer says of its own failure."""
    said = str(error.data.get("message", ""))
    text = ended(f"The installer failed: {said}")
    return Fail(NxdError("install_failed", text, evidence=said).problem())

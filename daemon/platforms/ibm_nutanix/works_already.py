"""Looks whether the machine of a node works already although the ledger does not know of it: one that was put back from
a copy does not know what went on since.

The CVM on the node's own address is asked at three moments, and at no other: before a deadline gives an installation
up, before the power of a machine goes off, and before the daemon does something about a failure by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from daemon.drivers.ibm_vpc import IbmVpc
from daemon.engine.context import Step, StepContext
from daemon.errors.tree import NxdError, OutsideError
from daemon.life import installs
from daemon.life.boots import boot_progress, round_of
from daemon.memory.mirror import Mirror
from daemon.platforms.ibm_nutanix.errors import WORKS_ALREADY
from daemon.platforms.ibm_nutanix.first_contact import FirstContact
from daemon.platforms.ibm_nutanix.installer_reports import LAST_PHASE
from daemon.platforms.ibm_nutanix.objects import HOST
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import NODE
from state_machines.lifecycle import retry_from
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record

INSTALLED = "installed"
"""The fact that names the round whose end was taken."""
QUIET_SECONDS = 180.0
"""How long an installer is quiet before its server is looked at: one that reports has one."""
FRESH_SECONDS = 60.0
"""How long what a CVM answered is good: a login that is refused again and again locks its user out."""
INSTALLS = tuple(name for name, state in NODE.states.items() if "awaiting_boot" in (name, state.retry_at))
"""The steps of which a retry installs the machine again."""


class Answer(Struct, frozen=True):
    """What the CVM on a node's own address says: nobody has ``used`` it yet, or somebody has, or it does not tell."""

    address: str
    used: bool | None
    said: str
    evidence: str | None = None


class WorksAlready:
    """Asks the CVM on a node's own address, once for all who ask within a minute."""

    def __init__(self, vpc: IbmVpc, contact: FirstContact) -> None:
        self._vpc = vpc
        self._contact = contact
        self._last: dict[str, tuple[float, Answer]] = {}
        """Record → when its CVM answered last, and what."""

    def before_giving_up(self, step: Step) -> Step:
        """The step of an installation, which asks the CVM once its time is over, and ends where the machine is
        installed already."""

        async def run(ctx: StepContext) -> Outcome:
            if ctx.record.state != INSTALLS[0] and ctx.record.facts.get(INSTALLED) == round_of(ctx.record):
                return Done()
            outcome = await step(ctx)
            if isinstance(outcome, Wait) and _is_late(ctx) and await self.is_installed(ctx):
                return taken(ctx.record)
            return outcome

        return run

    async def is_installed(self, ctx: StepContext) -> bool:
        """Whether nothing is to be installed any more, for the CVM is there and nobody has used it; not where a person
        chose to begin anew. Raises NxdError where somebody has, unless a person was told so and tried again."""
        answer = await self.ask(ctx.record, ctx.resources(), ctx.clock.now())
        if answer is None:
            return False
        if answer.used is False:
            return not _is_anew(ctx.record)
        if was_told(ctx.record) and not _is_late(ctx):
            return False
        raise _problem(ctx.record, answer, "It is not installed again.")

    async def is_in_use(self, ctx: StepContext) -> bool | None:
        """Whether somebody has used the CVM of a machine that is known to be installed; None where it does not tell."""
        answer = await self.ask(ctx.record, ctx.resources(), ctx.clock.now())
        return None if answer is None else answer.used

    async def hands_off(self, record: Record, mirror: Mirror, now: float) -> str | None:
        """Why nothing of a node, or of any node of a cluster, may be restarted or deleted by the daemon itself."""
        nodes = mirror.members(record.name) if record.name == record.shard else [record]
        for node in nodes:
            rows = mirror.resources(node.name)
            answer = None if _is_known(mirror, node) else await self.ask(node, rows, now)
            if answer is not None and (answer.used or (answer.used is None and _is_unfinished(node))):
                return _told(node, answer)
        return None

    async def ask(self, record: Record, rows: Sequence[Resource], now: float) -> Answer | None:
        """What the CVM on the node's own address answers; None while it is silent, or the node has no address."""
        row = _address(rows)
        if row is None:
            return None
        at, known = self._last.get(record.name, (0.0, None))
        if known is not None and at <= now < at + FRESH_SECONDS and known.address == row.data["address"]:
            return known
        self._last.pop(record.name, None)
        answer = await self._answer(row)
        if answer is not None:
            self._last[record.name] = now, answer
        return answer

    async def _answer(self, row: Resource) -> Answer | None:
        address = str(row.data["address"])
        try:
            pin = await self._contact.certificate(address)
        except OutsideError:
            return None
        if not await self._is_its_own(row):
            return None
        try:
            await self._contact.login(address, pin)
        except OutsideError as error:
            return Answer(address, None, error.message, error.evidence)
        except NxdError as error:
            return Answer(address, True, "it refuses every factory password", error.evidence)
        return Answer(address, False, "it takes a factory password")

    async def _is_its_own(self, row: Resource) -> bool:
        """Whether the address is the node's still: what somebody else has since reserved answers for itself. While the
        cloud does not tell, it is."""
        try:
            return await self._vpc.reserved_ip(row.data["subnet"], str(row.cloud_id)) is not None
        except OutsideError:
            return True


def taken(record: Record) -> Done:
    """The end of a step of a machine that is installed, though nobody reported it."""
    return Done({"powered": record.attempt, INSTALLED: round_of(record), installs.FACT: None})


def was_told(record: Record) -> bool:
    """Whether the failure that was last met at the record's step is that its machine works."""
    return _stuck(record).get("code") == WORKS_ALREADY.code


def interrupted(record: Record, rows: Sequence[Resource]) -> list[Resource]:
    """What a retry of a node deletes of which a person was told that it works: what is on its disks."""
    if record.state != "failed" or record.step not in INSTALLS or not was_told(record):
        return []
    servers = (row for row in rows if row.kind == "server" and row.state == "present")
    return [
        Resource(row.owner, row.shard, "installation", row.name, "present", row.cloud_id) for row in servers
    ]


def _address(rows: Sequence[Resource]) -> Resource | None:
    """The reserved address of the node's CVM, once a server was ordered that may have it."""
    if not any(row.kind == "server" and row.state != "gone" for row in rows):
        return None
    reserved = (row for row in rows if row.kind == "reserved_ip" and row.state == "present")
    return next((row for row in reserved if row.data["role"] == "cvm"), None)


def _is_late(ctx: StepContext) -> bool:
    """Whether the step is about to be given up, and no installer has reported lately."""
    record, now = ctx.record, ctx.clock.now()
    if record.deadline is None or now < record.deadline:
        return False
    return now - boot_progress(record, ctx.signals(), LAST_PHASE).received >= QUIET_SECONDS


def _is_anew(record: Record) -> bool:
    """Whether a person chose a step to begin at, and with it another installation."""
    return str(record.facts.get("asked", "")).startswith(retry_from(""))


def _stuck(record: Record) -> Mapping[str, Any]:
    stuck: Mapping[str, Any] = record.facts.get("stuck") or {}
    return stuck


def _is_unfinished(record: Record) -> bool:
    """Whether no installation of the record's machine has ended by the ledger."""
    return record.facts.get(INSTALLED) != round_of(record)


def _is_known(mirror: Mirror, node: Record) -> bool:
    """Whether the ledger knows why somebody has used the node's CVM: it is in its cluster, which has its password."""
    if f"{node.shard}/password" not in mirror.secrets:
        return False
    return any(
        row.state != "gone"
        and (
            (row.kind == HOST and row.name == node.name)
            or (row.kind == "nutanix_cluster" and node.name in row.data.get("members", ()))
        )
        for row in mirror.resources(node.shard)
    )


def _told(node: Record, answer: Answer) -> str:
    return (
        f"The CVM {answer.address} of {node.name} works already, and the ledger does not know of it: "
        f"{answer.said.rstrip('.')}."
    )


def _problem(record: Record, answer: Answer, ends: str) -> NxdError:
    return NxdError(WORKS_ALREADY, f"{_told(record, answer)} {ends}", evidence=answer.evidence)

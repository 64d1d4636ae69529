"""A box as the boot server sees it, and the step that waits until it has folded itself."""

from __future__ import annotations

import hashlib
from functools import partial

from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError
from daemon.life.boots import boot_progress, next_boot, round_of
from daemon.memory.mirror import Mirror
from daemon.store.ops import Signal
from pxe.book import Document, Guest, Stage
from pxe.identity import plain_mac
from pxe.render import render_document
from state_machines.outcome import Done, Fail, Outcome, Wait
from state_machines.record import Record
from toyland.errors import TORN
from toyland.routes import BOOT, PATH

TOKEN, FOLDED, TRIED = "boot_token", "folded", "tried"
"""A secret of the record, and two facts: it is folded; the attempt for which the present round began."""
POLL = 0.5


def url_of(base: str, name: str, token: str) -> str:
    """Where a box fetches its script."""
    return base + PATH.format(server_id=name, token=token)


def guest(base: str, mirror: Mirror, record: Record, token: str | None) -> Guest | None:
    """What the boot server may tell a box now."""
    mac = plain_mac(str(record.spec.get("mac", "")))
    if token is None or mac is None:
        return None
    signals = mirror.signals(record.name)
    stands = boot_progress(record, signals, BOOT.last_phase)
    values = {
        "server_id": record.name,
        "colour": str(record.spec["colour"]),
        "url": url_of(base, record.name, token),
    }
    label = partial(render_document, BOOT.templates, "label.json.j2", values)
    return Guest(
        record.name,
        "toyland",
        _stage(record, stands.ended),
        tokens={"boot": hashlib.sha256(token.encode()).hexdigest()},
        values=values,
        documents={"label": Document(label, "application/json")},
        macs=frozenset({mac}),
        given=stands.fetched,
        round=round_of(record),
        next_boot=next_boot(signals),
    )


def _stage(record: Record, ended: bool) -> Stage:
    if ended or record.facts.get(FOLDED):
        return "installed"
    if record.state == "failed" and record.step == "folding":
        return "stopped"
    return "installing" if record.state == "folding" else "closed"


def forgotten(record: Record) -> dict[str, object]:
    """What is left to be remembered of a box that was taken away: nothing it told counts for the next one."""
    return {FOLDED: None, TRIED: None, "round": round_of(record) + 1}


async def fold(ctx: StepContext) -> Outcome:
    """The box told that all its sides are folded; each try is a round of its own."""
    facts = ctx.record.facts
    if facts.get(FOLDED):
        return Done()
    if facts.get(TRIED) != ctx.record.attempt:
        await ctx.remember(**{"round": round_of(ctx.record) + 1, TRIED: ctx.record.attempt})
    stands = boot_progress(ctx.record, ctx.signals(), BOOT.last_phase)
    if stands.ended:
        return Done({FOLDED: True})
    if stands.error is not None:
        why = str(stands.error.data["message"])
        return Fail(NxdError(TORN, f"The box is torn: {why}.", evidence=why).problem())
    return Wait("the box to fold itself", _told(stands.phase), POLL)


def _told(phase: Signal | None) -> str:
    return "nothing was reported yet" if phase is None else BOOT.phases[int(phase.data["phase"]) - 1]

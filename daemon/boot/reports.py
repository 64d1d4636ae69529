"""What becomes of a report of a machine: the signal that its step decides by, the line of the log, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from daemon.engine import sentences
from daemon.life.boots import ERROR, PHASE, BootProgress, boot_progress, fetched, how_far, place, round_of
from daemon.memory.phases import BOOT, KIND, LAST, PERCENT
from daemon.memory.phases import PHASE as PHASES
from daemon.store.ops import AddEvent, Op, PutSignal, Signal
from pxe.book import BookClosed, GivenAlready, Guest, Report
from state_machines.record import Record

REMEMBERED = 4096
"""So many reports are remembered, to tell one that comes again; they make lines of the log only."""


class Repeats:
    """Tells a report that was received before: the same words with the same number of the same boot."""

    def __init__(self) -> None:
        self._received: dict[int, None] = {}

    def knows(self, machine: str, report: Report) -> bool:
        """Whether the machine has said just this already."""
        return report.seq > 0 and hash((machine, report)) in self._received

    def note(self, machine: str, report: Report) -> None:
        """Remember it, in the place of the oldest one."""
        self._received[hash((machine, report))] = None
        if len(self._received) > REMEMBERED:
            del self._received[next(iter(self._received))]


def taken_down(
    record: Record,
    guest: Guest,
    known: Mapping[str, Signal],
    report: Report,
    now: float,
    again: bool,
    last_phase: int,
) -> list[Op]:
    """What is committed of a report that was let in as the guest's, given the signals ``known`` and whether it came
    before. Raises BookClosed, GivenAlready when it asks for what is not given any more."""
    stands = boot_progress(record, known, last_phase)
    match report.kind:
        case "script_fetched":
            return _fetched_script(record, stands, report, now)
        case "document_fetched":
            return _fetched_document(record, guest, stands, report, now)
        case "image_fetched":
            return [_line(record, report, stands.boot, now)]
    boot = report.boot if 0 < report.boot <= stands.boot else stands.boot
    if report.kind == "heartbeat":
        return [] if stands.ended or boot != stands.boot else [_signal(record, report, boot, now)]
    last = report.phase is not None and report.phase >= last_phase
    if _leads_on(stands, report, boot, last):
        line = _line(record, report, boot, now, last_phase)
        seen: list[Op] = [_signal(record, report, boot, now), line]
        return [*seen, _after_all(record, boot, now)] if last and record.state == "failed" else seen
    if again or _is_the_latest(stands, report, boot):
        return []
    if boot != stands.boot:
        return [_late(record, report, boot, now)]
    afterwards = stands.ended and report.kind != "log"
    return [(_afterwards if afterwards else _line)(record, report, boot, now)]


def _fetched_script(record: Record, stands: BootProgress, report: Report, now: float) -> list[Op]:
    """An install script opens a boot, unless the end was reported while it was made."""
    if not report.boot:
        return [_line(record, report, stands.boot, now)]
    if stands.ended:
        raise BookClosed("The machine reported its end in this moment.")
    ops: list[Op] = [_signal(record, report, report.boot, now), _line(record, report, report.boot, now)]
    if report.boot > stands.boot and (stands.phase or stands.fetched):
        where = f"in phase {stands.phase.data['phase']}" if stands.phase else "before its first phase"
        data = {"boot": report.boot, "before": stands.boot}
        ops.append(
            sentences.event(record, "boot", now, f"started over: it had been {where}", "warning", data)
        )
    return ops


def _fetched_document(
    record: Record, guest: Guest, stands: BootProgress, report: Report, now: float
) -> list[Op]:
    """A document of the installation, or one that an installed machine has."""
    if stands.ended and guest.stage != "installed":
        raise BookClosed("The machine reported its end in this moment.")
    if report.once and report.message in stands.fetched:
        raise GivenAlready
    return [_signal(record, report, stands.boot, now), _line(record, report, stands.boot, now)]


def _leads_on(stands: BootProgress, report: Report, boot: int, last: bool) -> bool:
    """Whether a step shall see it: the newest boot's furthest phase and first error, and the end of the installation
    in every case but one: when a later boot has begun to overwrite what was installed."""
    if stands.ended or report.kind == "log":
        return False
    if report.kind == "install_error":
        return boot == stands.boot and stands.error is None
    assert report.phase is not None
    if last:
        return boot >= stands.reporting
    return boot == stands.boot and place(report.phase, report.percent) > how_far(stands.phase)


def _after_all(record: Record, boot: int, now: float) -> AddEvent:
    """A machine comes to its end although its node was given up."""
    text = "the machine came to its end after all: a retry goes on with what it installed"
    return sentences.event(record, "boot", now, text, "warning", {"boot": boot})


def _is_the_latest(stands: BootProgress, report: Report, boot: int) -> bool:
    """Whether it is what the step was shown last, received again."""
    shown = {PHASE: stands.phase, ERROR: stands.error}.get(report.kind)
    return shown is not None and (shown.boot, shown.data) == (boot, _data(report))


def _signal(record: Record, report: Report, boot: int, now: float) -> PutSignal:
    """The report as its step sees it."""
    data = _data(report)
    name = fetched(report.message) if report.kind == "document_fetched" else report.kind
    return PutSignal(Signal(record.name, record.shard, name, round_of(record), boot, now, data))


def _data(report: Report) -> dict[str, Any]:
    return {
        "phase": report.phase,
        "percent": report.percent,
        "message": report.message,
        "seq": report.seq,
    }


def _late(record: Record, report: Report, boot: int, now: float) -> AddEvent:
    """A report of an older boot as a line of the log."""
    data = {"source": report.source, "boot": boot, "late": True}
    text = f"late, of boot {boot}: {_words(report)}"
    return sentences.event(record, "log", now, text, data=data, actor=record.name)


def _afterwards(record: Record, report: Report, boot: int, now: float) -> AddEvent:
    """A report that comes when the installation is over as a line of the log: nobody needs to be alarmed by it."""
    data = {"source": report.source, "boot": boot, "late": True}
    text = f"after the end of the installation, which this does not change: {_words(report)}"
    level: Literal["warning", "info"] = "warning" if report.kind == "install_error" else "info"
    return sentences.event(record, "boot", now, text, level, data, record.name)


def _line(record: Record, report: Report, boot: int, now: float, last_phase: int = 0) -> AddEvent:
    """A report as a line of the log; ``last_phase`` is given where it leads on, and then it tells how far."""
    data: dict[str, Any] = {"source": report.source, BOOT: boot}
    text = _words(report)
    if last_phase and report.phase is not None:
        data |= {PHASES: report.phase, PERCENT: report.percent, LAST: last_phase, KIND: record.kind}
    if report.kind == "install_error":
        return sentences.event(record, "error", now, text, "error", data, record.name)
    return sentences.event(
        record, "log" if report.kind == "log" else "boot", now, text, data=data, actor=record.name
    )


def _words(report: Report) -> str:
    match report.kind:
        case "log":
            return report.message
        case "install_error":
            return f"the installer reports an error: {report.message}"
        case "phase":
            done = "" if report.percent is None else f" {report.percent:.0f}%"
            return f"phase {report.phase}{done}: {report.message}"
        case "document_fetched":
            return f"{report.message} fetched"
        case _:
            what = report.kind.replace("_", " ")
            return f"{what}: {report.message}" if report.message else what

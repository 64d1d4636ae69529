"""Reads what the installer of a Nutanix node reports about itself."""

from __future__ import annotations

from typing import Any

from pxe.book import Report, ReportKind
from pxe.status import LAST_SEQ, BadReport, json_object

PHASES: dict[int, str] = {
    1: "the installer has started",
    2: "the configuration was read",
    3: "the hardware was checked",
    4: "the packages were downloaded",
    5: "the hypervisor was installed",
    6: "the controller VM was installed",
    7: "the installation was verified",
    8: "it reboots into the installed system",
}
"""What the installer reports, in order."""

LAST_PHASE = max(PHASES)


def read_report(body: bytes, source: str) -> tuple[Report]:
    """The report in a request body, as ``docs/boot.md`` describes it. Raises BadReport."""
    said = json_object(body)
    seq = said.get("seq")
    if type(seq) is not int or not 1 <= seq <= LAST_SEQ:
        raise BadReport(f'"seq" must be a whole number from 1 to {LAST_SEQ}.')
    boot = said.get("boot", 0)
    if "boot" in said and (type(boot) is not int or not 1 <= boot <= LAST_SEQ):
        raise BadReport('"boot" must be the number that the configuration gives, or be left out.')
    message = said.get("message")
    if not isinstance(message, str):
        raise BadReport('"message" must be text.')
    kind, phase = _kind(said.get("phase"))
    percent = _percent(said.get("percent")) if kind == "phase" else None
    return (Report(kind, source, seq, phase, percent, message, boot),)


def _kind(phase: Any) -> tuple[ReportKind, int | None]:
    if phase == "error":
        return "install_error", None
    if phase == "heartbeat":
        return "heartbeat", None
    if type(phase) is int and phase == -1:
        return "log", None
    if type(phase) is int and phase in PHASES:
        return "phase", phase
    raise BadReport(f'"phase" must be 1 to {LAST_PHASE}, -1 for a line of the log, "error" or "heartbeat".')


def _percent(percent: Any) -> float | None:
    if percent is None:
        return None
    if type(percent) not in (int, float) or not 0 <= percent <= 100:
        raise BadReport('"percent" must be a number from 0 to 100.')
    return float(percent)

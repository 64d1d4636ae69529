"""What the boot server asks and tells: who may boot from where; what was fetched, reported or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Stage = Literal["boot", "installing", "installed", "stopped", "closed"]
"""What a machine may do now: in ``boot`` and ``installing`` fetch the install script, images and configuration,
``installed`` only a script that boots from disk, ``stopped`` and ``closed`` nothing. It is listened to in every stage
but ``closed``."""

ReportKind = Literal["script_fetched", "image_fetched", "config_fetched", "phase", "log", "install_error"]


class BookClosed(Exception):
    """The book cannot take anything down now; the machine is asked to come back soon."""


@dataclass(frozen=True)
class Guest:
    """One machine that is expected, as the book knows it at this moment.

    ``source`` is the only address it may come from. The tokens are SHA-256 digests in hexadecimal: one for
    its boot script, one for its installer. ``template`` names the folder of its scripts, ``values`` fill them
    (the installer's token in clear is among them), ``config`` makes the whole answer to ``/server-config``.
    ``round`` counts the attempts to install it, and ``next_boot`` is the number of the boot that its next install
    script opens.
    """

    server_id: str
    source: str
    stage: Stage
    boot_token_sha256: str
    install_token_sha256: str
    template: str
    values: Mapping[str, str] = field(repr=False)
    config: Callable[[], Mapping[str, Any]] = field(repr=False, compare=False)
    round: int = 1
    next_boot: int = 1


@dataclass(frozen=True)
class Report:
    """One thing a machine fetched or said.

    ``boot`` is the power-on that it belongs to: the one that an install script opens, or the one that the installer
    names; 0 when nobody says. ``seq`` counts what an installer says, from 1 in each boot, and is 0 for what was
    fetched. ``phase`` is 1 to 8 and ``percent`` 0 to 100 for the kind ``phase``. ``message`` is the script (``boot``
    or ``installed``) or the image that was fetched, or what the installer said. A report may come twice.
    """

    kind: ReportKind
    source: str
    seq: int = 0
    phase: int | None = None
    percent: float | None = None
    message: str = ""
    boot: int = 0


class Book(Protocol):
    """Where the boot server looks things up and writes things down."""

    def guest(self, server_id: str) -> Guest | None:
        """The machine with this id, from memory."""

    def guest_at(self, source: str) -> Guest | None:
        """The machine that may come from this address, from memory."""

    async def report(self, guest: Guest, report: Report) -> None:
        """Take a report down, which was let in as this guest's; it is durable when this returns. Raises BookClosed."""

    async def refused(self, path: str, source: str, reason: str) -> None:
        """Note in the audit log that a request was turned away, and why. Raises BookClosed."""

"""What the boot server asks and tells: who may boot from where; what was fetched, reported or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Stage = Literal["boot", "installing", "installed", "stopped", "closed"]
"""What a machine may do now, as its routes say: most give an install script, images and documents in ``boot`` and
``installing``, only a script that boots from disk in ``installed``, and nothing in ``stopped`` and ``closed``. Its
reports are listened to in every stage but ``closed``."""

ReportKind = Literal[
    "script_fetched", "image_fetched", "document_fetched", "phase", "log", "install_error", "heartbeat"
]


class BookClosed(Exception):
    """The book cannot take anything down now; the machine is asked to come back soon."""


class GivenAlready(Exception):
    """What is given once in a boot was given in this one."""


class DocumentError(Exception):
    """A document cannot be made; the message says why, for the log, and never repeats a value."""


@dataclass(frozen=True)
class Document:
    """A text for one machine. ``make`` makes it, or tells with None that there is none now: of an ``optional`` one that
    is nothing to be alarmed by. Raises DocumentError, RenderError."""

    make: Callable[[], str | None] = field(repr=False)
    content_type: str = "text/plain"
    optional: bool = False


@dataclass(frozen=True)
class Guest:
    """One machine that is expected, as the book knows it at this moment.

    ``platform`` names the table of what it meets. ``source`` is the only address it may come from; None: its routes
    ask for other proofs. ``tokens`` are SHA-256 digests in hexadecimal by the names that the proofs of its routes
    give. ``values`` fill its scripts (a token in clear may be among them), ``documents`` are by name, ``macs`` in the
    form ``52:54:00:12:34:56``. ``given`` are the documents that its present boot has had. ``round`` counts the
    attempts to install it, and ``next_boot`` is the number of the boot that its next install script opens.
    """

    server_id: str
    platform: str
    stage: Stage
    source: str | None = None
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    documents: Mapping[str, Document] = field(default_factory=dict, repr=False, compare=False)
    macs: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    round: int = 1
    next_boot: int = 1


@dataclass(frozen=True)
class Report:
    """One thing a machine fetched or said.

    ``boot`` is the power-on that it belongs to: the one that an install script opens, or the one that the installer
    names; 0 when nobody says. ``seq`` counts what an installer says, from 1 in each boot, and is 0 for what was
    fetched and for an installer that does not count. ``phase`` is one of the platform's, from 1 on, and ``percent`` 0
    to 100 for the kind ``phase``. ``message`` is the script, the image or the document that was fetched, or what the
    installer said. ``once``: this document is given once in a boot. A report may come twice.
    """

    kind: ReportKind
    source: str
    seq: int = 0
    phase: int | None = None
    percent: float | None = None
    message: str = ""
    boot: int = 0
    once: bool = False


class Book(Protocol):
    """Where the boot server looks things up and writes things down."""

    def guest(self, server_id: str) -> Guest | None:
        """The machine with this id, from memory."""

    def guest_at(self, source: str) -> Guest | None:
        """The machine that may come from this address, from memory."""

    def guest_with(self, mac: str) -> Guest | None:
        """The machine that has this MAC, from memory."""

    async def report(self, guest: Guest, report: Report) -> None:
        """Take a report down, which was let in as this guest's; it is durable when this returns. Raises BookClosed,
        GivenAlready."""

    async def refused(self, path: str, source: str, reason: str, server_id: str | None = None) -> None:
        """Note in the audit log that a request was turned away, and why, beside the machine that it named. Raises
        BookClosed."""

    async def unmade(self, guest: Guest, what: str, why: str) -> None:
        """Tell people that this guest asks in vain: what it is to get cannot be made. Raises BookClosed."""

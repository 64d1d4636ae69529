"""A command in place of the window (``ssh ops@jump status``): some of those of ``nxd``, and no way past them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

COMMANDS = (
    "status",
    "show",
    "logs",
    "events",
    "wait",
    "validate",
    "plan",
    "preflight",
    "apply",
    "retry",
    "rollback",
    "hold",
    "resume",
    "replace",
    "destroy",
    "protect",
    "unprotect",
    "audit",
    "login",
)
"""What may be asked for: none of them starts a program or writes a file."""
_READ = ("validate", "plan", "preflight", "apply")
"""What reads a spec, which must be ``-``."""


class NotAllowed(Exception):
    """It may not be run; the text is one sentence."""


def words_of(said: str) -> list[str]:
    """The words of a command, for the parser of ``nxd``. Raises NotAllowed."""
    try:
        words = shlex.split(said)
    except ValueError as cause:
        raise NotAllowed(f"The command cannot be parted into words ({cause}).") from cause
    if not words or words[0] not in COMMANDS:
        raise NotAllowed(f"Only these are possible here: {', '.join(COMMANDS)}.")
    if words[0] in _READ:
        _refuse_files(words)
    return words


def _refuse_files(words: Sequence[str]) -> None:
    """A spec comes on standard input: no file of this host is opened for anybody."""
    from daemon.cli import nxd

    command = nxd.get_command(click.Context(nxd), words[0])
    assert command is not None
    try:
        given = command.make_context(words[0], list(words[1:]), resilient_parsing=True).params
    except click.ClickException:
        return  # the parser itself says what is wrong, and runs nothing
    files = given.get("spec") or given.get("specs") or ()
    for file in (files,) if isinstance(files, str) else files:
        if file != "-":
            raise NotAllowed(f"No file of this host is read here: {words[0]} - < {Path(file).name}")


def run(words: Sequence[str], socket: Path) -> NoReturn:
    """Run it, in this process; it ends the process with its exit code."""
    from daemon.cli import nxd
    from daemon.cli.ending import run as run_to_the_end

    run_to_the_end(nxd, ["--socket", str(socket), *words])

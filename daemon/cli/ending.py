"""How a command ends: what each error says, for people or as JSON, and with which exit code."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import click

from daemon import wire
from daemon.cli import streams
from daemon.words import ended, sentences

CODES = {
    wire.EXIT_FAILED: "failed",
    wire.EXIT_USAGE: "usage",
    wire.EXIT_NO_DAEMON: "no_daemon",
    wire.EXIT_REFUSED: "refused",
    wire.EXIT_TIMED_OUT: "gave_up",
    wire.EXIT_INTERRUPTED: "interrupted",
}
"""The code of an error that no daemon gave one, by the exit code."""
REMEDY = {
    "failed": "Mend what the message names, then give the command again.",
    "usage": "See what the command takes (`nxd --help`), and give it again.",
    "no_daemon": "Start the daemon with `nxd serve`, or name its socket with --socket or its settings with --config.",
    "refused": "See with `nxd status` how it stands; what is legal now can be given.",
    "gave_up": "See with `nxd status` how it stands, and wait on with `nxd wait`.",
    "interrupted": "See with `nxd status` how it stands: what was accepted before goes on.",
    "settings": "Mend what the message names in nxd.yaml or the environment.",
    "spec": "Correct the lines that are named; nothing was changed.",
    "start": "Mend what the message names, then start it again.",
    "platform": "Mend what the message names in the platform's package, then give the command again.",
    "state_lost": "Mend what the message names, then start the daemon again.",
    "database": "Free disk space or mend the file system, then give the command again.",
    "unknown": "`nxd status` lists what there is.",
    "unconfirmed": "Look at the plan, then give the command again with --plan and its digest, or with --yes.",
    "declined": "Nothing is to be done; the same command asks again.",
    "not_the_api": "See which program listens on the socket.",
    "bug": "If it comes again, report it with the message.",
}
"""What to do about an error, by its code, where nobody said something better."""
_BY_NAME = {
    "SettingsError": "settings",
    "SpecError": "spec",
    "SimError": "usage",
    "StartError": "start",
    "PlatformError": "platform",
    "StateLost": "state_lost",
}


class CommandFailed(Exception):
    """The command is over, with this sentence and this exit code. ``error`` and ``beside`` are what a script is told
    besides: keys of the error, and keys next to it."""

    def __init__(
        self,
        code: int,
        text: str,
        error: Mapping[str, Any] | None = None,
        beside: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.error = dict(error or {})
        self.beside = dict(beside or {})


@dataclass(frozen=True, slots=True)
class End:
    """An exit code, the text for a person, and the same as data."""

    code: int
    text: str
    error: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line, whatever the command prints when it goes well."""
        told = {"code": CODES[self.code], "message": self.text, **self.error}
        if not told.get("remedy"):
            told["remedy"] = REMEDY.get(told["code"], REMEDY[CODES[self.code]])
        return json.dumps({"error": {**told, "exit_code": self.code}, **self.beside})


def run(command: click.Command, given: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, or the words that are given in its place, and exit."""
    streams.prepare()
    words = sys.argv[1:] if given is None else list(given)
    try:
        result = command.main(words, prog_name="nxd", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        _reader_left()  # click and rich exit when they meet the broken pipe before we do
    except (Exception, KeyboardInterrupt) as error:
        _leave(error, as_json="--json" in words)
    sys.exit(result if isinstance(result, int) else wire.EXIT_DONE)


def _reader_left() -> NoReturn:
    """Whoever reads our output has seen enough: what is still in the buffer goes nowhere."""
    streams.forget()
    sys.exit(wire.EXIT_DONE)


def _leave(error: BaseException, as_json: bool) -> NoReturn:
    """Say how it ended: a person on standard error, a script on standard output, where it reads already."""
    end = ending(error)
    if isinstance(error, streams.NotWritten):
        streams.forget()
        as_json = False
    with contextlib.suppress(OSError, streams.NotWritten):
        if as_json:
            print(end.as_json(), flush=True)
        elif isinstance(error, click.ClickException):
            error.show()
        elif end.text:
            streams.say_beside(end.text)
    sys.exit(end.code)


def ending(error: BaseException) -> End:
    """Exit code, text and data of an error; what nobody foresaw is told as that."""
    from daemon.client import DaemonRefused, DaemonUnreachable

    if isinstance(error, click.exceptions.Abort | KeyboardInterrupt):
        return End(wire.EXIT_INTERRUPTED, "Interrupted.")
    if isinstance(error, click.ClickException):
        return End(wire.EXIT_USAGE, error.format_message(), _help(error))
    if isinstance(error, streams.NotWritten):
        return End(wire.EXIT_FAILED, f"The output cannot be written ({error}): send it where there is room.")
    if isinstance(error, UnicodeEncodeError):
        lacking = error.object[error.start : error.end]
        return End(wire.EXIT_USAGE, f"An argument holds bytes that are no text in UTF-8: {lacking}.")
    if isinstance(error, CommandFailed):
        return End(error.code, str(error), error.error, error.beside)
    if isinstance(error, DaemonUnreachable):
        return End(wire.EXIT_NO_DAEMON, str(error))
    if isinstance(error, DaemonRefused):
        beside = {"problems": error.problems} if error.problems else {}
        return End(refused_code(error.status), refusal(error.error), error.error, beside)
    named = type(error).__name__
    if named in ("SettingsError", "SpecError", "SimError"):
        return End(wire.EXIT_USAGE, str(error), {"code": _BY_NAME[named]})
    if named in ("StartError", "PlatformError"):
        passing = getattr(error, "passing", False)
        return End(wire.EXIT_FAILED if passing else wire.EXIT_USAGE, str(error), {"code": _BY_NAME[named]})
    if named in ("StoreError", "StateLost", "Fenced"):
        evidence = getattr(error, "evidence", None)
        remedy = getattr(error, "remedy", "")
        code = wire.EXIT_REFUSED if named == "StateLost" else wire.EXIT_FAILED
        text = sentences(str(error), evidence, remedy)
        return End(code, text, {"code": _BY_NAME.get(named, "database"), "remedy": remedy})
    text = ended(f"nxd met something it did not foresee: {named}: {error}")
    return End(wire.EXIT_FAILED, text, {"code": "bug"})


def _help(error: click.ClickException) -> Mapping[str, Any]:
    """Where it is told what the command takes."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "nxd"
    return {"remedy": f"See what the command takes (`{path} --help`), and give it again."}


def refused_code(status: int) -> int:
    """The exit code for an answer of the daemon."""
    if status == 409:
        return wire.EXIT_REFUSED
    return wire.EXIT_USAGE if status in (400, 404) else wire.EXIT_FAILED


def refusal(error: Mapping[str, Any]) -> str:
    """What happened and what to do, as two sentences."""
    return sentences(str(error["message"]), error.get("remedy"))


def find_socket(options: Mapping[str, Any]) -> Path:
    """The daemon's socket: --socket, $NXD_SOCKET, the settings file, or the default. Raises SettingsError."""
    from daemon.settings.reading import DEFAULT_CONFIG, find_config, one_setting

    given = options["socket"] or os.environ.get("NXD_SOCKET")
    if given:
        return Path(given)
    path = find_config(options["config"], os.environ)
    if path == DEFAULT_CONFIG and not path.exists():
        return Path("/run/nxd/nxd.sock")
    found: Path = one_setting("socket", path, os.environ)
    return found

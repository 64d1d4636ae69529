"""How a command ends: what each error says on standard error, and with which exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from daemon import wire


class Gave(Exception):
    """The command is over, with this sentence and this exit code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def run(command: click.Command) -> NoReturn:
    """Run the command line and exit."""
    try:
        result = command.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        _leave(wire.EXIT_INTERRUPTED, "Interrupted.")
    except click.ClickException as error:
        error.show()
        sys.exit(wire.EXIT_USAGE)
    except KeyboardInterrupt:
        _leave(wire.EXIT_INTERRUPTED, "Interrupted.")
    except (BrokenPipeError, SystemExit):
        _reader_left()  # click and rich exit when they meet the broken pipe before we do
    except Exception as error:
        _leave(*_ending(error))
    sys.exit(result if isinstance(result, int) else wire.EXIT_DONE)


def _reader_left() -> NoReturn:
    """Whoever reads our output has seen enough: what is still in the buffer goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(wire.EXIT_DONE)


def _leave(code: int, text: str) -> NoReturn:
    if text:
        print(text, file=sys.stderr)
    sys.exit(code)


def _ending(error: Exception) -> tuple[int, str]:
    """Exit code and text of an error; anything unforeseen is re-raised with its traceback into a report."""
    from daemon.client import DaemonUnreachable, Refused

    if isinstance(error, Gave):
        return error.code, str(error)
    if isinstance(error, DaemonUnreachable):
        return wire.EXIT_NO_DAEMON, str(error)
    if isinstance(error, Refused):
        return refused_code(error.status), refusal(error.error)
    named = type(error).__name__
    if named in ("SettingsError", "SpecError", "SimError"):
        return wire.EXIT_USAGE, str(error)
    if named == "StartError":
        return wire.EXIT_FAILED if getattr(error, "passing", False) else wire.EXIT_USAGE, str(error)
    if named in ("StoreError", "StateLost", "Fenced"):
        evidence = getattr(error, "evidence", None)
        remedy = getattr(error, "remedy", "")
        code = wire.EXIT_REFUSED if named == "StateLost" else wire.EXIT_FAILED
        return code, " ".join(filter(None, (str(error), evidence, remedy)))
    return wire.EXIT_FAILED, f"nxd met something it did not foresee: {named}: {error}"


def refused_code(status: int) -> int:
    """The exit code for an answer of the daemon."""
    if status == 409:
        return wire.EXIT_REFUSED
    return wire.EXIT_USAGE if status in (400, 404) else wire.EXIT_FAILED


def refusal(error: Mapping[str, Any]) -> str:
    """What happened and what to do, as two sentences."""
    remedy = error.get("remedy")
    return f"{error['message']} {remedy}" if remedy else str(error["message"])


def find_socket(options: Mapping[str, Any]) -> Path:
    """The daemon's socket: --socket, $NXD_SOCKET, the settings file, or the default. Raises SettingsError."""
    from daemon.settings import DEFAULT_CONFIG, find_config, load_settings

    given = options["socket"] or os.environ.get("NXD_SOCKET")
    if given:
        return Path(given)
    path = find_config(options["config"], os.environ)
    if path == DEFAULT_CONFIG and not path.exists():
        return Path("/run/nxd/nxd.sock")
    return load_settings(path, os.environ).socket

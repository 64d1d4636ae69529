"""Writes the man pages of `nxd` and `nxtui` from their own help: `make man`, or `python packaging/man.py DIRECTORY`."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

import click

from daemon.cli import COMMANDS, nxd
from nxtui.main import parser

SEE = {"nxd": "nxtui(1)", "nxtui": "nxd(1)"}


def plain(text: str) -> str:
    """Text as roff takes it: no escapes of its own, no line that begins like a request, one line."""
    one_line = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + one_line if one_line[:1] in ".'" else one_line


def head(name: str, about: str) -> list[str]:
    return [f'.TH {name.upper()} 1 "" "nxd {version("nxd")}"', ".SH NAME", f"{name} \\- {plain(about)}"]


def entry(term: str, text: str) -> list[str]:
    """One option or file, and what it is."""
    return [".TP", f"\\fB{plain(term)}\\fR", plain(text)]


def paragraphs(text: str) -> list[str]:
    return [line for one in text.split("\n\n") if one.strip() for line in (".PP", plain(one))]


def of_nxd() -> str:
    """The page of `nxd`, with a section for each command."""
    lines = head("nxd", "turns rented bare metal into healthy clusters")
    lines += [".SH SYNOPSIS", "\\fBnxd\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]"]
    context = click.Context(nxd, info_name="nxd")
    lines += [".SH DESCRIPTION", *paragraphs(nxd.help or ""), ".SH OPTIONS", *_options(nxd, context)]
    lines += [".SH COMMANDS"]
    for name in COMMANDS:
        command = nxd.get_command(context, name)
        assert command is not None
        lines += _section(command, click.Context(command, info_name=name, parent=context))
    lines += [".SH FILES"]
    lines += entry("/etc/nxd/nxd.yaml", "The settings; NXD_CONFIG names another file.")
    lines += entry("/run/nxd/nxd.sock", "The socket of the daemon; NXD_SOCKET names another one.")
    return "\n".join([*lines, ".SH SEE ALSO", SEE["nxd"], ""])


def _section(command: click.Command, context: click.Context) -> list[str]:
    """What a command does, and each command in it."""
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f".SS {plain(usage)}", *paragraphs(command.help or ""), *_options(command, context)]
    for name, inner in command.commands.items() if isinstance(command, click.Group) else ():
        lines += _section(inner, click.Context(inner, info_name=name, parent=context))
    return lines


def _options(command: click.Command, context: click.Context) -> list[str]:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    return [line for record in records if record is not None for line in entry(*record)]


def of_nxtui() -> str:
    """The page of `nxtui`."""
    made = parser()
    lines = head("nxtui", "the terminal window on nxd")
    lines += [".SH SYNOPSIS", "\\fBnxtui\\fR [\\fIOPTIONS\\fR]"]
    lines += [".SH DESCRIPTION", *paragraphs(made.description or ""), ".PP", "Press ? in it for all keys."]
    lines += [".SH OPTIONS"]
    for action in made._actions:
        value = "" if action.nargs == 0 else f" {action.metavar or '|'.join(action.choices or ())}"
        lines += entry(", ".join(action.option_strings) + value, (action.help or "").capitalize())
    return "\n".join([*lines, ".SH SEE ALSO", SEE["nxtui"], ""])


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("directory", type=Path)
    directory = given.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    for name, page in (("nxd", of_nxd()), ("nxtui", of_nxtui())):
        (directory / f"{name}.1").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""`nxd console`: the serial console of a node on this terminal."""

from __future__ import annotations

from typing import Any

import click

from daemon import wire
from daemon.cli.ending import CommandFailed, find_socket
from daemon.cli.naming import named, with_console


@click.command()
@click.argument("name", callback=named, shell_complete=with_console)
@click.option("--read", "reads", is_flag=True, help="Only show it, as plain text; keys are not sent.")
@click.option("--force", is_flag=True, help="Take it over from whoever has it open.")
@click.pass_obj
def console(options: dict[str, Any], name: str, reads: bool, force: bool) -> int:
    """Open the serial console of a node's machine; Ctrl-] leaves it.

    What the machine sends goes to the terminal as it is, and so can drive it. With --read, and where the input or the
    output is no terminal, it is shown as plain text and nothing is sent. Who opened it stands in the log. One session
    at a time: exit code 4 if somebody else has it open, 1 if the session ended by itself, 0 if you left it.
    """
    import asyncio
    import sys

    from daemon.cli.console_session import run

    plain = reads or not (sys.stdin.isatty() and sys.stdout.isatty())
    try:
        end, message = asyncio.run(run(find_socket(options), name, plain, force))
    except asyncio.CancelledError:  # somebody ended this process: the terminal is as it was
        raise KeyboardInterrupt from None
    if end == "left":
        return wire.EXIT_DONE
    raise CommandFailed(wire.EXIT_FAILED, message, {"code": f"console_{end}"})

"""The command `nxd`. Each command imports what it needs when it runs, so that `nxd --help` is quick."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from state_machines.verbs import SHARED

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("running", "Run the daemon in the foreground."),
    "sim": ("simulating", "Run the simulated data centre."),
    "demo": ("simulating", "Show a deployment, simulated from end to end."),
    "validate": ("specs", "Check a spec and say every mistake in it."),
    "plan": ("specs", "Show what applying a spec would make."),
    "preflight": ("specs", "Look up everything a spec needs, before it costs."),
    "apply": ("specs", "Apply a spec: the daemon works until it is true."),
    "spec": ("keeping", "Print the spec of a cluster as it is in force."),
    "drafts": ("keeping", "Show the specs that are not applied yet."),
    "schema": ("specs", "Print the JSON Schema of a spec."),
    "status": ("reading", "Show every cluster and node."),
    "show": ("reading", "Show one node or cluster in detail."),
    "troubles": ("outlook", "Show why something stopped, and what comes next."),
    "offers": ("outlook", "Show what each verb would come to."),
    "events": ("lines", "Follow what happens."),
    "logs": ("lines", "Show the log."),
    "timeline": ("timeline", "Draw what nodes and clusters went through."),
    "map": ("map", "Draw a cluster: networks, nodes, who waits for whom."),
    "calls": ("calls", "Show the calls to everything outside."),
    "wait": ("reading", "Wait until a cluster or node is done."),
    "login": ("reading", "Show where and how to log in to a cluster."),
    "console": ("console", "Open the serial console of a node's machine."),
    "audit": ("auditing", "Compare the cloud with the ledger, both ways; delete a stray."),
    "backup": ("backing_up", "Copy the ledger and its key, while the daemon works."),
    "images": ("images", "Add, import, list, verify and delete boot images."),
    **{verb.name: ("verbs", verb.summary) for verb in SHARED.values()},
    "completion": ("naming", "Print what lets a shell complete commands and names."),
}
"""Command → the module that holds it and what it does, in the order of the help."""

MODULE_NAMES = {"map": "map_"}
"""Command → what it is called in its module, where Python has the word already."""

BROUGHT = {"login", "console", *SHARED}
"""Commands that there are where a platform has what they do: a shell is offered them as the daemon tells."""


class _Lazy(click.Group):
    """Loads a command's module when that command is called. What is no command of its own may be a verb that a platform
    brings: the daemon knows."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        if not ctx.resilient_parsing:
            return list(COMMANDS)
        from daemon.cli.naming import offered_commands

        return offered_commands(ctx, COMMANDS, BROUGHT)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = import_module(f"daemon.cli.{COMMANDS.get(name, ('verbs', ''))[0]}")
        if name in SHARED:
            verb: click.Command = module.shared(name)
            return verb
        if name not in COMMANDS:
            return _told(ctx, module, name)
        command: click.Command = getattr(module, MODULE_NAMES.get(name, name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _told(ctx: click.Context, module: Any, name: str) -> click.Command | None:
    """The command of a verb that the daemon knows; a shell that completes has no room for any trouble with it."""
    try:
        told: click.Command | None = module.told(ctx.find_root().params, name)
    except Exception:
        if ctx.resilient_parsing:
            return None
        raise
    return told


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config", metavar="FILE", help="The settings file [default: $NXD_CONFIG or /etc/nxd/nxd.yaml]."
)
@click.option("--socket", metavar="PATH", help="The daemon's socket [default: from the settings].")
@click.version_option(package_name="nxd", prog_name="nxd")
@click.pass_context
def nxd(ctx: click.Context, /, **options: Any) -> None:
    """Turn rented bare metal into healthy clusters.

    Of the commands login, console and those that change something, a cluster has what its platform has.

    Exit codes: 0 done, 1 it failed, 2 the command, settings or spec is wrong, 3 no daemon answers,
    4 refused, by the daemon, by you when you are asked, or for want of a terminal to ask at,
    5 gave up waiting, 130 interrupted.

    With --json an error is JSON too, on standard output: {"error": {"code", "message", "remedy", ...}}.
    """
    ctx.obj = options


def main() -> None:
    """The entry point: every error ends in one sentence and its exit code, never in a traceback."""
    from daemon.cli.ending import run

    run(nxd)


if __name__ == "__main__":
    main()

"""The verbs: every command that changes something, each the twin of a key of nxtui."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from typing import Any

import click

from daemon import wire
from daemon.cli.ending import Gave, find_socket
from daemon.cli.output import print_json

_GOAL = {"retry": "active", "resume": "active", "replace": "active", "rollback": "gone", "destroy": "gone"}

Command = Callable[..., int]


def _options(command: Command) -> Command:
    """What every verb takes."""
    for option in (
        click.argument("name"),
        click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts."),
        click.option(
            "--timeout", type=click.FloatRange(0), help="With --wait: give up after this many seconds."
        ),
        click.option("--wait", "wait", is_flag=True, help="Wait until it is done, and show the progress."),
        click.pass_obj,
    ):
        command = option(command)
    return command


def _confirmed(command: Command) -> Command:
    """What a verb that deletes takes beside it."""
    for option in (
        click.option(
            "--plan", "digest", metavar="DIGEST", help="Only if the plan is still this one (else exit 4)."
        ),
        click.option("--yes", is_flag=True, help="Do not ask; for scripts."),
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.option("--from", "step", metavar="STATE", help="Begin at this step instead of the one that failed.")
def retry(
    options: dict[str, Any], name: str, wait: bool, timeout: float | None, as_json: bool, step: str | None
) -> int:
    """Try again, from the step that failed; what was made is kept."""
    return _give(options, "retry", name, wait, timeout, as_json, step=step)


@click.command()
@_options
@click.option("--after", "step", metavar="STATE", help="Stop after this step instead of now.")
def hold(
    options: dict[str, Any], name: str, wait: bool, timeout: float | None, as_json: bool, step: str | None
) -> int:
    """Stop at the next safe point; nothing is deleted."""
    return _give(options, "hold", name, wait, timeout, as_json, step=step)


@click.command()
@_options
def replace(options: dict[str, Any], name: str, wait: bool, timeout: float | None, as_json: bool) -> int:
    """Order another server for a node, behind the same interfaces, addresses and names."""
    return _give(options, "replace", name, wait, timeout, as_json)


@click.command()
@_options
def protect(options: dict[str, Any], name: str, wait: bool, timeout: float | None, as_json: bool) -> int:
    """Refuse every deletion in a cluster until it is unprotected."""
    return _give(options, "protect", name, wait, timeout, as_json)


@click.command()
@_options
def unprotect(options: dict[str, Any], name: str, wait: bool, timeout: float | None, as_json: bool) -> int:
    """Allow deletions in a cluster again."""
    return _give(options, "unprotect", name, wait, timeout, as_json)


@click.command()
@_options
def resume(options: dict[str, Any], name: str, wait: bool, timeout: float | None, as_json: bool) -> int:
    """Go on after a hold."""
    return _give(options, "resume", name, wait, timeout, as_json)


@click.command()
@_options
@_confirmed
def rollback(
    options: dict[str, Any],
    name: str,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    digest: str | None,
    yes: bool,
) -> int:
    """Delete everything made for a node or cluster, after showing it."""
    return _delete(options, "rollback", name, wait, timeout, as_json, digest, yes)


@click.command()
@_options
@_confirmed
def destroy(
    options: dict[str, Any],
    name: str,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    digest: str | None,
    yes: bool,
) -> int:
    """Delete a cluster, an active one too, and forget it; asks for its name."""
    return _delete(options, "destroy", name, wait, timeout, as_json, digest, yes)


def _delete(
    options: dict[str, Any],
    verb: str,
    name: str,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    digest: str | None,
    yes: bool,
) -> int:
    """Show the plan, ask, and do exactly that plan."""
    from daemon.cli.specs import print_plan
    from daemon.client import Client

    if not yes and digest is None:
        with Client(find_socket(options)) as client:
            plan = client.plan(verb, name)
        print_plan(plan)
        if not sys.stdin.isatty():
            raise Gave(
                wire.EXIT_USAGE,
                f"This is not a terminal to confirm at: repeat with --plan {plan['digest']}, or with --yes.",
            )
        _ask(verb, name)
        digest = plan["digest"]
    return _give(options, verb, name, wait, timeout, as_json, digest)


def _ask(verb: str, name: str) -> None:
    """A deliberate yes: the name in full for destroy, the letter y for rollback. Enter alone is a no."""
    if verb == "destroy":
        typed = click.prompt(f"Type {name} to {verb} it", default="", show_default=False)
        agreed = typed == name
    else:
        agreed = click.confirm(f"{verb} {name}?", default=False)
    if not agreed:
        raise Gave(wire.EXIT_INTERRUPTED, "Nothing was changed.")


def _give(
    options: dict[str, Any],
    verb: str,
    name: str,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    digest: str | None = None,
    step: str | None = None,
) -> int:
    from daemon.client import Client

    socket = find_socket(options)
    with Client(socket) as client:
        accepted = client.verb(verb, name, digest=digest, token=str(uuid.uuid4()), step=step)
    if as_json:
        print_json(accepted)
    else:
        print(f"{name}: {verb} accepted.")
    if not wait or verb not in _GOAL:
        return wire.EXIT_DONE
    from daemon.cli.waiting import wait_for

    return wait_for(socket, name, _GOAL[verb], timeout)

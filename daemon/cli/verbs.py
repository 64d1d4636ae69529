"""The verbs: every command that changes something, each the twin of a key of nxtui."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from daemon import wire
from daemon.cli.ending import find_socket
from daemon.cli.naming import known_clusters, known_names, known_nodes, named
from daemon.cli.numbers import SECONDS
from daemon.cli.output import print_json

_GOAL = {"retry": "active", "resume": "active", "replace": "active", "rollback": "gone", "destroy": "gone"}
"""What `--wait` waits for."""
_DELETES = ("rollback", "destroy", "replace")
"""Verbs that show their plan and ask before they are given."""
_MAY_DELETE = ("retry",)
"""Verbs that do so where the plan deletes something."""


@dataclass(frozen=True, slots=True)
class How:
    """What the options of a verb say. ``digest`` names the plan that was shown."""

    wait: bool
    timeout: float | None
    as_json: bool
    yes: bool = False
    digest: str | None = None
    step: str | None = None


_NAMED = {"replace": known_nodes} | dict.fromkeys(("protect", "unprotect", "destroy"), known_clusters)
"""Whose names a shell completes, where a verb does not take both kinds."""
_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts."),
    click.option("--timeout", type=SECONDS, help="With --wait: give up after this many seconds."),
    click.option("--wait", "wait", is_flag=True, help="Wait until it is done, and show the progress."),
)
_CONFIRMATION = (
    click.option(
        "--plan", "digest", metavar="DIGEST", help="Only if the plan is still this one (else exit 4)."
    ),
    click.option("--yes", is_flag=True, help="Do not ask; for scripts."),
)


def _verb(verb: str, text: str, *more: Callable[..., Any]) -> click.Command:
    """The command of a verb, with what is special about it."""

    def command(options: dict[str, Any], name: str, **how: Any) -> int:
        return _run(options, verb, name, How(**how))

    command.__doc__ = text
    name = click.argument("name", callback=named, shell_complete=_NAMED.get(verb, known_names))
    confirmed = _CONFIRMATION if verb in (*_DELETES, *_MAY_DELETE) else ()
    for option in (name, *_OPTIONS, *confirmed, *more):
        command = option(command)
    return click.command(verb)(click.pass_obj(command))


def _step(option: str, text: str) -> Callable[..., Any]:
    return click.option(option, "step", metavar="STATE", help=text)


retry = _verb(
    "retry",
    "Try again, from the step that failed. What was made is kept; a server that failed is shown and made anew.",
    _step("--from", "Begin at this step instead of the one that failed."),
)
hold = _verb(
    "hold",
    "Stop at the next safe point; nothing is deleted.",
    _step("--after", "Stop after this step instead of now."),
)
resume = _verb("resume", "Go on after a hold.")
replace = _verb(
    "replace", "Order another server for a node, behind the same interfaces, addresses and names."
)
protect = _verb("protect", "Refuse every deletion in a cluster until it is unprotected.")
unprotect = _verb("unprotect", "Allow deletions in a cluster again.")
rollback = _verb("rollback", "Delete everything made for a node or cluster, after showing it.")
destroy = _verb("destroy", "Delete a cluster, an active one too, and forget it; asks for its name.")


def _run(options: dict[str, Any], verb: str, name: str, how: How) -> int:
    """Give the verb; one that deletes does exactly the plan that was shown and agreed to."""
    from daemon.cli.plans import agreed
    from daemon.client import Client

    socket = find_socket(options)
    digest = how.digest
    if verb in (*_DELETES, *_MAY_DELETE) and not how.yes and digest is None:
        with Client(socket) as client:
            plan = client.plan(verb, name, how.step)
        if verb in _DELETES or any(item["action"] == "delete" for item in plan["items"]):
            digest = agreed(plan, how.as_json)
    with Client(socket) as client:
        accepted = client.verb(verb, name, digest=digest, token=str(uuid.uuid4()), step=how.step)
    waits = how.wait and verb in _GOAL
    if not how.as_json:
        print(f"{name}: {verb} accepted.", flush=True)
    elif not waits:
        print_json(accepted)
    if not waits:
        return wire.EXIT_DONE
    from daemon.cli.waiting import wait_after

    return wait_after(accepted, socket, name, _GOAL[verb], how.timeout, how.as_json)

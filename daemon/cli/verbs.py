"""The verbs: every command that changes something, each the twin of a key of nxtui."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import click

from daemon import wire
from daemon.cli.ending import find_socket
from daemon.cli.naming import named, with_verb
from daemon.cli.numbers import SECONDS
from daemon.cli.output import print_json
from state_machines.verbs import SHARED


@dataclass(frozen=True, slots=True)
class How:
    """What the options of a verb say. ``digest`` names the plan that was shown."""

    wait: bool
    timeout: float | None
    as_json: bool
    yes: bool = False
    digest: str | None = None
    step: str | None = None


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


_STEPS: dict[str | None, tuple[str, str]] = {
    "from": ("--from", "Begin at this step instead of the one that failed."),
    "after": ("--after", "Stop after this step instead of now."),
}
"""The option with which a verb names a step."""


_WORST = ("never", "maybe", "always")
"""Of two platforms that have a verb of the same name, that counts which deletes more."""


@dataclass(frozen=True, slots=True)
class VerbCommand:
    """What a command needs to know of its verb."""

    name: str
    help: str
    consent: str
    deletes: str
    step: str | None
    goal: str | None

    @property
    def confirmed(self) -> bool:
        """Whether its plan is looked at before it is given."""
        return self.deletes != "never" or self.consent in ("plan", "name")


def command_of(verb: VerbCommand) -> click.Command:
    """The command of a verb, with what is special about it."""

    def command(options: dict[str, Any], name: str, **how: Any) -> int:
        return _run(options, verb, name, How(**how))

    command.__doc__ = verb.help
    name = click.argument("name", callback=named, shell_complete=with_verb(verb.name))
    confirmed = _CONFIRMATION if verb.confirmed else ()
    for option in (name, *_OPTIONS, *confirmed):
        command = option(command)
    if verb.step in _STEPS:
        how, text = _STEPS[verb.step]
        command = click.option(how, "step", metavar="STATE", help=text)(command)
    return click.command(verb.name)(click.pass_obj(command))


def shared(name: str) -> click.Command:
    """The command of a verb that every platform has."""
    one = SHARED[name]
    return command_of(VerbCommand(one.name, one.help, one.consent, one.deletes, one.step, one.goal))


def told(options: dict[str, Any], name: str) -> click.Command | None:
    """The command of a verb that a platform brings, as the daemon tells of it; None where it knows no such verb. Raises
    UsageError where no daemon answers, so that nobody can know."""
    from daemon.cli.patience import TerminalClient
    from daemon.client import DaemonRefused, DaemonUnreachable

    try:
        with TerminalClient(find_socket(options)) as client:
            listed = client.verbs()["verbs"]
    except (DaemonRefused, DaemonUnreachable):
        said = f"No such command '{name}'. A platform may have such a verb, but no daemon answers that could tell."
        raise click.UsageError(said) from None
    every = (verb for kinds in listed.values() for verbs in kinds.values() for verb in verbs)
    found = [verb for verb in every if verb["name"] == name]
    if not found:
        return None
    verb = max(found, key=lambda verb: _WORST.index(verb["deletes"]))
    return command_of(
        VerbCommand(name, verb["help"], verb["consent"], verb["deletes"], verb["step"], verb["goal"])
    )


def _run(options: dict[str, Any], verb: VerbCommand, name: str, how: How) -> int:
    """Give the verb; one that deletes does exactly the plan that was shown and agreed to."""
    from daemon.cli.patience import TerminalClient
    from daemon.cli.plans import agreed

    socket = find_socket(options)
    digest = how.digest
    if verb.confirmed and not how.yes and digest is None:
        with TerminalClient(socket) as client:
            plan = client.plan(verb.name, name, how.step)
        if verb.deletes != "maybe" or any(item["action"] == "delete" for item in plan["items"]):
            digest = agreed(plan, how.as_json, typed=verb.consent == "name")
    with TerminalClient(socket) as client:
        token, meant = str(uuid.uuid4()), how.yes or None
        accepted = client.verb(verb.name, name, digest=digest, token=token, step=how.step, meant=meant)
    waits = how.wait and verb.goal is not None
    if not how.as_json:
        along = f" With it go {', '.join(accepted['along'])}." if accepted.get("along") else ""
        print(f"{name}: {verb.name} accepted.{along}", flush=True)
    elif not waits:
        print_json(accepted)
    if not waits or verb.goal is None:
        return wire.EXIT_DONE
    from daemon.cli.waiting import wait_after

    return wait_after(accepted, socket, name, verb.goal, how.timeout, how.as_json)

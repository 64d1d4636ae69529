"""`nxd status`, `show`, `wait` and `login`: what only looks."""

from __future__ import annotations

from typing import Any

import click

from daemon import wire
from daemon.cli.ending import CommandFailed, find_socket
from daemon.cli.naming import known_names, named, with_login
from daemon.cli.numbers import SECONDS, Whole
from daemon.cli.output import moment_shown, note, print_json, record, remark, tell_unwritten, terminal
from daemon.cli.shapes import Waited
from daemon.cli.times import stamp
from daemon.display.durations import lasting
from daemon.display.money import used
from daemon.words import printable

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@click.command()
@click.argument("words", callback=named, nargs=-1, metavar="[FILTER]...", shell_complete=known_names)
@click.option(
    "--limit", type=Whole(0, 1_000_000), help="Show at most so many; 0 is all. On a terminal 100 are shown."
)
@_json
@click.pass_obj
def status(options: dict[str, Any], words: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """Show clusters and nodes with their totals, trouble first.

    FILTER is the name of a cluster or a node, or words that all must fit, as in nxtui: state:failed cluster:demo
    !phase:ok text. Where the output is no terminal each of them is one line of columns, separated by tabs.
    """
    from daemon.cli.fleet import chosen, print_fleet
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        snapshot = client.snapshot()
    entities = chosen(snapshot, words)
    if as_json:
        shown = entities[:limit] if limit else entities
        snapshot["clusters"] = [one for one in shown if one["kind"] == "cluster"]
        snapshot["nodes"] = [one for one in shown if one["kind"] == "node"]
        print_json(snapshot)
        return
    tell_unwritten(snapshot)
    if not snapshot["clusters"]:
        remark("There is no cluster yet. `nxd apply SPEC` makes one.")
    else:
        print_fleet(snapshot, entities, limit)


@click.command()
@click.argument("name", callback=named, shell_complete=known_names)
@_json
@click.pass_obj
def show(options: dict[str, Any], name: str, as_json: bool) -> None:
    """Show one node or cluster: its steps, addresses, resources, and what is wrong."""
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        detail = client.show(name)
        snapshot = client.snapshot()
    if as_json:
        print_json(detail)
        return
    tell_unwritten(snapshot)
    _print_state(detail["entity"], snapshot)
    _print_detail(detail, moment_shown(snapshot))


def _print_state(entity: wire.EntityView, snapshot: wire.Snapshot) -> None:
    """How it stands, what is wrong with it, and what can be done."""
    print(
        f"{entity['name']} ({entity['kind']} of {entity['cluster']}, {entity['platform']}): {entity['title']}"
    )
    if note(entity):
        print(f"  {printable(note(entity))}")
    if entity["error"] is not None:
        print(f"  what to do: {printable(entity['error']['remedy'])}")
        if entity["error"].get("evidence"):
            print(f"  evidence: {printable(entity['error']['evidence'])}")
    elif entity["waiting_for"] and entity.get("remedies"):
        print(f"  what to do: {printable(' '.join(way['text'] for way in entity['remedies']))}")
    shield = next(
        (c for c in snapshot["clusters"] if c["name"] == entity["cluster"] and c["protected"]), None
    )
    if shield is not None:
        print(
            f"  protected: every deletion in {shield['name']} is refused until nxd unprotect {shield['name']}"
        )
    legal = [verb for verb, reason in entity["can"].items() if reason is None]
    print(f"  verbs: {', '.join(legal) or 'none now'}")


def _print_detail(detail: wire.Detail, now: float) -> None:
    """What it has, and how long each step took."""
    entity = detail["entity"]
    if entity.get("uses"):
        print(f"  used since the order: {used(entity['uses'], now)}")
    _print_pairs("addresses", entity["addresses"].items())
    _print_screen(detail)
    rows = (
        (
            f"{r['kind']} {r['name']}",
            f"{'missing' if 'missed' in r else r['state']}  {r['id'] or ''}{_missed(r, now)}",
        )
        for r in entity["resources"]
    )
    _print_pairs("resources", rows)
    stays = (
        (stay["title"], lasting((now if stay["ended"] is None else stay["ended"]) - stay["started"]))
        for stay in detail["timeline"]
    )
    _print_pairs("steps", stays)
    for boot in detail.get("boots", ()):
        _print_boot(boot, now)


def _print_boot(boot: wire.BootView, now: float) -> None:
    """How long each phase of the installer took in one boot, and what is usual."""
    how = "failed" if boot["failed"] else "over" if boot["ended"] is not None else "goes on"
    share = f", {boot['points'][-1][1] * 100:.0f} %" if boot["points"] else ""
    phases = (
        (
            f"{phase['phase']} {printable(phase['title'])}",
            f"{lasting((now if phase['ended'] is None else phase['ended']) - phase['began'])}"
            f"  usual {lasting(phase['usual'])}",
        )
        for phase in boot["phases"]
    )
    coming = boot.get("to_come")
    yet = (
        []
        if coming is None
        else [(f"{coming['first']}–{coming['last']} to come", f"usual {lasting(coming['usual'])}")]
    )
    _print_pairs(f"boot {boot['boot']} ({how}{share})", [*phases, *yet])


def _print_screen(detail: wire.Detail) -> None:
    """What its console showed when it failed."""
    screen = detail.get("screen")
    if screen is not None:
        print(f"  console at {stamp(screen['time'])}:")
        for line in screen["lines"]:
            print(f"    | {printable(line)}")


def _missed(row: wire.ResourceView, now: float) -> str:
    """What is said of an object that an audit did not find outside."""
    if "missed" not in row:
        return ""
    return f"  (an audit did not find it outside, {lasting(now - row['missed'])} ago)"


def _print_pairs(title: str, pairs: Any) -> None:
    listed = list(pairs)
    if listed:
        print(f"  {title}:")
        width = max(len(str(key)) for key, _ in listed)
        for key, value in listed:
            print(f"    {key:<{width}}  {value}")


@click.command()
@click.argument("name", callback=named, shell_complete=known_names)
@click.option("--for", "goal", type=click.Choice(["active", "gone"]), default="active", show_default=True)
@click.option("--timeout", type=SECONDS, help="Give up after this many seconds (exit code 5).")
@_json
@click.pass_obj
def wait(options: dict[str, Any], name: str, goal: str, timeout: float | None, as_json: bool) -> int:
    """Wait until a cluster or node is active (or gone), or stopped by a failure (exit code 1)."""
    from daemon.cli.waiting import wait_for, wait_quietly

    socket = find_socket(options)
    if not as_json:
        return wait_for(socket, name, goal, timeout)
    code, text, entities = wait_quietly(socket, name, goal, timeout)
    if code == wire.EXIT_USAGE:
        raise CommandFailed(code, text, {"code": "unknown"})
    print_json(Waited(exit_code=code, message=text, entities=entities))
    return code


@click.command()
@click.argument("name", callback=named, shell_complete=with_login)
@_json
@click.pass_obj
def login(options: dict[str, Any], name: str, as_json: bool) -> None:
    """Show where and how to log in to a cluster; that you did stands in the log."""
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        found = client.login(name)
    if as_json:
        print_json(found)
    else:
        row = (found["url"], found["user"], found["password"])
        print("  ".join(row) if terminal() else record(row))

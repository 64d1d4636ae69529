"""`nxd status`, `show`, `events`, `logs`, `wait` and `login`: what only looks."""

from __future__ import annotations

import sys
from typing import Any

import click

from daemon.cli.ending import find_socket
from daemon.cli.output import event_line, note, print_json, span

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@click.command()
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@click.option(
    "--limit", type=click.IntRange(0), help="Show at most so many; 0 is all. On a terminal 100 are shown."
)
@_json
@click.pass_obj
def status(options: dict[str, Any], words: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """Show clusters and nodes with their totals, trouble first.

    FILTER is the name of a cluster or a node, or words that all must fit, as in nxtui: state:failed cluster:demo
    !phase:ok text.
    """
    from daemon.cli.fleet import chosen, print_fleet
    from daemon.client import Client

    with Client(find_socket(options)) as client:
        snapshot = client.snapshot()
    entities = chosen(snapshot, words)
    if as_json:
        shown = entities[:limit] if limit else entities
        snapshot["clusters"] = [one for one in shown if one["kind"] == "cluster"]
        snapshot["nodes"] = [one for one in shown if one["kind"] == "node"]
        print_json(snapshot)
    elif not snapshot["clusters"]:
        print("There is no cluster yet. `nxd apply SPEC` makes one.")
    else:
        print_fleet(snapshot, entities, limit)


@click.command()
@click.argument("name")
@_json
@click.pass_obj
def show(options: dict[str, Any], name: str, as_json: bool) -> None:
    """Show one node or cluster: its steps, addresses, resources, and what is wrong."""
    from daemon.client import Client

    with Client(find_socket(options)) as client:
        detail = client.show(name)
        now = client.snapshot()["now"]
    if as_json:
        print_json(detail)
        return
    entity = detail["entity"]
    print(
        f"{entity['name']} ({entity['kind']} of {entity['cluster']}, {entity['platform']}): {entity['title']}"
    )
    if note(entity):
        print(f"  {note(entity)}")
    if entity["error"] is not None:
        print(f"  what to do: {entity['error']['remedy']}")
        if entity["error"].get("evidence"):
            print(f"  evidence: {entity['error']['evidence']}")
    legal = [verb for verb, reason in entity["can"].items() if reason is None]
    print(f"  verbs: {', '.join(legal) or 'none now'}")
    _print_pairs("addresses", entity["addresses"].items())
    rows = ((f"{r['kind']} {r['name']}", f"{r['state']}  {r['id'] or ''}") for r in entity["resources"])
    _print_pairs("resources", rows)
    stays = (
        (stay["title"], span((now if stay["ended"] is None else stay["ended"]) - stay["started"]))
        for stay in detail["timeline"]
    )
    _print_pairs("steps", stays)


def _print_pairs(title: str, pairs: Any) -> None:
    listed = list(pairs)
    if listed:
        print(f"  {title}:")
        width = max(len(str(key)) for key, _ in listed)
        for key, value in listed:
            print(f"    {key:<{width}}  {value}")


@click.command()
@click.option("--after", type=click.IntRange(0), help="Begin with what came after this revision.")
@_json
@click.pass_obj
def events(options: dict[str, Any], after: int | None, as_json: bool) -> None:
    """Follow what happens until interrupted; with --json one line of JSON for each event."""
    import json

    from daemon.client import Client

    with Client(find_socket(options)) as client:
        while True:
            for line in client.stream(after):
                after = max(after or 0, line["revision"])
                if line["type"] == "gap":
                    print(f"The lines up to {line['revision']} are no longer all kept.", file=sys.stderr)
                if line["type"] == "event":
                    event = line["event"]
                    print(json.dumps(event, ensure_ascii=False) if as_json else event_line(event), flush=True)


@click.command()
@click.argument("name", required=False)
@click.option("-n", "--lines", default=100, show_default=True, type=click.IntRange(1, 10_000))
@_json
@click.pass_obj
def logs(options: dict[str, Any], name: str | None, lines: int, as_json: bool) -> None:
    """Show the last lines of the log, of everything or of one node or cluster."""
    from daemon.client import Client

    with Client(find_socket(options)) as client:
        cluster = node = None
        if name is not None:
            kind = client.show(name)["entity"]["kind"]
            cluster, node = (name, None) if kind == "cluster" else (None, name)
        found = client.log(limit=lines, cluster=cluster, node=node, tail=True)
    if as_json:
        print_json(found)
        return
    for event in found["events"]:
        print(event_line(event))


@click.command()
@click.argument("name")
@click.option("--for", "goal", type=click.Choice(["active", "gone"]), default="active", show_default=True)
@click.option("--timeout", type=click.FloatRange(0), help="Give up after this many seconds (exit code 5).")
@_json
@click.pass_obj
def wait(options: dict[str, Any], name: str, goal: str, timeout: float | None, as_json: bool) -> int:
    """Wait until a cluster or node is active (or gone), or stopped by a failure (exit code 1)."""
    from daemon.cli.waiting import wait_for, wait_quietly

    socket = find_socket(options)
    if not as_json:
        return wait_for(socket, name, goal, timeout)
    code, text, entities = wait_quietly(socket, name, goal, timeout)
    print_json({"exit_code": code, "message": text, "entities": entities})
    return code


@click.command()
@click.argument("name")
@_json
@click.pass_obj
def login(options: dict[str, Any], name: str, as_json: bool) -> None:
    """Show where and how to log in to a cluster; that you did stands in the log."""
    from daemon.client import Client

    with Client(find_socket(options)) as client:
        found = client.login(name)
    if as_json:
        print_json(found)
    else:
        print(f"{found['url']}  {found['user']}  {found['password']}")

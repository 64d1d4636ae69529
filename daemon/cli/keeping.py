"""`nxd spec` and `nxd drafts`: the spec of a cluster as it is in force, and what somebody writes in its place."""

from __future__ import annotations

from typing import Any

import click

from daemon.cli.ending import find_socket
from daemon.cli.naming import known_clusters, named
from daemon.cli.output import print_json, record, remark, terminal
from daemon.cli.times import stamp
from daemon.words import printable

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@click.command()
@click.argument("name", callback=named, shell_complete=known_clusters)
@click.option("--draft", is_flag=True, help="The draft that is kept for it, in place of what is in force.")
@_json
@click.pass_obj
def spec(options: dict[str, Any], name: str, draft: bool, as_json: bool) -> None:
    """Print the spec of a cluster as it is in force, ready to be edited and applied."""
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        text = client.draft(name)["spec"] if draft else None
        found = client.spec(name) if text is None else {"cluster": name, "spec": text}
    if as_json:
        print_json(found)
    else:
        print(found["spec"], end="")


@click.command()
@click.option("--drop", callback=named, metavar="NAME", help="Forget this draft.")
@_json
@click.pass_obj
def drafts(options: dict[str, Any], drop: str | None, as_json: bool) -> None:
    """Show the specs that somebody writes in nxtui and has not applied yet; nxd spec NAME --draft prints one."""
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        if drop is not None:
            client.drop_draft(drop)
        found = client.drafts()
    if as_json:
        print_json({"drafts": found})
    elif not found:
        remark("No draft is kept.")
    for one in [] if as_json else found:
        if terminal():
            print(f"{printable(one['name'])}  kept {stamp(one['time'])} by {printable(one['by'])}")
        else:
            print(record((one["name"], stamp(one["time"]), one["by"])))

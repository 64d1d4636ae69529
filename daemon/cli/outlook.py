"""`nxd troubles` and `nxd offers`: why something stopped, what comes next, and what each verb would come to."""

from __future__ import annotations

from typing import Any

import click

from daemon import wire
from daemon.cli.ending import find_socket
from daemon.cli.naming import known_names, named
from daemon.cli.output import print_json, record, remark, terminal
from daemon.cli.times import stamp
from daemon.display.durations import lasting
from daemon.words import first_of, printable

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
NAMED = 6
"""So many names are told of a cause; `--json` tells all."""


@click.command()
@_json
@click.pass_obj
def troubles(options: dict[str, Any], as_json: bool) -> None:
    """Show why clusters and nodes stopped, one line for each cause, and what comes next.

    What failed with the same error for the same reason is one cause, with all that stopped for it.
    """
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        told = client.troubles()
    if as_json:
        print_json(told)
        return
    for one in told["troubles"]:
        if terminal():
            _print_cause(one)
        else:
            print(
                record(
                    (one["id"], one["code"], round(one["since"]), ",".join(one["targets"]), one["sentence"])
                )
            )
    remark(next_line(told["next"]))


def _print_cause(one: wire.TroubleView) -> None:
    print(f"{first_of(one['targets'], NAMED)}: {printable(one['sentence'])}")
    waits = first_of(one["clusters"], NAMED)
    print(f"  since {stamp(one['since'])}{f'; {waits} waits for that' if waits else ''}")
    if one["remedies"]:
        print(f"  what to do: {printable(' '.join(way['text'] for way in one['remedies']))}")


def next_line(told: wire.NextView) -> str:
    """What comes next, and about when."""
    return f"{told['sentence']} (about {stamp(told['at'])})" if "at" in told else told["sentence"]


@click.command()
@click.argument("name", callback=named, shell_complete=known_names)
@_json
@click.pass_obj
def offers(options: dict[str, Any], name: str, as_json: bool) -> None:
    """Show what each verb of a node or cluster would come to now: where it begins, what it loses, how long it takes."""
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        told = client.offers(name)
    if as_json:
        print_json(told)
        return
    for one in told["offers"]:
        if terminal():
            print(f"{one['verb']:<12} {printable(_told(one))}")
        else:
            takes = "-" if one["takes"] is None else round(one["takes"])
            print(record((one["verb"], "refused" if "refused" in one else "legal", takes, _told(one))))


def _told(one: wire.OfferView) -> str:
    """What a verb comes to, in a line."""
    if "refused" in one:
        return f"not now: {one['refused']}"
    begins = f"begins at {one['begins_at']}" if one["begins_at"] else ""
    loses = f"deletes {', '.join(one['loses'])} for good" if one["loses"] else ""
    takes = "" if one["takes"] is None else f"about {lasting(one['takes'])}"
    then = f"then {one['then']}" if one["then"] else ""
    return "; ".join(part for part in (one["does"], begins, loses, takes, then) if part)

"""`nxd timeline`: what clusters and nodes went through, drawn as text."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.ending import find_socket
from daemon.cli.naming import known_names, named
from daemon.cli.output import print_json, record, remark, terminal
from daemon.cli.times import stamp
from daemon.display.timeline import LEGEND, SIGNS, aligned, even, fills, fitting
from daemon.wire import TimelineList, TimelineView

if TYPE_CHECKING:
    from daemon.client import Client

MOST = 60
"""So many are drawn."""
LEAST_CELLS, NOT_TIME, TICK = 20, 26, 10
"""Cells of time at least; columns beside them; cells between two times of the axis."""


@click.command()
@click.argument("names", callback=named, nargs=-1, metavar="[NAME]...", shell_complete=known_names)
@click.option("--utc", is_flag=True, help="Show times in UTC [default: the local zone].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.pass_obj
def timeline(options: dict[str, Any], names: tuple[str, ...], utc: bool, as_json: bool) -> None:
    """Draw what nodes and clusters went through, and when they are expected to be ready.

    A cluster brings its nodes along. Without a name everything is drawn, up to 60 rows.
    """
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        wanted = _wanted(client, names)
        found = client.timelines(wanted[:MOST])
    if as_json:
        print_json(found)
    elif not terminal():
        _print_stays(found, utc)
    else:
        _draw(found, utc)
        if len(wanted) > MOST:
            remark(f"and {len(wanted) - MOST} more: name those that you mean.")


def _wanted(client: Client, names: tuple[str, ...]) -> list[str]:
    """The names with the nodes of the clusters among them. Raises DaemonRefused for one that is not there."""
    snapshot = client.snapshot()
    clusters = [cluster["name"] for cluster in snapshot["clusters"]]
    wanted: list[str] = []
    for name in names or clusters:
        if name not in clusters:
            client.show(name)
        wanted.append(name)
        wanted += [node["name"] for node in snapshot["nodes"] if node["cluster"] == name]
    return list(dict.fromkeys(wanted))


def _print_stays(found: TimelineList, utc: bool) -> None:
    """One record for each stay: whose, state, nature, begin, end, try, and its mark."""
    for one in found["timelines"]:
        for stay in one["stays"]:
            ended = "" if stay["ended"] is None else stamp(stay["ended"], utc)
            what = (one["name"], stay["state"], stay.get("nature", ""), stamp(stay["started"], utc), ended)
            print(record((*what, stay["attempt"], stay.get("mark", ""))))


def _draw(found: TimelineList, utc: bool) -> None:
    drawn = [one for one in found["timelines"] if one["stays"]]
    if not drawn:
        remark("Nothing has happened yet.")
        return
    width = max(len(one["name"]) for one in drawn) + 2
    count = max(LEAST_CELLS, os.get_terminal_size().columns - width - NOT_TIME)
    begin = min(one["stays"][0]["started"] for one in drawn)
    end = max([found["now"], *(one.get("ready_at", 0.0) for one in drawn)])
    seconds = fitting(begin, end, count)
    begin = aligned(begin, seconds)
    count = int((end - begin) // seconds) + 1
    edges = even(begin, seconds, count)
    times = "".join(f"{_time(edges[at], utc):<{TICK}}" for at in range(0, count, TICK))
    print(f"{'':{width + 2}}{times}".rstrip())
    for one in drawn:
        print(_row(one, edges, found["now"], width, utc))
    print("  ".join(f"{SIGNS[fill]} {word}" for fill, word in LEGEND) + f"  {seconds / 60:g} min a cell")


def _row(one: TimelineView, edges: list[float], now: float, width: int, utc: bool) -> str:
    cells = "".join(SIGNS[fill] for fill in fills(one["stays"], edges, now, one.get("ready_at")))
    ready = one.get("ready_at")
    told = "" if ready is None else f" ≈{_time(ready, utc)}" if ready > now else " late"
    indent = "" if one["kind"] == "cluster" else "  "
    return f"{indent + one['name']:<{width}}  {cells}{told}".rstrip()


def _time(moment: float, utc: bool) -> str:
    shown = datetime.fromtimestamp(moment, UTC)
    return f"{shown if utc else shown.astimezone():%H:%M}"

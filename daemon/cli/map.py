"""`nxd map`: a cluster with its networks, its nodes, what answered when, and who waits for whom, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from daemon.cli.ending import find_socket
from daemon.cli.naming import known_clusters, named
from daemon.cli.output import print_json, record, remark, terminal
from daemon.cli.times import stamp
from daemon.display.durations import lasting
from daemon.display.signs import PHASES
from daemon.wire import MapBox, MapEdge, MapRow, MapView
from daemon.words import counted, first_of, printable

UNASKED = "–"
NAMED = 8
"""So many names are told in one line; `--json` tells all."""


@click.command("map")
@click.argument("name", callback=named, metavar="CLUSTER", shell_complete=known_clusters)
@click.option("--utc", is_flag=True, help="Show times in UTC [default: the local zone].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.pass_obj
def map_(options: dict[str, Any], name: str, utc: bool, as_json: bool) -> None:
    """Draw a cluster: its networks, its nodes with what was asked of them and answered, and who waits for whom.

    Nothing is asked for it. A sign is what was answered, at the time beside it; – means that nobody has asked yet.
    """
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        told = client.map_of(name)
    if as_json:
        print_json(told)
    elif not terminal():
        _print_rows(told, utc)
    else:
        for line in _drawn(told, utc):
            print(printable(line))
        if told["left"]:
            remark(f"and {counted(told['left'], 'node')} more, none of them more urgent than these.")


def _print_rows(told: MapView, utc: bool) -> None:
    """One record for each line of a box, and one for each that waits."""
    for box in (*told["services"], *told["members"]):
        for row in box["rows"]:
            print(record((box["name"], row["sign"], row["what"], row["value"], _seen(row, utc))))
    for edge in told["edges"]:
        until = stamp(edge["until"], utc) if "until" in edge else ""
        print(record((",".join(edge["who"]), "waits", edge["whom"], edge["why"], until)))


def _drawn(told: MapView, utc: bool) -> Iterator[str]:
    yield f"{told['cluster']}  {PHASES[told['phase']]} {told['title']}"
    for rail in told["rails"]:
        yield f"  ═ {rail['name']}  {rail['about']}"
    for box in (*told["services"], *told["members"]):
        yield from _box(box, told["now"], utc)
    for edge in told["edges"]:
        yield f"  {first_of(edge['who'], NAMED)} ⇠ {edge['whom']}: {edge['why']}{_when(edge, utc)}"
    for note in told["notes"]:
        yield f"  {note['what']}: {note['text']}"


def _box(box: MapBox, now: float, utc: bool) -> Iterator[str]:
    beside = "".join(f" · {word}" for word in (box["beside"], box.get("inside", "")) if word)
    yield f"  {PHASES[box['phase']]} {box['name']}{beside}"
    whats = max((len(row["what"]) for row in box["rows"]), default=0)
    for row in box["rows"]:
        seen = _seen(row, utc)
        old = f" ({lasting(now - row['seen'])} ago)" if _is_old(row, now) else ""
        yield f"    {_sign(row)} {row['what']:<{whats}}  {row['value']}{'  ' if seen else ''}{seen}{old}".rstrip()


def _is_old(row: MapRow, now: float) -> bool:
    return "old_at" in row and now >= row["old_at"]


def _sign(row: MapRow) -> str:
    if row["sign"] == "unasked":
        return UNASKED
    return " " if row["sign"] == "none" else PHASES[row["sign"]]


def _seen(row: MapRow, utc: bool) -> str:
    return stamp(row["seen"], utc) if "seen" in row else ""


def _when(edge: MapEdge, utc: bool) -> str:
    if "until" in edge:
        return f" (until {stamp(edge['until'], utc)})"
    return f" (≈ {stamp(edge['ready_at'], utc)})" if "ready_at" in edge else ""

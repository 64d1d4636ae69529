"""`nxd events` and `nxd logs`: the log, as it was and as it grows."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from daemon.cli import streams
from daemon.cli.ending import find_socket
from daemon.cli.naming import known_names, named
from daemon.cli.numbers import REVISION, Whole
from daemon.cli.output import event_line, print_json
from daemon.wire import EventView

if TYPE_CHECKING:
    from daemon.client import Client

PIECE = 1000
"""Lines of the log that are fetched at once."""

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
_utc = click.option(
    "--utc", is_flag=True, help="Show times in UTC, and read them so [default: the local zone]."
)
_name = click.argument("name", callback=named, required=False, shell_complete=known_names)

Teller = Callable[[EventView], None]


class Part(NamedTuple):
    """Whose lines: a cluster's with those of its nodes, one node's, or everybody's."""

    cluster: str | None = None
    node: str | None = None

    def has(self, event: EventView) -> bool:
        """Whether this line belongs to it."""
        if self.cluster is not None:
            return event["cluster"] == self.cluster
        return self.node is None or event["node"] == self.node


@click.command()
@_name
@click.option("--after", type=REVISION, help="Begin with what came after this revision.")
@_utc
@_json
@click.pass_obj
def events(options: dict[str, Any], name: str | None, after: int | None, utc: bool, as_json: bool) -> None:
    """Follow what happens, in all or to one node or cluster, until interrupted.

    With --json one line of JSON for each event.
    """
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options)) as client:
        of = _found(client, name)
        _follow(client, after, of, _teller(as_json, utc))


@click.command()
@_name
@click.option(
    "-n",
    "--lines",
    type=Whole(1, 10_000_000),
    help="At most so many, the last ones [default: 100; with --since all].",
)
@click.option("-f", "--follow", is_flag=True, help="Then go on with what happens, until interrupted.")
@click.option(
    "--since", metavar="TIME", help="Begin there: 10m, 2h30m, 3d, 14:05, 2026-11-29, '2026-11-29 14:05'."
)
@_utc
@_json
@click.pass_obj
def logs(
    options: dict[str, Any],
    name: str | None,
    lines: int | None,
    follow: bool,
    since: str | None,
    utc: bool,
    as_json: bool,
) -> None:
    """Show the last lines of the log, of everything or of one node or cluster.

    With --follow and --json one line of JSON for each event.
    """
    from daemon.cli.patience import TerminalClient
    from daemon.cli.times import moment

    with TerminalClient(find_socket(options)) as client:
        of = _found(client, name)
        begin = (
            None if since is None else revision_before(client, moment(since, client.snapshot()["now"], utc))
        )
        found = _last(client, begin, lines, of)
        if as_json and not follow:
            print_json(found)
            return
        tell = _teller(as_json, utc)
        for event in found["events"]:
            tell(event)
        if follow:
            _follow(client, found["revision"], of, tell)


def _teller(as_json: bool, utc: bool) -> Teller:
    def tell(event: EventView) -> None:
        told = json.dumps(event, ensure_ascii=not streams.takes_every_sign()) if as_json else None
        print(told or event_line(event, utc), flush=True)

    return tell


def _found(client: Client, name: str | None) -> Part:
    """The part of the log that is this name's; it may be gone, if the log still tells of it. Raises DaemonRefused."""
    from daemon.client import DaemonRefused

    if name is None:
        return Part()
    parts = (Part(cluster=name), Part(node=name))
    try:
        return parts[client.show(name)["entity"]["kind"] == "node"]
    except DaemonRefused as refused:
        for part in parts:
            if refused.status == 404 and client.log(None, 1, *part, tail=True)["events"]:
                return part
        raise


def _last(client: Client, begin: int | None, lines: int | None, of: Part) -> dict[str, Any]:
    """The last lines, or all after a revision, as the API tells a piece of the log."""
    if begin is None:
        most = lines or 100
        if most <= PIECE:
            return dict(client.log(None, most, *of, tail=True))
    last = client.log(limit=1, tail=True)
    _warn(last.get("begins", 1) - 1, begin)
    kept = deque(_pages(client, begin or 0, last["revision"], of), maxlen=lines)
    return {**last, "events": list(kept)}


def _pages(client: Client, after: int, until: int, of: Part) -> Iterator[EventView]:
    while found := client.log(after, PIECE, *of)["events"]:
        yield from (event for event in found if event["revision"] <= until)
        after = found[-1]["revision"]
        if after >= until:
            return


def revision_before(client: Client, when: float) -> int:
    """The last revision that is older than a moment: the log is in the order of time, so few lines are looked at."""
    low, high = 0, client.log(limit=1, tail=True)["revision"]
    while low < high:
        middle = (low + high) // 2
        found = client.log(after=middle, limit=1)["events"]
        if found and found[0]["time"] < when:
            low = found[0]["revision"]
        else:
            high = middle
    return low


def _follow(client: Client, after: int | None, of: Part, tell: Teller) -> None:
    """Tell every event later than a revision, or than now; a reader that was too slow goes on where it was."""
    while True:
        for line in client.stream(after):
            if line["type"] == "snapshot" and after is None:
                after = line["revision"]
            elif line["type"] == "gap":
                _warn(line["revision"], after)
            elif line["type"] == "event":
                event = line["event"]
                after = event["revision"]
                if of.has(event):
                    tell(event)
            elif line["type"] == "heartbeat" and streams.reader_left():
                raise BrokenPipeError


def _warn(forgotten: int, after: int | None) -> None:
    if after is not None and after < forgotten:
        print(f"The lines up to {forgotten} are no longer all kept.", file=sys.stderr)

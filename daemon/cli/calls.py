"""`nxd calls`: every call to something outside, as it was made and as they are made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from daemon.cli import streams
from daemon.cli.ending import find_socket
from daemon.cli.naming import known_names, named
from daemon.cli.numbers import Whole
from daemon.cli.output import print_json, record, remark, terminal
from daemon.cli.times import stamp
from daemon.wire import CallView
from daemon.words import printable

if TYPE_CHECKING:
    from daemon.client import Client
    from daemon.client.call_query import CallQuery

MOST = 10_000
"""So many calls are kept."""
USUAL = 100
"""So many are shown if nobody says how many."""


@click.command()
@click.argument("words", callback=named, nargs=-1, metavar="[NAME] [FILTER]...", shell_complete=known_names)
@click.option(
    "-n", "--lines", type=Whole(1, MOST), help=f"At most so many, the last ones [default: {USUAL}]."
)
@click.option("-f", "--follow", is_flag=True, help="Then go on with those that are made, until interrupted.")
@click.option("--bodies", is_flag=True, help="With what was sent and answered, without secrets.")
@click.option("--utc", is_flag=True, help="Show times in UTC [default: the local zone].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.pass_obj
def calls(
    options: dict[str, Any],
    words: tuple[str, ...],
    lines: int | None,
    follow: bool,
    bodies: bool,
    utc: bool,
    as_json: bool,
) -> None:
    """Show the last calls to everything outside, of all or of one node or cluster.

    FILTER is text, or words that all must fit: status:5xx, status:none or status:failed, service:vpc, method:post,
    ms:>1000, try:>1, path:, intent:, request:, each turned round by ! before it. With --follow and --json one line of
    JSON for each call.
    """
    from daemon.cli.patience import TerminalClient
    from daemon.client.call_query import parse_calls

    name = words[0] if words and ":" not in words[0] and not words[0].startswith("!") else None
    query = parse_calls(" ".join(words[1:] if name else words))
    if query.error:
        raise click.UsageError(query.error)
    with TerminalClient(find_socket(options)) as client:
        found = _found(client, name, query, lines or USUAL, bodies)
        if as_json and not follow:
            print_json({"calls": found})
            return
        if not found and not follow:
            remark("No call is kept that fits." if query or name else "No call is kept.")
        for call in found:
            _tell(call, as_json, utc)
        if follow:
            _follow(client, name, query, found[-1]["id"] if found else 0, as_json, utc)


def _found(client: Client, name: str | None, query: CallQuery, lines: int, bodies: bool) -> list[CallView]:
    """The last calls that fit. Raises DaemonRefused for a name that nobody has and that no call was made for."""
    asked = MOST if query else lines
    kept = client.calls_made(limit=asked, target=name, tail=True, bodies=bodies)
    if not kept and name is not None:
        client.show(name)
    return [call for call in kept if query.keeps(call)][-lines:]


def _tell(call: CallView, as_json: bool, utc: bool) -> None:
    if as_json:
        print(json.dumps(call, ensure_ascii=not streams.takes_every_sign()), flush=True)
        return
    at, status = stamp(call["time"], utc), "-" if call["status"] is None else str(call["status"])
    whom, path = call["target"] or "-", printable(call["path"])
    request, why = call.get("request_id", "-"), printable(call.get("why", ""))
    if not terminal():
        fields = (at, whom, call["tries"], call["method"], call["service"], path, status)
        print(record((*fields, f"{call['ms']:.0f}", request, why)), flush=True)
    else:
        sign = "✗" if call["failed"] else " "
        head = f"{at} {sign} {whom:<12} {call['tries']:>2} {call['method']:<6} {call['service']:<8} {path}"
        print(f"{head} {status} {call['ms']:.0f} ms {printable(request)} {why}".rstrip(), flush=True)
    for word, key in (("sent", "sent"), ("answered", "answered")):
        if call.get(key) and terminal():
            print(f"    {word} {printable(str(call.get(key)))}")


def _follow(client: Client, name: str | None, query: CallQuery, after: int, as_json: bool, utc: bool) -> None:
    """Tell every later call; a reader that was too slow goes on where it was."""
    while True:
        for line in client.stream():
            if line["type"] == "snapshot":
                fresh = client.calls_made(after, MOST, name)
            elif line["type"] == "call":
                fresh = [line["call"]]
            else:
                if line["type"] == "heartbeat" and streams.reader_left():
                    raise BrokenPipeError
                continue
            for call in fresh:
                if call["id"] > after and name in (None, call["target"]):
                    after = call["id"]
                    if query.keeps(call):
                        _tell(call, as_json, utc)

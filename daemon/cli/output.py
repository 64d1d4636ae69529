"""Words and lines that several commands print."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from daemon.cli import streams
from daemon.cli.times import stamp
from daemon.wire import EntityView, EventView, Snapshot, UnwrittenView
from daemon.words import printable

STYLES: dict[str, str] = {
    "ok": "green",
    "attention": "yellow",
    "failed": "bold red",
    "releasing": "magenta",
    "released": "dim",
    "working": "cyan",
    "waiting": "dim",
}


def print_json(value: Any) -> None:
    """Print JSON for scripts."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=not streams.takes_every_sign())
    print()


def terminal() -> bool:
    """Whether a person looks at standard output; else a program may: one line for each record, in columns."""
    return sys.stdout.isatty()


def record(fields: Sequence[object]) -> str:
    """One record for awk and cut: fields between tabs, none of them empty, on one line."""
    return "\t".join(printable(str(field)) or "-" for field in fields)


def remark(text: str) -> None:
    """A sentence that is no record: it must not stand among those that a program reads."""
    if terminal():
        print(text)
    else:
        streams.say_beside(text)


def unwritten_line(trouble: UnwrittenView) -> str:
    """That the daemon cannot write, since when and why."""
    since = stamp(trouble["since"])
    return (
        f"The daemon cannot write since {since}: what is shown is of then, nothing goes on, and "
        f"deadlines are put off. {trouble['problem']}"
    )


def moment_shown(snapshot: Snapshot) -> float:
    """Of when what is shown is: of now, or of when the daemon could write last, since when no deadline runs."""
    unwritten = snapshot.get("unwritten")
    return snapshot["now"] if unwritten is None else min(snapshot["now"], unwritten["since"])


def tell_unwritten(snapshot: Snapshot) -> None:
    """Say that what is shown is not the truth of this moment, where the daemon cannot write."""
    unwritten = snapshot.get("unwritten")
    if unwritten is not None:
        remark(unwritten_line(unwritten))


def note(entity: EntityView) -> str:
    """What a person should know next: the error, else what is waited for, else what can be done, else that it is
    protected."""
    if entity["error"] is not None:
        return entity["error"]["message"]
    if entity["waiting_for"]:
        return f"waits for {entity['waiting_for']}: {entity['evidence']}"
    said = " ".join(way["text"] for way in entity.get("remedies") or ())
    return said or ("protected: every deletion in it is refused" if entity["protected"] else "")


def event_line(event: EventView, utc: bool = False) -> str:
    """A line of the log as text: when, how bad, whose, what."""
    at, who = stamp(event["time"], utc), event["node"] or event["cluster"] or "-"
    if not terminal():
        return record((at, event["level"], who, event["message"]))
    return f"{at} {event['level']:<7} {who:<12} {printable(event['message'])}"

"""What `nxd status` prints: sums, then clusters and nodes, those in trouble first."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import click

from daemon.cli import tables
from daemon.cli.outlook import next_line
from daemon.cli.output import STYLES, moment_shown, note, record, remark, terminal
from daemon.display.durations import UNKNOWN, lasting
from daemon.display.money import used
from daemon.display.places import steps
from daemon.display.signs import PHASES
from daemon.display.sorting import urgency, worst_first
from daemon.wire import EntityView, Snapshot
from daemon.words import first_of, printable

ON_A_TERMINAL = 100
"""So many are shown to a person who asked for no other number."""
REMEDIES = 10
"""So many of those shown that failed are told with what to do; `nxd show` tells the others."""


def chosen(snapshot: Snapshot, words: Sequence[str]) -> list[EntityView]:
    """What the words choose, the worst first. Raises UsageError."""
    everything = [*snapshot["clusters"], *snapshot["nodes"]]
    return sorted(_fitting(everything, words) if words else everything, key=worst_first)


def _fitting(everything: list[EntityView], words: Sequence[str]) -> list[EntityView]:
    """A name alone is a cluster with its nodes, or a node; anything else is a filter."""
    from shlex import quote

    from daemon.client.query import parse

    name = words[0] if len(words) == 1 else None
    if name is not None:
        named = [one for one in everything if name in (one["name"], one["cluster"])]
        if named:
            return named
    query = parse(" ".join(map(quote, words)))
    if query.error:
        raise click.UsageError(query.error)
    found = [one for one in everything if query.keeps(one)]
    if not found and name is not None and ":" not in name:
        raise click.UsageError(f"There is no node or cluster named {name}; `nxd status` lists what there is.")
    return found


def print_fleet(snapshot: Snapshot, entities: Sequence[EntityView], limit: int | None) -> None:
    """Sums of everything, then what was chosen, as far as it shall be shown; for a program the records alone."""
    if not terminal():
        print_records(entities[:limit] if limit else entities, moment_shown(snapshot))
        return
    most = limit if limit is not None else ON_A_TERMINAL
    shown = entities[:most] if most else entities
    print(sums(snapshot))
    if len(entities) < len(snapshot["clusters"]) + len(snapshot["nodes"]):
        print(f"{_many(len(entities))} of them fit.")
    if len(shown) <= tables.ROWS:
        _print_table(shown, moment_shown(snapshot))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in plain_rows(shown, moment_shown(snapshot))))
    _print_remedies(shown)
    _print_used(shown, moment_shown(snapshot))
    _print_next(snapshot)
    left = len(entities) - len(shown)
    if left:
        print(f"… and {_many(left)} more: narrow them (nxd status state:failed), or --limit 0 shows all.")


COLUMNS = ("name", "kind", "cluster", "phase", "state", "step", "since", "due", "note")
"""What a line of `nxd status` tells a program. Times are whole seconds, those since and those left."""


def print_records(entities: Sequence[EntityView], now: float) -> None:
    """One line for each, in ``COLUMNS``."""
    if not entities:
        remark("None of them fits.")
    sys.stdout.writelines(f"{record(row(one, now))}\n" for one in entities)


def row(one: EntityView, now: float) -> tuple[object, ...]:
    """The fields of ``COLUMNS``; only the last one has blanks in it."""
    due = "-" if one["deadline"] is None else round(one["deadline"] - now)
    step = steps(one, "-")
    since = round(max(0.0, now - one["since"]))
    return (one["name"], one["kind"], one["cluster"], one["phase"], one["state"], step, since, due, note(one))


def sums(snapshot: Snapshot) -> str:
    """How many there are in each state, trouble first and then the most."""
    parts = []
    for word, entities in (("cluster", snapshot["clusters"]), ("node", snapshot["nodes"])):
        counts = Counter((urgency(one), one["title"]) for one in entities)
        ranked = sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
        states = ", ".join(f"{_many(count)} {title}" for (_, title), count in ranked)
        plural = "" if len(entities) == 1 else "s"
        parts.append(f"{_many(len(entities))} {word}{plural}" + (f": {states}" if states else ""))
    return ". ".join(parts) + "."


def _many(count: int) -> str:
    return f"{count:,}"


def _print_table(entities: Sequence[EntityView], now: float) -> None:
    if entities:
        tables.draw(
            ("", "name", "state", "step", "since", "due", "note"), (_cells(one, now) for one in entities)
        )


def _cells(one: EntityView, now: float) -> tuple[tables.Cell, ...]:
    style, step = STYLES[one["phase"]], steps(one)
    since, due = _times(one, now)
    return (PHASES[one["phase"]], style), one["name"], (one["title"], style), step, since, due, note(one)


def _times(one: EntityView, now: float) -> tuple[str, str]:
    """How long it stands as it does, and how long it still may."""
    return lasting(now - one["since"]), UNKNOWN if one["deadline"] is None else lasting(one["deadline"] - now)


def plain_rows(entities: Sequence[EntityView], now: float) -> Iterator[str]:
    """Columns for so many rows that a table would take its time."""
    if not entities:
        return
    name = max(len(one["name"]) for one in entities)
    title = max(len(one["title"]) for one in entities)
    for one in entities:
        step = steps(one)
        since, due = _times(one, now)
        row = f"{PHASES[one['phase']]} {one['name']:<{name}}  {one['title']:<{title}}  {step:>5}  {since:>6}  {due:>6}"
        said = note(one)
        yield f"{row}  {printable(said)}" if said else row


def _print_used(entities: Iterable[EntityView], now: float) -> None:
    """What clusters used of what costs by the hour; the same words as on their pages."""
    told = [f"{one['name']} {used(one['uses'], now)}" for one in entities if one.get("uses")]
    if told:
        print(f"Used since the order: {first_of(told, REMEDIES)}.")


def _print_next(snapshot: Snapshot) -> None:
    """What comes next; a daemon of an older version tells nothing of it."""
    told = snapshot.get("next")
    if told is not None:
        print(printable(next_line(told)))


def _print_remedies(entities: Iterable[EntityView]) -> None:
    """What to do about what failed; the same advice is given once."""
    told: dict[str, list[str]] = {}
    for one in entities:
        if one["error"] is not None and one["phase"] == "failed":
            told.setdefault(one["error"]["remedy"], []).append(one["name"])
    for remedy, names in list(told.items())[:REMEDIES]:
        more = f" and {_many(len(names) - 1)} more" if len(names) > 1 else ""
        print(f"{names[0]}{more}: {remedy}")

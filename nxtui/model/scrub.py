"""What a recording has to go to: failures, tries anew, clusters that are done, stretches in which nothing was told."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, NamedTuple

from daemon.wire import EventView, StreamLine
from nxtui.model.recording import PHASE_OF, Recording

QUIET = 600.0
"""Seconds without a line, from which on a stretch is quiet."""
TOGETHER = 60.0
"""Marks of one kind that are no further apart are told together."""
BEFORE = 2.0
"""Seconds before a mark at which a jump to it ends."""

MarkKind = Literal["failed", "retried", "done"]


class ScrubMark(NamedTuple):
    """Something to go to: when, what, and of whom."""

    time: float
    kind: MarkKind
    names: tuple[str, ...]


def marks(recording: Recording) -> list[ScrubMark]:
    """Every mark in its order; those of one kind that came together are one."""
    found: list[ScrubMark] = []
    tries: dict[str, int] = {}
    for event in _transitions(line for _, line in recording.lines):
        name = event["node"] or event["cluster"]
        kind = _kind(event, tries.get(name, 1))
        tries[name] = int(event["data"].get("attempt") or 1)
        if kind is None:
            continue
        last = next((at for at in range(len(found) - 1, -1, -1) if found[at].kind == kind), None)
        if last is not None and last == len(found) - 1 and event["time"] - found[last].time <= TOGETHER:
            names = dict.fromkeys((*found[last].names, name))
            found[last] = found[last]._replace(names=tuple(names))
        else:
            found.append(ScrubMark(event["time"], kind, (name,)))
    return found


def _transitions(lines: Iterable[StreamLine]) -> Iterable[EventView]:
    seen = 0
    for line in lines:
        if (
            line["type"] == "event"
            and line["event"]["kind"] == "transition"
            and line["event"]["revision"] > seen
        ):
            seen = line["event"]["revision"]
            yield line["event"]


def _kind(event: EventView, before: int) -> MarkKind | None:
    if event["level"] == "error":
        return "failed"
    if int(event["data"].get("attempt") or 1) > before:
        return "retried"
    done = event["node"] is None and PHASE_OF.get(str(event["data"].get("to", ""))) == "ok"
    return "done" if done else None


def quiet(recording: Recording) -> list[tuple[float, float]]:
    """The stretches in which nothing was told."""
    times = [time for time, _ in recording.lines]
    return [(begin, end) for begin, end in pairwise(times) if end - begin > QUIET]

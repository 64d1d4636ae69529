"""What is told of an entity in a few words, and of many in signs."""

from __future__ import annotations

from collections import Counter

from daemon.display.durations import UNKNOWN, lasting
from daemon.wire import EntityView, Phase
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line
from nxtui.model.history import Usual
from nxtui.model.times import due_in

BUSY = ("waiting", "working", "releasing", "attention")
"""Phases in which something is still going on, so that a deadline means something."""

URGENCY: tuple[Phase, ...] = ("failed", "attention", "working", "waiting", "releasing", "ok", "released")
"""Every phase, the one a reader must hear of first at the front."""


def note(entity: EntityView, waits: str = "", before: str = "") -> str:
    """The one thing to know: the error, else ``before``, what was asked for and, after ``waits``, what it
    waits for."""
    error = entity["error"]
    if error is not None:
        return error["message"]
    parts = [before] if before else []
    lost = [item for item in entity["resources"] if "missed" in item]
    if lost and entity["phase"] == "ok":
        parts.append(f"missing outside: {', '.join(item['kind'] for item in lost)}")
    if entity["wish"]:
        parts.append(f"{entity['wish']} asked for")
    if entity["stop_after"]:
        parts.append(f"stops after {entity['stop_after'].replace('_', ' ')}")
    if entity["waiting_for"]:
        parts.append(waits + entity["waiting_for"])
    return " · ".join(parts)


def timing(entity: EntityView, now: float | None) -> dict[str, str]:
    """The two cells that move with the clock."""
    deadline = entity["deadline"] if entity["phase"] in BUSY else None
    return {
        "since": lasting(now - entity["since"]) if now is not None else UNKNOWN,
        "due": due_in(deadline, now),
    }


def slowness(usual: Usual | None) -> str:
    """The warning about a step that exceeds what is usual; empty without."""
    return "" if usual is None else f"slow, usually {lasting(usual.median)}"


def part_done(entity: EntityView, cluster: EntityView | None) -> str:
    """What is still going on around a node that has nothing to do itself; empty if nothing is."""
    if entity["kind"] != "node" or entity["phase"] != "ok" or cluster is None or cluster["phase"] == "ok":
        return ""
    return f"Its part is done; {cluster['name']}: {note(cluster, 'waits for ') or cluster['title']}"


def by_sign(phases: Counter[str], glyphs: Glyphs) -> Line:
    """``1✗ 2✓``, the worst first, each in its ink."""
    return [(f" {phases[phase]}{glyphs.phase[phase]}", phase) for phase in URGENCY if phases[phase]]

"""An entity as the cells of its row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from daemon.display.durations import UNKNOWN, lasting
from daemon.display.places import steps
from daemon.wire import EntityView, Phase
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Span
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


def share_done(entity: EntityView) -> float | None:
    """The part of the way that is behind it, 0 to 1; its present step counts as far as it was measured."""
    count = entity["step_count"]
    if entity["phase"] == "ok":
        return 1.0
    if not count:
        return None
    behind = max(0, entity["step_index"] - 1) + (entity["progress"] or 0.0)
    return min(1.0, behind / count)


def bar(entity: EntityView, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """The way as two runs of signs: what is done and what is left; both empty where it is not known."""
    done = share_done(entity)
    if done is None or entity["phase"] in ("releasing", "released"):
        return "", ""
    full = round(done * width)
    return glyphs.full * full, glyphs.empty * (width - full)


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


def cells(
    entity: EntityView, now: float | None, protected: bool = False, slow: Usual | None = None
) -> dict[str, Span]:
    """The text and ink of each cell but the bar; ``protected`` puts a shield beside the name, ``slow`` is the
    measure that its present step exceeds."""
    phase = entity["phase"]
    times = timing(entity, now)
    late = "attention" if times["due"] == "over" else "dim" if times["due"] == UNKNOWN else ""
    trouble = phase in ("failed", "attention")
    return {
        "name": (entity["name"], "strong" if trouble else ""),
        "shield": ("protected" if protected else "", "key"),
        "cluster": (entity["cluster"], "dim"),
        "state": (entity["title"], phase),
        "step": (steps(entity), "dim"),
        "attempt": (str(entity["attempt"]) if entity["attempt"] > 1 else "", "attention"),
        "since": (times["since"], "attention" if slow else ""),
        "due": (times["due"], late),
        "note": (note(entity, "", slowness(slow)), phase if trouble else "attention" if slow else "dim"),
    }


def by_phase(phases: Counter[str]) -> str:
    """``2 ok · 1 failed``, in the order of the phases' importance to a reader."""
    return " · ".join(f"{phases[phase]} {phase}" for phase in URGENCY if phases[phase])


def content_widths(entities: Collection[EntityView], one_cluster: bool) -> dict[str, int]:
    """The widest name, state and so on, for the layout."""
    values = entities
    return {
        "name": max((len(entity["name"]) for entity in values), default=0),
        "state": max((len(entity["title"]) for entity in values), default=0),
        "attempt": 1 if any(entity["attempt"] > 1 for entity in values) else 0,
        "cluster": 0 if one_cluster else max((len(entity["cluster"]) for entity in values), default=0),
        "bar": 10,
    }

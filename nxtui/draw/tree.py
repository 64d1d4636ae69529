"""The rows of the fleet: causes of trouble, clusters and their nodes, and the line above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil

from daemon.display.durations import UNKNOWN, lasting
from daemon.display.places import steps
from daemon.display.sorting import SLOW, urgency
from daemon.wire import EntityView, NextView, StepView, TroubleView
from daemon.words import counted, first_of
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.layout import Placed
from nxtui.draw.names import ShortNames, middle
from nxtui.draw.rows import BUSY, slowness
from nxtui.draw.text import Line, Span, cells_of, clip, fit, spread, width_of
from nxtui.model.history import Usual
from nxtui.model.times import minute

STATE, WIDE_STATE = 17, 24
"""Cells of the column of the state, on a narrow and on a wide screen: it does not change with what is shown."""

_LAST = 0.25
"""The part of a deadline of which less must be left before it is told."""
_NAMED = 3
_CAUSE_NAMES = 13
"""Cells for what a cause stopped: a count, or a name."""

Steps = Mapping[str, StepView]


def state_of(entity: EntityView, known: Steps, width: int) -> str:
    """Where it stands: its title where there is room, else the short title of its step; with what became of it there
    before it."""
    step = known.get(str(entity["step"]))
    short = step.get("short", step["title"]) if step is not None else ""
    if entity["state"] in ("failed", "held") and short:
        return f"{entity['state']} at {short}"
    if entity["state"] == "rolling_back":
        return f"undoing {entity['step_index']} of {entity['step_count']}"
    title = entity["title"]
    if cells_of(title) <= width or not short or entity["state"] != entity["step"]:
        return title
    return f"waits: {short}" if step is not None and step.get("nature") == "waits" else short


def ready(entity: EntityView, now: float | None, slow: Usual | None) -> Span:
    """When it is ready: the moment, that it is late, that it stopped, or its deadline where that presses; ``slow`` is
    the measure that its present step exceeds."""
    told, deadline = entity.get("outlook", {}), entity["deadline"] if entity["phase"] in BUSY else None
    if entity.get("needs_person"):
        return ("stopped", "attention") if entity["kind"] == "cluster" else (UNKNOWN, "dim")
    if now is None or entity["phase"] in ("ok", "released"):
        return UNKNOWN, "dim"
    if slow is not None or ("late" in told and now >= told["late"]):
        return "late", "attention"
    moment = told.get("ready_at")
    presses = deadline is not None and deadline - now < _LAST * (deadline - entity["since"])
    if deadline is not None and (presses or (moment is not None and deadline < moment)):
        return f"by {minute(deadline)}", "attention"
    return (UNKNOWN, "dim") if moment is None else (f"≈{minute(ceil(max(moment, now) / 60) * 60)}", "")


def note(entity: EntityView, phases: Counter[str], cluster: EntityView | None, protected: bool) -> str:
    """The one fact beside the columns, of a cluster by the ``phases`` of its nodes; the error has its own lines."""
    parts = []
    if entity["kind"] == "cluster":
        done, nodes = phases["ok"], phases.total()
        parts.append(f"{done}/{nodes} ready" if done < nodes else counted(done, "node"))
    if entity["progress"] is not None and entity["phase"] == "working":
        parts.append(f"{entity['progress']:.0%}".replace("%", " %"))
    if entity["attempt"] > 1:
        parts.append(f"try {entity['attempt']}")
    if protected and entity["kind"] == "cluster":
        parts.append("protected")
    if entity["wish"]:
        parts.append(f"{entity['wish']} asked for")
    if entity["stop_after"]:
        parts.append(f"stops after {entity['stop_after'].replace('_', ' ')}")
    lost = [item["kind"] for item in entity["resources"] if "missed" in item]
    if lost and entity["phase"] == "ok":
        parts.append(f"missing outside: {', '.join(lost)}")
    waits = (
        entity["kind"] == "node"
        and entity["phase"] == "ok"
        and cluster is not None
        and cluster["phase"] != "ok"
    )
    if waits and not parts:
        parts.append("waits")
    return " · ".join(parts)


def cells(
    entity: EntityView,
    now: float | None,
    known: Steps,
    width: int,
    said: str,
    protected: bool = False,
    slow: Usual | None = None,
) -> dict[str, Span]:
    """The text and ink of each cell but the bar; ``width`` is that of the state."""
    phase = entity["phase"]
    trouble = phase in ("failed", "attention")
    since = lasting(now - entity["since"]) if now is not None else UNKNOWN
    is_slow = slow is not None or urgency(entity) == SLOW
    note = " · ".join(part for part in (slowness(slow), said) if part)
    return {
        "name": (entity["name"], "strong" if trouble or entity["kind"] == "cluster" else ""),
        "cluster": (entity["cluster"], "dim"),
        "state": (state_of(entity, known, width), phase),
        "step": (steps(entity), "dim"),
        "since": (since, "attention" if is_slow else ""),
        "ready": ready(entity, now, slow),
        "note": (note, "attention" if is_slow else "dim"),
        "shield": ("protected" if protected else "", "key"),
    }


def share_done(entity: EntityView) -> float | None:
    """The part of the way that is behind it by time, as the daemon says; by its steps where it does not."""
    told = entity.get("outlook", {}).get("share")
    if told is not None:
        return told
    if entity["phase"] == "ok":
        return 1.0
    if not entity["step_count"] or "urgency" in entity:
        return None
    behind = max(0, entity["step_index"] - 1) + (entity["progress"] or 0.0)
    return min(1.0, behind / entity["step_count"])


def row(
    entity: EntityView,
    cells: Mapping[str, Span],
    placed: Sequence[Placed],
    gaps: Sequence[str],
    lead: Line,
    fold: str,
    flat: bool,
    glyphs: Glyphs,
    names: ShortNames,
) -> Line:
    """The row of a cluster or node; ``fold`` is the sign of a cluster whose nodes can be folded."""
    sign = (glyphs.phase[entity["phase"]], entity["phase"])
    shield = (glyphs.shield if cells["shield"][0] else " ", "key")
    inner = entity["kind"] == "node" and not flat
    line: Line = [*lead, (fold, "dim"), (" ", "") if inner else sign, shield]
    for column, gap in zip(placed, gaps, strict=True):
        if column.key == "bar":
            line += _bar(entity, column.width, gap, glyphs)
        elif column.key == "name" and inner:
            name = names.fit(cells["name"][0], column.width - 2, glyphs.ellipsis)
            line += [sign, (" ", ""), (name + gap, cells["name"][1])]
        elif column.key in ("name", "cluster"):
            line.append(
                (names.fit(cells[column.key][0], column.width, glyphs.ellipsis) + gap, cells[column.key][1])
            )
        else:
            text, ink = cells[column.key]
            line.append((fit(text, column.width, column.right, glyphs.ellipsis) + gap, ink))
    return line


def _bar(entity: EntityView, width: int, gap: str, glyphs: Glyphs) -> Line:
    share = share_done(entity)
    if share is None or entity["phase"] in ("releasing", "released"):
        return [(fit(UNKNOWN, width) + gap, "dim")]
    full = int(share * width)
    return [(glyphs.full * full, entity["phase"]), (glyphs.empty * (width - full) + gap, "rule")]


def cause(one: TroubleView, now: float | None, width: int, lead: Line, glyphs: Glyphs) -> Line:
    """The row of a cause: what stopped, why, and for how long."""
    many = len(one["targets"]) > 1
    whom = counted(len(one["targets"]), "node") if many else one["targets"][0]
    left: Line = [
        *lead,
        (f" {glyphs.phase['failed']} ", "failed"),
        (middle(whom, _CAUSE_NAMES, glyphs.ellipsis) + " ", "strong"),
    ]
    age: Line = [(f" {lasting(now - one['since']) if now is not None else UNKNOWN} ", "dim")]
    room = width - width_of(left) - width_of(age)
    return [*left, (fit(one["sentence"], room, False, glyphs.ellipsis), "failed"), *age]


def heading(
    troubles: Sequence[TroubleView],
    shown: int,
    clusters: Sequence[EntityView],
    nodes: Mapping[str, EntityView],
    next: NextView | None,
    at_work: tuple[int, int],
    is_well: bool,
    width: int,
    unknown: str = "",
) -> Line:
    """The line above the rows: the trouble, what is on the way, or that all is well; empty where the daemon tells
    nothing of it. What is ``unknown`` is said neither to be well nor to go on."""
    if troubles:
        stopped = [name for one in troubles for name in one["targets"]]
        waiting = len({name for one in troubles for name in one["clusters"]})
        few = sum(name in nodes for name in stopped)
        told = [counted(few, "node") + " failed"] if few else []
        told += [counted(len(stopped) - few, "cluster") + " stopped"] if len(stopped) > few else []
        told += (
            [f"{counted(waiting, 'cluster')} {'waits' if waiting == 1 else 'wait'} for them"]
            if waiting
            else []
        )
        causes = f"{counted(len(troubles), 'cause')}: {', '.join(told)}"
        more = f" and {counted(len(troubles) - shown, 'cause')} more" if len(troubles) > shown else ""
        left: Line = [("TROUBLE", "failed-strong"), (f"  {causes}{more}", "")]
        return spread([(" ", ""), *left], [("! ", "key-strong"), ("next ", "dim")], width)
    if next is None:
        return []
    if unknown:
        return [(" NOT KNOWN", "lost"), (clip(f"  How things are is {unknown}.", width - 11), "dim")]
    if is_well or not any(at_work):
        stands = (" ALL IS WELL", "ok") if is_well else (" WAITING", "attention")
        return [stands, (f"  {next['sentence']}", "dim")]
    ends = sorted(
        (one["outlook"]["ready_at"], one["name"]) for one in clusters if "ready_at" in one.get("outlook", {})
    )
    named = first_of((f"{name} ≈{minute(ceil(moment / 60) * 60)}" for moment, name in ends), _NAMED)
    told_work = counted(at_work[0], "node") if at_work[0] else counted(at_work[1], "cluster")
    told_ends = f" · ready {named}" if named else ""
    return [(" ON THE WAY", "working"), (clip(f"  {told_work}{told_ends}", width - 12), "")]

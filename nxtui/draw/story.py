"""What happened to a node: its stays in each state against their own history, its cloud calls, its events."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.display.durations import UNKNOWN, lasting
from daemon.wire import EntityView, StepTiming
from daemon.words import counted
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.pages import Fact, heading
from nxtui.draw.text import Line, clean, clip, fit
from nxtui.model.entry import Entry
from nxtui.model.history import StepHistory, Usual
from nxtui.model.recording import AT_REST
from nxtui.model.times import clock

_FIXED = 27
"""Cells of a line of the timeline beside its title: start, attempt, length, mark."""

_MEDIAN, _BESIDE = 16, 33
"""Cells that the median takes, and those that median and 95th percentile take."""

SHOWN = 30
"""Calls and events on the page; the log has them all."""


def timeline(
    entity: EntityView,
    stays: Sequence[StepTiming] | None,
    history: StepHistory,
    now: float | None,
    width: int,
    glyphs: Glyphs,
    not_told: str = "The daemon has not told it yet.",
) -> list[Line]:
    """Each stay in a state: its start and length, how long the step usually takes, and whether it was slow; None:
    ``not_told``."""
    if stays is None:
        return [[(f"  {not_told}", "dim")]]
    if not stays:
        return [[("  Nothing has happened yet.", "dim")]]
    titles = min(max(len(stay["title"]) for stay in stays), max(12, width - _FIXED))
    room = width - titles - _FIXED
    beside = _BESIDE if room >= _BESIDE else _MEDIAN if room >= _MEDIAN else 0
    return [_stay(entity, stay, history, now, titles, beside, glyphs) for stay in stays]


def _stay(
    entity: EntityView,
    stay: StepTiming,
    history: StepHistory,
    now: float | None,
    titles: int,
    beside: int,
    glyphs: Glyphs,
) -> Line:
    lasts = stay["ended"] is None
    length = _length(stay, now)
    again = f"{glyphs.times}{stay['attempt']}" if stay["attempt"] > 1 else ""
    at_rest = stay["state"] in AT_REST
    usual = None if at_rest else history.usual(entity, stay["state"], stay["title"], stay["started"])
    slow = usual is not None and usual.is_exceeded(length)
    line: Line = [
        (f"  {clock(stay['started'])}  ", "dim"),
        (fit(stay["title"], titles), "strong" if lasts else ""),
        (f" {again:<3}", "attention"),
        (f" {lasting(length):>6}", "attention" if slow else "strong" if lasts else ""),
        (f" {glyphs.phase['attention']}" if slow else "  ", "attention"),
    ]
    if beside:
        line.append((f"  {_usually(usual, beside == _BESIDE):<{beside - 3}}", "dim"))
    return [*line, (" now" if lasts else " slow" if slow else "", "dim")]


def _usually(usual: Usual | None, whole: bool = True) -> str:
    if usual is None:
        return ""
    most = "" if usual.slow_after is None or not whole else f", 95 % {lasting(usual.slow_after)}"
    return f"usual {lasting(usual.median)}{most}"


def _length(stay: StepTiming, now: float | None) -> float | None:
    end = stay["ended"] if stay["ended"] is not None else now
    return None if end is None else max(0.0, end - stay["started"])


def outlook(entity: EntityView, history: StepHistory, now: float | None) -> list[Fact]:
    """How long it may still take, by the medians, or that it takes too long; nothing where none is known."""
    usual, (step, whole) = history.present(entity), history.left(entity, now)
    if usual is None or step is None:
        return []
    if history.slow(entity, now) is not None:
        rows: list[Fact] = [("slow", _usually(usual), "attention")]
    elif step:
        rows = [("left", f"about {lasting(step)} of this step (median of {counted(usual.runs, 'run')})")]
    else:
        rows = [("left", f"longer than the usual {lasting(usual.median)} already")]
    if whole is not None and whole > step:
        rows.append(("", f"about {lasting(whole)} of all steps"))
    return rows


def calls(events: Sequence[Entry], width: int, unknown: str = "") -> list[Line]:
    """What was asked of clouds for it, the newest last; secrets never leave the daemon. ``unknown``: that it is not
    known, and since when."""
    made = [event for event in events if event.kind == "call"]
    lines: list[Line] = [heading("cloud calls", _count(made))]
    for event in made[-SHOWN:]:
        number = event.data.get("id")
        told = clean(event.message)
        line: Line = [(f"  {clock(event.time)}  ", "dim"), (clip(told, width - 12), "")]
        if number and len(told) + len(str(number)) + 16 <= width:
            line.append((f"  {number}", "dim"))
        lines.append(line)
    none = f"  What was called is {unknown}." if unknown else "  None was seen in the log so far."
    return lines if made else [heading("cloud calls"), [(none, "dim")]]


_INK = {"debug": "dim", "info": "", "warning": "attention", "error": "failed-strong"}


def events(told: Sequence[Entry], width: int, unknown: str = "") -> list[Line]:
    """What was done and by whom, the newest last, without the calls; ``unknown``: as above."""
    shown = [event for event in told if event.kind != "call"]
    if not shown:
        none = f"  What was done is {unknown}." if unknown else "  None was seen in the log so far."
        return [heading("events"), [(none, "dim")]]
    names = min(12, max(len(event.actor or UNKNOWN) for event in shown[-SHOWN:]))
    lines: list[Line] = [heading("events", _count(shown))]
    for event in shown[-SHOWN:]:
        by = fit(event.actor or UNKNOWN, names)
        text = clip(clean(event.message), max(8, width - names - 13))
        lines.append([(f"  {clock(event.time)}  ", "dim"), (by + " ", "key"), (text, _INK[event.level])])
    return lines


def _count(found: Sequence[Entry]) -> str:
    return str(len(found)) if len(found) <= SHOWN else f"the last {SHOWN} of {len(found)}"

"""What stands on the pages beside the grids: the story of a node, its plan, the help; as lines of text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from daemon.display.durations import lasting
from daemon.display.places import steps
from daemon.wire import EntityView, Plan, ScreenView
from daemon.words import counted
from nxtui import keys
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.rows import BUSY, note, timing
from nxtui.draw.text import Line, clip, fit, width_of, wrap
from nxtui.model.times import clock

_INDENT = 2

Fact = tuple[str, str] | tuple[str, str, str]
"""A name, its value, and perhaps the ink of a value that is no common one."""


def heading(text: str, beside: str = "") -> Line:
    """The first line of a paragraph, with a fact beside it."""
    return [(text.upper(), "heading"), (f"  {beside}" if beside else "", "dim")]


def paragraph(text: str, width: int, ink: str = "") -> list[Line]:
    """Wrapped and indented text."""
    return [[(" " * _INDENT + part, ink)] for part in wrap(text, width - _INDENT)]


def table(rows: Sequence[Fact], width: int) -> list[Line]:
    """Names in a dim column, values beside them."""
    names = max((len(row[0]) for row in rows), default=0)
    room = max(4, width - names - _INDENT - 2)
    return [
        [(" " * _INDENT + fit(name, names) + "  ", "dim"), (clip(value, room), ink[0] if ink else "")]
        for name, value, *ink in rows
    ]


def facts(
    entity: EntityView, now: float | None, width: int, more: Sequence[Fact] = (), at: str = ""
) -> list[Line]:
    """Where it is on its way and what it waits for; ``more`` is what else is known of it, ``at`` the title of its
    step."""
    times = timing(entity, now)
    progress = entity["progress"]
    step = f", {at or entity['step'].replace('_', ' ')}" if entity["step"] else ""
    measured = "" if progress is None else f", {progress:.0%} of this step"
    rows: list[Fact] = [
        ("step", f"{steps(entity)}{step}{measured}"),
        ("since", f"{clock(entity['since'])}, {times['since']} ago"),
    ]
    if entity["attempt"] > 1:
        rows.insert(1, ("attempt", str(entity["attempt"])))
    if entity["deadline"] is not None and entity["phase"] in BUSY:
        rows.append(("due", f"{clock(entity['deadline'])}, {_left(times['due'])}"))
    if entity["wish"]:
        rows.append(("asked for", entity["wish"]))
    if _on_hold(entity):
        rows.append(("on hold", "resume lets it go on"))
    if entity["stop_after"]:
        rows.append(("stops after", entity["stop_after"].replace("_", " ")))
    rows += more
    lines = table(rows, width)
    if entity["waiting_for"]:
        lines += [[], heading("waits for"), *paragraph(entity["waiting_for"], width)]
    return lines


def ways(entity: EntityView, width: int) -> list[Line]:
    """What can be done about what is waited for, and what the outside says of it, where nothing failed."""
    lines: list[Line] = []
    if entity["waiting_for"] and entity["error"] is None and (told := entity.get("remedies")):
        said = " ".join(way["text"] for way in told)
        lines += [heading("what to do"), *paragraph(said, width, "strong")]
    if entity["evidence"]:
        lines += [[], heading("evidence"), *paragraph(said_outside(entity["evidence"]), width, "dim")]
    return lines


def said_outside(evidence: str) -> str:
    """Evidence as a person reads it: of a JSON answer with messages those, each behind its code; else as it is."""
    if not evidence.startswith(("[", "{")):
        return evidence
    try:
        answer = json.loads(evidence)
    except ValueError:
        return evidence
    found = answer.get("errors", [answer]) if isinstance(answer, dict) else answer
    if not isinstance(found, list) or not found:
        return evidence
    if not all(isinstance(one, dict) and isinstance(one.get("message"), str) for one in found):
        return evidence
    return "; ".join(
        f"{one['code']}: {one['message']}" if one.get("code") else one["message"] for one in found
    )


def _left(due: str) -> str:
    return "overdue" if due == "over" else f"{due} left"


def belongings(entity: EntityView, width: int) -> list[Line]:
    """Addresses and the objects it owns."""
    lines: list[Line] = []
    if entity["addresses"]:
        lines += [[], heading("addresses"), *table(list(entity["addresses"].items()), width)]
    if entity["resources"]:
        lines += [[], heading(f"resources  {len(entity['resources'])}")]
        kinds = max(len(item["kind"]) for item in entity["resources"])
        for item in entity["resources"]:
            there = item["state"] == "present" and "missed" not in item
            state = fit("missing" if "missed" in item else item["state"], 9)
            room = max(4, width - kinds - _INDENT - 12)
            lines.append(
                [
                    ("  " + fit(item["kind"], kinds) + " ", "dim"),
                    (state + " ", "ok" if there else "attention" if item["state"] != "gone" else "dim"),
                    (clip(item["name"], room), ""),
                ]
            )
        if any("missed" in item for item in entity["resources"]):
            said = "An audit did not find what is missing outside: nxd audit says what brings it back."
            lines += paragraph(said, width, "strong")
    return lines


def console(screen: ScreenView, width: int) -> list[Line]:
    """What the console showed when it failed; the last lines tell most."""
    shown = screen["lines"]
    return [
        heading(f"console at {clock(screen['time'])}"),
        *([("  " + clip(line, width - 2), "dim")] for line in shown),
    ]


def strip(entity: EntityView, now: float | None, width: int, glyphs: Glyphs, before: str = "") -> list[Line]:
    """The same in at most four lines, for where there is no room for the pane; ``before`` is told first."""
    error, phase = entity["error"], entity["phase"]
    lead: Line = [(f"  {glyphs.phase[phase]} ", phase)]
    if error is not None:
        what = wrap(error["message"], width - 5, 2)
        remedy = wrap(error["remedy"], width - 5, 2)
        return [
            *_hang(lead, what, "failed-strong"),
            *_hang([(f"  {glyphs.arrow:<2}", "dim")], remedy, "strong"),
        ]
    story = (
        _ON_HOLD
        if _on_hold(entity)
        else note(entity, "waits for ", before) or _AT_REST.get(phase, entity["title"])
    )
    lines = _hang(
        [*lead, (f"{entity['name']}  ", "strong")], [clip(story, width - 7 - len(entity["name"]))], ""
    )
    if entity["deadline"] is not None and phase in BUSY:
        until = f"until {clock(entity['deadline'])}, {_left(timing(entity, now)['due'])}"
        lines.append([("    " + until, "dim")])
    if entity["evidence"]:
        lines.append([("    evidence: " + clip(said_outside(entity["evidence"]), width - 15), "dim")])
    if len(lines) < 3 and entity["addresses"]:
        places = "  ".join(f"{name} {value}" for name, value in entity["addresses"].items())
        lines.append([("    " + clip(places, width - 5), "dim")])
    return lines


def _hang(lead: Line, texts: Sequence[str], ink: str) -> list[Line]:
    """The lead before the first line, its width of blanks before the others."""
    blank: Line = [(" " * width_of(lead), "")]
    return [[*(blank if number else lead), (text, ink)] for number, text in enumerate(texts)]


_ON_HOLD = "On hold: resume lets it go on. A machine at work does not stop."


def _on_hold(entity: EntityView) -> bool:
    """Whether the daemon says that it can be resumed now."""
    return entity["can"].get("resume", "") is None


_AT_REST = {
    "ok": "Nothing to do.",
    "released": "Nothing is left of it.",
    "waiting": "Its turn has not come yet.",
}


_DOES = {
    "delete": ("object", "to delete", "failed-strong"),
    "create": ("object", "to make", "ok"),
    "change": ("setting", "to change", "attention"),
}
"""What a plan's action is called beside a number, and its ink; the worst first."""


def plan_stages(plan: Plan, width: int) -> list[Line]:
    """The steps it goes through, how long each usually took and may take; empty where the plan names none."""
    stages = plan.get("stages") or []
    if not stages:
        return []
    usual = [stage["usual"] for stage in stages]
    known = [seconds for seconds in usual if seconds is not None]
    whole = f"about {lasting(sum(known))} in all" if len(known) == len(usual) else "as far as it is known"
    titles = min(max(len(stage["title"]) for stage in stages), max(12, width - 36))
    lines: list[Line] = [heading("steps", f"{len(stages)}, {whole}" if known else str(len(stages)))]
    for stage in stages:
        told = f"usually {lasting(stage['usual']):>6}" if stage["usual"] is not None else " " * 14
        most = f"  at most {lasting(stage['deadline'])}" if stage["deadline"] is not None else ""
        lines.append([(f"  {fit(stage['title'], titles)}  {told}{most}", "dim")])
    return lines


def plan_counts(plans: Sequence[Plan]) -> Line:
    """``12 objects to delete, 2 to make``, what is deleted in the ink of danger."""
    counts: Counter[str] = Counter(item["action"] for plan in plans for item in plan["items"])
    told: Line = []
    named = ""
    for action, (what, does, ink) in _DOES.items():
        if counts[action]:
            number = str(counts[action]) if what == named else counted(counts[action], what)
            told += [(", " if told else "", "dim"), (f"{number} {does}", ink)]
            named = what
    return told or [("nothing to delete or to make", "dim")]


def losses(plans: Sequence[Plan]) -> str:
    """Who loses objects by plans that also make or change some; empty if nobody does, or all is deletion."""
    items = [item for plan in plans for item in plan["items"]]
    lost = Counter(item["owner"] for item in items if item["action"] == "delete")
    if not lost or all(item["action"] == "delete" for item in items):
        return ""
    owners = ", ".join(f"{owner} ({counted(number, 'object')})" for owner, number in lost.items())
    return f"It also deletes, for good: {owners}."


def members(nodes: Sequence[EntityView], width: int, glyphs: Glyphs) -> list[Line]:
    """The nodes of a cluster as the branches of a tree, those in trouble first as they are given."""
    lines: list[Line] = [heading("nodes", str(len(nodes)))]
    names = max((len(node["name"]) for node in nodes), default=0)
    titles = max((len(node["title"]) for node in nodes), default=0)
    for number, node in enumerate(nodes, 1):
        phase = node["phase"]
        branch = glyphs.twig if number < len(nodes) else glyphs.last_twig
        room = max(4, width - names - titles - 16)
        lines.append(
            [
                (f"  {branch} ", "rule"),
                (f"{glyphs.phase[phase]} ", phase),
                (fit(node["name"], names) + "  ", "strong"),
                (fit(node["title"], titles) + "  ", phase),
                (f"{steps(node):>5}  ", "dim"),
                (clip(note(node), room), "dim"),
            ]
        )
    return lines if nodes else [*lines, [("  It has no node.", "dim")]]


def help_lines(shown: Sequence[keys.Action], width: int) -> list[Line]:
    """Every key of a screen, by group."""
    lines: list[Line] = []
    column = max(len(action.way) for action in shown) + 2
    for group in get_args(keys.Group):
        members = [action for action in shown if action.group == group]
        if not members:
            continue
        lines.append(heading(group))
        for way, help in keys.ways(tuple(members)):
            first, *more = wrap(help, width - column - 3)
            lines.append([("  " + fit(way, column), "key"), (first, "")])
            lines += [[(" " * (column + 2) + part, "")] for part in more]
        lines.append([])
    return lines[:-1]

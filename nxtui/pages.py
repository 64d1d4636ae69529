"""What stands on the pages beside the grids: the story of a node, its plan, the help; as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from daemon.wire import EntityView, Plan
from nxtui import keys
from nxtui.glyphs import Glyphs
from nxtui.rows import BUSY, note, steps, timing
from nxtui.text import Line, clip, clock, counted, fit, width_of, wrap

_INDENT = 2


def heading(text: str, beside: str = "") -> Line:
    """The first line of a paragraph, with a fact beside it."""
    return [(text.upper(), "heading"), (f"  {beside}" if beside else "", "dim")]


def paragraph(text: str, width: int, ink: str = "") -> list[Line]:
    """Wrapped and indented text."""
    return [[(" " * _INDENT + part, ink)] for part in wrap(text, width - _INDENT)]


def table(rows: Sequence[tuple[str, str]], width: int, ink: str = "") -> list[Line]:
    """Names in a dim column, values beside them."""
    names = max((len(name) for name, _ in rows), default=0)
    room = max(4, width - names - _INDENT - 2)
    return [
        [(" " * _INDENT + fit(name, names) + "  ", "dim"), (clip(value, room), ink)] for name, value in rows
    ]


def headline(entity: EntityView, glyphs: Glyphs) -> Line:
    """Glyph, name and state."""
    phase = entity["phase"]
    return [
        (f"{glyphs.phase[phase]} ", phase),
        (entity["name"], "title"),
        ("  " + entity["title"], phase),
        (f"  {phase}" if phase.lower() not in entity["title"].lower() else "", "dim"),
    ]


def trouble(entity: EntityView, width: int) -> list[Line]:
    """The error in full: what happened, what to do, what the outside said; empty if there is none."""
    error = entity["error"]
    if error is None:
        return []
    lines = [heading("what happened", error["code"]), *paragraph(error["message"], width, "failed-strong")]
    lines += [heading("what to do", _RETRY[error["retry"]]), *paragraph(error["remedy"], width, "strong")]
    if evidence := error.get("evidence"):
        lines += [heading("evidence"), *paragraph(evidence, width, "dim")]
    return lines


_RETRY = {
    "never": "a retry alone does not help",
    "later": "retry once the cause is over",
    "now": "a retry makes sense now",
}


def facts(
    entity: EntityView, now: float | None, width: int, more: Sequence[tuple[str, str]] = ()
) -> list[Line]:
    """Where it is on its way and what it waits for; ``more`` is what else is known of it."""
    times = timing(entity, now)
    progress = entity["progress"]
    step = f", {entity['step'].replace('_', ' ')}" if entity["step"] else ""
    measured = "" if progress is None else f", {progress:.0%} of this step"
    rows = [
        ("step", f"{steps(entity)}{step}{measured}"),
        ("since", f"{clock(entity['since'])}, {times['since']} ago"),
    ]
    if entity["attempt"] > 1:
        rows.insert(1, ("attempt", str(entity["attempt"])))
    if entity["deadline"] is not None and entity["phase"] in BUSY:
        rows.append(("due", f"{clock(entity['deadline'])}, {_left(times['due'])}"))
    if entity["wish"]:
        rows.append(("asked for", entity["wish"]))
    if entity["stop_after"]:
        rows.append(("stops after", entity["stop_after"].replace("_", " ")))
    rows += more
    lines = table(rows, width)
    if entity["waiting_for"]:
        lines += [[], heading("waits for"), *paragraph(entity["waiting_for"], width)]
    if entity["evidence"]:
        lines += [[], heading("evidence"), *paragraph(entity["evidence"], width, "dim")]
    return lines


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
            there = item["state"] == "present"
            state = fit(item["state"], 9)
            room = max(4, width - kinds - _INDENT - 12)
            lines.append(
                [
                    ("  " + fit(item["kind"], kinds) + " ", "dim"),
                    (state + " ", "ok" if there else "attention" if item["state"] != "gone" else "dim"),
                    (clip(item["name"], room), ""),
                ]
            )
    return lines


def detail(
    entity: EntityView, now: float | None, width: int, glyphs: Glyphs, more: Sequence[tuple[str, str]] = ()
) -> list[Line]:
    """The pane beside the nodes."""
    told = trouble(entity, width)
    return [
        headline(entity, glyphs),
        [],
        *told,
        *([[]] if told else []),
        *facts(entity, now, width, more),
        *belongings(entity, width),
    ]


def strip(entity: EntityView, now: float | None, width: int, glyphs: Glyphs) -> list[Line]:
    """The same in at most four lines, for where there is no room for the pane."""
    error, phase = entity["error"], entity["phase"]
    lead: Line = [(f"  {glyphs.phase[phase]} ", phase)]
    if error is not None:
        what = wrap(error["message"], width - 5, 2)
        remedy = wrap(error["remedy"], width - 5, 2)
        return [
            *_hang(lead, what, "failed-strong"),
            *_hang([(f"  {glyphs.arrow:<2}", "dim")], remedy, "strong"),
        ]
    story = note(entity) or _AT_REST.get(phase, entity["title"])
    lines = _hang(
        [*lead, (f"{entity['name']}  ", "strong")], [clip(story, width - 7 - len(entity["name"]))], ""
    )
    if entity["deadline"] is not None and phase in BUSY:
        until = f"until {clock(entity['deadline'])}, {_left(timing(entity, now)['due'])}"
        lines.append([("    " + until, "dim")])
    if entity["evidence"]:
        lines.append([("    evidence: " + clip(entity["evidence"], width - 15), "dim")])
    if len(lines) < 3 and entity["addresses"]:
        places = "  ".join(f"{name} {value}" for name, value in entity["addresses"].items())
        lines.append([("    " + clip(places, width - 5), "dim")])
    return lines


def _hang(lead: Line, texts: Sequence[str], ink: str) -> list[Line]:
    """The lead before the first line, its width of blanks before the others."""
    blank: Line = [(" " * width_of(lead), "")]
    return [[*(blank if number else lead), (text, ink)] for number, text in enumerate(texts)]


_AT_REST = {
    "ok": "Nothing to do.",
    "released": "Nothing is left of it.",
    "waiting": "Its turn has not come yet.",
}


_DOES = {"delete": "to delete", "create": "to make", "keep": "to keep"}
_DOES_INK = {"delete": "failed", "create": "ok", "keep": "dim"}


def plan_lines(plan: Plan, width: int) -> list[Line]:
    """A plan, object by object, in the order in which it will be done."""
    items = plan["items"]
    if not items:
        return [[(f"  {plan['target']}: there is nothing to delete or to make.", "dim")]]
    kinds = max(len(item["kind"]) for item in items)
    owners = max(len(item["owner"]) for item in items)
    names = max(len(item["name"]) for item in items)
    lines: list[Line] = []
    for item in items:
        line: Line = [
            (f"  {item['action']:<6} ", _DOES_INK[item["action"]]),
            (fit(item["owner"], min(owners, 16)) + " ", "dim"),
            (fit(item["kind"], kinds) + " ", ""),
            (item["name"], "strong" if item["action"] == "delete" else ""),
        ]
        if item["id"] and width > kinds + owners + names + 30:
            line.append((" " * (names - len(item["name"])) + "  " + item["id"], "dim"))
        lines.append(line)
    return lines


def plan_counts(plans: Sequence[Plan]) -> str:
    """``12 objects to delete, 2 objects to keep``."""
    counts = {action: 0 for action in _DOES}
    for plan in plans:
        for item in plan["items"]:
            counts[item["action"]] += 1
    told = [f"{counted(number, 'object')} {_DOES[action]}" for action, number in counts.items() if number]
    return ", ".join(told) or "nothing to delete or to make"


def help_lines(shown: Sequence[keys.Action], width: int) -> list[Line]:
    """Every key of a screen, by group."""
    lines: list[Line] = []
    column = max(len(action.shown_key) for action in shown) + 2
    for group in get_args(keys.Group):
        members = [action for action in shown if action.group == group]
        if not members:
            continue
        lines.append(heading(group))
        for action in members:
            first, *more = wrap(action.help, width - column - 3)
            lines.append([("  " + fit(action.shown_key, column), "key"), (first, "")])
            lines += [[(" " * (column + 2) + part, "")] for part in more]
        lines.append([])
    return lines[:-1]

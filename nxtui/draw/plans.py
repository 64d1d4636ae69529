"""A plan: one sum first, then a tree of whom it is about; what is deleted is open and first, alike things folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from daemon.display.durations import lasting
from daemon.display.money import NO_LIST, added
from daemon.wire import CheckView, Plan, PlanItem
from daemon.words import counted, first_of
from nxtui.draw import tries
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.looks import check_sums
from nxtui.draw.text import Line, cells_of, clip, fit, shared_beginning, spread, width_of, wrap

SIGNS = {"create": "+", "change": "~", "delete": "-"}
WORDS = {"create": "made", "change": "changed", "delete": "deleted"}
INKS = {"create": "ok", "change": "attention", "delete": "failed-strong"}
ORDER = ("delete", "change", "create")
NAMED = 6
_LABEL = 6


def sums(plans: Sequence[Plan], width: int, glyphs: Glyphs) -> list[Line]:
    """How much is made, changed and deleted by all of them, and how much stays; what that costs and how long it takes,
    as far as the daemon knows. Nothing is guessed. One alone has its digest beside it."""
    counts: Counter[str] = Counter(item["action"] for plan in plans for item in plan["items"])
    told: Line = [(fit("PLAN", _LABEL), "heading")]
    for action in ("create", "change", "delete"):
        ink = INKS[action] if counts[action] else "dim"
        told.append((f"{SIGNS[action]} {counts[action]} {WORDS[action]}   ", ink))
    if len(plans) > 1:
        return [[*told, (f"in {counted(len(plans), 'plan')}", "dim")], *_costs(plans)]
    plan = plans[0]
    kept = plan.get("kept")
    if kept is not None and kept["nodes"]:
        told.append((f"{counted(len(kept['nodes']), 'node')} untouched", "dim"))
    lines = [_beside_digest(told, plan, width)]
    lines += _costs(plans)
    if plan.get("stages") and "again" not in plan:
        lines += _wrapped("TIME", tries.takes(plan["stages"]) + _runs(plan), width)
    if (waits := plan.get("waits")) is not None:
        seconds = (
            "how long nobody knows" if waits["seconds"] is None else f"about {lasting(waits['seconds'])}"
        )
        lines.append(
            [(" " * _LABEL, ""), (f"its nodes wait for {waits['limit']} ({waits['value']:g}), {seconds}", "")]
        )
    return lines


def _beside_digest(told: Line, plan: Plan, width: int) -> Line:
    """The sums with the digest at the right where there is room for all of it: no sum is cut for it."""
    digest = plan["digest"].removeprefix("sha256:")[:8]
    return spread(told, [(digest, "dim")], width) if width_of(told) + len(digest) < width else told


def _wrapped(label: str, text: str, width: int) -> list[Line]:
    return [
        [(fit("" if number else label, _LABEL), "heading"), (part, "")]
        for number, part in enumerate(wrap(text, width - _LABEL))
    ]


def _costs(plans: Sequence[Plan]) -> list[Line]:
    """What is ordered, and what the whole comes to by the hour as far as the operator's own list says it."""
    ordered: Counter[str] = Counter()
    for plan in plans:
        ordered.update({one["profile"]: one["count"] for one in plan.get("profiles", [])})
    costs = [plan["cost"] for plan in plans if "cost" in plan]
    if not ordered and not any(cost["sums"] for cost in costs):
        return []
    cost = added(costs) if costs else None
    named = ", ".join(f"+ {count} {profile}" for profile, count in ordered.items())
    told, ink = (cost["text"], "strong" if cost["sums"] else "dim") if cost else (NO_LIST, "dim")
    gap = "   " if named else ""
    return [[(fit("COST", _LABEL), "heading"), (named, "strong"), (gap, ""), (told, ink)]]


def _runs(plan: Plan) -> str:
    if tries.total(plan["stages"]) is None:
        return ""
    runs = min((stage["runs"] for stage in plan["stages"] if "runs" in stage), default=0)
    return f" ({counted(runs, 'run')})" if runs else ""


def check(checks: Sequence[CheckView] | None, problem: str, glyphs: Glyphs) -> list[Line]:
    """What a preflight of it says; None while it looks."""
    label = (fit("CHECK", _LABEL), "heading")
    if problem:
        return [[label, (problem, "attention")]]
    if checks is None:
        return [[label, ("looking at what it needs…", "dim")]]
    failed = [one for one in checks if one["result"] == "failed"]
    lines: list[Line] = [[label, (check_sums(checks, glyphs.dot), "failed-strong" if failed else "ok")]]
    return [
        *lines,
        *([(" " * _LABEL, ""), (f"{one['name']}: {one['detail']}", "failed-strong")] for one in failed),
    ]


def tree(plan: Plan, unfolded: bool, width: int, glyphs: Glyphs) -> list[Line]:
    """Whom it is about, those that lose something first; beneath each what is deleted one by one, what changes with old
    and new, and what is made, alike things in one line unless they are unfolded."""
    items = plan["items"]
    if not items:
        return [[(f"  {plan['target']}: there is nothing to delete, to make or to change.", "dim")]]
    owners = list(dict.fromkeys(item["owner"] for item in items))
    of = {owner: [item for item in items if item["owner"] == owner] for owner in owners}
    owners.sort(key=lambda owner: min(ORDER.index(item["action"]) for item in of[owner]))
    lines: list[Line] = []
    for owner in owners:
        lines += _owner(owner, of[owner], unfolded, width, glyphs)
    kept = plan.get("kept")
    if kept is not None and kept["nodes"]:
        names = first_of(kept["nodes"], NAMED)
        stay = f"{counted(kept['objects'], 'object')} stay{'s' if kept['objects'] == 1 else ''} as they are"
        lines.append(
            [(f"{glyphs.folded}   {names}", "dim"), (f"   {stay}; nobody is installed again", "dim")]
        )
    if plan.get("note"):
        lines += [[(f"  {part}", "attention")] for part in wrap(plan["note"], width - 2)]
    return lines


def _owner(
    owner: str, items: Sequence[PlanItem], unfolded: bool, width: int, glyphs: Glyphs
) -> Iterable[Line]:
    counts: Counter[str] = Counter(item["action"] for item in items)
    said = ", ".join(f"{counts[action]} {WORDS[action]}" for action in ORDER if counts[action])
    replaced = counts["delete"] and counts["create"]
    worst = next(action for action in ORDER if counts[action])
    sign = "-/+" if replaced else SIGNS[worst]
    head: Line = [(f"{glyphs.down} ", "dim"), (f"{sign} ", INKS[worst]), (owner, "strong")]
    yield spread(head, [(said, INKS[worst])], width)
    kinds = min(16, max(cells_of(item["kind"]) for item in items) + 3)
    for item in items:
        if item["action"] == "delete":
            yield _deletion(item, kinds, width, glyphs)
    for item in items:
        if item["action"] == "change":
            yield from _change(item, width, glyphs)
    made = [item for item in items if item["action"] == "create"]
    for kind, alike in groupby(sorted(made, key=lambda one: _place(made, one)), key=lambda one: one["kind"]):
        group = list(alike)
        if unfolded or len(group) == 1:
            yield from (_creation(one["kind"], 1, one["name"], one, kinds, width, glyphs) for one in group)
        else:
            yield _creation(
                kind, len(group), braced([one["name"] for one in group]), None, kinds, width, glyphs
            )


def _place(made: Sequence[PlanItem], item: PlanItem) -> int:
    """Kinds in the order in which they come first."""
    return next(at for at, one in enumerate(made) if one["kind"] == item["kind"])


def _deletion(item: PlanItem, kinds: int, width: int, glyphs: Glyphs) -> Line:
    named: Line = [
        (f"   {glyphs.lost} delete ", "failed-strong"),
        (fit(item["kind"], kinds) + " ", ""),
        (item["name"], "strong"),
    ]
    used = sum(cells_of(text) for text, _ in named)
    about = "  ".join(part for part in (item["id"] or "", _about(item)) if part)
    return (
        [*named, (f"  {clip(about, width - used - 2, glyphs.ellipsis)}", "dim")]
        if width > used + 8
        else named
    )


def deletes(line: Line) -> bool:
    """Whether a line of a plan tells of a deletion."""
    return bool(line) and line[0][0].endswith(" delete ")


def takes(line: Line) -> bool:
    """Whether a line of a plan tells of a deletion or of a change."""
    return deletes(line) or (bool(line) and line[0][0].startswith(f"   {SIGNS['change']} "))


def _change(item: PlanItem, width: int, glyphs: Glyphs) -> list[Line]:
    """A setting with what it was and what it becomes, however long that is."""
    name = f"   {SIGNS['change']} {item['name']}"
    if "after" not in item:
        return [[(name, "attention")]]
    before, after = item.get("before"), item["after"]
    told = f"{_value(before)} {glyphs.arrow} {_value(after)}"
    if _is_secret(before) and _is_secret(after):
        told = "(changed)"
    if cells_of(name) + 2 + cells_of(told) <= width:
        return [[(name, "attention"), (f"  {told}", "")]]
    return [[(name, "attention")], *[[(f"       {part}", "")] for part in wrap(told, width - 8)]]


def _creation(
    kind: str, count: int, name: str, item: PlanItem | None, kinds: int, width: int, glyphs: Glyphs
) -> Line:
    several = f" {glyphs.times}{count}" if count > 1 else ""
    line: Line = [(f"   {SIGNS['create']} ", "ok"), (fit(kind + several, kinds) + " ", ""), (name, "")]
    about = "" if item is None else _about(item)
    used = sum(cells_of(text) for text, _ in line)
    if about and width - used > 12:
        line.append((f"  {clip(about, width - used - 2, glyphs.ellipsis)}", "dim"))
    return line


def braced(names: Sequence[str]) -> str:
    """``demo-a04-{mgmt,ahv}-ip``: what names have in common once, what differs between braces."""
    before = shared_beginning(names)
    rest = [name[len(before) :] for name in names]
    after = shared_beginning([one[::-1] for one in rest])[::-1]
    inner = [one[: len(one) - len(after)] for one in rest]
    return f"{before}{{{','.join(inner)}}}{after}"


def _about(item: PlanItem) -> str:
    """What an object will be like."""
    return ", ".join(f"{key} {_value(value)}" for key, value in item.get("about", {}).items())


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"sealed"}


def _value(value: object) -> str:
    """A value of the spec as a person reads it; what is secret says that it differs, and no more."""
    if isinstance(value, dict):
        if _is_secret(value):
            return "(a secret)"
        return ", ".join(f"{key} {_value(one)}" for key, one in value.items()) or "none"
    if isinstance(value, list):
        return " ".join(map(_value, value)) or "none"
    return "none" if value is None else str(value)

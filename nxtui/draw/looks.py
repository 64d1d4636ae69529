"""What a look outside found, as lines: the checks of a preflight, and the differences that an audit tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from daemon.wire import AuditView, CheckView, FindingView
from daemon.words import counted
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, clip, fit, wrap
from nxtui.model.times import clock

ORDER = ("failed", "unknown", "passed")
_NAMES, _KINDS = 20, 14


def check_sums(checks: Sequence[CheckView], dot: str) -> str:
    """``1 failed · 2 unknown · 13 passed``, whichever there are."""
    counts: Counter[str] = Counter(check["result"] for check in checks)
    return f" {dot} ".join(f"{counts[result]} {result}" for result in ORDER if counts[result])


def checks(found: Sequence[CheckView], unfolded: bool, width: int, glyphs: Glyphs) -> list[Line]:
    """What failed first, then what nobody knows; what passed is one paragraph, unless it is unfolded."""
    names = min(_NAMES, max((cells_of(check["name"]) for check in found), default=4))
    lines: list[Line] = []
    for result in ORDER[:2]:
        for check in found:
            if check["result"] == result:
                lines += _check(check, names, width, glyphs)
    passed = [check for check in found if check["result"] == "passed"]
    if not passed:
        return lines
    sign = glyphs.down if unfolded else glyphs.folded
    head: Line = [(f"{sign} {glyphs.phase['ok']} ", "ok"), (f"{len(passed)} passed", "strong")]
    if unfolded:
        told = [line for check in passed for line in _check(check, names, width, glyphs)]
        return [*lines, head, *told]
    room = max(8, width - 5 - names)
    parts = wrap(f" {glyphs.dot} ".join(check["name"] for check in passed), room)
    lead = " " * max(1, names - cells_of(f"{len(passed)} passed") + 1)
    first: Line = [*head, (lead, ""), (parts[0], "dim")]
    return [*lines, first, *[[(" " * (names + 5) + part, "dim")] for part in parts[1:]]]


def _check(check: CheckView, names: int, width: int, glyphs: Glyphs) -> list[Line]:
    ink = {"failed": "failed-strong", "unknown": "attention", "passed": "ok"}[check["result"]]
    sign = {"failed": glyphs.phase["failed"], "unknown": "?", "passed": glyphs.phase["ok"]}[check["result"]]
    first, *more = wrap(check["detail"], width - names - 6)
    lines: list[Line] = [
        [(f"  {sign} ", ink), (f"{fit(check['name'], names)} ", "strong"), (first, "")],
        *[[(" " * (names + 5) + part, "")] for part in more],
    ]
    if check["result"] != "passed" and check["remedy"]:
        first, *more = wrap(check["remedy"], width - 7)
        lines += [[(f"    {glyphs.arrow} ", "key"), (first, "")], *[[(f"      {part}", "")] for part in more]]
    return lines


def audit_sums(findings: Sequence[FindingView], glyphs: Glyphs) -> Line:
    """How many strays, losses, and what could not be asked."""
    counts = Counter(one["finding"] for one in findings)
    told = [
        (counts["unknown"], "stray", "failed-strong"),
        (counts["missing"], "loss", "attention"),
        (counts["unasked"], "thing not asked", "attention"),
    ]
    shown: Line = []
    for number, one, ink in told:
        if number:
            said = f"{number} not asked" if one == "thing not asked" else counted(number, one)
            shown += [(f" {glyphs.dot} " if shown else "", "dim"), (said, ink)]
    return shown or [("the cloud and the ledger agree", "ok")]


def finding(
    one: FindingView, chosen: bool, marked: Collection[str], width: int, glyphs: Glyphs
) -> list[Line]:
    """One difference, and beneath it what a person can do about it."""
    word, sign, ink = {
        "unknown": ("stray", glyphs.phase["failed"], "failed-strong"),
        "missing": ("lost", glyphs.phase["attention"], "attention"),
        "unasked": ("not asked", "?", "attention"),
    }[one["finding"]]
    lead = glyphs.cursor if chosen else " "
    mark = glyphs.mark if one["id"] in marked else " "
    about = [
        "in no ledger" if one["finding"] == "unknown" else "",
        f"of {one['owner']}, is gone" if one["finding"] == "missing" else "",
        one["id"],
        *(str(value) for key, value in one["about"].items() if key != "created"),
        *([f"created {clock(one['about']['created'])}"] if "created" in one["about"] else []),
    ]
    left: Line = [
        (f"{lead}{mark}", "strong"),
        (f"{sign} ", ink),
        (f"{word:<9} ", ink),
        (f"{fit(one['kind'], _KINDS)} ", "dim"),
        (one["name"], "strong"),
    ]
    used = 14 + _KINDS + cells_of(one["name"])
    told = "  ".join(part for part in about if part)
    first: Line = [*left, (f"  {clip(told, max(4, width - used - 2), glyphs.ellipsis)}", "dim")]
    beneath = wrap(one["command"], width - 14) if one["command"] else []
    return [first, *[[(" " * 14 + part, "")] for part in beneath]]


def agreement(view: AuditView, glyphs: Glyphs) -> Line:
    """What the clouds and the ledger agree about."""
    agree = view.get("agree", [])
    if not agree:
        return []
    told = f" {glyphs.dot} ".join(one["text"] for one in agree)
    number = sum(one["count"] for one in agree)
    are = "agrees" if number == 1 else "agree"
    return [(f"  {glyphs.phase['ok']} ", "ok"), (f"{counted(number, 'object')} {are}: {told}", "")]

"""Plans for people: what is made, changed and deleted, in sums and one by one, and the question before it is done."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from daemon import wire
from daemon.cli import streams, tables
from daemon.cli.ending import CommandFailed
from daemon.cli.output import terminal
from daemon.display.durations import lasting
from daemon.words import counted, printable

_SIGNS = {"create": "+", "change": "~", "delete": "-"}
_STYLES = {"create": "green", "change": "yellow", "delete": "bold red"}
_DONE = {"create": "makes", "change": "changes", "delete": "deletes"}
NAME_ROOM = 40
"""The widest column of names; a longer one pushes what follows to the right."""


def print_plan(plan: wire.Plan) -> None:
    """A plan as a list: a sign, whose the object is, what it is, and what it will be like; then sums and time."""
    again = plan.get("again")
    if not plan["items"] and again is None:
        print(f"{plan['target']}: nothing to do.")
        return
    if again is not None:
        _print_again(plan["target"], again)
    if not plan["items"]:
        print_stages(plan)
        print(f"{plan['target']}: {plan.get('tells', '')}; this plan is {plan['digest']}.")
        return
    if terminal() and len(plan["items"]) <= tables.ROWS:
        tables.draw(("", "whose", "object", "name", "about"), map(_cells, plan["items"]))
    else:
        _print_items(plan["items"])
    for action, does in _DONE.items():
        sums = [one["text"] for one in plan.get("sums", []) if one["action"] == action]
        if sums:
            print(f"It {does} {', '.join(sums)}.")
    print_cost(plan)
    if plan.get("note"):
        print(plan["note"])
    print_stages(plan)
    if plan.get("tells"):
        print(f"In short: {plan['tells']}.")
    print(f"{counted(len(plan['items']), 'object')}; this plan is {plan['digest']}.")


def _print_again(target: str, again: wire.PlanAgain) -> None:
    """What another try does and destroys besides objects, and how it stands then."""
    for told in again["does"]:
        print(printable(f"{target}: {told}."))
    if again["wipes"]:
        print(printable(f"Lost for good: {', '.join(again['wipes'])}."))
    if again["then"]:
        print(printable(f"Then: {again['then']}."))


def print_cost(plan: wire.Plan) -> None:
    """What is ordered, and what that comes to by the hour as far as the operator's price list says it."""
    cost = plan.get("cost")
    if cost is None or not (plan.get("profiles") or cost["sums"]):
        return
    ordered = ", ".join(f"+ {one['count']} {one['profile']}" for one in plan.get("profiles", []))
    print(f"By the hour: {'   '.join(part for part in (ordered, cost['text']) if part)}.")


def _cells(item: wire.PlanItem) -> tuple[tables.Cell, ...]:
    style = _STYLES[item["action"]]
    return (_SIGNS[item["action"]], style), item["owner"], item["kind"], (item["name"], style), _about(item)


def _print_items(items: Sequence[wire.PlanItem]) -> None:
    """A line for each object, in columns as wide as what stands in them."""
    owners = max(len(item["owner"]) for item in items)
    kinds = max(len(item["kind"]) for item in items)
    names = min(NAME_ROOM, max(len(item["name"]) for item in items))
    for item in items:
        whose = f"{_SIGNS[item['action']]} {item['owner']:<{owners}} {item['kind']:<{kinds}}"
        told = f"{whose} {item['name']:<{names}}"
        print(printable(f"{told}  {_about(item)}".rstrip()))


def _about(item: wire.PlanItem) -> str:
    if item["action"] == "change":
        return f"{value_text(item.get('before'))} → {value_text(item.get('after'))}"
    about = ", ".join(f"{key} {value_text(value)}" for key, value in item.get("about", {}).items())
    return ", ".join(part for part in (item["id"], about) if part)


def value_text(value: Any) -> str:
    """A value of a spec as a person writes it."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {value_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(value_text, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def print_stages(plan: wire.Plan) -> None:
    """How long each step usually takes, and how long it may."""
    if terminal() and plan["stages"]:
        tables.draw(("step", "usually", "at most"), map(_times, plan["stages"]))
    else:
        for stage in plan["stages"]:
            usual = "never done yet" if stage["usual"] is None else f"usually {lasting(stage['usual'])}"
            most = "" if stage["deadline"] is None else f", at most {lasting(stage['deadline'])}"
            print(f"        {stage['title']}: {usual}{most}")
    known = [stage["usual"] for stage in plan["stages"] if stage["usual"] is not None]
    if known and len(known) == len(plan["stages"]):
        print(f"        all of it: usually {lasting(sum(known))}")
    waits = plan.get("waits")
    if waits is not None:
        time = "a time nobody knows yet" if waits["seconds"] is None else f"about {lasting(waits['seconds'])}"
        print(f"        it waits for {waits['limit']} ({waits['value']:g}) longest: {time}")


def _times(stage: wire.PlanStage) -> tuple[tables.Cell, ...]:
    usual = "never done yet" if stage["usual"] is None else lasting(stage["usual"])
    return stage["title"], usual, lasting(stage["deadline"])


def agreed(plan: wire.Plan, as_json: bool, typed: bool = False) -> str:
    """Show the plan and ask, for the name in full if it is to be ``typed``; its digest when a person agrees. A script
    gets the plan and is not asked. Raises CommandFailed."""
    again = f"repeat with --plan {plan['digest']}, or with --yes."
    error = {"code": "unconfirmed", "remedy": f"Look at the plan, then {again}"}
    if as_json:
        deletes = any(item["action"] == "delete" for item in plan["items"])
        text = f"{'It deletes what stands, and nobody' if deletes else 'Nobody'} confirmed: {again}"
        raise CommandFailed(wire.EXIT_REFUSED, text, error, {"plan": plan})
    print_plan(plan)
    if not sys.stdin.isatty():
        raise CommandFailed(wire.EXIT_REFUSED, f"This is not a terminal to confirm at: {again}", error)
    if not _says_yes(plan["verb"], plan["target"], typed):
        raise CommandFailed(wire.EXIT_REFUSED, "Nothing was changed.", {"code": "declined"})
    return plan["digest"]


def confirmed(verb: str, name: str, as_json: bool) -> None:
    """Ask before something goes that has no plan; a script is not asked. Raises CommandFailed."""
    error = {"code": "unconfirmed", "remedy": "Give the command again with --yes."}
    if as_json or not sys.stdin.isatty():
        said = "It deletes, and nobody confirmed it" if as_json else "This is not a terminal to confirm at"
        raise CommandFailed(wire.EXIT_REFUSED, f"{said}: repeat with --yes.", error)
    if not _says_yes(verb, name, typed=False):
        raise CommandFailed(wire.EXIT_REFUSED, "Nothing was changed.", {"code": "declined"})


def _says_yes(verb: str, name: str, typed: bool) -> bool:
    """A deliberate yes: the name in full, or the letter y. Enter alone is a no."""
    if typed:
        return _answer(f"Type {name} to {verb} it: ") == name
    return _answer(f"{verb} {name}? [y/N]: ").lower() in ("y", "yes")


def _answer(question: str) -> str:
    """What is typed; the end of the input is an answer too, and no yes. The question is seen wherever the plan goes."""
    streams.say_beside(question, end="")
    try:
        return input().strip()
    except EOFError:
        print(file=sys.stderr)
        return ""

"""What can be made to go wrong, as rules: where it strikes, whom, how often, and what happens instead.

A rule waits for its *trigger*: a request (service, method and path template) or an instant in the life of an
object, a machine or a cluster. It strikes when that trigger comes for whom it names, and is gone when its
count is used up. ``triggers`` lists what can happen at each of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from daemon.clock import SystemClock
from daemon.sim.faults.triggers import ALTERING, LAST_STRUCK, STEP_FAULTS, StepFault, check_action, is_request
from daemon.sim.refusals import SimError

__all__ = ["ANYBODY", "STEP_FAULTS", "Faults", "Rule", "StepFault", "Strike", "parse_fault", "rule_from_json"]

ANYBODY = ""


@dataclass(frozen=True)
class Rule:
    """One fault, as data. Seconds are virtual.

    ``trigger`` is a pattern (``*`` and ``?``) of a request, ``"vpc POST /virtual_network_interfaces"``, or of an
    instant, ``"server start"``. ``name`` is a word of the object's name, or its id; ``query`` a piece of the
    query string, ``body`` one of the request's own text. It strikes from the ``nth`` match on, ``count`` times
    (None: always), for ``lasts`` seconds after the first time (None: without end), each time with probability
    ``chance``. ``delay`` passes before the action takes effect, and ``seconds`` is how long it holds (None:
    until it is mended). ``what`` holds the action's own words, such as ``status`` and ``code``.
    """

    trigger: str
    action: str
    name: str = ANYBODY
    query: str = ""
    body: str = ""
    nth: int = 1
    count: int | None = 1
    lasts: float | None = None
    chance: float = 1.0
    delay: float = 0.0
    seconds: float | None = None
    what: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""
    scenario: str = ""

    def concerns(self, *names: str) -> bool:
        """Whether one of the names holds this rule's as a whole word between hyphens, or begins with it as an
        id does. Only the first label counts, so that DNS names match like resource names."""
        if not self.name:
            return True
        return any(f"-{self.name}-" in f"-{n.split('.', 1)[0]}-" or n.startswith(self.name) for n in names)

    def view(self) -> dict[str, Any]:
        """The rule as JSON, without what it leaves open."""
        said = {
            key: value
            for key, value in vars(self).items()
            if value not in ("", None, 0.0, {}) and not (key in ("nth", "chance") and value == 1)
        }
        return {**said, "target": self.name, "count": self.count}


@dataclass(eq=False)
class Strike:
    """One time that a rule strikes. ``over`` is set when the rule is mended."""

    rule: Rule
    over: asyncio.Event

    @property
    def action(self) -> str:
        return self.rule.action

    @property
    def what(self) -> Mapping[str, Any]:
        return self.rule.what

    @property
    def seconds(self) -> float | None:
        return self.rule.seconds


@dataclass(eq=False)
class _Waiting:
    rule: Rule
    left: int | None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = 0
    since: float | None = None

    def fits(self, trigger: str, names: Sequence[str], query: str, body: str) -> bool:
        rule = self.rule
        here = fnmatchcase(trigger, rule.trigger) and rule.query in query and rule.body in body
        return here and rule.concerns(*names)

    def spent(self, at: float) -> bool:
        lasts = self.rule.lasts
        return self.left == 0 or (lasts is not None and self.since is not None and at > self.since + lasts)


def parse_fault(text: str) -> Rule:
    """``NODE:STEP`` or ``CLUSTER:STEP`` as a rule; raises SimError naming the known steps."""
    target, colon, name = text.partition(":")
    step = STEP_FAULTS.get(name)
    if not colon or not target or step is None:
        by_scope = {
            scope: ", ".join(name for name, known in STEP_FAULTS.items() if known.scope == scope)
            for scope in ("node", "cluster")
        }
        raise SimError(
            f"The fault {text!r} is not known: write NODE:STEP with one of {by_scope['node']}, "
            f"or CLUSTER:STEP with one of {by_scope['cluster']}."
        )
    return Rule(step.trigger, step.action, target, seconds=step.seconds, what=step.what, step=name)


_KINDS: Mapping[str, tuple[type, ...]] = {
    "trigger": (str,),
    "action": (str,),
    "name": (str,),
    "query": (str,),
    "body": (str,),
    "nth": (int,),
    "count": (int, type(None)),
    "lasts": (int, float, type(None)),
    "chance": (int, float),
    "delay": (int, float),
    "seconds": (int, float, type(None)),
    "what": (dict,),
    "scenario": (str,),
}


def rule_from_json(given: Any) -> Rule:
    """A rule from its JSON. A request may be given as ``service``, ``method`` and ``path`` instead of a
    ``trigger``. Raises SimError, in one sentence, for anything that is not a rule."""
    if not isinstance(given, dict):
        raise SimError("A rule must be a JSON object.")
    said = dict(given)
    request = [said.pop(key, None) for key in ("service", "method", "path")]
    if any(request):
        said.setdefault("trigger", " ".join(str(part or "*") for part in request))
    for key, value in said.items():
        kinds = _KINDS.get(key)
        if kinds is None:
            raise SimError(f"A rule has no {key!r}; it may have {', '.join(_KINDS)}.")
        if not isinstance(value, kinds) or (isinstance(value, bool)):
            raise SimError(f"The {key!r} of a rule cannot be {value!r}.")
    if "trigger" not in said or "action" not in said:
        raise SimError("A rule needs a moment (or service, method and path) and an action.")
    rule = Rule(**said)
    if rule.nth < 1 or (rule.count is not None and rule.count < 1) or not 0 < rule.chance <= 1:
        raise SimError("In a rule nth and count are 1 or more, and chance is above 0 and at most 1.")
    check_action(rule.trigger, rule.action, rule.what)
    return rule


class Faults:
    """The rules that wait, and those that have struck. Chances are drawn from ``seed``."""

    def __init__(self, texts: Iterable[str] = (), seed: int = 1) -> None:
        self._waiting: list[_Waiting] = []
        self._struck_over: dict[str, list[asyncio.Event]] = {}
        self._draws = SystemClock(seed=seed)
        self.struck: list[dict[str, Any]] = []
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Add one rule for each entry, or none at all if one of them is not known."""
        self.add_rules([parse_fault(text) for text in texts])

    def add_rules(self, rules: Iterable[Rule]) -> None:
        """Add rules behind those that wait already."""
        self._waiting.extend(_Waiting(rule, rule.count) for rule in rules)

    def mend(self, scenario: str | None = None) -> None:
        """Drop the rules of a scenario, or all of them, and end what they hold."""
        for waiting in [w for w in self._waiting if scenario in (None, w.rule.scenario)]:
            waiting.over.set()
            self._waiting.remove(waiting)
        for name in [name for name in self._struck_over if scenario in (None, name)]:
            for over in self._struck_over.pop(name):
                over.set()

    def strike(self, trigger: str, names: str | Sequence[str], at: float) -> Strike | None:
        """The first rule that strikes now for an object with one of these names; its count goes down."""
        return next(iter(self.strikes(trigger, names, at)), None)

    def strikes(
        self, trigger: str, names: str | Sequence[str], at: float, query: str = "", body: str = ""
    ) -> list[Strike]:
        """Every rule that strikes now: those that alter or slow an answer, and at most one other, the last."""
        names = [names] if isinstance(names, str) else names
        found: list[Strike] = []
        for waiting in list(self._waiting):
            if waiting.spent(at):
                self._waiting.remove(waiting)
                continue
            if waiting.fits(trigger, names, query, body) and self._hits(waiting, trigger, names, at):
                found.append(Strike(waiting.rule, waiting.over))
                if not is_request(trigger) or waiting.rule.action not in ALTERING:
                    break
        return found

    def _hits(self, waiting: _Waiting, trigger: str, names: Sequence[str], at: float) -> bool:
        rule = waiting.rule
        waiting.seen += 1
        if waiting.seen < rule.nth or (rule.chance < 1 and self._draws.uniform(0, 1) >= rule.chance):
            return False
        waiting.since = at if waiting.since is None else waiting.since
        if waiting.left is not None:
            waiting.left -= 1
            if waiting.left == 0:
                self._waiting.remove(waiting)
                self._struck_over.setdefault(rule.scenario, []).append(waiting.over)
        self.struck.append(
            {
                "target": rule.name,
                "step": rule.step,
                "scenario": rule.scenario,
                "trigger": trigger,
                "action": rule.action,
                "name": next(iter(names), ""),
                "at": at,
            }
        )
        del self.struck[:-LAST_STRUCK]
        return True

    def waiting(self) -> list[dict[str, Any]]:
        return [{**waiting.rule.view(), "count": waiting.left} for waiting in self._waiting]

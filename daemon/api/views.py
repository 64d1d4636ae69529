"""Records as the API shows them, built from the mirror and the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, cast

import msgspec
import orjson

from daemon import wire
from daemon.display.money import NO_PRICES, Prices
from daemon.display.sorting import place_of
from daemon.engine.engine import Engine
from daemon.engine.limits import Limits
from daemon.engine.remedies import remedies, text, without_problem
from daemon.engine.sentences import sentence
from daemon.errors.tree import NxdError
from daemon.memory.bus import Notice
from daemon.memory.history import Measure
from daemon.memory.journal import Journal
from daemon.outlook.maps import Maps
from daemon.outlook.news import News
from daemon.outlook.standing import Stamp, Standings
from daemon.outlook.timelines import Timelines
from daemon.outlook.used import used_by
from daemon.outside import OutsideCall
from daemon.requests.audit import Audit, missed
from daemon.requests.drafts import Drafts
from daemon.requests.read_back import ReadBack
from daemon.requests.verbs import Verbs
from daemon.store.ops import Event, Resource
from state_machines.kind import Kind
from state_machines.record import Record
from state_machines.verbs import Prompt, Verb


class Again(TypedDict, total=False):
    """What a step may tell beside what it took at first."""

    again: wire.UsualView


class Views:
    """Looks at the mirror through a client's eyes."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        verbs: Verbs,
        daemon: wire.DaemonView,
        prices: Prices = NO_PRICES,
    ) -> None:
        self._journal = journal
        self._prices = prices
        self._engine = engine
        self._verbs = verbs
        self._audit = Audit(journal, engine)
        self._read_back = ReadBack(journal, engine)
        self._standings = Standings(journal, engine)
        self.timelines = Timelines(journal, engine, self._standings)
        self.news = News(journal, engine, self._standings, lambda record: self._ways(record)[1])
        self.maps = Maps(journal, engine, self._standings, lambda record: self._ways(record)[1])
        self.daemon = daemon
        self._kept: dict[str, tuple[Stamp, float, orjson.Fragment]] = {}
        """Name → what it was when the entity was written, until when that is so at most, and how it was written."""
        self._turned = 0.0

    def snapshot(self, nodes: Iterable[Record] | None = None) -> wire.Snapshot:
        """Every cluster at this moment, and every node, or those named."""
        records = sorted(self._journal.mirror.records.values(), key=lambda record: record.name)
        if nodes is None:
            nodes = [record for record in records if record.name != record.shard]
        shown = wire.Snapshot(
            daemon=self.daemon,
            revision=self._journal.mirror.revision,
            now=self._journal.clock.now(),
            speed=self._journal.clock.speed,
            clusters=[self.entity(record) for record in records if record.name == record.shard],
            nodes=[self.entity(record) for record in nodes],
            verbs=self.verbs()["verbs"],
        )
        if (unwritten := self.unwritten()) is not None:
            shown["unwritten"] = unwritten
        news = self.news.lately()
        shown["troubles"], shown["next"], shown["rates"] = news["troubles"], news["next"], self.rates()
        return shown

    def rates(self) -> wire.CallRates:
        """How many calls to things outside were made lately."""
        minutes, errors = self._journal.calls.rates.now(self._journal.clock.now())
        return wire.CallRates(minutes=minutes, server_errors=errors)

    def unwritten(self) -> wire.UnwrittenView | None:
        """Since when the database cannot be written, and why."""
        found = self._journal.unwritten
        return None if found is None else wire.UnwrittenView(since=found.since, problem=found.problem)

    def most_urgent_first(self) -> list[Record]:
        """Every node: those that need a person first, and then each as urgent as it is."""
        nodes = [one for one in self._journal.mirror.records.values() if one.name != one.shard]
        urgency = {node.name: self._standings.of(node).urgency for node in nodes}
        return sorted(nodes, key=lambda node: place_of(urgency[node.name], node.since, True, node.name))

    def tell_what_turned(self) -> None:
        """Tell everybody who listens of what looks otherwise now although nothing happened: it is late, or should be
        ready by now. It is looked through once for all who listen."""
        now = self._journal.clock.now()
        if now - self._turned < self._journal.clock.speed:  # a second of whoever looks
            return
        self._turned = now
        turned = frozenset(name for name, (_, until, _) in self._kept.items() if until <= now)
        if turned:
            self._journal.bus.publish(Notice((), turned, frozenset()))

    def entity(self, record: Record) -> wire.EntityView:
        """One node or cluster, as the JSON that it was last written as while nothing changed that it shows."""
        record = self._journal.mirror.records.get(record.name, record)  # the caller may have waited meanwhile
        stamp, now = self._standings.stamp(record), self._journal.clock.now()
        kept = self._kept.get(record.name)
        if kept is None or kept[0] != stamp or kept[1] <= now:
            if len(self._kept) > 2 * len(self._journal.mirror.records):
                self._kept.clear()  # many have left the store
            until = self._standings.of(record).until
            kept = self._kept[record.name] = stamp, until, orjson.Fragment(orjson.dumps(self._entity(record)))
        return cast("wire.EntityView", kept[2])

    def _entity(self, record: Record) -> wire.EntityView:
        kind = self._engine.kind(record)
        rows = self._journal.mirror.resources(record.name)
        commands = self._journal.mirror.commands(record.name)
        wait = record.wait or {}
        error, ways = self._ways(record)
        index, count = kind.place(record.state, record.step)
        stands = self._standings.of(record)
        view = wire.EntityView(
            name=record.name,
            kind=kind.role,
            cluster=record.shard,
            platform=record.platform,
            state=record.state,
            title=sentence(record, kind),
            phase=stands.phase,
            step=record.step,
            step_index=index,
            step_count=count,
            progress=wait.get("progress"),
            attempt=record.attempt,
            protected=record.protected,
            stop_after=record.stop_after,
            since=record.since,
            deadline=record.deadline,
            waiting_for=wait.get("for"),
            evidence=wait.get("evidence"),
            error=error,
            remedies=ways,
            wish=commands[0].verb if commands else None,
            can=self._verbs.can(record),
            addresses=self._engine.platform(record).addresses(record, rows),
            resources=_resources(rows, missed(self._journal.mirror, record.name)),
            urgency=stands.urgency,
            needs_person=stands.needs_person,
        )
        if stands.expected.outlook:
            view["outlook"] = stands.expected.outlook
        self._add_what_it_brings(view)
        return view

    async def spec(self, cluster: Record, drafts: Drafts) -> wire.SpecText:
        """The spec of a cluster, what became of its lines, and the draft of another one. Raises StoreError."""
        text = self._read_back.text(cluster)
        told = wire.SpecText(
            cluster=cluster.name, spec=text, marks=self._read_back.marks(cluster, text, self._stands_in_spec)
        )
        if (applied := await self._read_back.applied(cluster)) is not None:
            told["applied"] = applied
        if (draft := drafts.find(cluster.name)) is not None:
            told["draft"] = draft
        return told

    def _stands_in_spec(self, record: Record) -> tuple[wire.Phase, str, str]:
        """Where a node stands, beside its line of the spec."""
        kind = self._engine.kind(record)
        lost = missed(self._journal.mirror, record.name)
        rows = self._journal.mirror.resources(record.name)
        missing = [row.kind for row in rows if row.cloud_id in lost]
        told = [sentence(record, kind)]
        if record.attempt > 1:
            told.append(f"try {record.attempt}")
        if missing:
            told.append(f"missing outside: {', '.join(missing)}")
        addresses = self._engine.platform(record).addresses(record, rows)
        return self._standings.of(record).phase, ", ".join(told), next(iter(addresses.values()), "")

    def _add_what_it_brings(self, view: wire.EntityView) -> None:
        """The commands that its platform has for it beside its verbs, and what a cluster used of what costs."""
        platform = self._engine.platforms.get(view["platform"])
        brings = [] if platform is None else platform.brings()
        if view["kind"] == "node" and "console" in brings:
            view["console"] = True
        if view["kind"] == "cluster" and "login" in brings:
            view["login"] = True
        if view["kind"] == "cluster" and platform is not None:
            uses = used_by(view["name"], platform.objects, self._journal.mirror, self._prices)
            if uses:
                view["uses"] = uses

    def _ways(self, record: Record) -> tuple[wire.ErrorView | None, list[wire.RemedyView]]:
        """What is wrong with a record, and what a person can do about it as it stands now."""
        here = self._engine.situation(record)
        cluster = self._engine.situation(here.cluster)
        problem = record.error or self._cause(record)
        ways = remedies(problem, here, cluster) if problem else without_problem(here, cluster)
        ways = [*ways, *self._audit.makes_up(record)]
        shown = cast("list[wire.RemedyView]", msgspec.to_builtins(ways))
        if problem is None:
            return None, shown
        error = {**_without_null(problem), "remedy": text(ways), "remedies": shown}
        return cast("wire.ErrorView", error), shown

    def _cause(self, record: Record) -> dict[str, Any] | None:
        """The problem for which the daemon goes back to nothing, or went back, by itself."""
        phase = self._engine.kind(record).states[record.state].phase
        because: dict[str, Any] | None = record.facts.get("because")
        return because if phase in ("releasing", "released") else None

    def steps(self) -> wire.Steps:
        """The steps of every kind, with what they took before."""
        platforms = self._engine.platforms.items()
        return wire.Steps(
            steps={
                name: {kind.role: self._steps_of(kind) for kind in (platform.node, platform.cluster)}
                for name, platform in platforms
            }
        )

    def verbs(self) -> wire.VerbList:
        """The verbs of every kind, and how each is asked for."""
        return wire.VerbList(
            verbs={
                name: {
                    kind.role: [verb_view(verb) for verb in kind.verbs.values()]
                    for kind in (platform.node, platform.cluster)
                }
                for name, platform in self._engine.platforms.items()
            },
            commands={name: platform.brings() for name, platform in self._engine.platforms.items()},
        )

    def _steps_of(self, kind: Kind) -> list[wire.StepView]:
        history, factor = self._journal.history, self._engine.pace.deadline_factor
        return [
            wire.StepView(
                name=step,
                title=kind.states[step].title,
                place=place,
                deadline=Limits(factor=factor).of(kind.states[step]),
                usual=history.usual(kind.name, step),
                slow_after=history.slow_after(kind.name, step),
                runs=history.runs(kind.name, step),
                short=kind.states[step].brief,
                nature=kind.states[step].nature,
                **_again(history.repeated(kind.name, step)),
            )
            for place, step in enumerate(kind.steps, 1)
        ]


def _again(measure: Measure) -> Again:
    """What a step took where it was tried once more; nothing before the first time."""
    if not measure.runs:
        return {}
    usual = wire.UsualView(usual=measure.usual, slow_after=measure.slow_after, runs=measure.runs)
    return {"again": usual}


def _resources(rows: Sequence[Resource], lost: Mapping[str, float]) -> list[wire.ResourceView]:
    shown = [
        wire.ResourceView(kind=row.kind, id=row.cloud_id, name=row.name, state=row.state) for row in rows
    ]
    for one in shown:
        if one["id"] in lost:
            one["missed"] = lost[str(one["id"])]
    return shown


def verb_view(verb: Verb) -> wire.VerbView:
    """A verb as the API tells of it."""
    return wire.VerbView(
        name=verb.name,
        does=verb.does,
        help=verb.help,
        consent=verb.consent,
        deletes=verb.deletes,
        step=verb.step,
        at_step=_prompt_view(verb.at_step) if verb.at_step else None,
        goal=verb.goal,
        **_prompt_view(verb.prompt),
    )


def _prompt_view(prompt: Prompt) -> wire.PromptView:
    return wire.PromptView(
        question=prompt.question, promise=prompt.promise, accepted=prompt.accepted, mild=prompt.mild
    )


def _without_null(error: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in error.items() if value is not None}


def problem_view(error: NxdError) -> dict[str, Any]:
    """An error as the API says it."""
    view: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "remedy": text(error.remedies),
        "remedies": [msgspec.to_builtins(one) for one in error.remedies],
        "retry": error.retry,
    }
    if error.evidence is not None:
        view["evidence"] = error.evidence
    return view


def call_view(call: OutsideCall, bodies: bool = False) -> wire.CallView:
    """A call to something outside."""
    view = wire.CallView(
        id=call.id,
        time=call.time,
        target=call.target,
        intent=call.intent,
        tries=call.tries,
        service=call.service,
        method=call.method,
        server=call.server,
        path=call.path,
        status=call.status,
        failed=call.failed,
        ms=round(call.ms, 1),
    )
    if call.why is not None:
        view["why"] = call.why
    if call.request_id is not None:
        view["request_id"] = call.request_id
    if bodies:
        view["query"] = call.query
        if call.sent is not None:
            view["sent"] = call.sent
        if call.answered is not None:
            view["answered"] = call.answered
    return view


def event_view(event: Event) -> wire.EventView:
    """A line of the log."""
    return wire.EventView(
        revision=event.revision,
        time=event.time,
        cluster=event.shard,
        node=event.record if event.record != event.shard else None,
        kind=event.kind,
        level=event.level,
        actor=event.actor,
        message=event.message,
        data=event.data,
    )

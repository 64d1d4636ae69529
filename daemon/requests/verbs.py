"""The verbs people give: which are legal, what they would do, and how they enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daemon import wire
from daemon.display.money import NO_PRICES, Prices
from daemon.engine import legality, reactions, sentences
from daemon.engine.engine import Engine
from daemon.engine.locks import Locks
from daemon.engine.remedies import refusal
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.platforms.base import Planned
from daemon.requests.another_try import again_of
from daemon.requests.plans import ask_before, creations, deletions, plan_of, stages_of, taken
from daemon.store.ops import AddCommand, Command
from state_machines.kind import ROLLING_BACK
from state_machines.record import Record


class Verbs:
    """Verbs on their way into the inbox."""

    def __init__(self, journal: Journal, engine: Engine, prices: Prices = NO_PRICES) -> None:
        self._journal = journal
        self._engine = engine
        self._prices = prices
        self._giving = Locks()

    def find(self, name: str) -> Record:
        """The node or cluster of that name. Raises NxdError."""
        record = self._journal.mirror.records.get(name)
        if record is None:
            raise NxdError("unknown", f"There is no node or cluster named {name}.")
        return record

    def can(self, record: Record) -> dict[str, str | None]:
        """Each verb the record knows → None when it is legal now, else the reason why it is not."""
        situation = self._engine.situation(record)
        return {verb: legality.why_not(situation, verb, {}) for verb in situation.kind.verbs}

    def _refuse_what_is_not_legal(self, record: Record, verb: str, args: Mapping[str, Any]) -> None:
        situation = self._engine.situation(record)
        reason = legality.why_not(situation, verb, args)
        if reason is not None:
            cluster = self._engine.situation(situation.cluster)
            raise refusal(reason, situation, cluster, verb, args)

    def plan(self, verb: str, target: str, step: str | None = None) -> wire.Plan:
        """What the verb would do now. Raises NxdError, also when it is not legal now. ``step`` as in ``give``."""
        record = self.find(target)
        self._know(record, verb, step)
        args = {"step": step} if step else {}
        self._refuse_what_is_not_legal(record, verb, args)
        return self._plan(record, verb, args)

    def _plan(self, record: Record, verb: str, args: Mapping[str, Any]) -> wire.Plan:
        platform, ledger = self._engine.platform(record), self._journal.mirror.resources
        items: list[wire.PlanItem] = []
        effect = self._engine.kind(record).effect(verb)
        if self._goes_back(record, verb, args):
            members = self._journal.mirror.members(record.shard) if record.name == record.shard else []
            for one in (*members, record):
                items += deletions(ledger(one.name), platform)
        elif effect.deletes == "always":
            ties = platform.ties(record.name, ledger(record.shard))
            old, new = platform.replacement(record, [*ties, *ledger(record.name)])
            items = deletions(old, platform) + self._creations(record, new)
        elif effect.deletes == "maybe":
            items = self._renewals(record, verb, args)
        plain = self._journal.mirror.records[record.shard].spec if effect.attempt else None
        stages = self._stages(record, verb, args)
        begins = effect.attempt and not self._goes_back(record, verb, args)
        again = None
        if effect.again and begins and stages:
            again = again_of(self._engine, record, effect, stages, self._along(record, verb, args))
        objects, prices = platform.objects, self._prices
        return plan_of(
            verb,
            record.name,
            items,
            stages,
            objects=objects,
            plain=plain,
            begins=begins,
            prices=prices,
            again=again,
        )

    def _along(
        self, record: Record, verb: str, args: Mapping[str, Any]
    ) -> list[tuple[Record, list[wire.PlanStage]]]:
        """The nodes that are tried again with their cluster, with the steps that leads each through."""
        along = reactions.retried_along(self._engine.situation(record), verb, args)
        return [(one, self._stages(one, verb, {})) for one in along]

    def _goes_back(self, record: Record, verb: str, args: Mapping[str, Any]) -> bool:
        """Whether the verb leads back to nothing."""
        kind = self._engine.kind(record)
        event = legality.event_name(kind, verb, args)
        return kind.table.get((record.state, record.step, event)) == ROLLING_BACK

    def _renewals(self, record: Record, verb: str, args: Mapping[str, Any]) -> list[wire.PlanItem]:
        """What a retry deletes before it goes on, and what it makes anew for it; of a cluster, also what the retries of
        its nodes do that come with it."""
        platform, mirror = self._engine.platform(record), self._journal.mirror
        items: list[wire.PlanItem] = []
        for one in (*reactions.retried_along(self._engine.situation(record), verb, args), record):
            if self._engine.kind(one).states[one.state].phase == "released":
                items += self._anew(one)
                continue
            rows = mirror.resources(one.name)
            blocked = one.state == "rollback_blocked"
            old, new = (rows, ()) if blocked else platform.renewal(one, rows)
            items += deletions(old, platform) + self._creations(one, new)
        return items

    def _anew(self, record: Record) -> list[wire.PlanItem]:
        """What is made for a record of which nothing is left: what the spec in force asks for it, as far as it does not
        stand."""
        mirror, named = self._journal.mirror, self._named(record)
        names = {record.name, *named} if record.name == record.shard else {record.name}
        rows = [row for name in names for row in mirror.resources(name)]
        stands = {(row.kind, row.name) for row in rows if row.state != "gone"}
        concerned = (one for one in self._planned(record) if one.owner in names or one.member in names)
        return creations(one for one in concerned if (one.kind, one.name) not in stands)

    def _named(self, record: Record) -> list[str]:
        """The nodes that the spec in force names and that there are."""
        records = self._journal.mirror.records
        return [name for name in records[record.shard].spec.get("nodes", ()) if name in records]

    def _planned(self, record: Record) -> Sequence[Planned]:
        """Every object that the spec in force asks for."""
        records = self._journal.mirror.records
        nodes = [{**records[name].spec, "name": name} for name in self._named(record)]
        return self._engine.platform(record).planned({**records[record.shard].spec, "nodes": nodes})

    def _creations(self, record: Record, new: Sequence[Planned]) -> list[wire.PlanItem]:
        """What is made anew; of what costs by the hour another one of the sort that the spec asks for."""
        objects = self._engine.platform(record).objects
        keys = {kind.name: kind.hourly for kind in objects.values() if kind.hourly}
        hourly = any(one.kind in keys for one in new)
        planned = [one for one in self._planned(record) if one.kind in keys] if hourly else []
        sorts = {(one.owner, one.kind): one.about.get(keys[one.kind], "") for one in planned}
        items = creations(new)
        for item in items:
            if sort := sorts.get((item["owner"], item["kind"])):
                item["about"] = {keys[item["kind"]]: sort, **item.get("about", {})}
        return items

    def _stages(self, record: Record, verb: str, args: Mapping[str, Any]) -> list[wire.PlanStage]:
        """The steps that the verb leads through, as far as it is legal now."""
        kind = self._engine.kind(record)
        steps: Sequence[str] = ()
        effect = kind.effect(verb)
        if self._goes_back(record, verb, args):
            steps = () if effect.again else [stage.name for stage in kind.undo]
        elif effect.attempt:
            event = legality.event_name(kind, verb, args)
            stays = legality.stays(kind, record, verb, args)
            following = record.state if stays else kind.next(record.state, record.step, event)
            steps = kind.steps[kind.steps.index(following) :] if following in kind.steps else ()
            if record.name == record.shard:
                steps = [step for step in steps if step in self._ahead(record)]
        reached = kind.steps.index(record.step) + 1 if record.step in kind.steps else 0
        again = kind.steps[:reached] if effect.attempt else ()
        stages = stages_of(kind, steps, self._engine.limits(record), self._journal.history, again)
        if record.name == record.shard and effect.attempt:
            self._wait_for_nodes(record, stages, self._along(record, verb, args))
        return stages

    def _wait_for_nodes(
        self,
        cluster: Record,
        stages: Sequence[wire.PlanStage],
        along: Sequence[tuple[Record, list[wire.PlanStage]]],
    ) -> None:
        """A step that waits for the nodes takes what the slowest of them has still before it, and no time where all are
        through."""
        ways = {one.name: taken(way) for one, way in along}
        ahead = [
            ways[one.name] if one.name in ways else self._left(one)
            for one in self._journal.mirror.members(cluster.name)
        ]
        platform, known = self._engine.platform(cluster), [one for one in ahead if one is not None]
        if known and len(known) == len(ahead):
            first = next((one for one in stages if platform.waits_for_nodes(one["step"])), None)
            if first is not None:
                first["usual"] = max(known)
                first.pop("runs", None)

    def _left(self, node: Record) -> float | None:
        """How long a node that is let alone takes from the beginning of its step; None where nobody knows."""
        kind = self._engine.kind(node)
        if kind.states[node.state].phase == "ok":
            return 0.0
        at = (
            kind.steps.index(node.state)
            if node.state in kind.steps
            else 0
            if node.state == kind.initial
            else None
        )
        steps = () if at is None else kind.steps[at:]
        return taken(stages_of(kind, steps, self._engine.limits(node), self._journal.history))

    def _ahead(self, cluster: Record) -> Sequence[str]:
        """The steps in which a cluster that is tried again will have something to do."""
        members = {member.name for member in self._journal.mirror.members(cluster.name)}
        shrinks = bool(members - set(cluster.spec.get("nodes", ())))
        return self._engine.platform(cluster).ahead(cluster, True, shrinks)

    async def give(
        self,
        verb: str,
        target: str,
        actor: str,
        digest: str | None = None,
        token: str | None = None,
        step: str | None = None,
        meant: bool = False,
    ) -> wire.Accepted:
        """Accept a verb: durable when it returns, with the log's revision. Raises NxdError.

        ``digest`` is that of the plan that a person has seen; without it nothing that stands is deleted unless it is
        ``meant`` whatever the plan is.
        ``step``: where a retry begins, after which a hold stops.
        """
        async with self._giving(target):
            record = self.find(target)
            self._know(record, verb, step)
            args = {"step": step} if step else {}
            along = [one.name for one in reactions.retried_along(self._engine.situation(record), verb, args)]
            if token is None or not self._journal.mirror.knows_token(token):
                self._refuse_what_is_not_legal(record, verb, args)
                if not meant or digest is not None:
                    self._refuse_what_nobody_saw(record, verb, args, digest)
                await self._give(verb, record, actor, token or self._journal.clock.new_id(), args)
            return wire.Accepted(accepted=True, revision=self._journal.mirror.revision, along=along)

    def _refuse_what_nobody_saw(
        self, record: Record, verb: str, args: Mapping[str, Any], digest: str | None
    ) -> None:
        """Refuse another plan than the one with this digest, and without one whatever deletes. Raises NxdError."""
        if digest is None and self._engine.kind(record).effect(verb).deletes == "never":
            return
        plan = self._plan(record, verb, args)
        if digest is None:
            ask_before(plan, f"{verb} of {record.name}")
        elif plan["digest"] != digest:
            raise NxdError("plan_changed")

    async def _give(self, verb: str, record: Record, actor: str, token: str, args: dict[str, str]) -> None:
        target = record.name
        now = self._journal.clock.now()
        said = sentences.event(record, "verb", now, f"{actor} asked for {verb} of {target}", actor=actor)
        await self._journal.commit(
            AddCommand(Command(token, target, record.shard, verb, actor, now, args)), said
        )
        self._engine.poke(target)

    def _know(self, record: Record, verb: str, step: str | None) -> None:
        kind = self._engine.kind(record)
        if verb not in kind.verbs and not self._engine.is_absent(record):
            verbs = ", ".join(kind.verbs)
            raise NxdError(
                "request",
                f"A {kind.role} of {record.platform} has no verb {verb}.",
                remedy=f"Its verbs are {verbs}.",
            )
        if step is not None and kind.effect(verb).step is None and not self._engine.is_absent(record):
            able = [one.name for one in kind.verbs.values() if one.step]
            raise NxdError("request", f"{verb} takes no step; {' and '.join(able)} do.")
        if step is not None and step not in kind.steps and not self._engine.is_absent(record):
            steps = ", ".join(kind.steps)
            said = f"A {kind.role} has no step {step}."
            raise NxdError("request", said, remedy=f"Its steps are {steps}.")

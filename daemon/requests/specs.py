"""Applies specs: what applying one would change, and the change itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from daemon import wire
from daemon.display.money import NO_PRICES, Prices
from daemon.engine import legality, transitions
from daemon.engine.engine import Engine
from daemon.engine.limits import Limits
from daemon.engine.remedies import refusal
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.platforms.base import Check, Foresight, Platform, Seed
from daemon.requests.differences import as_written, differing, moved, unlike
from daemon.requests.plans import ask_before, changes, creations, deletions, plan_of, stages_of, taken
from daemon.requests.read_back import applied_line
from daemon.requests.sealing import sealed_secrets, unknown_seals, with_references
from daemon.store.ops import AddCommand, AddEvent, Command, Event, Op, PutRecord, Resource
from daemon.words import counted, sentences
from state_machines.lifecycle import RELEASED
from state_machines.outcome import Remedy
from state_machines.record import Record

if TYPE_CHECKING:
    from daemon.spec.reading import ClusterSpec

MOST_TOLD = 4
"""So many nodes are told one by one what leads on."""
LOOK_SECONDS = 10.0
"""How long a plan waits for the outside, to say what can be foreseen."""


class Specs:
    """Compares a spec with what stands, and puts it in force."""

    def __init__(self, journal: Journal, engine: Engine, prices: Prices = NO_PRICES) -> None:
        self._journal = journal
        self._engine = engine
        self._prices = prices
        self._applying = asyncio.Lock()

    async def preflight(self, spec: ClusterSpec) -> Sequence[Check]:
        """What the spec needs beyond what was made already, looked up now; nothing is changed. Raises NxdError."""
        platform, plain = self._platform(spec), self._plain(spec)
        _check_settings(platform, plain)
        seeds = platform.seeds(plain)
        self._standing(seeds)
        self._check_claims(platform, seeds)
        try:
            return await platform.preflight(plain, self._journal.mirror)
        except NxdError as error:
            error.mend_by(platform.remedies)
            raise

    async def plan(self, spec: ClusterSpec) -> wire.Plan:
        """What applying the spec would make, change and delete, with what can be foreseen. Raises NxdError."""
        foreseen, note = await self._foresee(spec)
        return self._with_kept(spec, self._plan(spec, foreseen, note))

    async def _foresee(self, spec: ClusterSpec) -> tuple[Foresight, str]:
        """What a look at the outside tells; nothing, and why, when it does not answer soon. Where nothing is to be
        made, nobody is asked."""
        situation = self._journal.mirror.records.get(spec.cluster)
        platform, plain = self._platform(spec), self._plain(spec)
        _check_settings(platform, plain)
        seeds = platform.seeds(plain)
        stands = situation is not None and self._engine.exists(spec.cluster)
        if situation is not None and stands and not self._difference(situation, seeds)[0]:
            return Foresight(), ""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await platform.foresee(plain, self._journal.mirror), ""
        except NxdError as error:
            return Foresight(), f"Which addresses it will be cannot be foreseen: {error.message}"
        except TimeoutError:
            return Foresight(), "Which addresses it will be cannot be foreseen: nobody answers in time."

    def _plan(self, spec: ClusterSpec, foreseen: Foresight, note: str = "") -> wire.Plan:
        platform, plain = self._platform(spec), self._plain(spec)
        _check_settings(platform, plain)
        seeds = platform.seeds(plain)
        situation, comers = self._standing(seeds), len(seeds) - 1
        self._check_claims(platform, seeds)
        steps = platform.forms(plain)
        if situation is None:
            items = creations(platform.planned(plain), foreseen.about)
        else:
            changed = self._changed(platform, situation, seeds)
            items = changes(spec.cluster, changed, situation.spec, seeds[0].spec)
            new, leaving = self._difference(situation, seeds)
            differs = bool(changed or new or leaving or not self._is_in_force(situation, seeds))
            whole = differs and not self._engine.exists(situation.name)
            made = (one for one in platform.planned(plain) if whole or one.owner in new or one.member in new)
            items += creations(made, foreseen.about)
            for record in leaving:
                ties = platform.ties(record.name, self._journal.mirror.resources(situation.name))
                rows = [*ties, *self._journal.mirror.resources(record.name)]
                items += deletions(rows, platform)
            back = {} if whole else self._coming_back(platform, situation, seeds)
            anew = set() if whole else self._anew(situation, seeds)
            back |= {name: [] for name in anew}
            comers = len(new) + len(back)
            items += self._items_of(platform, plain, back, anew)
            if "on_failure" in changed and not whole:
                note = sentences(note, self._stay_failed(situation, leaving))
            if not items:
                steps = ()
            elif not whole:
                asked = replace(situation, spec=seeds[0].spec)
                steps = platform.ahead(asked, bool(new or back), bool(leaving))
        stages = self._stages(platform, plain, steps, bool(comers))
        usual = partial(self._journal.history.usual, platform.node.name)
        bounds, objects = platform.bounds(comers, usual), platform.objects
        return plan_of(
            "apply", spec.cluster, items, stages,
            objects=objects, plain=plain, note=note, bounds=bounds, prices=self._prices,
        )  # fmt: skip

    def _with_kept(self, spec: ClusterSpec, plan: wire.Plan) -> wire.Plan:
        """The plan, with the nodes that the spec names and leaves as they are, and how many objects they have."""
        mirror, moved = self._journal.mirror, {item["owner"] for item in plan["items"]}
        names = [node.name for node in spec.nodes if node.name in mirror.records and node.name not in moved]
        rows = [row for name in names for row in mirror.resources(name)]
        if names and plan["items"]:
            plan["kept"] = wire.PlanKept(nodes=names, objects=sum(row.state == "present" for row in rows))
        return plan

    def _items_of(
        self,
        platform: Platform,
        plain: Mapping[str, Any],
        back: Mapping[str, Iterable[Resource]],
        anew: Collection[str],
    ) -> Iterator[wire.PlanItem]:
        """What goes of nodes that come back, and what is made of them, all of it where nothing of one stands."""
        for name, going in back.items():
            yield from deletions(going, platform)
            owner = name if name in anew or self._is_undone(name) else None
            yield from creations(p for p in platform.planned(plain) if p.member == name or p.owner == owner)

    def _stay_failed(self, cluster: Record, leaving: Sequence[Record]) -> str:
        """What another rule for failures does not do: nothing to those that failed before it."""
        members = [one for one in self._journal.mirror.members(cluster.name) if one not in leaving]
        stand = [one.name for one in members if self._engine.kind(one).states[one.state].phase == "failed"]
        said = "on_failure is for what fails from now on: it moves none of those that failed already"
        return f"{said} ({', '.join(stand)})." if stand else ""

    def _check_claims(self, platform: Platform, seeds: Sequence[Seed]) -> None:
        """Refuse a name that a record of another cluster has, in whatever the platform keeps such names."""
        wanted = platform.claims(seeds[0].spec)
        for record in self._journal.mirror.records.values():
            other = record.name == record.shard != seeds[0].name
            if not other or self._engine.platform(record) is not platform:
                continue
            theirs = platform.claims(record.spec)
            for name in wanted.keys() & theirs.keys():
                raise NxdError(
                    "refused",
                    f"{name} would be {wanted[name]}, and is {theirs[name]} already.",
                    remedy="Give the node or cluster in the spec another name.",
                )

    def _stages(
        self, platform: Platform, plain: Mapping[str, Any], steps: Sequence[str], deploys: bool
    ) -> list[wire.PlanStage]:
        """Steps of the cluster; those of a node pass while it deploys one, and take what they took without it."""
        limits = Limits(plain["deadlines"], self._engine.pace.deadline_factor)
        history = self._journal.history
        stages = stages_of(platform.cluster, steps, limits, history)
        whole = taken(stages_of(platform.node, platform.node.steps, limits, history))
        first = next((one for one in stages if platform.waits_for_nodes(one["step"])), None)
        if deploys and whole is not None and first is not None:
            first["usual"] = whole
        return stages

    async def apply(self, spec: ClusterSpec, actor: str, digest: str | None) -> bool:
        """Put the spec in force. False when it is in force already. Raises NxdError.

        ``digest`` is that of the plan that a person has seen; without it nothing that stands may be deleted.
        """
        async with self._applying:
            foreseen = Foresight() if digest is None else (await self._foresee(spec))[0]
            plan = self._plan(spec, foreseen)
            if digest is not None and plan["digest"] != digest:
                raise NxdError("plan_changed")
            seeds = self._platform(spec).seeds(self._plain(spec))
            situation = self._standing(seeds)
            if situation is not None and self._is_in_force(situation, seeds):
                return False
            if digest is None:
                ask_before(plan, "Applying this spec")
            secrets = sealed_secrets(_open(spec), spec.cluster, self._engine.box)
            if situation is None:
                await self._create_records(seeds, actor, foreseen, secrets)
            else:
                await self._change(situation, seeds, actor, secrets)
            return True

    async def _create_records(
        self, seeds: Sequence[Seed], actor: str, foreseen: Foresight, secrets: Sequence[Op]
    ) -> None:
        """A cluster that does not exist yet begins, and remembers what was foreseen."""
        cluster, now = seeds[0].name, self._journal.clock.now()
        start = Command(self._journal.clock.new_id(), cluster, cluster, "start", actor, now)
        await self._journal.commit(
            *secrets,
            *(
                PutRecord(
                    transitions.created(
                        seed.name, seed.kind, cluster, seed.spec, now, foreseen.facts.get(seed.name, {})
                    )
                )
                for seed in seeds
            ),
            AddCommand(start),
            _said(cluster, actor, len(seeds) - 1, now),
        )
        for seed in seeds:
            self._engine.poke(seed.name)

    async def _change(
        self, situation: Record, seeds: Sequence[Seed], actor: str, secrets: Sequence[Op]
    ) -> None:
        """A standing cluster gets another spec, which it takes over at its next safe point."""
        cluster, now = situation.name, self._journal.clock.now()
        new, leaving = self._difference(situation, seeds)
        whole = not self._engine.exists(cluster)
        begin = new | self._anew(situation, seeds)
        args: dict[str, Any] = {
            "spec": seeds[0].spec,
            "nodes": {s.name: s.spec for s in seeds[1:] if whole or s.name in begin},
        }
        if whole:
            args["whole"] = True
        elif leaving:
            args["leaving"] = [node.name for node in leaving]
        command = Command(self._journal.clock.new_id(), cluster, cluster, "change", actor, now, args)
        said = _said(cluster, actor, len(seeds) - 1, now)
        await self._journal.commit(*secrets, AddCommand(command), said)
        self._engine.poke(cluster)

    def _plain(self, spec: ClusterSpec) -> dict[str, Any]:
        """The spec as the records keep it: plain data, deadlines in seconds, no secret. Raises NxdError when it refers
        to one that was never sealed here."""
        plain = _open(spec)
        for mark in unknown_seals(plain, spec.cluster, self._journal.mirror.secrets):
            raise NxdError("spec", f"There is no secret {mark} of {spec.cluster} sealed here.",
                           remedy="Write the secret itself in its place, or where it is kept.")  # fmt: skip
        opened: dict[str, Any] = with_references(plain, self._engine.box)
        return opened

    def _platform(self, spec: ClusterSpec) -> Platform:
        return self._engine.platforms[spec.platform]

    def _standing(self, seeds: Sequence[Seed]) -> Record | None:
        """The cluster as it is, None while there is none. Raises NxdError when a name is another cluster's."""
        cluster, records = seeds[0].name, self._journal.mirror.records
        for seed in seeds:
            known = records.get(seed.name)
            if known is not None and (known.shard != cluster or known.kind != seed.kind.name):
                raise NxdError("refused", f"{seed.name} belongs to {known.shard} already.",
                               remedy="Give the node or cluster in the spec another name.")  # fmt: skip
        return records.get(cluster)

    def _is_in_force(self, situation: Record, seeds: Sequence[Seed]) -> bool:
        """Whether the spec is in force already; also when it waits in the inbox to be. A cluster that goes back
        to nothing, or has, is what no spec asks for."""
        waiting = [c.args["spec"] for c in self._journal.mirror.commands(situation.name) if "spec" in c.args]
        if not waiting and situation.state in RELEASED:
            return False
        return (waiting or [situation.spec])[-1] == seeds[0].spec and not self._others(situation, seeds)

    def _others(self, situation: Record, seeds: Sequence[Seed]) -> dict[str, str]:
        """The nodes whose own part of the spec is not the one they were made from, or will be once a spec that waits is
        in force; each with what differs."""
        mirror = self._journal.mirror
        waiting = [c.args["nodes"] for c in mirror.commands(situation.name) if "spec" in c.args]
        known = {member.name: member.spec for member in mirror.members(situation.name)}
        known |= waiting[-1] if waiting else {}
        parts = {seed.name: (known[seed.name], seed.spec) for seed in seeds[1:] if seed.name in known}
        return {name: unlike(old, new) for name, (old, new) in parts.items() if old != new}

    def _anew(self, situation: Record, seeds: Sequence[Seed]) -> set[str]:
        """The nodes that begin anew with another entry, for nothing was made of the one before."""
        records = self._journal.mirror.records
        return {name for name in self._others(situation, seeds) if self._engine.is_empty(records[name])}

    def _difference(self, situation: Record, seeds: Sequence[Seed]) -> tuple[set[str], list[Record]]:
        """The names of the nodes that are to come, and the nodes that are to go."""
        asked = {seed.name for seed in seeds[1:]}
        members = self._journal.mirror.members(situation.name)
        return asked - {member.name for member in members}, [m for m in members if m.name not in asked]

    def _coming_back(
        self, platform: Platform, situation: Record, seeds: Sequence[Seed]
    ) -> dict[str, list[Resource]]:
        """The nodes that were to go by the spec before, and began to: each with what of it goes before it comes
        again."""
        mirror, found = self._journal.mirror, dict[str, list[Resource]]()
        waiting = [c.args["spec"] for c in mirror.commands(situation.name) if "spec" in c.args]
        named = (waiting or [situation.spec])[-1]["nodes"]
        for seed in seeds[1:]:
            if seed.name in named or seed.name not in mirror.records:
                continue
            ties = platform.ties(seed.name, mirror.resources(situation.name))
            if self._is_undone(seed.name):
                found[seed.name] = [*ties, *mirror.resources(seed.name)]
            elif all(row.state == "deleting" for row in ties):
                found[seed.name] = list(ties)
        return found

    def _is_undone(self, node: str) -> bool:
        """Whether everything of a node is being deleted, or was."""
        return self._journal.mirror.records[node].state in RELEASED

    def _changed(self, platform: Platform, situation: Record, seeds: Sequence[Seed]) -> list[str]:
        """The settings that differ. Raises NxdError when one cannot change, or not now."""
        changed = sorted(differing(situation.spec, seeds[0].spec))
        new, leaving = self._difference(situation, seeds)
        others = self._others(situation, seeds)
        if not (changed or new or leaving or others) and self._is_in_force(situation, seeds):
            return []
        fixed: list[str] = []
        if self._engine.exists(situation.name):
            fixed = as_written(name for name in changed if not platform.may_change(name))
            anew = self._anew(situation, seeds)
            others = {name: what for name, what in others.items() if name not in anew}
            fixed += [f"{name} ({what})" for name, what in others.items()]
            fixed += [f"{node.name} (it stays: {why})" for node in leaving if (why := platform.stays(node))]
        if fixed:
            raise NxdError(
                "refused",
                f"{situation.name} exists, and this spec changes what cannot change: {', '.join(fixed)}.",
                remedy=[*self._ways_of_nodes(situation, seeds, others), *self._way_to_nothing(situation)],
            )
        if not self._is_in_force(situation, seeds):
            self._may_change_now(situation, [node.name for node in leaving])
        return changed

    def _ways_of_nodes(
        self, situation: Record, seeds: Sequence[Seed], others: Mapping[str, str]
    ) -> Iterator[Remedy]:
        """What a person can do about nodes that stand by another entry: leave what comes from their place as it is, or
        have nothing of them stand."""
        if moved(situation.spec["nodes"], [seed.name for seed in seeds[1:]], others):
            text = "What a node's entry does not say comes from its place in the list: "
            text += f"take `nxd spec {situation.name}`, which says it of every node, and edit that."
            yield Remedy("spec", text)
        for name in list(others)[:MOST_TOLD]:
            node = self._engine.situation(self._journal.mirror.records[name])
            back = legality.legal_for(node, "back")
            if back is not None and node.record.state != "rolled_back":
                text = f"A node of which nothing stands takes another entry: nxd {back} {name}, then apply this spec."
                yield Remedy("verb", text, verb=back, target=name)

    def _way_to_nothing(self, situation: Record) -> list[Remedy]:
        """What a person can do who wants what cannot change while something stands."""
        found = [Remedy("spec", "Take these back, or apply the spec under another cluster name.")]
        verb = legality.legal_for(self._engine.situation(situation), "back", "end")
        if verb is not None:
            text = f"Only if all of it may go: nxd {verb} {situation.name}."
            found.append(Remedy("verb", text, verb=verb, target=situation.name))
        return found

    def _may_change_now(self, situation: Record, leaving: Sequence[str]) -> None:
        """Raises NxdError while the cluster takes no other spec."""
        args = {"leaving": leaving} if leaving and self._engine.exists(situation.name) else {}
        now = self._engine.situation(situation)
        reason = legality.why_not(now, "change", args)
        if not now.kind.leads("change"):
            message = f"{situation.name} exists, and no cluster of {situation.platform} takes another spec."
            raise NxdError("refused", message, remedy=self._way_to_nothing(situation))
        if reason is not None:
            message = f"{situation.name} cannot take another spec now. {reason}"
            raise refusal(message, now, now, "change", args)


def _check_settings(platform: Platform, plain: Mapping[str, Any]) -> None:
    """Refuse, before anybody outside is asked, what the settings of this daemon rule out. Raises NxdError."""
    found = platform.ruled_out(plain)
    if found:
        mend = [Remedy("spec", f"Change {name} in the spec, and apply it.", setting=name) for name in found]
        raise NxdError("spec", sentences(*found.values()), remedy=mend)


def _said(cluster: str, actor: str, nodes: int, now: float) -> AddEvent:
    said = applied_line(actor, cluster, counted(nodes, "node"))
    return AddEvent(Event(now, cluster, cluster, "verb", said, "info", actor))


def _open(spec: ClusterSpec) -> dict[str, Any]:
    """The spec as plain data, deadlines in seconds, with the words of its secrets."""
    return {**spec.model_dump(mode="json"), "deadlines": dict(spec.deadlines)}

"""Runs what is due: one turn at a time for each record, every record beside the others.

A turn honours the verbs that wait, runs the step of the record's state, and commits what the step answered.
A restart is no second path: every record that has work gets a turn, and its step finds out what is there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from daemon.clock import take_held
from daemon.engine import legality, reactions, sentences, transitions
from daemon.engine.absent import NO_OTHERS, Others
from daemon.engine.context import StepContext
from daemon.engine.crashes import CrashLog
from daemon.engine.delays import Delays
from daemon.engine.interrupts import Interrupted, Protected
from daemon.engine.lapses import Lapses
from daemon.engine.locks import Locks
from daemon.engine.meters import Meters
from daemon.engine.pace import Pace
from daemon.engine.remedies import plain
from daemon.engine.situations import Situations
from daemon.engine.turns import Turns
from daemon.errors.tree import NxdError, OutsideError, StoreError, mended
from daemon.faultpoints import point
from daemon.memory.journal import Journal
from daemon.platforms.base import Platform
from daemon.secrets.box import SecretBox
from daemon.store.base import Fenced, RecordForgotten
from daemon.store.ops import AddCommand, CloseCommand, Command, Op, PutRecord
from daemon.words import counted
from state_machines.kind import ROLLING_BACK, Kind
from state_machines.outcome import Busy, Done, Fail, Outcome, Problem, Wait
from state_machines.record import Record
from state_machines.verbs import PROTECTIONS

log = logging.getLogger("nxd.engine")

PROTECTED_POLL = 60.0
"""Seconds between two looks at whether a protection was lifted; lifting it wakes whoever waits."""


class Engine:
    """The turns of all records. ``platforms`` by name, those that are switched on; ``others`` are those that are not. A
    record's kind begins with its platform's name."""

    def __init__(
        self,
        journal: Journal,
        platforms: Mapping[str, Platform],
        box: SecretBox,
        pace: Pace,
        crashes: CrashLog | None = None,
        others: Others = NO_OTHERS,
    ) -> None:
        self.journal = journal
        self._mirror = journal.mirror
        self.platforms = platforms
        self.pace = pace
        known = Situations(journal.mirror, platforms, pace.deadline_factor, others)
        self.platform, self.kind, self.limits = known.platform, known.kind, known.limits
        self.situation, self.exists, self.is_absent = known.situation, known.exists, known.is_absent
        self.is_empty, self.absence = known.is_empty, known.absence
        self.box = box
        self._locks = Locks()
        self._crashes = crashes or CrashLog(None)
        self._delays = Delays()
        self._turns = Turns(journal.clock, self._turn, pace.steps_at_once, self._suspects)
        self.poke = self._turns.poke
        self.lapses = Lapses(journal, known, self.poke)
        self._meters = Meters(self._mirror.records, self._turns, journal.clock)
        self.metrics = self._meters.registry
        self._contexts: dict[str, StepContext] = {}
        """Of the turns that are under way, by record."""

    def _suspects(self, name: str) -> bool:
        """Whether one more death of the daemon would have the record held: then nobody else may be to blame."""
        return self._crashes.suspects(name, max(1, self.pace.crashes - 1))

    @property
    def problems(self) -> list[str]:
        """What keeps records from having their turn, for the health answer; empty when nothing does."""
        return self._turns.problems

    async def run(self) -> None:
        """Work until cancelled; then every turn is stopped where it is. Raises Fenced."""
        await self._hold_the_deadly()
        await self.lapses.make_up()
        now = self.journal.clock.now()
        for record in self._mirror.records.values():
            if record.wake_at is not None and record.wake_at > now:
                self._turns.wake_at(record.name, record.wake_at)
            else:
                self.poke(record.name)
        await self._turns.run()

    async def _hold_the_deadly(self) -> None:
        """Stop the records that the daemon died of again and again; the others run on."""
        for name, count in list(self._crashes.counts.items()):
            record = self._mirror.records.get(name)
            if record is None or self.is_absent(record) or count < self.pace.crashes:
                continue
            said = f"The daemon died {counted(count, 'time')} in a row while this step ran."
            problem = NxdError("deadly", said).problem()
            stop = "blocked" if record.state == ROLLING_BACK else self.kind(record).parts.get("stop", "fail")
            if self.kind(record).allows(record.state, record.step, stop):
                try:
                    await self._stop(record, problem, stop)
                except StoreError as error:
                    log.error("commit_failed", extra={"record": name, "evidence": error.evidence})
                    return
            del self._crashes.counts[name]

    async def _turn(self, name: str) -> None:
        """The verbs that wait, and every step that can run now. It ends when what it changed is durable: the next one
        begins with what stands in the mirror."""
        context = StepContext(name, self.journal, self._locks, self.box, self.poke, self)
        self._contexts[name] = context
        try:
            try:
                while name in self._mirror.records and await self._round(context):
                    pass
            finally:
                await context.written()
        except RecordForgotten:
            if name in self._mirror.records:
                raise
            log.info("gone", extra={"record": name})
        finally:
            del self._contexts[name]
            self._crashes.end(name)
            self.journal.soon(self._crashes.flush)

    async def _round(self, context: StepContext) -> bool:
        """One verb or one run of the step. True when there may be more to do at once."""
        record = context.record
        name = record.name
        if self.is_absent(record):
            return False
        if self._mirror.asked(name):
            await context.written()
            await self._carry_out(context.record, self._mirror.commands(name)[0])
            return True
        kind = self.kind(record)
        if record.state != ROLLING_BACK and not kind.states[record.state].work:
            return False
        if record.wake_at is not None and record.wake_at > self.journal.clock.now():
            self._turns.wake_at(name, record.wake_at)
            return False
        await self.journal.see_that_it_writes()
        self._crashes.begin(name, self._turns.fresh)
        began = self.journal.clock.now()
        outcome = await self._run(record, context)
        self._delays.add(record, take_held())
        if isinstance(outcome, Done):
            return await self._advance(context, outcome)
        await context.save()
        return await self._apply_outcome(context, outcome, began)

    async def _carry_out(self, record: Record, command: Command) -> None:
        """Do what the verb asks for, if it is legal still, and close it in the same commit."""
        kind = self.kind(record)
        now = self.journal.clock.now()
        close = CloseCommand(command.token, record.name)
        before = self.situation(record, command)
        reason = legality.why_not(before, command.verb, command.args)
        if reason is not None:
            event = sentences.event(
                record, "verb", now, f"{command.verb} came to nothing: {reason}", "warning"
            )
            await self.journal.commit(close, event)
            return
        changed = transitions.carried_out(record, kind, command.verb, command.args, now, self.limits(record))
        members, new_id = self._mirror.members(record.name), self.journal.clock.new_id
        ops: list[Op] = [close, *reactions.companions(before, command, members, self.kind, new_id, now)]
        if legality.stays(kind, record, command.verb, command.args):
            await self.journal.commit(PutRecord(changed), *ops, reactions.in_force(record, command, ops, now))
            self._wake_paused(record, command.verb)
        else:
            if changed.state == kind.initial and record.name == record.shard:
                ops.append(reactions.follow_up(record, "start", now, new_id()))
            if command.verb == "change":
                node = self.platform(changed).node
                ops += reactions.changed_nodes(changed, node, command.args, members, now, self.is_empty)
            await self._commit_change(record, changed, command.verb, command.actor, *ops)
        for op in ops:
            if isinstance(op, AddCommand) and op.command.target != record.name:
                self.poke(op.command.target)

    def _wake_paused(self, record: Record, verb: str) -> None:
        """Whatever waited for a protection to be lifted looks again once it is; no other verb has it do so."""
        if record.name == record.shard and PROTECTIONS.get(verb) is False:
            for member in self._mirror.members(record.name):
                self.poke(member.name)

    def _latest(self, name: str) -> Record:
        """A record as it is committed now, or soon will be."""
        return self._contexts[name].record if name in self._contexts else self._mirror.records[name]

    async def _run(self, record: Record, context: StepContext) -> Outcome:
        """The step's answer; whatever it raises becomes one."""
        platform = self.platform(record)
        undoing = record.state == ROLLING_BACK
        try:
            step = (platform.undo if undoing else platform.steps)[record.step if undoing else record.state]  # type: ignore[index]
            point("run_begins", record.name, record.state)
            return await step(context)
        except Interrupted:
            return Wait("a verb to be carried out", "a verb is waiting", poll=0)
        except Protected as protected:
            return Wait(
                "its protection to be lifted", str(protected), PROTECTED_POLL, attention=True, in_line=True
            )
        except (StoreError, Fenced, RecordForgotten):
            raise
        except OutsideError as error:
            return Busy(error.problem(), error.after) if error.retry == "now" else Fail(error.problem())
        except NxdError as error:
            return Fail(error.problem())
        except Exception as error:
            log.exception("step_broke", extra={"record": record.name, "state": record.state})
            return Fail(NxdError("bug", evidence=f"{type(error).__name__}: {error}").problem())

    async def _apply_outcome(self, context: StepContext, outcome: Wait | Busy | Fail, began: float) -> bool:
        """Commit what the step, which ``began`` then, answered. True when there is more to do at once."""
        record = context.record
        if not isinstance(outcome, Wait):
            told = mended(outcome.problem, self.platform(record).remedies)
            outcome = replace(outcome, problem=told)
        match outcome:
            case Fail():
                return await self._fail(record, outcome.problem)
            case _ if self._mirror.asked(record.name):
                return True
            case Wait():
                return await self._wait(record, outcome, began)
            case Busy():
                return await self._busy(record, outcome)

    async def _advance(self, context: StepContext, done: Done) -> bool:
        await context.written()
        record = context.record
        kind = self.kind(record)
        if done.facts:
            kept = {key: record.facts[key] for key in transitions.OWN_FACTS if key in record.facts}
            facts = {**record.facts, **done.facts, **kept}
            facts = {key: value for key, value in facts.items() if value is not None}
            record = replace(record, facts=facts)
        now, limits = self.journal.clock.now(), self.limits(record)
        idle = not (context.acted or record.wait or record.tries)
        if not idle:
            self._meters.done(record, now)
        if record.state == ROLLING_BACK:
            following = kind.next_undo(record.step)
            if following is None:
                await context.save()
                await self._released(record, kind)
                return True
            changed = transitions.next_undo(record, following, now, limits)
        else:
            changed = transitions.advanced(record, kind, now, limits)
        ops = self._change_ops(record, changed, "advance", "nxd", idle=idle)
        context.go_on(changed, ops, partial(self._after_change, record, changed))
        return True

    def _after_change(self, record: Record, changed: Record) -> None:
        """A step has led on, durably."""
        self._crashes.passed(record.name)
        self._delays.forget(record)
        self.lapses.forget(record)
        self._wake_cluster(record, changed)

    async def _released(self, record: Record, kind: Kind) -> None:
        now = self.journal.clock.now()
        if record.forget:
            ops = transitions.forgotten(record, self._mirror.members(record.shard), now)
            await self.journal.commit(*ops)
            return
        state = kind.next(record.state, record.step, "released")
        changed = transitions.entered(record, kind, state, now, self.limits(record))
        await self._commit_change(record, changed, "released", "nxd")

    async def _wait(self, record: Record, wait: Wait, began: float) -> bool:
        now = self.journal.clock.now()
        if wait.in_line:
            record = transitions.in_line(record, self.kind(record), now, self.limits(record))
        record = self._delays.spared(self.lapses.put_off(record), now)
        if record.deadline is not None and now >= record.deadline:
            if began < record.deadline or self._turns.take_poke(record.name):
                return True  # a look takes its time: what came meanwhile, it may not have seen
            if await self.lapses.missed_one(record):
                return True
            problem = sentences.late(record, self.kind(record), wait, now, self.limits(record))
            return await self._fail(record, problem)
        stands, shown = self._mirror.records[record.name], transitions.shown(wait)
        if record is stands and shown == record.wait and not (wait.facts or record.tries or record.error):
            return self._turns.pause(record, now, wait.poll)
        facts = {**record.facts, **wait.facts}
        changed = replace(record, wait=shown, facts=facts, tries=0, error=None)
        if not transitions.waits_on(stands, changed):
            await self._keep(replace(changed, version=record.version + 1))
        elif changed.wait != stands.wait:
            self.journal.show(changed)
        return self._turns.pause(record, now, wait.poll)

    async def _busy(self, record: Record, busy: Busy) -> bool:
        now = self.journal.clock.now()
        record, problem = self._delays.spared(self.lapses.put_off(record), now), busy.problem
        if record.deadline is not None and now >= record.deadline:
            if await self.lapses.missed_one(record):
                return True
            late = sentences.tried_long(record, self.kind(record), problem, now, self.limits(record))
            return await self._fail(record, late)
        self._meters.retried(record, problem.code)
        longest = min(self.pace.retry_max, self.pace.retry_first * 2.0 ** min(record.tries, 30))
        delay = self.journal.clock.uniform(longest / 2, longest) if busy.after is None else busy.after
        wake_at = now + delay if record.deadline is None else min(now + delay, record.deadline)
        shown = {"for": "another try", "evidence": problem.message, "attention": False}
        error = plain(problem)
        changed = replace(
            record,
            wait=shown,
            error=error,
            tries=record.tries + 1,
            wake_at=wake_at,
            version=record.version + 1,
        )
        ops: list[Op] = []
        if record.error is None or record.error["message"] != problem.message:
            text = f"{problem.message} Trying again."
            ops.append(sentences.event(record, "error", now, text, "warning", error))
        await self._keep(changed, *ops)
        return self._turns.pause(record, now, wake_at - now)

    async def _keep(self, changed: Record, *ops: Op) -> None:
        """Write down how far a wait has come, and by what its deadline is put off."""
        await self.journal.commit(PutRecord(changed), *ops, patient=True)
        self.lapses.made_durable(changed)
        point("timer_written", changed.name, changed.state)

    async def _fail(self, record: Record, problem: Problem) -> bool:
        now = self.journal.clock.now()
        await self._stop(record, problem, "blocked" if record.state == ROLLING_BACK else "fail")
        self._meters.failed(record, now)
        return True

    async def _stop(self, record: Record, problem: Problem, event: str) -> None:
        """Lead the record to where only a person, or what the spec allows, leads on."""
        kind, now = self.kind(record), self.journal.clock.now()
        if event == "blocked":
            problem = sentences.left_over(problem, self._mirror.resources(record.name), self.platform(record))
        changed = transitions.stopped(record, kind, event, problem, now, self.limits(record))
        ops: list[Op] = [sentences.event(record, "error", now, problem.message, "error", plain(problem))]
        if event == "fail":
            changed = replace(
                changed, facts=transitions.stuck(record, problem, self.situation(record).attempt_of)
            )
            # The rung that comes next is that of the step at which it failed.
            stands = partial(self.situation, changed)
            ops += await reactions.by_itself(
                stands, self.platform(record), self._mirror, record, problem, self.journal.clock
            )
        await self._commit_change(record, changed, event, "nxd", *ops)

    async def _commit_change(self, record: Record, changed: Record, verb: str, actor: str, *ops: Op) -> None:
        """Commit a change of state with its log line, and wake the cluster that watches a node."""
        await self.journal.commit(*ops, *self._change_ops(record, changed, verb, actor))
        self._wake_cluster(record, changed)

    def _wake_cluster(self, record: Record, changed: Record) -> None:
        """A cluster that is at work, or called to it, looks at what its node has come to: at the beginning and the end
        of its work, not at each step."""
        cluster = self._mirror.records.get(record.shard)
        if cluster is None or cluster.name == record.name:
            return
        before, after = (self.kind(one).states[one.state] for one in (record, changed))
        if (before.work and after.work) or record.state == changed.state == ROLLING_BACK:
            return
        works = self.kind(cluster).states[cluster.state].work or cluster.state == ROLLING_BACK
        if works or self._mirror.asked(cluster.name):
            self.poke(cluster.name)

    def _change_ops(
        self, record: Record, changed: Record, verb: str, actor: str, idle: bool = False
    ) -> list[Op]:
        """A change of state with its log line, and what follows from it."""
        kind = self.kind(record)
        said = sentences.transition(record, changed, kind, verb, actor, idle)
        begins = kind.states[changed.state].work and not kind.states[record.state].work
        calls: Sequence[Op] = ()
        if begins and record.name != record.shard:
            cluster = self.situation(self._latest(record.shard))
            calls = reactions.calls_back(changed, cluster, self.journal.clock.new_id())
        return [PutRecord(changed), *calls, said]

"""A verb of a platform's own does what its row says, and nothing that its row does not say."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from daemon.engine import legality, reactions, transitions
from daemon.engine.absent import NO_OTHERS, Absent
from daemon.engine.legality import Situation, event_name, why_not
from daemon.engine.limits import Limits
from daemon.engine.remedies import without_problem
from daemon.errors.tree import OutsideError
from daemon.store.ops import AddCommand, Command
from state_machines.check import problems
from state_machines.kind import Kind, Transition
from state_machines.record import Record
from state_machines.verbs import HOLD, RESUME, RETRY, ROLLBACK, Prompt, Verb
from tests.daemon.engine.test_remedies import Free
from tests.daemon.toy_kinds import CLUSTER, NODE

ASKED = Prompt("Do it to {}?", "It is done.", "is done")
MARK = Verb("mark", "mark it", ASKED, "Mark it.", facts={"marked": True})
REDO = Verb(
    "redo", "do it anew", ASKED, "Do it anew.", consent="plan", deletes="always", attempt=True, forget=True,
    facts={"redone": True}, step="from", at_step=ASKED,
)  # fmt: skip
KIND = Kind(
    "toy.node",
    "node",
    NODE.states.values(),
    (
        *NODE.transitions,
        Transition("redo", ("active",), "making"),
        Transition("redo from settling", ("active",), "settling"),
    ),
    NODE.undo,
    (*NODE.verbs.values(), MARK, REDO),
)  # fmt: skip
ACTIVE = Record("node01", "toy.node", "demo", "active", 0.0, facts={"old": 1, "stuck": {"times": 1}})
WHOLE = Record("demo", CLUSTER.name, "demo", "active", 0.0)


def situation(record: Record, *waiting: str, protected: bool = False) -> Situation:
    inbox = [Command(f"t{n}", record.name, "demo", verb, "ada", 0.0) for n, verb in enumerate(waiting)]
    return Situation(record, replace(WHOLE, protected=protected), KIND, inbox, [], Free(), lambda: True)


def test_one_that_is_no_event_sets_its_facts_and_changes_nothing_else() -> None:
    for state in ("active", "failed", "settling"):
        record = replace(ACTIVE, state=state, deadline=9.0)
        assert why_not(situation(record, protected=True), "mark", {}) is None
        done = transitions.carried_out(record, KIND, "mark", {}, 5.0, Limits())
        assert done == replace(record, facts={**record.facts, "marked": True}, version=record.version + 1)


def test_one_that_is_an_event_leads_where_the_table_says_and_sets_what_its_row_says() -> None:
    done = transitions.carried_out(ACTIVE, KIND, "redo", {}, 5.0, Limits())
    assert (done.state, done.attempt, done.forget) == ("making", 2, True)
    assert done.facts == {"old": 1, "asked": "redo", "redone": True}
    assert event_name(KIND, "redo", {"step": "settling"}) == "redo from settling"
    later = transitions.carried_out(ACTIVE, KIND, "redo", {"step": "settling"}, 5.0, Limits())
    assert later.state == "settling"


def test_one_that_deletes_is_refused_while_the_cluster_is_protected_and_none_waits_twice() -> None:
    assert why_not(situation(ACTIVE), "redo", {}) is None
    assert why_not(situation(ACTIVE, protected=True), "redo", {}) == "demo is protected: unprotect it first."
    assert "asked for already" in (why_not(situation(ACTIVE, "redo"), "redo", {}) or "")
    assert "redo is for what is active" in (
        why_not(situation(replace(ACTIVE, state="failed")), "redo", {}) or ""
    )


NAMES = {"hold": "pause", "resume": "proceed", "retry": "redo", "rollback": "dismantle"}
OWN = Kind(
    "own.node",
    "node",
    NODE.states.values(),
    (replace(row, event=NAMES.get(row.event, row.event)) for row in NODE.transitions if row.verb is None),
    NODE.undo[:1],
    (dataclasses.replace(verb, name=NAMES[verb.name]) for verb in (RETRY, ROLLBACK, HOLD, RESUME)),
)
"""Tables that have all that the shared verbs do, under names of their own."""
FEWER = Kind("fewer.node", "node", NODE.states.values(), NODE.transitions, NODE.undo, (RETRY, RESUME))
"""Tables that cannot be held or rolled back by anybody."""


def given(verb: str, kind: Kind, *members: Record) -> list[str]:
    """The verbs that a verb of the cluster is for its nodes."""
    before = Situation(
        WHOLE, WHOLE, CLUSTER, [], [], Free(), lambda: True,
        stopped=lambda: [node_of(kind, one) for one in members],
    )  # fmt: skip
    ops = reactions.companions(
        before, Command("t", "demo", "demo", verb, "ada", 0.0), members, lambda _: kind, lambda: "id", 0.0
    )
    return [op.command.verb for op in ops if isinstance(op, AddCommand)]


def node_of(kind: Kind, record: Record, cluster: Record = WHOLE) -> Situation:
    return Situation(record, cluster, kind, [], [], Free(), lambda: True)


def test_what_a_cluster_s_verb_is_for_its_nodes_is_the_verb_of_theirs_that_does_it() -> None:
    assert problems(OWN) == []
    at_work = replace(ACTIVE, kind=OWN.name, state="making", step="making")
    held = replace(at_work, state="held", facts={"held_with": "demo"})
    blocked = replace(at_work, state="rollback_blocked")
    assert given("hold", OWN, at_work) == ["pause"]
    assert given("resume", OWN, held) == ["proceed"]
    assert given("rollback", OWN, blocked) == ["redo"]
    assert given("hold", FEWER, at_work) == [], "what it has no verb for is not done to it"


def after(kind: Kind) -> tuple[list[str], str]:
    """What follows by itself from a failure where the spec says ``on_failure: rollback``: verbs, and what is said."""
    record = replace(ACTIVE, kind=kind.name, state="failed", step="making", facts={})
    here = node_of(kind, record, replace(WHOLE, spec={"on_failure": "rollback"}))
    problem = OutsideError("bad_request", "No.").problem()
    ops = reactions.after_failure(
        here, Absent(record.platform, *NO_OTHERS.absence(record.platform)), record, problem, 0.0, lambda: "id"
    )
    verbs = [op.command.verb for op in ops if isinstance(op, AddCommand)]
    return verbs, " ".join(op.event.message for op in ops if not isinstance(op, AddCommand))


def test_a_rollback_by_itself_is_the_verb_of_the_tables_that_takes_everything_back() -> None:
    assert after(OWN)[0] == ["dismantle"]
    assert after(FEWER) == ([], "not rolled back by itself: there is no verb for it on fewer")


def test_a_held_record_is_told_its_own_verb_that_goes_on_and_a_failed_one_that_tries_again() -> None:
    held = node_of(OWN, replace(ACTIVE, kind=OWN.name, state="held", step="making", facts={}))
    assert [one.verb for one in without_problem(held, held)][:1] == ["proceed"]
    failed = node_of(OWN, replace(ACTIVE, kind=OWN.name, state="failed", step="making", facts={}))
    assert legality.legal_for(failed, "again") == "redo"

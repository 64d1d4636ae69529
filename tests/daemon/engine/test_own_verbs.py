"""A verb of a platform's own does what its row says, and nothing that its row does not say."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.engine import transitions
from daemon.engine.legality import Situation, event_name, why_not
from daemon.engine.limits import Limits
from daemon.store.ops import Command
from state_machines.kind import Kind, Transition
from state_machines.record import Record
from state_machines.verbs import Prompt, Verb
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

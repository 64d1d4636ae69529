"""Every remedy can be followed: whatever went wrong, and wherever the record stands, what is told can be done now."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from daemon.engine import legality
from daemon.engine.legality import Situation
from daemon.engine.limits import Limits
from daemon.engine.remedies import (
    FALLBACKS,
    HARMLESS,
    _unprotected,
    plain,
    refusal,
    remedies,
    text,
    verb_remedy,
    ways_on,
    without_problem,
)
from daemon.engine.sentences import late
from daemon.errors.tree import CATALOGUE, ErrorKind, NxdError, OutsideError, by_code, in_spec
from daemon.platforms.ibm_nutanix.errors import CLUSTER_FAILED, ERRORS
from daemon.platforms.ibm_nutanix.vetoes import WAITS_FOR_NODES, veto
from daemon.platforms.ibm_nutanix.ways import of_ill, of_unformed
from daemon.store.ops import Command
from state_machines import ibm_nutanix
from state_machines.check import standings
from state_machines.kind import ROLLING_BACK, Kind
from state_machines.outcome import Remedy, Wait
from state_machines.record import Record
from tests.daemon.toy_kinds import CLUSTER, NODE

PAIRS = [(NODE, CLUSTER), (ibm_nutanix.NODE, ibm_nutanix.CLUSTER)]
KINDS = (*CATALOGUE.values(), *ERRORS)
"""Every code of an error that a record of these can have."""
STILL = ("failed", "attention", "released")


class Free:
    """A platform that forbids nothing, and in whose specs only the gate may change."""

    errors = by_code(ERRORS)

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        return None

    def waits_for_nodes(self, step: str) -> bool:
        return False

    def may_change(self, setting: str) -> bool:
        return setting == "gate"


class Ibm(Free):
    """A platform with vetoes."""

    def waits_for_nodes(self, step: str) -> bool:
        return step in WAITS_FOR_NODES

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        return veto(verb, record, cluster)


def situation(record: Record, kind: Kind, cluster: Record, exists: bool) -> Situation:
    return Situation(record, cluster, kind, [], [], Free(), lambda: exists)


def places(protected: bool, exists: bool) -> list[tuple[Situation, Situation]]:
    """Every place of a node and of a cluster, with the cluster's own."""
    found: list[tuple[Situation, Situation]] = []
    for node, cluster in PAIRS:
        work = Record("demo", cluster.name, "demo", cluster.steps[0], 0.0, step=cluster.steps[0])
        work = replace(work, protected=protected)
        for state, step in standings(node):
            record = Record("node01", node.name, "demo", state, 0.0, step=step)
            here = situation(record, node, work, exists)
            found.append((here, situation(work, cluster, work, exists)))
        for state, step in standings(cluster):
            record = Record("demo", cluster.name, "demo", state, 0.0, step=step, protected=protected)
            here = situation(record, cluster, record, exists)
            found.append((here, here))
    return found


@pytest.mark.parametrize("verb", ["replace", "rollback", "destroy", "release"])
def test_a_protected_cluster_refuses_every_verb_whose_row_says_that_it_deletes(verb: str) -> None:
    node, cluster = ibm_nutanix.NODE, ibm_nutanix.CLUSTER
    free = Record("demo", cluster.name, "demo", "active", 0.0)
    for kind, name in ((node, "node01"), (cluster, "demo")):
        for state in ("failed", "creating_server", "deploying"):
            for guarded in (False, True):
                whole = replace(free, protected=guarded, state="failed", step="deploying")
                record = replace(whole, name=name, kind=kind.name, state=state, step=state)
                if state == "failed":
                    record = replace(record, step="creating_server" if kind is node else "deploying")
                if not kind.allows(record.state, record.step, verb):
                    continue
                said = legality.why_not(situation(record, kind, whole, True), verb, {})
                assert said == ("demo is protected: unprotect it first." if guarded else None)


def stands_still(here: Situation) -> bool:
    return here.kind.states[here.record.state].phase in STILL


def follow(found: list[Remedy], here: Situation, cluster: Situation) -> None:
    """Every verb is one of the record that it is for, and legal; every change of the spec can be applied, unless what
    stands is taken back first."""
    goes_back = False
    for one in found:
        if one.kind == "verb":
            place = here if one.target == here.record.name else cluster
            assert one.verb in place.kind.verbs
            assert legality.why_not(place, one.verb, {}) is None
            goes_back = goes_back or one.verb in ("rollback", "destroy")
        elif one.kind == "spec":
            assert goes_back or legality.may_apply(cluster, one.setting)


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize("kind", [one for one in KINDS if one.leads], ids=lambda one: one.code)
def test_whatever_went_wrong_and_wherever_it_stands_what_is_told_can_be_done(
    kind: ErrorKind, protected: bool, exists: bool
) -> None:
    problem = plain(NxdError(kind).problem())
    for here, cluster in places(protected, exists):
        found = remedies(problem, here, cluster)
        follow(found, here, cluster)
        if stands_still(here):
            assert not any(one.kind == "wait" for one in found)
            assert any(one.kind in ("verb", "spec") for one in found), (here.record, found)
        elif here.kind.states[here.record.state].work or here.record.state == ROLLING_BACK:
            assert not any(one.kind == "verb" for one in found)


def test_what_stands_still_without_a_problem_has_a_way_on_too() -> None:
    for protected in (False, True):
        for here, cluster in places(protected, exists=True):
            found = without_problem(here, cluster)
            follow(found, here, cluster)
            if here.kind.states[here.record.state].phase == "attention":
                assert found


@pytest.mark.parametrize("exists", [False, True])
def test_a_setting_that_may_not_change_while_something_stands_is_preceded_by_the_way_to_nothing(
    exists: bool,
) -> None:
    problem = plain(
        NxdError(
            "preflight", remedy=in_spec("ibm.vpc", "Correct ibm.vpc in the spec, and apply it.")
        ).problem()
    )
    _, cluster = PAIRS[1]
    record = Record("demo", cluster.name, "demo", "failed", 0.0, step="preflight")
    here = situation(record, cluster, record, exists)
    kinds = [one.kind for one in remedies(problem, here, here)]
    assert kinds == (["verb", "spec"] if exists else ["spec"])


def test_a_passing_trouble_says_nothing_to_do_only_while_it_is_tried_by_itself() -> None:
    problem = plain(NxdError("unavailable").problem())
    node, cluster = PAIRS[1]
    work = Record("demo", cluster.name, "demo", "deploying", 0.0, step="deploying")
    for state, patience in (("creating_vnis", True), ("failed", False)):
        record = Record("node01", node.name, "demo", state, 0.0, step="creating_vnis")
        said = text(
            remedies(problem, situation(record, node, work, True), situation(work, cluster, work, True))
        )
        assert ("Nothing to do yet" in said) == patience
        assert ("nxd retry node01" in said) != patience


async def test_a_trouble_that_comes_again_at_the_same_step_is_met_with_the_next_means(house: Any) -> None:
    house.toy.script["settling"] = [
        OutsideError("bad_request", "Broken."),
        OutsideError("bad_request", "Broken."),
    ]
    offered = []
    await house.begin()
    for _ in range(2):
        (way,) = [one for one in house.views._entity(house.record())["remedies"] if one["kind"] == "verb"]
        offered.append(way["verb"])
        await house.tell("node01", "retry")
    assert offered == ["retry", "rollback"]
    assert house.record().state == "ready"


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("protected", [False, True])
def test_whatever_is_refused_what_is_told_instead_is_legal_now_or_once_the_protection_is_lifted(
    protected: bool, exists: bool
) -> None:
    for here, cluster in places(protected, exists):
        for verb in here.kind.verbs:
            if legality.why_not(here, verb, {}) is None:
                continue
            found = ways_on(here, cluster, verb, {})
            lifts = found[0].verb == "unprotect"
            assert found and (not lifts or legality.why_not(cluster, "unprotect", {}) is None)
            for one in found[lifts:]:
                if one.kind != "verb":
                    continue
                place = here if one.target == here.record.name else cluster
                place = _unprotected(place) if lifts else place
                assert legality.why_not(place, str(one.verb), {}) is None, (here.record, verb, one)


@pytest.mark.parametrize(
    ("name", "state", "protected", "verb", "said"),
    [
        ("demo", "active", False, "rollback", ["destroy demo"]),
        ("demo", "active", True, "rollback", ["unprotect demo", "destroy demo"]),
        ("demo", "active", True, "destroy", ["unprotect demo"]),
        ("node01", "active", False, "rollback", ["replace node01"]),
        ("node01", "active", True, "replace", ["unprotect demo"]),
        ("node01", "rolled_back", False, "resume", ["retry node01"]),
        ("node01", "rolled_back", False, "hold", ["retry node01"]),
        ("node01", "rolled_back", False, "replace", ["retry node01"]),
        ("node01", "rolled_back", False, "rollback", ["Nothing of node01 is left."]),
        ("node01", "rolled_back", True, "rollback", ["Nothing of node01 is left."]),
        ("demo", "rolling_back", True, "destroy", ["unprotect demo"]),
        ("node01", "rolling_back", False, "hold", ["nxd wait node01 --for gone"]),
        ("node01", "active", False, "retry", ["Nothing is to be done; what it takes now: replace."]),
        ("node01", "active", False, "hold", ["Nothing is to be done; what it takes now: replace."]),
    ],
)
def test_a_refusal_names_what_leads_to_what_was_wanted(
    name: str, state: str, protected: bool, verb: str, said: list[str]
) -> None:
    node, kind = PAIRS[1]
    cluster = Record("demo", kind.name, "demo", "active", 0.0, step="verifying_health", protected=protected)
    record = Record(name, node.name, "demo", state, 0.0, step="awaiting_cvm", protected=False)
    if name == "demo":
        record = cluster = replace(cluster, state=state)
    of_cluster = situation(cluster, kind, cluster, exists=True)
    here = of_cluster if name == "demo" else situation(record, node, cluster, exists=True)
    assert legality.why_not(here, verb, {}) is not None
    found = ways_on(here, of_cluster, verb, {})
    assert [f"{one.verb} {one.target}" if one.verb else one.command or one.text for one in found] == said


NODE03 = Wait("3 ready nodes", "node03 is rolled back", 30.0, attention=True,
              remedies=(verb_remedy(ibm_nutanix.NODE, "retry", "node03"),))  # fmt: skip


@pytest.mark.parametrize(
    ("cluster_state", "wait", "node_state", "asked", "verb", "args", "said", "retry"),
    [
        ("deploying", None, "rolled_back", (), "retry", {"step": "installing"}, ["retry node01"], "never"),
        ("failed", None, "failed", (), "demo retry", {"step": "joining_nodes"}, ["retry demo"], "never"),
        ("creating_cluster", None, "ready", (), "replace", {}, ["nxd wait demo"], "later"),
        ("failed", None, "ready", (), "replace", {}, ["retry demo"], "never"),
        ("held", None, "ready", (), "replace", {}, ["resume demo"], "never"),
        ("creating_cluster", None, "ready", (), "demo change", {}, ["nxd wait demo"], "later"),
        ("creating_cluster", None, "ready", (), "demo change", {"leaving": ["node02"]}, ["nxd wait demo"], "later"),
        ("active", None, "active", ("replace",), "replace", {}, ["nxd wait node01"], "later"),
        ("creating_cluster", None, "ready", (), "rollback", {}, ["nxd wait demo"], "later"),
        ("failed", None, "ready", (), "rollback", {}, ["retry demo"], "never"),
        ("creating_cluster", None, "ready", (), "retry", {}, ["Nothing is to be done."], "never"),
        ("deploying", NODE03, "awaiting_cvm", (), "retry", {}, ["nxd wait node01"], "later"),
        ("deploying", NODE03, "awaiting_cvm", (), "resume", {}, ["nxd wait node01"], "later"),
        ("deploying", NODE03, "failed", (), "demo retry", {}, ["retry node03"], "never"),
        ("deploying", None, "failed", (), "demo retry", {}, ["nxd wait demo"], "later"),
        ("creating_cluster", None, "ready", (), "demo rollback", {}, ["rollback demo"], None),
    ],
)  # fmt: skip
def test_no_refusal_names_a_deletion_where_something_harmless_or_time_leads_on(
    cluster_state: str,
    wait: Wait | None,
    node_state: str,
    asked: tuple[str, ...],
    verb: str,
    args: dict[str, Any],
    said: list[str],
    retry: str | None,
) -> None:
    step = cluster_state if cluster_state not in ("failed", "held", "active") else "creating_cluster"
    shown = None if wait is None else msgspec.to_builtins(wait)
    cluster = Record(
        "demo", ibm_nutanix.CLUSTER.name, "demo", cluster_state, 0.0, step=step, wait=shown,
        spec={"nodes": ["node01", "node02", "node03"]},
    )  # fmt: skip
    node = Record("node01", ibm_nutanix.NODE.name, "demo", node_state, 0.0, step="awaiting_boot")
    waiting = [Command("c1", "node01", "demo", one, "me", 0.0, {}) for one in asked]
    here = Situation(node, cluster, ibm_nutanix.NODE, waiting, [], Ibm(), lambda: True)
    there = Situation(cluster, cluster, ibm_nutanix.CLUSTER, [], [], Ibm(), lambda: True)
    place, verb = (there, verb.split()[1]) if verb.startswith("demo") else (here, verb)
    if retry is None:
        assert legality.why_not(place, verb, args) is None
        return
    assert legality.why_not(place, verb, args) is not None
    told = refusal("No.", place, there, verb, args)
    found = [f"{one.verb} {one.target}" if one.verb else one.command or one.text for one in told.remedies]
    assert (found, told.retry) == (said, retry)


def test_a_verb_for_one_node_never_offers_to_delete_its_whole_cluster_while_a_milder_one_is_legal() -> None:
    node, kind = PAIRS[1]
    specs = (["node01", "node02"], ["node02"])
    for (state, step), (whole, at), names in itertools.product(standings(node), standings(kind), specs):
        cluster = Record("demo", kind.name, "demo", whole, 0.0, step=at, spec={"nodes": names})
        record = Record("node01", node.name, "demo", state, 0.0, step=step)
        here = Situation(record, cluster, node, [], [], Ibm(), lambda: True)
        there = Situation(cluster, cluster, kind, [], [], Ibm(), lambda: True)
        milder = any(legality.why_not(place, one, {}) is None for place in (here, there) for one in HARMLESS)
        spared = milder or state == "rolled_back" or record.name not in names
        for verb in node.verbs:
            if legality.why_not(here, verb, {}) is None:
                continue
            found = [one.verb for one in ways_on(here, there, verb, {}) if one.target == "demo"]
            deletes = {"rollback", "destroy"} & set(found)
            assert not deletes or not spared, (state, whole, names, verb, found)


def test_a_host_that_stays_ill_is_replaced_before_the_whole_cluster_goes_back_to_nothing() -> None:
    _, kind = PAIRS[1]
    wait = Wait("a healthy cluster", "host 10.0.0.3 is degraded", 30.0, remedies=of_ill(["node03"]))
    works = Record("demo", kind.name, "demo", "verifying_health", 0.0, step="verifying_health")
    problem = plain(late(works, kind, wait, 60.0, Limits()))
    offered = []
    for times, protected in ((1, False), (2, False), (2, True), (3, False)):
        stuck = {"step": works.state, "code": "deadline", "times": times}
        record = replace(works, state="failed", facts={"stuck": stuck}, protected=protected)
        here = situation(record, kind, record, exists=True)
        found = remedies(problem, here, here)
        offered.append([(one.verb, one.target) for one in found if one.kind == "verb"])
        assert ("nxd replace node03" in text(found)) == (("replace", "node03") in offered[-1])
    again, replaced = ("retry", "demo"), ("replace", "node03")
    assert offered == [[again], [replaced, again], [again], [("rollback", "demo")]]


def test_a_cluster_that_never_comes_up_is_tried_again_once_what_its_cvms_say_was_mended() -> None:
    _, kind = PAIRS[1]
    wait = Wait("the cluster to be UP", "cluster_status is INIT", 30.0, remedies=of_unformed("10.0.0.7"))
    works = Record("demo", kind.name, "demo", "awaiting_up", 0.0, step="awaiting_up")
    problem = plain(late(works, kind, wait, 60.0, Limits()))
    offered = []
    for times in (1, 2, 3):
        stuck = {"step": works.state, "code": "deadline", "times": times}
        record = replace(works, state="failed", facts={"stuck": stuck})
        here = situation(record, kind, record, exists=True)
        found = remedies(problem, here, here)
        assert "ssh nutanix@10.0.0.7" in text(found) and "cluster destroy there" in text(found)
        offered.append([one.verb for one in found if one.kind == "verb"])
    assert offered == [["retry"], ["retry"], ["rollback"]]


def test_an_error_of_an_older_version_is_still_told_with_its_way_on() -> None:
    kept = {"code": "quota", "message": "Full.", "remedy": "Free some, then retry.", "retry": "later"}
    node, cluster = PAIRS[1]
    work = Record("demo", cluster.name, "demo", "deploying", 0.0, step="deploying")
    record = Record("node01", node.name, "demo", "failed", 0.0, step="creating_vnis", error=kept)
    found = remedies(kept, situation(record, node, work, True), situation(work, cluster, work, True))
    assert [one.kind for one in found] == ["outside", "verb"]


def test_what_leads_on_from_an_error_of_a_platforms_own_stands_in_its_row() -> None:
    node, cluster = PAIRS[1]
    problem = plain(NxdError(CLUSTER_FAILED).problem())
    work = Record("demo", cluster.name, "demo", "deploying", 0.0, step="deploying")
    stuck = {"stuck": {"times": 2}}
    record = Record("node01", node.name, "demo", "failed", 0.0, step="installing", error=problem, facts=stuck)
    found = remedies(problem, situation(record, node, work, True), situation(work, cluster, work, True))
    assert [one.verb for one in found] == [None, "replace"]


def test_commands_are_told_one_after_the_other_in_one_sentence() -> None:
    by_hand = [Remedy("command", line, command=line) for line in ("a", "b")]
    assert text([Remedy("outside", "Look."), *by_hand]) == "Look. By hand, in this order: a; b."
    assert msgspec.to_builtins(by_hand[0]) == {"kind": "command", "text": "a", "command": "a"}


def test_no_sentence_of_the_catalogue_promises_what_depends_on_the_place() -> None:
    said: list[Any] = [one.text for kind in KINDS for one in kind.mend]
    assert not [one for one in said if "then retry" in one.lower() or "tries again" in one]
    assert set(FALLBACKS) >= {verb for kind in KINDS for verb in kind.leads}

"""The pictures in the documentation are those of the tables."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from state_machines import ibm_nutanix
from state_machines.draw import STEPS, diagram, in_words, page
from state_machines.kind import Kind

STATES_PAGE = Path(__file__).parents[2] / "docs" / "states.md"
KINDS = (ibm_nutanix.NODE, ibm_nutanix.CLUSTER)


def test_the_page_of_the_states_is_drawn_from_the_tables() -> None:
    drawn = page(KINDS)
    if os.environ.get("NXD_UPDATE_DOCS"):
        STATES_PAGE.write_text(drawn, encoding="utf-8")
    assert STATES_PAGE.read_text(encoding="utf-8") == drawn, (
        "docs/states.md is not what the tables say; write it anew with NXD_UPDATE_DOCS=1 and this test"
    )


def test_the_diagram_shows_the_main_line_first_and_each_way_once() -> None:
    arrows = [line.strip() for line in diagram(ibm_nutanix.NODE).splitlines() if "-->" in line]
    outside = arrows[arrows.index("awaiting_cvm --> [*]") + 1 :]
    assert arrows[0] == "[*] --> pending"
    assert outside[:4] == [
        "pending --> steps: start",
        "steps --> ready: advance",
        "ready --> active: join",
        "steps --> failed: fail",
    ]
    ways = [arrow.partition(":")[0] for arrow in arrows]
    assert len(set(ways)) == len(ways)


@pytest.mark.parametrize("kind", KINDS, ids=["node", "cluster"])
def test_the_diagram_holds_every_way_of_the_table_and_no_other(kind: Kind) -> None:
    drawn: set[tuple[str, str, str]] = set()
    for source, dest, events in re.findall(r"^ *(\w+) --> (\w+): (.+)$", diagram(kind), re.MULTILINE):
        drawn |= {(source, dest, event) for event in events.split(", ")}

    def box(state: str) -> str:
        return STEPS if state in kind.steps else state

    variants = {move.event for move in kind.transitions if move.verb}
    for (state, _, event), dest in kind.table.items():
        if event in variants:
            continue
        inside = state in kind.steps and dest in kind.steps
        way = (state, dest, event) if inside else (box(state), box(dest), event)
        assert way in drawn
    possible = {(event, dest) for (_, _, event), dest in kind.table.items()}
    assert {(event, dest) for _, dest, event in drawn if dest != STEPS} <= possible


def test_a_state_is_told_with_its_deadline_its_undo_and_the_verbs_that_lead_out() -> None:
    text = page(KINDS)
    assert (
        "### installing\n\n"
        f"{ibm_nutanix.NODE.states['installing'].meaning}\n\n"
        "`installing` · phase working · deadline 1 hour · undo: nothing is made here · "
        "a retry starts at *waiting for boot* · a person's verbs: `hold`, `rollback`, `replace` · "
        "the daemon's events: `advance`, `fail`, `release`\n"
    ) in text
    assert "`active` · phase ok · a person's verbs: `replace` · the daemon's events: `release`" in text
    assert "`creating_server` · phase working · deadline 40 minutes · undo: deleting the server · " in text
    assert "undo: none by itself, only with everything else" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (45.0, "45 seconds"),
        (60.0, "1 minute"),
        (90.0, "1 minute 30 seconds"),
        (3600.0, "1 hour"),
        (6 * 3600.0, "6 hours"),
        (5400.0, "1 hour 30 minutes"),
    ],
)
def test_a_deadline_reads_as_a_person_would_say_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words

"""The page of the requirements leaves none out, and names only files, functions and tests that are there."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "acceptance.md"
NUMBERS = [f"S000-{n:02}" for n in range(1, 85)] + [f"S001-{n:02}" for n in range(1, 77)]
STATES = ("done", "part", "open")
NOTHING = "–"
MOST_ROWS = 5
"""So many rows may one test stand for: one that stands for many shows none of them."""


@dataclass(frozen=True)
class Row:
    """One line of the requirements, as the page tells of it."""

    number: str
    line: str
    where: str
    shown_by: str
    status: str

    @property
    def state(self) -> str:
        """The word before the explanation."""
        return self.status.partition(":")[0]

    @property
    def tests(self) -> list[str]:
        """``path`` or ``path::name``, one for each test named."""
        return re.findall(r"`([^`]+)`", self.shown_by)


def read_rows(text: str) -> list[Row]:
    """Every row that starts with a number."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [Row(*row) for row in cells if re.fullmatch(r"S\d+-\d+", row[0])]


TEXT = PAGE.read_text(encoding="utf-8")
ROWS = read_rows(TEXT)
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)


def test_every_line_of_the_requirements_has_one_row_in_order() -> None:
    assert [row.number for row in ROWS] == NUMBERS


def test_the_counts_in_the_head_are_those_of_the_rows() -> None:
    said = re.findall(r"^\*\*(\d+) lines: (\d+) done · (\d+) part · (\d+) open\*\*$", TEXT, re.MULTILINE)
    counted = Counter(row.state for row in ROWS)
    assert said == [tuple(map(str, (len(ROWS), *(counted[state] for state in STATES))))]


@each_row
def test_a_row_has_one_of_three_states_and_says_what_is_missing(row: Row) -> None:
    assert row.line
    assert row.state in STATES
    if row.state == "done":
        assert row.where != NOTHING and row.tests, "done needs a place and a test"
    else:
        assert row.status.removeprefix(f"{row.state}:").strip() not in ("", row.state), "what is missing?"


@each_row
def test_the_place_of_a_row_is_there(row: Row) -> None:
    if row.where == NOTHING:
        return
    for part in row.where.split("; "):
        match = re.fullmatch(r"\[([^]]+)\]\(\.\./([^)]+)\)((?: `[^`]+`,?)*)", part)
        assert match and match[1] == match[2], f"not a link to a file and words in it: {part}"
        file = ROOT / match[1]
        assert file.is_file(), f"there is no {match[1]}"
        text = file.read_text(encoding="utf-8")
        missing = [word for word in re.findall(r"`([^`]+)`", match[3]) if word not in text]
        assert missing == [], f"{match[1]} does not hold {', '.join(missing)}"


@each_row
def test_the_tests_of_a_row_are_there(row: Row) -> None:
    assert row.tests or row.shown_by == NOTHING
    for test in row.tests:
        path, _, name = test.partition("::")
        assert path.startswith("tests/") and (ROOT / path).is_file(), f"there is no {path}"
        text = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {name}(" in text if name else "def test_" in text, f"{path} has no {name or 'tests'}"


def test_no_test_stands_for_many_rows() -> None:
    stands_for = Counter(test for row in ROWS for test in set(row.tests))
    assert {test: rows for test, rows in stands_for.items() if rows > MOST_ROWS} == {}


def test_a_page_on_which_one_test_stands_for_many_rows_is_found() -> None:
    rows = read_rows(
        "\n".join(
            f"| S000-0{n} | a | – | `tests/daemon/spec/test_spec.py::test_a` | done |" for n in range(6)
        )
    )
    stands_for = Counter(test for row in rows for test in set(row.tests))
    assert max(stands_for.values()) > MOST_ROWS


PROOFS = [one for one in MUTANTS if one.shows]


@pytest.mark.parametrize("proof", PROOFS, ids=lambda one: f"{one.shows}: {one.rule}")
def test_a_rule_that_is_taken_away_to_break_a_row_is_noticed_by_witnesses_of_that_row_alone(
    proof: Mutant,
) -> None:
    (row,) = (row for row in ROWS if row.number == proof.shows)
    assert proof.tests and set(proof.tests) <= set(row.tests)


def test_many_rows_have_such_a_proof() -> None:
    assert len({proof.shows for proof in PROOFS}) >= 25

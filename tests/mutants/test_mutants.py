"""The tests notice when a rule of the product is taken away: a sample of the table, and the table itself."""

from __future__ import annotations

import os

import pytest

from tests.mutants.mutant import Mutant
from tests.mutants.run import ROOT, judge_all, sample
from tests.mutants.table import MUTANTS

SEED = int(os.environ.get("SEED") or 7)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.file}: {one.rule}"[:90])
def test_each_line_that_is_changed_stands_in_the_product_once(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.line) == 1
    assert mutant.line != mutant.change


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_a_sample_of_the_mutants_is_noticed() -> None:
    survived = [one.mutant for one in judge_all(sample(SEED, 4)) if one.verdict != "noticed"]
    assert survived == []

"""Every named misfortune that can be narrowed to a name, through the whole product: many side by side, each on a
cluster of its own."""

from __future__ import annotations

import pytest

from tests.e2e.playbill import BATCHES, Playbill

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.mark.parametrize(
    ("batch", "name"), [(number, name) for number, batch in enumerate(BATCHES) for name in batch]
)
def test_a_deployment_that_meets_it_ends_as_the_scenario_says(
    playbill: Playbill, batch: int, name: str
) -> None:
    assert playbill.verdict(name) == []

"""The named misfortunes that meet everybody, through the whole product: one after the other."""

from __future__ import annotations

import pytest

from tests.e2e.playbill import ALONE, Playbill

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.mark.parametrize("name", ALONE)
def test_a_deployment_that_meets_it_by_itself_ends_as_the_scenario_says(
    playbill: Playbill, name: str
) -> None:
    assert playbill.verdict(name) == []

"""A plan knows the limits of the daemon, and names the one that its nodes wait for longest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.cli.plans import print_stages
from daemon.platforms.base import Bound
from daemon.platforms.ibm_nutanix.bounds import DNS_CALLS, bounds
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.requests.plans import plan_of
from daemon.settings.reading import load_settings

NEEDED = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.0.0.5:8080",
    "NXD_CONFIG_URL": "http://10.0.0.5:8081",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-1",
}


def settings(tmp_path: Path, **more: str) -> IbmSettings:
    file = tmp_path / "nxd.yaml"
    file.write_text("{}\n")
    return IbmSettings.of(load_settings(file, {**NEEDED, **more}))


def plan(found: Any) -> Any:
    return plan_of("apply", "demo", [], objects={}, bounds=found)


def test_a_few_nodes_wait_for_no_limit(tmp_path: Path) -> None:
    assert "waits" not in plan(bounds(settings(tmp_path), 3, lambda step: 600.0))


def test_a_thousand_nodes_wait_for_places_to_install_in_waves(tmp_path: Path) -> None:
    found = bounds(settings(tmp_path, NXD_LIMITS_INSTALLS="25"), 1000, lambda step: 600.0)
    assert plan(found)["waits"] == {"limit": "limits.installs", "value": 25, "seconds": 39 * 4 * 600.0}


def test_with_places_enough_they_wait_for_the_rate_that_is_slowest(tmp_path: Path) -> None:
    found = bounds(settings(tmp_path, NXD_LIMITS_INSTALLS="1000"), 1000, lambda step: 600.0)
    assert plan(found)["waits"] == {
        "limit": "rates.dns_per_second",
        "value": 5.0,
        "seconds": 1000 * DNS_CALLS / 5.0,
    }


def test_what_nobody_knows_yet_is_told_before_what_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = plan(bounds(settings(tmp_path, NXD_LIMITS_INSTALLS="25"), 1000, lambda step: None))
    assert found["waits"] == {"limit": "limits.installs", "value": 25, "seconds": None}
    print_stages(found)
    print_stages(plan([Bound("limits.installs", 25, 7200.0)]))
    assert capsys.readouterr().out.splitlines() == [
        "        it waits for limits.installs (25) longest: a time nobody knows yet",
        "        it waits for limits.installs (25) longest: about 2h00m",
    ]


def test_the_digest_of_a_plan_does_not_hang_on_how_long_it_takes() -> None:
    assert plan([])["digest"] == plan([Bound("limits.installs", 25, 7200.0)])["digest"]


async def test_the_plan_of_a_spec_tells_of_the_nodes_that_are_to_come(house: Any) -> None:
    spec = house.toy.model.model_validate(
        {"platform": "toy", "cluster": "demo", "nodes": [{"name": "n1"}, {"name": "n2"}]}
    )
    found = await house.api._specs.plan(spec)
    assert found["waits"] == {"limit": "limits.toys", "value": 10.0, "seconds": 120.0}

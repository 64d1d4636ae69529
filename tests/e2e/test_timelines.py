"""What clusters and nodes went through is told with its marks, and the boots of a machine with their phases."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client import Client
from tests.e2e.deployments import impatient, nxd, run_to, settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def night(rig: Callable[..., Any]) -> Any:
    """A cluster one of whose installations failed, and was retried."""
    one = rig("node02:install")
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, _ = settled(one.stage)
        assert code == 1
        client.verb("retry", "node02", meant=True)
    run_to(one.stage, "active", 200)
    return one


def test_a_failure_and_a_retry_are_marked_and_natures_and_phases_are_told(night: Any) -> None:
    with Client(night.stage.socket) as client:
        found = client.timelines(["demo", "node01", "node02", "nobody"])
        detail = client.show("node02")
        usual = client.steps()["steps"]["ibm_nutanix"]["node"]
    assert [one["name"] for one in found["timelines"]] == ["demo", "node01", "node02"]
    demo, _, node = found["timelines"]
    marks = [(stay["state"], stay["mark"]) for stay in node["stays"] if "mark" in stay]
    assert [mark for _, mark in marks] == ["failed", "retried"]
    natures = {stay["state"]: stay["nature"] for stay in node["stays"]}
    assert (natures["reserving_ips"], natures["installing"], natures["failed"]) == (
        "cloud",
        "machine",
        "stopped",
    )
    assert (natures["ready"], natures["active"]) == ("ready", "well")
    assert {step["name"]: step["nature"] for step in usual}.items() <= natures.items()
    assert node["usual"] and all(one["begins"] < one["ends"] for one in node["usual"])
    assert node["usual"][0]["begins"] == next(
        s["started"] for s in node["stays"] if s["state"] == "reserving_ips"
    )
    assert "ready_at" not in node and demo["kind"] == "cluster"

    assert detail["timeline"] == node["stays"]
    first, second = detail["boots"]
    assert (first["failed"], second["failed"]) == (True, False)
    assert first["ended"] is not None and first["ended"] <= second["began"]
    assert [phase["phase"] for phase in second["phases"]] == list(range(1, 9))
    assert all(phase["ended"] is not None and phase["usual"] is not None for phase in second["phases"])
    assert second["phases"][3]["title"] == "Downloading packages"
    shares = [share for _, share in second["points"]]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) <= 64
    tell_the_same(night)


def tell_the_same(night: Any) -> None:
    """The commands tell what the API does."""
    shown = nxd(night, "show", "node02").stdout
    assert "boot 1 (failed, " in shown and "boot 2 (over, 100 %):" in shown
    assert "4 Downloading packages" in shown and "usual " in shown

    drawn = nxd(night, "timeline", "demo").stdout.splitlines()
    assert any("\tfailed" in line and line.startswith("node02\t") for line in drawn)
    told = json.loads(nxd(night, "timeline", "node02", "--json").stdout)
    assert [one["name"] for one in told["timelines"]] == ["node02"]
    assert nxd(night, "timeline", "nobody").returncode == 2

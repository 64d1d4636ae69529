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

    (why,) = (stay.pop("why") for stay in detail["timeline"] if "why" in stay)
    assert "I/O error" in why and detail["timeline"] == node["stays"]
    first, second = detail["boots"]
    assert (first["failed"], second["failed"]) == (True, False)
    assert first["ended"] is not None and first["ended"] <= second["began"]
    assert [phase["phase"] for phase in second["phases"]] == list(range(1, 9))
    assert all(phase["ended"] is not None and phase["usual"] is not None for phase in second["phases"])
    assert second["phases"][3]["title"] == "Downloading packages"
    shares = [share for _, share in second["points"]]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) <= 64
    tell_the_same(night)
    draw_what_answered(night)


def draw_what_answered(night: Any) -> None:
    """The map tells of each node what was asked of it and answered, and when; nothing that nobody asked is well."""
    with Client(night.stage.socket) as client:
        told, calls = client.map_of("demo"), client.calls_made(limit=10_000)
        addresses = client.show("node02")["entity"]["addresses"]
    assert [rail["name"] for rail in told["rails"]] == ["management", "workload"]
    (box,) = [one for one in told["members"] if one["name"] == "node02"]
    rows = {row["what"]: row for row in box["rows"]}
    assert box["phase"] == "ok" and box["address"] == addresses["mgmt"]
    assert [rows[role]["value"] for role in ("mgmt", "ahv", "cvm", "workload")] == [
        addresses[role] for role in ("mgmt", "ahv", "cvm", "workload")
    ]
    asked = [call for call in calls if f"//{addresses['cvm']}:" in call["server"]]
    assert rows["cvm"]["sign"] == "ok" and rows["Prism"]["value"] == str(asked[-1]["status"])
    assert rows["Prism"]["seen"] == pytest.approx(asked[-1]["time"] + asked[-1]["ms"] / 1000, abs=0.1)
    assert (rows["server"]["sign"], rows["server"]["value"]) == ("ok", "present")
    assert rows["server"]["seen"] < rows["server"]["old_at"]
    (prism,) = told["services"]
    assert prism["name"].startswith("demo.") and prism["rows"][0]["value"] == "yes"
    assert told["edges"] == [] and told["left"] == 0


def tell_the_same(night: Any) -> None:
    """The commands tell what the API does."""
    shown = nxd(night, "show", "node02").stdout
    assert "boot 1 (failed, " in shown and "boot 2 (over, 100 %):" in shown
    assert "4 Downloading packages" in shown and "usual " in shown

    drawn = nxd(night, "timeline", "demo").stdout.splitlines()
    assert any("\tfailed" in line and line.startswith("node02\t") for line in drawn)
    told = json.loads(nxd(night, "timeline", "node02", "--json").stdout)
    assert [one["name"] for one in told["timelines"]] == ["node02"]
    shown = nxd(night, "map", "demo").stdout.splitlines()
    assert any(line.startswith("node02\tok\tcvm\t127.") for line in shown)
    assert json.loads(nxd(night, "map", "demo", "--json").stdout)["cluster"] == "demo"
    assert "the map is that of demo" in nxd(night, "map", "node02").stderr
    assert nxd(night, "timeline", "nobody").returncode == 2

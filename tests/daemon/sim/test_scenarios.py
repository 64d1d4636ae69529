"""Scenarios have names a person can find, say what they do, and can be begun and ended while the world runs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.sim.faults.triggers import LIFE, REQUEST, check_action
from daemon.sim.refusals import SimError
from daemon.sim.scenarios.listed import assign, scenarios
from daemon.sim.scenarios.scenario import MINE, Scenario
from state_machines import ibm_nutanix as tables
from tests import commands

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim

EVERY = tuple(scenarios().values())
STATES = {
    "node": {*tables.NODE.states},
    "cluster": {*tables.CLUSTER.states},
}


def test_there_are_at_least_eighty_and_every_part_of_the_world_has_some() -> None:
    assert len(EVERY) >= 80
    assert len({one.name for one in EVERY}) == len(EVERY)
    assert {one.area for one in EVERY} == {
        "metadata", "vpc", "reserved-ip", "vni", "server", "dns", "boot", "installer", "prism", "foundation",
        "ssh",
    }  # fmt: skip


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_scenario_says_what_goes_wrong_where_that_is_known_from_and_how_it_ends(one: Scenario) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.name)
    assert re.fullmatch(r"[A-Z].*[A-Za-z0-9%/]\.", one.sentence), one.sentence
    assert ":" in one.source
    assert one.rules or one.changes or one.page_limit or one.personality
    for rule in one.rules:
        check_action(rule.trigger, rule.action, rule.what)
    if one.ending == "recovers":
        assert not one.at
    else:
        kind, state = one.at.split(":")
        assert state in STATES[kind]


def test_rules_are_narrowed_to_a_target() -> None:
    for one in EVERY:
        for rule in one.rules_for("node07", "label"):
            assert rule.scenario == "label"
            assert rule.name == "node07" or rule.what.get("items") == "node07"
            assert rule.what.get("items") != MINE


def test_an_unknown_name_gives_the_nearest_ones() -> None:
    assert assign("lost-answer-server@node02").label == "lost-answer-server@node02"
    with pytest.raises(SimError, match="server-quota"):
        assign("server-qouta")


def test_the_document_tells_every_action_as_the_tables_have_it() -> None:
    text = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()
    for action, meaning in REQUEST.items():
        assert f"| `{action}` | {meaning} |" in text
    for trigger, actions in LIFE.items():
        told = " · ".join(f"`{action}`: {meaning}" for action, meaning in actions.items())
        assert f"| `{trigger}` | {told} |" in text


def test_the_document_names_every_scenario_and_every_request_of_the_control_address() -> None:
    text = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()
    for area in {one.area for one in EVERY}:
        names = " · ".join(f"`{one.name}`" for one in EVERY if one.area == area)
        assert f"| {area} | {names} |" in text
    source = (Path(__file__).parents[3] / "daemon" / "sim" / "control.py").read_text()
    for method, path in re.findall(r"web\.(get|post)\(\"([^\"]+)\"", source):
        request = f"{method.upper()} {path.replace('{name}', 'NAME')}"
        assert re.search(rf"`{re.escape(request)}[`?]", text), request


def nxd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return commands.run(arguments)


@pytest.mark.e2e
def test_the_command_lists_them_for_people_and_for_scripts() -> None:
    lines = nxd("sim", "--list-scenarios").stdout.splitlines()
    assert len(lines) == len(EVERY)
    assert all(line.split()[0] == one.name for line, one in zip(lines, EVERY, strict=True))
    listed = json.loads(nxd("sim", "--list-scenarios", "--json").stdout)
    assert {(one["name"], one["area"], one["sentence"]) for one in listed} == {
        (one.name, one.area, one.sentence) for one in EVERY
    }


@pytest.mark.e2e
@pytest.mark.parametrize("command", [("sim",), ("demo", "--headless")])
def test_an_unknown_name_is_a_wrong_command(command: tuple[str, ...]) -> None:
    done = nxd(*command, "--scenario", "server-qouta")
    assert done.returncode == 2
    assert "server-quota" in done.stderr
    assert "Traceback" not in done.stderr


async def test_scenarios_are_begun_and_ended_at_the_control_address(sim: Sim) -> None:
    told = await sim.tell("/scenarios", {"scenarios": ["address-quota@node01", "image-missing"]})
    assert [one["name"] for one in told["playing"]] == ["address-quota", "image-missing"]
    assert "Did you mean" in (await sim.tell("/scenarios", {"scenarios": ["no-such-thing"]}))["error"]
    from daemon.sim.world import initial as f

    refused = await sim.refused(sim.vpc.get_image, f.IMAGE_IPXE)
    assert refused[:2] == (404, "not_found")
    assert (await sim.tell("/mend", {"scenario": "image-missing"}))["playing"][0]["name"] == "address-quota"
    await sim.call(sim.vpc.get_image, f.IMAGE_IPXE)
    refused = await sim.refused(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name="test-node01-mgmt-ip")
    assert refused[:2] == (400, "over_quota")
    assert (await sim.tell("/mend"))["playing"] == []


async def test_small_pages_are_kept_whatever_is_asked_for(sim: Sim) -> None:
    await sim.tell("/scenarios", {"scenarios": ["small-pages"]})
    page = (await sim.call(sim.vpc.list_images, limit=100)).get_result()
    assert len(page["images"]) == 2
    assert "next" in page

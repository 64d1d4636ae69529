"""Records of a platform that is not switched on, or not there at all, are shown, and nothing of them is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.platforms.toy.shelf_server import ShelfState
from tests.platforms.toy.test_toyland import IBM, SPEC, deployed, destroyed, ended, states, until

pytestmark = pytest.mark.e2e


GONE = "Its platform toyland is not installed here."
OFF = "Its platform toyland is not switched on here."


@pytest.mark.parametrize(
    ("installed", "named", "said_in_the_log"),
    [
        (True, ["ibm_nutanix"], "settings_unused keys=toyland.url"),
        (False, ["ibm_nutanix"], "settings_unused keys=toyland.url"),
        (False, ["ibm_nutanix", "toyland"], "platforms_not_installed platforms=toyland"),
        (False, ["toyland"], "platforms_not_installed platforms=toyland"),
    ],
)
def test_they_are_shown_as_they_are_and_nothing_of_them_is_touched(
    toy: Any, shelf: ShelfState, installed: bool, named: list[str], said_in_the_log: str
) -> None:
    ended(deployed(toy))
    asked, why = len(shelf.asked), OFF if installed else GONE
    toy.installed = installed
    toy.write(platforms=named, ibm=IBM if "ibm_nutanix" in named else None)
    child = toy.serve()
    assert states(toy) == {"row": "active", "left": "active", "right": "active"}
    for words in (("destroy", "row", "--yes"), ("protect", "row"), ("retry", "left")):
        said = toy.run(*words)
        said.refused_with(4, why, "then start nxd again")
        assert ("Install the package" in said.err) == (not installed)
        assert ("name it in platforms" in said.err) == (not installed and "toyland" not in named)
    (entity,) = [one for one in json.loads(toy.run("status", "--json").out)["nodes"] if one["name"] == "left"]
    assert (entity["can"], entity["phase"]) == ({}, "attention")
    assert "0/0" not in toy.run("status").out + toy.run("status", "--plain").out
    told = {one["name"]: one["command"] for one in json.loads(toy.run("audit", "--json").out)}
    assert set(told) == {*named, "toyland"}  # the one cannot be asked here, the other is not there
    assert why in told["toyland"]
    toy.run("login", "row").refused_with(4, why)
    kept = toy.run("spec", "row")
    assert kept.code == 0 and kept.out.startswith("# The spec of row as nxd keeps it. Its platform toyland")
    assert yaml.safe_load(kept.out)["colour"] == yaml.safe_load(SPEC.read_text())["colour"]
    assert shelf.key not in kept.out
    assert len(shelf.asked) == asked and len(shelf.boxes) == 2
    ended(child)
    log = (toy.directory / "serve.log").read_text()
    assert log.count(said_in_the_log) == log.count("settings_unused") == 1
    toy.installed = True
    toy.write(platforms=["toyland"], ibm=None, toyland={"url": shelf.url})
    toy.serve()
    destroyed(toy)
    assert shelf.boxes == {}


def test_a_stray_of_one_that_is_not_there_is_not_said_to_be_none(toy: Any, shelf: ShelfState) -> None:
    ended(deployed(toy))
    shelf.put("lab-stray", "red")
    toy.installed = False
    toy.write(platforms=["ibm_nutanix"], ibm=IBM)
    toy.serve()
    said = toy.run("audit", "--delete", list(shelf.boxes)[-1], "--yes")
    said.refused_with(
        4, "Nothing was changed. ", f"toyland could not be asked: {GONE}", "Install the package"
    )


@pytest.mark.parametrize("installed", [True, False])
def test_one_that_was_being_rolled_back_is_shown_with_what_its_log_keeps(
    toy: Any, shelf: ShelfState, installed: bool
) -> None:
    ended(deployed(toy))
    toy.write(toyland={"url": "http://127.0.0.1:1"})
    child = toy.serve()
    toy.asks(lambda client: client.verb("destroy", "row", meant=True))
    until(lambda: states(toy)["left"] == "rolling_back")
    ended(child)
    toy.installed = installed
    toy.write(platforms=["ibm_nutanix"], ibm=IBM, toyland={"url": shelf.url})
    toy.serve()
    for name in ("left", "row"):
        shown = toy.run("show", name)
        assert shown.code == 0 and "rolling back (" in shown.out and "platforms in nxd.yaml" in shown.out
    timeline = json.loads(toy.run("show", "left", "--json").out)["timeline"]
    assert [one["state"] for one in timeline][-1] == "rolling_back" and timeline[-1]["ended"] is None
    assert all("_" not in one["title"] for one in timeline)


def test_no_deadline_runs_meanwhile_and_none_is_missed_once_it_is_switched_on_again(
    toy: Any, shelf: ShelfState
) -> None:
    shelf.down = True
    hasty = f"{SPEC.read_text()}deadlines: {{making: 20s}}\n"
    child = toy.serve()
    until(lambda: toy.asks(lambda client: client.apply(hasty)))
    until(lambda: states(toy).get("left") == states(toy).get("right") == "making")
    due = max(one["deadline"] for one in toy.asks(lambda client: client.nodes()))
    ended(child)
    toy.write(platforms=["ibm_nutanix"], ibm=IBM, toyland={"url": shelf.url})
    child = toy.serve()
    until(lambda: toy.asks(lambda client: client.snapshot()["now"]) > due + 10)
    assert [one["deadline"] for one in toy.asks(lambda client: client.nodes())] == [None, None]
    ended(child)
    toy.write(platforms=["toyland"], ibm=None, toyland={"url": shelf.url})
    toy.serve()
    assert {one["state"] for one in toy.asks(lambda client: client.nodes())} == {"making"}
    assert all(one["deadline"] > due + 20 for one in toy.asks(lambda client: client.nodes()))
    assert "its platform is switched on again" in toy.run("logs", "left").out


def test_a_spec_for_it_is_refused_at_its_line(toy: Any, shelf: ShelfState) -> None:
    toy.write(platforms=["ibm_nutanix"], ibm=IBM)
    toy.serve()
    said = toy.run("apply", str(SPEC))
    said.refused_with(2, "1:11", "toyland is not switched on here: add toyland to platforms")


@pytest.mark.parametrize("named", [["ibm_nutanix"], ["ibm_nutanix", "toyland"]])
def test_a_spec_for_one_that_is_not_installed_any_more_is_told_so_and_what_brings_it_back(
    toy: Any, shelf: ShelfState, named: list[str]
) -> None:
    ended(toy.serve())
    toy.installed = False
    toy.write(platforms=named, ibm=IBM)
    toy.serve()
    todo = "toyland is not installed here: install the package that brings toyland"
    for verb in ("validate", "plan", "preflight", "apply"):
        said = toy.run(verb, str(SPEC))
        said.refused_with(2, "1:11", todo)
        assert ("name it in platforms" in said.err) == ("toyland" not in named)
        assert "unknown platform" not in said.err
    toy.run("schema", "toyland").refused_with(2, todo)
    assert toy.run("schema").code == 0, "that of the one that is there"
    (toy.directory / "odd.yaml").write_text(SPEC.read_text().replace("toyland", "neverland"))
    toy.run("apply", "odd.yaml").refused_with(2, 'unknown platform "neverland"')


def test_records_tell_a_platform_from_a_misspelt_one_where_the_list_of_those_seen_is_lost(
    toy: Any, shelf: ShelfState
) -> None:
    ended(deployed(toy))
    (toy.directory / "state" / "platforms.json").unlink()
    toy.installed = False
    toy.write(platforms=["ibm_nutanix"], ibm=IBM, toyland=None)
    toy.serve()
    toy.run("apply", str(SPEC)).refused_with(2, "1:11", "toyland is not installed here: install")


def test_where_no_other_is_switched_on_the_schema_says_what_brings_back_the_one_that_is(toy: Any) -> None:
    ended(toy.serve())
    toy.installed = False
    said = toy.run("schema")
    said.refused_with(2, "toyland is not installed here: install the package that brings toyland, then start")
    assert "name it in platforms" not in said.err


def test_the_schema_is_that_of_the_platform_that_is_switched_on(toy: Any) -> None:
    def title(*words: str, env: dict[str, str] | None = None) -> str:
        return str(json.loads(toy.run("schema", *words, env=env).out)["title"])

    ours = title("toyland")
    assert title() == ours != title("ibm_nutanix")
    toy.write(environment=None)  # whatever else is missing
    assert title() == ours
    assert title(env={"NXD_PLATFORMS": "[ibm_nutanix]"}) == title("ibm_nutanix")
    toy.write(platforms=["toyland", "ibm_nutanix"])
    toy.run("schema").refused_with(2, "Several platforms are switched on: name one of toyland, ibm_nutanix.")
    toy.write(platforms=["toylnad"])
    toy.run("schema").refused_with(2, 'unknown platform "toylnad": did you mean "toyland"?')
    toy.write(platforms="[toyland")
    toy.run("schema").refused_with(2, "platforms (", "expected a list of one platform or more")


def test_a_platform_that_is_not_known_is_told_with_those_that_are(toy: Any) -> None:
    toy.write(platforms=["toylnad"])
    toy.run("serve").refused_with(2, "toylnad", "toyland")

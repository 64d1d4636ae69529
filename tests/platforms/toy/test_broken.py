"""A package that is broken ends a command with its mistakes and exit code 2, and nothing breaks open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.daemon.cli.conftest import ROOT
from tests.platforms.copied import Change, add, copied, drop, edit
from tests.platforms.toy.test_toyland import IBM, SPEC, ended

pytestmark = pytest.mark.e2e

UNLIKE_ITS_TABLES = edit(
    "platform.py", ('            "powering": self.switch_on,\n', ""), ('"unmake": self', '"unmade": self')
)
"""Its code runs a stage that no table names, and lacks a state and a stage that one does."""


def with_changed(toy: Any, *changes: Change) -> None:
    """Install toyland as it is changed in place of the one beside this file."""
    directory = toy.directory / "changed"
    directory.mkdir()
    copied(directory, *changes)
    toy.more["PYTHONPATH"] = f"{ROOT}:{directory}"


def test_a_daemon_does_not_start_with_it_and_names_every_mistake(toy: Any) -> None:
    with_changed(
        toy,
        UNLIKE_ITS_TABLES,
        drop("templates/label.json.j2"),
        edit("manifest.py", ('"toyland.spec"', '"toyland.nowhere"')),
    )
    said = toy.run("serve")
    said.refused_with(
        2,
        "Platform toyland, its spec toyland.nowhere: it cannot be imported: ModuleNotFoundError",
        "take toyland out of platforms in nxd.yaml",
    )
    toy.run("validate", str(SPEC)).refused_with(2, "toyland.nowhere: it cannot be imported")
    toy.run("schema", "toyland").refused_with(2, "toyland.nowhere: it cannot be imported")
    assert not (toy.directory / "state" / "nxd.db").exists(), "nothing was begun"


def test_what_no_table_of_it_names_is_told_at_the_start_and_not_waited_for(toy: Any) -> None:
    with_changed(toy, UNLIKE_ITS_TABLES)
    toy.run("serve").refused_with(
        2,
        "runs in the state powering of toyland.node: add powering",
        "runs in the stage unmake of a rollback of toyland.node: add unmake",
        "its undo has unmade",
    )


def test_code_that_breaks_is_told_with_its_file_and_line(toy: Any) -> None:
    with_changed(toy, add("spec.py", "colours = (1 / 0)"))
    lines = len((toy.directory / "changed" / "toyland" / "spec.py").read_text().splitlines())
    place = f"toyland/spec.py, line {lines})"
    for words in (("serve",), ("validate", str(SPEC)), ("schema",)):
        toy.run(*words).refused_with(2, "toyland.spec: it cannot be imported: ZeroDivisionError", place)


def test_one_that_is_off_is_not_looked_into(toy: Any) -> None:
    with_changed(toy, add("spec.py", "colours = (1 / 0)"), drop("tables.py"))
    toy.write(platforms=["ibm_nutanix"], ibm=IBM)
    toy.serve()
    assert "platform_unusable" not in (toy.directory / "serve.log").read_text()


@pytest.mark.parametrize(
    "change",
    [
        add("manifest.py", "1 / 0"),
        edit("manifest.py", ('title="Boxes on a shelf"', 'title=""')),
        drop("manifest.py"),
    ],
    ids=["breaks", "without title", "missing"],
)
@pytest.mark.parametrize("seen", [True, False])
def test_one_that_is_off_with_a_broken_manifest_stops_no_daemon_and_keeps_its_settings(
    toy: Any, change: Change, seen: bool
) -> None:
    if seen:
        child = toy.serve()
        assert toy.run("apply", str(SPEC)).code == 0
        ended(child)
    with_changed(toy, change)
    toy.write(platforms=["ibm_nutanix"], ibm=IBM)
    toy.serve()
    log = (toy.directory / "serve.log").read_text()
    assert "platform_unusable" in log and "settings_unused keys=toyland.url" in log
    if seen:
        assert "toyland" in toy.run("show", "row").out
        toy.run("destroy", "row", "--yes").refused_with(4, "toyland")
    toy.write(platforms=["toyland"])
    for words in (("validate", str(SPEC)), ("serve",)):
        toy.run(*words).refused_with(2, "Platform toyland", "take toyland out of platforms")


def test_rules_of_its_spec_that_break_are_told_as_such_and_only_where_nothing_else_is_wrong(toy: Any) -> None:
    rules = """
def rules(cls, raw):
    return [(("colour",), "no") for node in raw["nodes"] if node["mac"].upper() and raw["price"]]
Row.rules = classmethod(rules)
"""
    with_changed(toy, add("spec.py", rules))
    said = toy.run("validate", str(SPEC))
    said.refused_with(2, "the rules of its platform (toyland.spec) break at this spec: KeyError: 'price'")
    (toy.directory / "wrong.yaml").write_text(SPEC.read_text().replace("mac:", "mack:"))
    said = toy.run("validate", "wrong.yaml")
    said.refused_with(2, 'unknown key "mack"')
    assert "break at" not in said.err


def test_a_setting_whose_reader_breaks_at_a_value_refuses_it(toy: Any) -> None:
    with_changed(
        toy,
        edit("manifest.py", ('Setting("toyland.url", URL,', 'Setting("toyland.url", BERTH,')),
        edit(
            "manifest.py",
            ("OBJECTS = (", "BERTH = ValueType('a berth', lambda value: value.strip('/'))\nOBJECTS = ("),
        ),
        edit(
            "manifest.py",
            ("from toyland.names", "from daemon.spec.values import ValueType\nfrom toyland.names"),
        ),
    )
    toy.write(toyland={"url": 5})
    toy.run("serve").refused_with(2, "toyland.url (", "line", "expected a berth, found the number 5")

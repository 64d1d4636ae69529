"""The guide for platforms names every field and method of the seam, and its examples are of things that there are."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import tomllib
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from daemon.drivers import http
from daemon.errors.tree import ErrorKind
from daemon.platforms import base
from daemon.platforms.found import GROUP
from daemon.platforms.manifest import Manifest
from daemon.settings.kinds import Setting
from daemon.spec.names import NameRule
from pxe.routes import BootTable
from state_machines.objects import ObjectKind

GUIDE = (Path(__file__).parents[2] / "docs" / "platforms.md").read_text(encoding="utf-8")
SECTION = GUIDE[GUIDE.index("## Every field and method") :]
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def public(module_or_class: object) -> list[str]:
    """What somebody outside sees of it."""
    return [name for name in vars(module_or_class) if not name.startswith("_")]


def classes(module: object) -> list[str]:
    """The classes that a module brings, which are not the platform itself."""
    mine = [one for one in vars(module).values() if inspect.isclass(one)]
    return [one.__name__ for one in mine if one.__module__ == getattr(module, "__name__", "")]


SEAM: Mapping[str, list[str]] = {
    "Manifest": [one.name for one in fields(Manifest)],
    "Platform": [*public(base.Platform), *base.Platform.__annotations__],
    "what a platform gives": classes(base),
    "ObjectKind": [one.name for one in fields(ObjectKind)],
    "ErrorKind": list(ErrorKind.__struct_fields__),
    "Setting": [one.name for one in fields(Setting)],
    "NameRule": [one.name for one in fields(NameRule)],
    "BootTable": [one.name for one in fields(BootTable)],
    "drivers/http.py": classes(http),
}


def words(text: str) -> set[str]:
    """The words between backticks."""
    return {word for quoted in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"[A-Za-z_]+", quoted)}


@pytest.mark.parametrize("part", SEAM)
def test_it_names_every_field_and_method(part: str) -> None:
    assert SEAM[part]
    assert [name for name in SEAM[part] if name not in words(SECTION)] == []


def test_its_tables_name_nothing_that_there_is_not() -> None:
    (table,) = re.findall(r"\| member \|.*?\n\n", SECTION, re.DOTALL)
    named = [
        word for row in table.splitlines()[2:] if row for word in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert named and set(named) <= {*SEAM["Platform"]}
    (table,) = re.findall(r"\| field \|.*?\n\n", SECTION, re.DOTALL)
    named = [
        word for row in table.splitlines()[2:] if row for word in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert sorted(named) == sorted(SEAM["Manifest"])


@pytest.mark.parametrize(
    "method", ["may_change", "waits_for_nodes", "foresee", "bounds", "picture", "discard"]
)
def test_its_example_of_a_method_can_be_called_as_the_daemon_does(method: str) -> None:
    meant = getattr(base.Platform, method)
    (shown,) = [
        node
        for text in EXAMPLES
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == method
    ]
    assert [one.arg for one in shown.args.args] == list(inspect.signature(meant).parameters)
    assert isinstance(shown, ast.AsyncFunctionDef) == inspect.iscoroutinefunction(meant)


def test_its_package_is_the_one_that_stands_beside_it() -> None:
    (shown,) = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)]
    toy = Path(__file__).parent / "toy"
    points, about = toy / "toyland_nxd-1.0.dist-info" / "entry_points.txt", shown["project"]
    meant = ConfigParser()
    meant.read_string(points.read_text())
    assert about["entry-points"] == {GROUP: dict(meant[GROUP])}
    assert f"{about['name'].replace('-', '_')}-{about['version']}.dist-info" == points.parent.name
    assert all(
        (toy / name).is_dir() for name in shown["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    )


def test_its_examples_import_what_there_is() -> None:
    for text in EXAMPLES:
        for node in ast.walk(ast.parse(textwrap.dedent(text))):
            if isinstance(node, ast.ImportFrom):
                module = import_module(str(node.module))
                assert [one.name for one in node.names if not hasattr(module, one.name)] == []


async def test_its_driver_speaks_as_it_is_shown() -> None:
    (text,) = [one for one in EXAMPLES if "class Shelf" in one]
    names: dict[str, object] = {}
    exec(compile(text, "docs/platforms.md", "exec"), names)
    shelf = names["Shelf"]("http://127.0.0.1:9")  # type: ignore[operator]
    with pytest.raises(names["OutsideError"], match="no connection") as refused:  # type: ignore[call-overload]
        await shelf.remove("box-1")
    assert refused.value.code == "unreachable"
    await shelf._line.close()

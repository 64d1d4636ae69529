"""A private member of a library is used only with an exact pin and a test that tells when it changes."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.private_members import DOCUMENTED, USES, Use

ROOT = Path(__file__).parents[1]
HOUSE = ("daemon", "nxtui", "pxe", "state_machines")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def is_theirs(module: str) -> bool:
    """Whether a module is a library's: neither ours nor Python's own."""
    top = module.partition(".")[0]
    return top not in (*HOUSE, "tests", "__future__") and top not in sys.stdlib_module_names


class Module:
    """One file: what it imports, and what it names itself."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.tree = ast.parse(text)
        self.imported: dict[str, str] = {}
        """A name here → the dotted name of what it stands for."""
        self.own: set[str] = set()
        for node in ast.walk(self.tree):
            match node:
                case ast.Import():
                    self.imported |= {
                        (one.asname or one.name.partition(".")[0]): (
                            one.name if one.asname else one.name.partition(".")[0]
                        )
                        for one in node.names
                    }
                case ast.ImportFrom(module=str(module)):
                    self.imported |= {(one.asname or one.name): f"{module}.{one.name}" for one in node.names}
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self.own.add(name)
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr, ctx=ast.Store()):
                    self.own.add(attr)
                case ast.AnnAssign(target=ast.Name(id=name)) | ast.Name(id=name, ctx=ast.Store()):
                    self.own.add(name)

    def uses(self) -> Iterator[tuple[str, int]]:
        """Every private member of somebody else, with its line."""
        for node in ast.walk(self.tree):
            match node:
                case ast.ImportFrom(module=str(module), names=names) if is_theirs(module):
                    parts = [part for part in module.split(".") if is_private(part)]
                    for one in (*parts, *(alias.name for alias in names if is_private(alias.name))):
                        yield one, node.lineno
                case ast.Attribute(value=value, attr=attr) if is_private(attr) and attr not in self.own:
                    if ast.unparse(value) not in ("self", "cls"):
                        yield attr, node.lineno
                case ast.Call(
                    func=ast.Name(id="getattr" | "setattr" | "hasattr"),
                    args=[_, ast.Constant(value=str(attr)), *_],
                ):
                    if is_private(attr):
                        yield attr, node.lineno
                case ast.ClassDef():
                    yield from self._inherited(node)

    def _inherited(self, node: ast.ClassDef) -> Iterator[tuple[str, int]]:
        """What a class touches or replaces of the private members of a library's class that it is made from."""
        theirs = frozenset().union(*(private_members(name) for name in self._bases(node)))
        for inner in ast.walk(node):
            match inner:
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr) if attr in theirs:
                    yield attr, inner.lineno
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in theirs:
                    yield name, inner.lineno

    def _bases(self, node: ast.ClassDef) -> Iterator[str]:
        """The library's classes that it is made from, also by way of another class of this file."""
        classes = {one.name: one for one in ast.walk(self.tree) if isinstance(one, ast.ClassDef)}
        for base in node.bases:
            written = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
            first, _, rest = written.partition(".")
            if first in classes and classes[first] is not node:
                yield from self._bases(classes[first])
            elif first in self.imported:
                yield f"{self.imported[first]}.{rest}" if rest else self.imported[first]


@cache
def private_members(name: str) -> frozenset[str]:
    """The private members of a library's class, by its dotted name, and of those that it is made from."""
    module, _, attribute = name.rpartition(".")
    found: set[str] = set()
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        return frozenset()
    for one in getattr(cls, "__mro__", ()):
        if is_theirs(one.__module__):
            found |= set(vars(one))
            with suppress(OSError, TypeError):  # a class that is compiled has no text
                found |= set(re.findall(r"\bself\.(_\w+)", inspect.getsource(one)))
    return frozenset(filter(is_private, found))


def modules() -> Iterator[Module]:
    for path in sorted(path for room in HOUSE for path in (ROOT / room).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield Module(name, path.read_text(encoding="utf-8"))


@pytest.mark.e2e  # a library that is imported looks for another with a process of its own
def test_every_use_of_a_private_member_is_known_and_none_is_known_that_is_not_used() -> None:
    found = {(module.name, member): line for module in modules() for member, line in module.uses()}
    known = {(use.module, use.member) for use in USES}
    unknown = {f"{name} line {found[name, member]} uses {member}" for name, member in found.keys() - known}
    assert unknown == set()
    assert known - found.keys() == set()


@pytest.mark.parametrize("library", sorted({use.library for use in USES}))
def test_a_library_whose_private_members_are_used_is_pinned_exactly(library: str) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["dependencies"]
    (pin,) = [one for one in wanted if re.match(rf"{library}\b(?!-)", one)]
    assert pin == f"{library}=={version(library)}"
    assert pin in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.module}: {use.member}")
def test_a_test_tells_when_a_private_member_changes(use: Use) -> None:
    file, _, name = use.test.partition("::")
    assert re.search(rf"def {name.rpartition('::')[2]}\b", (ROOT / file).read_text(encoding="utf-8")), (
        use.test
    )


def test_each_way_to_a_private_member_is_found() -> None:
    text = """
        from aiohttp import web
        from aiohttp.web_protocol import _ErrInfo
        import textual.app

        class Mine:
            def __init__(self): self._own = 1
            def f(self, other): return self._own, other._own, other._theirs, getattr(other, "_hidden", None)

        class Site(web.TCPSite):
            def start(self): self._server = self._mine = None

        class Further(Site):
            def stop(self): return self._backlog

        class Window(textual.app.App[None]):
            def _on_exit_app(self): ...
    """
    found = [member for member, _ in Module("x", textwrap.dedent(text)).uses()]
    assert sorted(found) == ["_ErrInfo", "_backlog", "_hidden", "_on_exit_app", "_server", "_theirs"]

"""The modules of the house as trees: what each imports, and how."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("daemon", "nxtui", "pxe", "state_machines")
FOR_TYPES = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
BY_NAME = {"import_module", "__import__", "resolve_name"}
"""Functions that import what a text names."""
RUN = {"exec", "eval", "run_module", "run_path", "exec_module"}
"""Functions that could import anything."""


@dataclass(frozen=True)
class Import:
    """One imported name, and where it stands."""

    importer: str
    name: str
    line: int
    inside_function: bool
    only_a_type: bool
    """Not imported when the program runs."""

    def __str__(self) -> str:
        return f"{self.importer} line {self.line} imports {self.name}"


@dataclass(frozen=True)
class Source:
    """One module as text and as a tree."""

    name: str
    path: Path
    tree: ast.Module

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        inside = {
            id(node)
            for function in ast.walk(self.tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        types = {
            id(node)
            for branch in ast.walk(self.tree)
            if isinstance(branch, ast.If) and ast.unparse(branch.test) in FOR_TYPES
            for statement in branch.body
            for node in ast.walk(statement)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: imports are absolute here"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Call) and (named := self._named(node)) is not None:
                names = [named]
            else:
                continue
            where = (node.lineno, id(node) in inside, id(node) in types)
            yield from (Import(self.name, name, *where) for name in names)

    @staticmethod
    def _named(call: ast.Call) -> str | None:
        """What a call imports by a name that stands there; None for every other call."""
        function = ast.unparse(call.func).rpartition(".")[2]
        first = call.args[0] if call.args else None
        stands = function in BY_NAME and isinstance(first, ast.Constant)
        return str(first.value).replace(":", ".") if stands and isinstance(first, ast.Constant) else None

    @property
    def computed(self) -> list[int]:
        """The lines on which something is imported whose name does not stand there."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return [
            call.lineno
            for call in calls
            if ast.unparse(call.func).rpartition(".")[2] in BY_NAME | RUN and self._named(call) is None
        ]


def read(root: Path, screens: Iterable[str] = ROOMS) -> list[Source]:
    """Every module of the rooms under ``root``."""
    sources = []
    for path in sorted(path for room in screens for path in (root / room).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        sources.append(Source(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return sources


@cache
def house() -> list[Source]:
    """Every module of the product: read when the first test asks, for others than these collect this file too."""
    return read(ROOT)


def under(name: str, prefixes: Iterable[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def whole_name(name: str, names: Collection[str]) -> str:
    """The module that an imported name belongs to; empty when it is none of the house."""
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name


def borrowers(sources: Iterable[Source], what: str, owners: tuple[str, ...]) -> list[str]:
    """Imports of ``what`` outside of the modules it belongs to."""
    return [
        str(one)
        for source in sources
        if not under(source.name, owners)
        for one in source.imports
        if under(one.name, (what,))
    ]

"""The modules of the house as trees: what each imports, and how."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("daemon", "nxtui", "pxe", "state_machines")
FOR_TYPES = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
BY_NAME = {"import_module", "__import__", "resolve_name"}
"""Functions that import what a text names."""
RUN = {
    "exec", "eval", "run_module", "run_path", "exec_module", "load_module", "find_spec", "spec_from_file_location",
}  # fmt: skip
"""Functions that could import anything."""
LOADED = "sys.modules"
"""Where every module can be had without an import."""


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

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Read by the first who looks at it: not everybody does."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Everything in the tree, gone through once."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What each name that is imported stands for."""
        found = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {one.asname: one.name for one in node.names if one.asname}
            elif isinstance(node, ast.ImportFrom):
                found |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        return found

    def meant(self, node: ast.expr) -> str:
        """A name with its dots, whatever it is called here."""
        first, dot, rest = ast.unparse(node).partition(".")
        return f"{self.names.get(first, first)}{dot}{rest}"

    @cached_property
    def uses(self) -> tuple[tuple[str, int], ...]:
        """Every name that is used, with its dots, and its line."""
        nodes = (node for node in self.nodes if isinstance(node, ast.Name | ast.Attribute))
        return tuple((self.meant(node), node.lineno) for node in nodes)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        inside = {
            id(node)
            for function in self.nodes
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        types = {
            id(node)
            for branch in self.nodes
            if isinstance(branch, ast.If) and ast.unparse(branch.test) in FOR_TYPES
            for statement in branch.body
            for node in ast.walk(statement)
        }
        for node in self.nodes:
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

    def _named(self, call: ast.Call) -> str | None:
        """What a call imports by a name that stands there; None for every other call."""
        function = self._last(call.func)
        first = call.args[0] if call.args else None
        stands = function in BY_NAME and isinstance(first, ast.Constant)
        return str(first.value).replace(":", ".") if stands and isinstance(first, ast.Constant) else None

    @property
    def computed(self) -> list[int]:
        """The lines on which something is imported, or had, whose name does not stand there."""
        calls = [node for node in self.nodes if isinstance(node, ast.Call)]
        found = {
            call.lineno
            for call in calls
            if (self._last(call.func) in BY_NAME | RUN and self._named(call) is None) or self._asks_for(call)
        }
        return sorted(found | {line for name, line in self.uses if name == LOADED})

    def _last(self, function: ast.expr) -> str:
        return self.meant(function).rpartition(".")[2]

    @staticmethod
    def _asks_for(call: ast.Call) -> bool:
        """Whether one of the functions that import is had by its name in a text."""
        words = {one.value for one in call.args if isinstance(one, ast.Constant)}
        return ast.unparse(call.func) == "getattr" and not words.isdisjoint(BY_NAME | RUN)


def read(root: Path, screens: Iterable[str] = ROOMS) -> list[Source]:
    """Every module of the rooms under ``root``."""
    sources = []
    for path in sorted(path for room in screens for path in (root / room).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        sources.append(Source(name, path))
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


def users(sources: Iterable[Source], function: str, owners: tuple[str, ...]) -> list[str]:
    """Uses of a function outside of the modules it belongs to."""
    return [
        f"{source.name} line {line} uses {function}"
        for source in sources
        if not under(source.name, owners)
        for name, line in source.uses
        if name == function
    ]

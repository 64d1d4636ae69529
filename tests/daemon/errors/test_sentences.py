"""What a sentence tells a person to run can be run: every command and option that is named is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from daemon.cli import COMMANDS, nxd
from daemon.errors.tree import CATALOGUE, NxdError
from daemon.platforms.ibm_nutanix.errors import ERRORS
from daemon.platforms.ibm_nutanix.server import server_problem
from state_machines.verbs import SHARED

ROOT = Path(__file__).parents[3]
CALL = re.compile(
    r"\bnxd ((?:--(?:config|socket) \S+ )?)([a-z][\w-]*)((?: (?:--?[a-z][\w-]*|[A-Z_]{2,}\b|\{\}))*)"
)
"""A command in a text, with what follows as far as it is options, words in capitals or places to fill."""


def texts(path: Path) -> tuple[tuple[int, str], ...]:
    """Every text of a file that is not a docstring, places to fill as {}."""
    return _texts_of(path.read_text(encoding="utf-8"))


@cache
def _texts_of(source: str) -> tuple[tuple[int, str], ...]:
    return tuple(_texts(tuple(ast.walk(ast.parse(source)))))


def _texts(nodes: tuple[ast.AST, ...]) -> Iterator[tuple[int, str]]:
    inner = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        for owner in (
            [node]
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            else []
        ):
            first = owner.body[0] if owner.body else None
            if isinstance(first, ast.Expr):
                inner.add(id(first.value))
    for node in nodes:
        if id(node) in inner:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def named(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command that a text tells to run, with its options. Of words after `nxd`, what is not in backquotes, has no
    option and nothing to fill is prose (`nxd goes on by itself`)."""
    for match in CALL.finditer(text):
        quoted = text[: match.start()].endswith("`")
        rest = match[3].split()
        if quoted or rest or match[2] in COMMANDS:
            yield match[2], [word for word in rest if word.startswith("-")]


def lacking(text: str) -> Iterator[str]:
    """The commands and options of a text that are not there."""
    for name, options in named(text):
        command = nxd.get_command(click.Context(nxd), name) if name in COMMANDS else None
        if command is None:
            yield f"nxd {name}"
            continue
        known = {
            option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        yield from (f"nxd {name} {option}" for option in options if option not in {*known, "--help", "-h"})


@pytest.mark.parametrize("package", ["daemon", "nxtui", "pxe", "state_machines"])
def test_every_command_that_a_sentence_names_is_there_with_its_options(package: str) -> None:
    seen, wrong = 0, []
    for path in sorted((ROOT / package).rglob("*.py")):
        for line, text in texts(path):
            seen += sum(1 for _ in named(text))
            wrong += [f"{path.relative_to(ROOT)}:{line}: {lack}" for lack in lacking(text)]
    assert wrong == []
    assert seen > {"daemon": 20, "nxtui": 3}.get(package, -1)


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda page: page.name)
def test_every_command_that_a_page_shows_has_the_options_that_it_shows(page: Path) -> None:
    code = re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [lack for piece in code for lack in lacking(piece)] == []


def test_what_stands_outside_becomes_one_line_of_one_sentence() -> None:
    reasons = [{"code": "cannot_start", "message": "No host.\n  Try\tlater.\r\n" + "x" * 30_000}]
    problem = server_problem("demo-node01", {"status_reasons": reasons}).problem()
    assert problem.message.startswith("The server demo-node01 failed: No host. Try later. xxx")
    assert problem.message.isprintable() and len(problem.message) < 400
    assert NxdError("refused", "one\ntwo").problem().message == "one two"


def test_every_verb_that_a_remedy_gives_is_a_command() -> None:
    leads = {verb for kind in (*CATALOGUE.values(), *ERRORS) for verb in kind.leads}
    assert leads and leads | set(SHARED) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Look with `nxd doctor`.", ["nxd doctor"]),
        ("Free it, then nxd recover NAME.", ["nxd recover"]),
        ("nxd repair {} mends it", ["nxd repair"]),
        ("see nxd logs {} --tail", ["nxd logs --tail"]),
        ("nxd audit --delete ID, or `nxd status`; nxd goes on by itself", []),
    ],
)
def test_a_command_that_is_not_there_is_found(text: str, found: list[str]) -> None:
    assert list(lacking(text)) == found

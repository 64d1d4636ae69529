"""Counts the words that a reader would have to decode: `python -m tests.forbidden_words`.

In the code a name is taken apart at its underscores and capitals, and so is the name of a module. In prose (docs, help
texts, messages, comments) whole words count; what stands in backticks is a name. CONTRIBUTING.md says which word stands
for what.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("daemon", "nxtui", "pxe", "state_machines")

INSTEAD = {
    "wish": "spec",
    "wishes": "spec",
    "wished": "the field of the spec",
    "orders": "verb",
    "moves": "transition",
    "sow": "create",
    "sown": "created",
    "honour": "carry out",
    "honoured": "carried out",
    "settle": "the state that is reached",
    "settled": "written, certain, provisioned",
    "came": "what was received or made",
    "gone": "deleted, vanished",
    "heard": "received, delivered",
    "gave": "failed, answered",
    "seldom": "rarely",
    "befall": "strike",
    "deed": "operation",
    "deeds": "operation",
    "door": "port, endpoint, limiter",
    "doors": "port, endpoint, limiter",
    "doorkeeper": "connection limiter",
    "moments": "trigger",
    "thing": "object",
    "things": "object",
    "furniture": "initial objects",
    "pen": "renderer",
    "paper": "page",
    "errand": "verb",
    "errands": "verb",
    "aside": "program, remark",
    "knock": "probe",
    "manner": "prompt, behaviour, run",
    "manners": "prompt, behaviour, run",
    "fate": "delivery",
    "sieve": "log filter",
    "garbage": "malformed",
}
"""Word → what to say in its place."""

KEPT = {
    ("daemon/wire/entities.py", "wish"),
    ("daemon/api/views.py", "wish"),
    ("nxtui/model/recording.py", "wish"),
}
"""The socket API keeps the names of its fields: ``wish`` is the verb that is pending."""

EVERYDAY = {
    "aside", "came", "garbage", "gave", "gone", "heard", "manner", "manners", "moments", "moves", "orders", "paper",
    "pen", "settle", "settled", "thing", "things",
}  # fmt: skip
"""Words that mean something plain in a sentence, though nothing in a name."""

QUOTED = {("daemon/sim/ssh/shell_cluster.py", "wish")}
"""What a foreign program says, word for word."""

_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@cache
def parts(name: str) -> list[str]:
    """The words of a name, in small letters."""
    return [part.lower() for part in _PART.findall(name)]


def forbidden() -> Iterator[str]:
    """Each place of a name that has a forbidden word in it, and what to say instead."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for word in parts(path.stem):
                if word in INSTEAD:
                    yield f"{file}: {path.stem}: say {INSTEAD[word]}"
            for line, name in _told_apart(path.read_text(encoding="utf-8"))[0]:
                for word in parts(name):
                    if word in INSTEAD and (file, name) not in KEPT:
                        yield f"{file}:{line}: {name}: say {INSTEAD[word]}"


def in_prose(root: Path = ROOT) -> Iterator[str]:
    """Each place of a sentence that has a forbidden word in it, and what to say instead."""
    for file, line, text in _sentences(root):
        for at, words in enumerate(_without_code(text).splitlines()):
            for word in re.findall(r"[a-z]+", words.lower()):
                if word in INSTEAD and word not in EVERYDAY and (file, word) not in QUOTED:
                    yield f"{file}:{line + at}: {word}: say {INSTEAD[word]}"


def _without_code(text: str) -> str:
    return _CODE.sub(lambda code: "\n" * code[0].count("\n"), text)


def _sentences(root: Path) -> Iterator[tuple[str, int, str]]:
    """Everything that is written for people: file, first line, text."""
    pages = [
        root / "README.md",
        root / "CONTRIBUTING.md",
        root / "CHANGELOG.md",
        *(root / "docs").glob("*.md"),
    ]
    for path in sorted(pages):
        yield path.relative_to(root).as_posix(), 1, path.read_text(encoding="utf-8")
    for path in sorted((root / "sample-specs").rglob("*.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield path.relative_to(root).as_posix(), number, line.partition("#")[2]
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        file, source = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
                yield file, node.lineno, node.value
        for line, comment in _told_apart(source)[1]:
            yield file, line, comment


@cache
def _told_apart(source: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The names of a module and its comments, each with its line."""
    names, comments = [], []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            names.append((token.start[0], token.string))
        elif token.type == tokenize.COMMENT:
            comments.append((token.start[0], token.string))
    return names, comments


if __name__ == "__main__":
    found = [*forbidden(), *in_prose()]
    print("\n".join(found) or "none")
    sys.exit(1 if found else 0)

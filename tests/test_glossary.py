"""One word has one meaning: the glossary stays short, no name has to be decoded, and none is taken twice."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.forbidden_words import INSTEAD, PACKAGES, forbidden, parts

ROOT = Path(__file__).parents[1]


def _entries() -> list[str]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("| word | what it means |", 1)[1].split("\n\n", 1)[0]
    return [row.split("|")[1].strip() for row in table.splitlines() if row.startswith("| ")]


def test_the_glossary_has_at_most_thirty_entries_and_each_word_once() -> None:
    words = [word.strip() for entry in _entries() for word in entry.split(",")]
    assert 0 < len(_entries()) <= 30
    assert len(words) == len(set(words))


def test_no_word_of_the_glossary_is_forbidden() -> None:
    assert {word for entry in _entries() for word in parts(entry)} & INSTEAD.keys() == set()


def test_no_name_has_to_be_decoded() -> None:
    assert list(forbidden()) == []


def test_the_name_of_a_class_is_taken_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(path.relative_to(ROOT).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}

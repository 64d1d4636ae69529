"""One word has one meaning: the glossary stays short, no name has to be decoded, and none is taken twice."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.forbidden_words import EVERYDAY, INSTEAD, QUOTED, forbidden, in_prose, parts
from tests.house_source import house

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


def test_no_sentence_has_to_be_decoded() -> None:
    """In docs, help texts, messages and comments."""
    assert list(in_prose()) == []


def test_no_word_is_let_through_that_is_not_forbidden() -> None:
    assert EVERYDAY - INSTEAD.keys() == set()
    assert [one for one in QUOTED if one[1] not in (ROOT / one[0]).read_text(encoding="utf-8")] == []


def test_a_forbidden_word_is_found_wherever_people_read(tmp_path: Path) -> None:
    written = {
        "README.md": "Make it the wish.\n`wish` is a field, and ``settle`` a name.\n```\nnxd wish\n```\nAn errand.\n",
        "CONTRIBUTING.md": "All is gone.\n",
        "CHANGELOG.md": "",
        "docs/api.md": "Every door asks.\n",
        "sample-specs/one.yaml": "wish: 1  # the wish\n",
        "daemon/cli/verbs.py": '"""Gives an errand."""\nprint(f"its deeds: {x}")  # the knock\nKEY = "wish"\n',
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [one.rpartition(": say")[0] for one in in_prose(tmp_path)] == [
        "README.md:1: wish",
        "README.md:6: errand",
        "docs/api.md:1: door",
        "sample-specs/one.yaml:1: wish",
        "daemon/cli/verbs.py:1: errand",
        "daemon/cli/verbs.py:2: deeds",
        "daemon/cli/verbs.py:2: knock",
    ]


def test_the_name_of_a_class_is_taken_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for source in house():
        for node in source.nodes:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(source.path.relative_to(ROOT).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}

"""A sentence with a count is right for one, and a sentence ends once, whoever wrote its parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daemon.api.views import problem_view
from daemon.cli.ending import ending
from daemon.client import DaemonRefused
from daemon.errors.tree import CATALOGUE, ErrorKind, NxdError, StateLost, StoreError
from daemon.platforms.ibm_nutanix.errors import ERRORS
from daemon.words import counted, ended, sentences, several, there_are
from pxe.line_limiter import left_out
from tests.daemon.errors.test_sentences import ROOT, texts

NOUNS = (
    r"addresses|(?:byte|character|cluster|command|connection|day|error|event|host|hour|line|machine|member|minute"
    r"|mistake|name|node|object|other|problem|record|request|run|second|server|step|thing|time|VM|word)s"
)
COUNT = re.compile(rf"\{{\}} (?:more |other |new )?(?:{NOUNS})\b|\bthere are \{{\}}(?![,\w])")
"""A place to fill before a noun that stands in the plural, whatever the count is."""
ALWAYS_SEVERAL = {
    'a name of at most {} characters (lower case letters, digits and "-", a letter first, no "-" last)': "two or more",
    "an absolute path of at most {} bytes": "a constant",
    "A draft may have {} bytes at most.": "a constant",
    "The body may have {} bytes at most.": "a constant",
    "The body did not come within {} seconds.": "a constant",
    "The database did not take a commit within {} seconds.": "a constant",
    "has more than {} bytes, which no {} have: see whether it is the right file.": "a constant",
    "the spec has {} bytes, and at most {} are read: describe one cluster in it": "more than a constant",
    "{}… ({} characters)": "more than a constant",
    "{} bytes do not fit through the terminal, it takes {}.": "more than a constant",
    "NXD_CRASH={} names no fault point; there is {}.": "a verb",
    "the remedy of {} names the setting {}, and its spec has no such key": "a verb",
    "the subject of {} names the setting {}, and its spec has no such key": "a verb",
    "{} times": "more than once, which is told as that",
    "{} subnet, {} addresses": "no count",
    "{} has {} characters with this domain, and a host name at most {}": "more than a constant",
    "expected a secret of {} characters or more, which can be kept out of what is told": "a constant",
    "The secret in {} has fewer than {} characters, and cannot be kept out of what is told.": "a constant",
    "The file {} is longer than {} bytes, which is no secret.": "a constant",
    "The answer has more than {} bytes.": "a constant",
    "redundancy factor 1 is for a single node, and there are {}: use 2": "more than one",
    "{} of {} nodes so far": "of a fleet that is told in pieces",
}
"""Texts whose count is never one, each with the reason."""
LIST = re.compile(r"there are \{\}(\.|$)")
"""`there are a, b, c.`: names, and no count."""


def plurals(path: Path) -> list[str]:
    found = []
    for line, text in texts(path):
        said = [one[0] for one in COUNT.finditer(text) if not LIST.match(text, one.start())]
        if said and text.strip() not in ALWAYS_SEVERAL:
            found.append(f"{path.relative_to(ROOT)}:{line}: {said[0]}")
    return found


@pytest.mark.parametrize("package", ["daemon", "nxtui", "pxe", "state_machines"])
def test_no_sentence_puts_a_noun_in_the_plural_whatever_the_count_is(package: str) -> None:
    paths = [path for path in sorted((ROOT / package).rglob("*.py")) if "sim" not in path.parts]
    assert [one for path in paths for one in plurals(path)] == []


def test_no_exception_of_these_outlives_its_text() -> None:
    there = {
        text.strip()
        for room in ("daemon", "nxtui", "pxe")
        for path in (ROOT / room).rglob("*.py")
        for _, text in texts(path)
    }
    assert [text for text in ALWAYS_SEVERAL if text not in there] == []


def test_a_plural_that_is_planted_is_found(tmp_path: Path) -> None:
    for text, seen in (
        ("f'{n} nodes'", True),
        ("f'and there are {n}, too'", False),
        ("f'{n} more lines'", True),
    ):
        assert bool(COUNT.search(next(iter(texts(_planted(tmp_path, text))))[1])) == seen


def _planted(directory: Path, text: str) -> Path:
    path = directory / "planted.py"
    path.write_text(f"n = 1\nx = {text}\n", encoding="utf-8")
    return path


def test_one_is_one_and_every_other_number_is_several() -> None:
    assert [counted(n, "node") for n in (0, 1, 2)] == ["0 nodes", "1 node", "2 nodes"]
    assert (several("address"), several("box"), several("line")) == ("addresses", "boxes", "lines")
    assert (there_are(1), there_are(2)) == ("there is 1", "there are 2")
    assert (left_out(1), left_out(2)) == (" (1 more was left out)", " (2 more were left out)")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (("It broke.", "Mend it."), "It broke. Mend it."),
        (("It broke", "database is locked", "Mend it"), "It broke. database is locked. Mend it."),
        (("It broke.", None, "", " "), "It broke."),
        (("Was it you?", "Yes!"), "Was it you? Yes!"),
        ((), ""),
    ],
)
def test_each_sentence_ends_once(parts: tuple[str | None, ...], said: str) -> None:
    assert sentences(*parts) == said


def test_what_came_from_outside_ends_once_too() -> None:
    assert {ended(f"It failed: no disk{end}") for end in ("", ".", "..", ". ")} == {"It failed: no disk."}


RUN_ON = re.compile(r"\.\.(?!\.)|[?!:]\.|[a-z0-9)] [A-Z][a-z]+ (?:the|it|what|for|a)\b|  ")
"""Two full stops, one too many, a sentence that begins where none has ended, two blanks."""


@pytest.mark.parametrize("evidence", [None, "database or disk is full", "It said so."])
@pytest.mark.parametrize("code", [*CATALOGUE.values(), *ERRORS], ids=lambda one: one.code)
def test_no_error_of_the_catalogue_runs_on_or_ends_twice(code: ErrorKind, evidence: str | None) -> None:
    kind = code
    assert kind.cause.endswith(".") and all(one.text.endswith(".") for one in kind.mend)
    for error in (
        NxdError(code, evidence=evidence),
        StoreError(code, evidence=evidence),
        StateLost(code, evidence=evidence),
    ):
        for raised in (error, DaemonRefused(409, problem_view(error))):  # type: ignore[arg-type]
            said = ending(raised).text
            assert not RUN_ON.search(said), said
            assert said.endswith(".")

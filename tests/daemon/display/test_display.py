"""What all who tell people something have in common stands in one place, and is the same for all of them."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli.streams import SIGNS
from daemon.display.signs import PHASES, PHASES_IN_ASCII
from daemon.display.sorting import natural, worst_first
from daemon.display.usual import ENOUGH, median, slow_after
from daemon.wire import Phase
from daemon.words import printable

ROOT = Path(__file__).parents[3]
FLOATS = st.lists(st.floats(0, 1e6), max_size=40)


def test_every_phase_has_a_sign_of_its_own_also_where_there_is_only_ascii() -> None:
    for signs in (PHASES, PHASES_IN_ASCII):
        assert set(signs) == set(get_args(Phase)) and len(set(signs.values())) == len(signs)
    assert all(sign.isascii() for sign in PHASES_IN_ASCII.values())
    assert {SIGNS[sign] for sign in PHASES.values()} == set(PHASES_IN_ASCII.values())


def test_names_stand_as_a_person_counts_and_trouble_stands_first() -> None:
    names = ["node10", "node9", "node", "10", "9", "node9b", "node09"]
    assert sorted(names, key=natural)[:2] == ["9", "10"]
    assert sorted(["node10", "node2"], key=natural) == ["node2", "node10"]
    told: Any = [{"name": "a", "kind": "node", "since": 0.0, "phase": phase} for phase in get_args(Phase)]
    first = [one["phase"] for one in sorted(told, key=worst_first)]
    assert set(first[:2]) == {"failed", "attention"}, "a daemon of an older version tells the phase alone"


@given(FLOATS)
def test_the_median_and_what_is_slow_are_those_of_the_lengths(lengths: list[float]) -> None:
    assert median(lengths) == (statistics.median(lengths) if lengths else None)
    limit = slow_after(lengths)
    assert (limit is None) == (len(lengths) < ENOUGH)
    if limit is not None:
        assert sum(length > limit for length in lengths) <= 0.05 * len(lengths)


@given(st.text())
def test_no_text_from_outside_drives_a_terminal(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable() and len(shown) == len(text)


KNOWN = {
    "isprintable": (
        "daemon/words.py",
        "daemon/host/log.py",
        "daemon/settings/kinds.py",
        "nxtui/acts/keymap.py",
    ),
    "-(-95 *": ("daemon/display/usual.py",),
}
"""Where each rule stands; besides, whoever judges what a person wrote looks at its signs, and quotes them."""


def holds(path: Path, word: str) -> bool:
    """Whether a module as Python itself would write it has this in it; without a name or number of it, it has not."""
    text = path.read_text(encoding="utf-8")
    return all(part in text for part in re.findall(r"\w+", word)) and word in ast.unparse(ast.parse(text))


@pytest.mark.parametrize("word", KNOWN)
def test_nobody_has_a_second_copy(word: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for room in ("daemon", "nxtui", "pxe")
        for path in (ROOT / room).rglob("*.py")
        if holds(path, word)
    }
    assert {one for one in found if not one.startswith(("daemon/spec/", "daemon/sim/"))} == set(KNOWN[word])

"""Changes one line of the product after the other and sees whether the tests that must notice it do.

`make mutants` runs the whole table, or so many of it drawn by a seed, in a copy of the checkout.
"""

from __future__ import annotations

import compileall
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, NamedTuple

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS

ROOT = Path(__file__).parents[2]
COPIED = (
    "daemon",
    "nxtui",
    "packaging",
    "pxe",
    "state_machines",
    "tests",
    "sample-specs",
    "docs",
    "pyproject.toml",
    "README.md",
)
SECONDS = 240.0
"""Real seconds that the tests of one mutant may take; one that hangs them is noticed too."""
LEAST = 0.9
"""The share of the table that must be noticed."""
AT_ONCE = 2
LOOKS = 2
"""How often tests that fail without a change are run before they are taken to be unsound: a machine may be busy."""
FAILED = 1
"""pytest's exit code for tests that ran and failed; any other but 0 says that they did not run."""

Verdict = Literal["noticed", "survived", "stale"]


class Judged(NamedTuple):
    """A mutant, and whether its tests noticed it. ``stale``: the line is not in the file, what it is changed to does
    not load, or its tests are none or fail without the change."""

    mutant: Mutant
    verdict: Verdict


@contextmanager
def _copy() -> Iterator[Path]:
    """The checkout once more, to be changed at will."""
    with tempfile.TemporaryDirectory(prefix="nxd-mutants-") as name:
        place = Path(name)
        for one in COPIED:
            source = ROOT / one
            if source.is_dir():
                shutil.copytree(source, place / one, ignore=shutil.ignore_patterns("frames"))
                compileall.compile_dir(place / one, quiet=2)  # hundreds of processes start from it
            else:
                shutil.copy(source, place / one)
        yield place


def judge(mutant: Mutant, place: Path, sound: dict[tuple[str, ...], bool]) -> Judged:
    """Change the line in the copy, run its tests there until one fails, and put the line back. ``sound``: which tests
    that failed are known to pass without a change, or not to."""
    file = place / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.line) != 1:
        return Judged(mutant, "stale")
    file.write_text(text.replace(mutant.line, mutant.change), encoding="utf-8")
    try:
        code = _run((*mutant.tests, "--cache-clear"), place)
    finally:
        file.write_text(text, encoding="utf-8")
    if code == 0:
        return Judged(mutant, "survived")
    failed = _failed(place) or mutant.tests
    if code == FAILED and failed not in sound:
        again = (*mutant.tests, "--last-failed")  # all of them, if they came to no end
        sound[failed] = any(_run(again, place) == 0 for _ in range(LOOKS))
    return Judged(mutant, "noticed" if code == FAILED and sound[failed] else "stale")


def _failed(place: Path) -> tuple[str, ...]:
    """The tests that failed in the last run, by pytest's own account; none if it did not come to its end."""
    try:
        return tuple(json.loads((place / ".pytest_cache" / "v" / "cache" / "lastfailed").read_text()))
    except FileNotFoundError:
        return ()


def _run(words: Iterable[str], place: Path) -> int:
    """pytest's exit code; that of a failure when it did not come to an end in time."""
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "pytest", "-q", "-x", *words]
    try:
        done = subprocess.run(
            words, cwd=place, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return FAILED
    return done.returncode


def judge_all(
    mutants: Iterable[Mutant], at_once: int = AT_ONCE, tell: Callable[[Judged], None] = lambda _: None
) -> list[Judged]:
    """The verdict on each, some beside each other, each in a copy of its own; each is told as soon as it is known."""
    places: SimpleQueue[Path] = SimpleQueue()
    sound: dict[tuple[str, ...], bool] = {}

    def one(mutant: Mutant) -> Judged:
        place = places.get()
        try:
            verdict = judge(mutant, place, sound)
        finally:
            places.put(place)
        tell(verdict)
        return verdict

    with ThreadPoolExecutor(at_once) as pool:
        copies = [_copy() for _ in range(at_once)]
        try:
            for copy in copies:
                places.put(copy.__enter__())
            return list(pool.map(one, mutants))
        finally:
            for copy in copies:
                copy.__exit__(None, None, None)


def sample(seed: int, count: int) -> list[Mutant]:
    """So many of the table, drawn by the seed; the whole of it if ``count`` is 0."""
    return random.Random(seed).sample(MUTANTS, count) if count else list(MUTANTS)


def _tell(judged: Judged) -> None:
    print(f"{judged.verdict:<9} {judged.mutant.file}: {judged.mutant.rule}", flush=True)


def main() -> int:
    """Judge what the environment asks for (SEED, COUNT), tell each verdict, and the score."""
    mutants = sample(int(os.environ.get("SEED") or 7), int(os.environ.get("COUNT") or 0))
    judged = judge_all(mutants, tell=_tell)
    for one in judged:
        if one.verdict != "noticed":
            _tell(one)
    noticed = sum(one.verdict == "noticed" for one in judged)
    stale = sum(one.verdict == "stale" for one in judged)
    score = noticed / len(judged)
    print(json.dumps({"mutants": len(judged), "noticed": noticed, "stale": stale, "score": round(score, 3)}))
    return 0 if score >= LEAST and not stale else 1


if __name__ == "__main__":
    sys.exit(main())

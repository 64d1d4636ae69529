"""A robot presses keys at random, all of them in one write, on every screen: the window goes on or is left as usual."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from canned_data import T0
from pseudo_terminal import PseudoTerminal

from nxtui.keys import ScreenName

pytestmark = pytest.mark.e2e

SIGNS = [chr(code) for code in range(32, 127)]
NAMED = [
    "\r",
    "\x1b",
    "\t",
    "\x7f",
    "\x04",
    "\x15",
    *(f"\x1b[{end}" for end in ("A", "B", "C", "D", "H", "F")),
]
KEYS = [*SIGNS, *NAMED * 2, "\x1b[5~", "\x1b[6~"]

SPEC = "cluster: demo\nnodes:\n  - bad\n"

WAYS: dict[str, Sequence[str]] = {
    "fleet": (),
    "node": ("\r",),
    "cluster": ("\t", "\r"),
    "log": ("L",),
    "help": ("?",),
    "palette": (":",),
    "filter": ("/",),
    "files": ("as",),
    "spec": ("as", "a-spec", "\r"),
    "question": ("ab",),
    "question by name": ("\t", "ad"),
    "steps": ("af",),
    "login": ("I",),
    "said": ("H",),
    "calls": ("C",),
    "calls of all": ("C", "."),
    "timeline": ("T",),
    "band": ("a",),
    "map": ("M",),
    "applied": ("S",),
    "draft": ("S", "e"),
    "checks": ("P",),
    "audit": ("A",),
}
"""The keys that lead to each screen, each a write of its own."""


def test_every_screen_of_the_product_has_its_way() -> None:
    assert set(get_args(ScreenName)) <= WAYS.keys()


def _press(socket: Path, home: Path, ways: Sequence[str], seed: int, more: Sequence[str] = ()) -> None:
    """Go to a screen, press 300 keys at once, and look whether the window still lives or ended as it should."""
    chance = random.Random(seed)
    (home / "config" / "nxd").mkdir(parents=True)
    (home / "config" / "nxd" / "nxtui.yaml").write_text("login: 'true {address}'\n")
    (home / "a-spec.yaml").write_text(SPEC)
    with PseudoTerminal(
        "--socket", str(socket), *more, home=home, environment={"PAGER": "true", "EDITOR": "true"}
    ) as window:
        window.until("node03")
        window.until("REPLAY" if more else "LIVE")
        for keys in ways:
            window.write(keys)
            for _ in range(6):
                window.read()
        window.write("".join(chance.choice(KEYS) for _ in range(300)))
        for _ in range(30):
            window.read()
        if window.goes_on():
            assert window.process.poll() is None
        else:
            assert window.process.wait(20) == 0, window.text[-1500:]
            assert "The daemon goes on working." in window.text
        assert "Traceback" not in window.text and "NOTE:" not in window.text
        assert not window.faults.exists(), window.faults.read_text()


@pytest.mark.parametrize(("number", "screen"), list(enumerate(WAYS)), ids=list(WAYS))
async def test_keys_at_random_in_one_write_neither_break_nor_kill_the_window(
    daemon: Any, tmp_path: Path, number: int, screen: str
) -> None:
    await asyncio.to_thread(_press, daemon.socket, tmp_path, WAYS[screen], number)


async def test_neither_do_they_in_a_replay(daemon: Any, tmp_path: Path, snapshot: Any) -> None:
    first = snapshot()
    lines = [first, {"type": "removed", "revision": 300, "now": T0 + 600.0, "name": "node01"}]
    file = tmp_path / "night.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    await asyncio.to_thread(_press, daemon.socket, tmp_path, (), 99, ("--replay", str(file)))


PROSE = "Anyway, a hasty operator had asked why a retry may say yes: a p, a h, r y, :hold node01\r a d demo\r y S e x\r"


def _paste(socket: Path, home: Path, *marks: str) -> None:
    """Paste prose of 10 kB into a window, and look whether it still lives."""
    with PseudoTerminal("--socket", str(socket), home=home, environment={"EDITOR": "false"}) as window:
        window.until("node03")
        window.until("LIVE")
        begins, ends = marks or ("", "")
        window.write(begins)
        for _ in range(10_000 // len(PROSE)):
            window.write(PROSE)
        window.write(ends)
        assert window.goes_on(), window.text[-1500:]
        assert window.process.poll() is None and "Traceback" not in window.text
        assert not window.faults.exists(), window.faults.read_text()


@pytest.mark.parametrize("marks", [(), ("\x1b[200~", "\x1b[201~")], ids=["as keys", "in brackets"])
async def test_prose_that_is_pasted_changes_nothing(
    daemon: Any, tmp_path: Path, marks: tuple[str, ...]
) -> None:
    await asyncio.to_thread(_paste, daemon.socket, tmp_path, *marks)
    looks = daemon.looks
    assert [*daemon.verbs, *daemon.specs, *looks.deleted, *looks.drafts, looks.logins or ()] == [()]
    assert await asyncio.to_thread(lambda: [one for one in tmp_path.rglob("*") if one.is_file()]) == []

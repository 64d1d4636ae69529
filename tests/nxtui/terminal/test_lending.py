"""A program that nxtui steps aside for may be missing, may fail and may be broken off: the window comes back."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pseudo_terminal import PseudoTerminal

from nxtui.terminal import programs

pytestmark = pytest.mark.e2e


def _lend(
    socket: Path, home: Path, steps: Sequence[tuple[str, str]], login: str = "ssh {address}", **given: str
) -> None:
    """Each step's keys, and what is drawn then; at the end the window still draws itself anew."""
    (home / "config" / "nxd").mkdir(parents=True)
    (home / "config" / "nxd" / "nxtui.yaml").write_text(f"login: {login}\n")
    (home / "a-spec.yaml").write_text("cluster: demo\n")
    with PseudoTerminal("--socket", str(socket), home=home, environment=given) as window:
        window.until("node03")
        window.until("LIVE")
        for keys, shown in steps:
            window.write(keys)
            window.until(shown)
        assert window.goes_on()
        assert not window.faults.exists(), window.faults.read_text()


@pytest.mark.parametrize(
    ("steps", "given"),
    [
        pytest.param(
            [("L", "following"), ("e", "nosuch cannot be started")], {"PAGER": "nosuch"}, id="pager"
        ),
        pytest.param([("L", "following"), ("e", "less cannot be started")], {"PATH": "/nowhere"}, id="less"),
        pytest.param([("I", "where?"), ("\r", "ssh cannot be started")], {"PATH": "/nowhere"}, id="ssh"),
        pytest.param(
            [
                ("as", "Which spec"),
                ("a-spec", "a-spec"),
                ("\r", "correct"),
                ("e", "nosuch cannot be started"),
            ],
            {"EDITOR": "nosuch"},
            id="editor",
        ),
        pytest.param(
            [("L", "following"), ("e", "cannot be started (Permission denied)")],
            {"PAGER": "/etc/passwd"},
            id="no program",
        ),
    ],
)
async def test_a_program_that_cannot_be_started_is_a_sentence_in_a_window_that_lives(
    daemon: Any, tmp_path: Path, steps: Sequence[tuple[str, str]], given: dict[str, str]
) -> None:
    await asyncio.to_thread(_lend, daemon.socket, tmp_path, steps, **given)


def _break_off(socket: Path, home: Path, key: str) -> None:
    program = f"{sys.executable} -c 'import time; print(\"at work\", flush=True); time.sleep(60)' {{address}}"
    (home / "config" / "nxd").mkdir(parents=True)
    (home / "config" / "nxd" / "nxtui.yaml").write_text(f"login: |-\n  {program}\n")
    with PseudoTerminal("--socket", str(socket), home=home, controlling=True) as window:
        window.until("node03")
        window.until("LIVE")
        window.write("I")
        window.until("where?")
        window.write("\r")
        window.until("at work")
        window.write(key)
        window.until(" ended ")
        assert window.goes_on()


@pytest.mark.parametrize("key", ["\x03", "\x1c"], ids=["Ctrl-C", "Ctrl-backslash"])
async def test_what_breaks_a_lent_program_off_breaks_nothing_else(
    daemon: Any, tmp_path: Path, key: str
) -> None:
    await asyncio.to_thread(_break_off, daemon.socket, tmp_path, key)


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("vim -p", ["vim", "-p", "+call cursor(3,7)", "/a/spec.yaml"]),
        ("/usr/bin/nano", ["/usr/bin/nano", "+3,7", "/a/spec.yaml"]),
        ("vi", ["vi", "+3", "/a/spec.yaml"]),
        ("emacs -nw", ["emacs", "-nw", "+3:7", "/a/spec.yaml"]),
        ("code --wait", ["code", "--wait", "--goto", "/a/spec.yaml:3:7"]),
        ("hx", ["hx", "/a/spec.yaml:3:7"]),
        ("my-editor", ["my-editor", "/a/spec.yaml"]),
    ],
)
def test_an_editor_is_told_the_place_in_its_own_words(said: str, command: list[str]) -> None:
    assert programs.editor(said, Path("/a/spec.yaml"), (3, 7)) == command
    assert programs.editor(said, Path("/a/spec.yaml"), None) == [*said.split(), "/a/spec.yaml"]


def test_the_editor_is_the_one_that_was_named_else_the_first_usual_one_that_is_here(tmp_path: Path) -> None:
    places = {"PATH": str(tmp_path)}
    assert programs.named_editor(places) == ""
    for name in ("nano", "vi", "sensible-editor"):
        (tmp_path / name).touch(0o755)
        assert programs.named_editor(places) == name, "it goes before those that were here"
    (tmp_path / "sensible-editor").chmod(0o644)
    assert programs.named_editor(places) == "vi", "what cannot be run is not here"
    assert programs.named_editor({**places, "EDITOR": "mg -n"}) == "mg -n"
    assert programs.named_editor({**places, "EDITOR": "mg", "VISUAL": "hx"}) == "hx"
    assert programs.named_editor({**places, "EDITOR": "mg", "VISUAL": ""}) == "mg"


def _edit(socket: Path, home: Path) -> None:
    told = home / "told"
    editor = home / "vim"
    editor.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{told}\n')
    editor.chmod(0o755)
    (home / "a-spec.yaml").write_text(
        "cluster: demo\n" + "# more\n" * 60 + "nodes: bad\n" + "# more\n" * 60 + "x: bad\n"
    )
    with PseudoTerminal("--socket", str(socket), home=home, environment={"EDITOR": str(editor)}) as window:
        window.until("node03")
        window.until("LIVE")
        for keys, shown in (("as", "Which spec"), ("a-spec", "a-spec"), ("\r", "mistake")):
            window.write(keys)
            window.until(shown)
        window.until("column 7")
        window.write("e")
        end = time.monotonic() + 20
        while not told.exists() or not told.read_text().endswith("a-spec.yaml\n"):
            assert time.monotonic() < end and window.read()
        assert told.read_text().splitlines()[0] == "+call cursor(62,7)"


async def test_the_editor_opens_at_the_mistake_that_is_in_sight(daemon: Any, tmp_path: Path) -> None:
    await asyncio.to_thread(_edit, daemon.socket, tmp_path)

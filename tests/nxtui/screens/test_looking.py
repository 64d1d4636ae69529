"""The spec read back, its draft, the preflight, the audit, and the ways into a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canned_looks import IN_FORCE, stray

Open = Callable[..., Any]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", "true")
    return tmp_path


async def test_each_line_of_the_spec_says_what_became_of_it(window: Open) -> None:
    async with window() as w:
        await w.press("S")
        await w.shows("waits to be in force")
        assert "demo › spec" in w.frame and "by ops · revision 101" in w.frame
        lines = {line.split("◂")[0].strip(): line for line in w.frame.splitlines() if "◂" in line}
        assert "~ in force: 3" in lines["4 gate: all"]
        assert (
            "✗ failed, try 2" in lines["13   - name: node02"]
            and "127.24.0.12" in lines["13   - name: node02"]
        )
        columns = {line.index("◂") for line in lines.values()}
        assert len(columns) == 1, "they stand in one column"
        assert w.app.screen.copied_text() == IN_FORCE


async def test_a_draft_is_a_copy_that_is_checked_kept_by_the_daemon_and_offered_again(
    window: Open, folders: Path
) -> None:
    async with window() as w:
        await w.press("S")
        await w.shows("waits to be in force")
        await w.press("enter")
        await w.shows("There is no draft of it: e begins one.")
        w.app.lend = lambda command, *_, **__: Path(command[-1]).write_text(
            IN_FORCE.replace("gate: all", "gate: 2")
        )
        await w.press("e")
        await w.shows("demo › draft")
        await w.shows("gate: 2")
        await w.until(lambda: "gate: 2" in w.daemon.looks.drafts.get("demo", ""), "the draft with the daemon")
        file = folders / "nxd" / "drafts" / "demo.yaml"
        assert file.stat().st_mode & 0o777 == 0o600 and "gate: 2" in file.read_text()
        await w.press("escape")
        await w.shows("Tab shows the draft of")
        await w.press("tab")
        await w.shows("not applied")
        assert "gate: 2" in w.frame
        await w.press("escape")
        await w.shows("~ in force: 3")
        assert not file.exists(), "what the daemon keeps needs no file"
        await w.press("enter")
        await w.shows("gate: 2")


async def test_brackets_go_from_line_to_line_of_which_something_is_told(window: Open) -> None:
    async with window((60, 10)) as w:
        await w.press("S")
        await w.shows("gate: all")
        await w.press("right_square_bracket", "right_square_bracket")
        await w.shows("node01")
        await w.press("left_square_bracket")
        await w.shows("gate: all")


async def test_a_preflight_shows_what_failed_first_and_folds_what_passed(window: Open, folders: Path) -> None:
    async with window() as w:
        await w.press("P")
        await w.shows("1 failed · 1 unknown · 4 passed")
        assert w.daemon.looks.preflights == [IN_FORCE]
        frame = w.frame
        assert frame.index("✗ security groups") < frame.index("? capacity") < frame.rindex("4 passed")
        assert "→ Allow them from the management subnet." in frame and "it is there" not in frame
        await w.press("l")
        await w.shows("5 ranges are free")
        await w.press("h")
        await w.until(lambda: "5 ranges" not in w.frame, "the fold")
        await w.press("enter")
        await w.until(lambda: len(w.daemon.looks.preflights) == 2, "another look")
        await w.press("Y")
        assert w.app.clipboard == "nxd spec demo | nxd preflight -"
        file = folders / "my spec.yaml"
        file.write_text(IN_FORCE)
        w.app.open_spec(file)
        await w.shows("correct")
        await w.press("P")
        await w.shows("1 failed · 1 unknown · 4 passed")
        await w.press("Y")
        assert w.app.clipboard == f"nxd preflight '{file}'"


async def test_an_audit_tells_both_ways_and_what_agrees(window: Open) -> None:
    async with window() as w:
        await w.press("A")
        await w.shows("2 strays · 1 loss")
        assert "✓ 15 objects agree: 12 addresses · 3 servers" in w.frame and "18.4 s" in w.frame
        assert w.frame.index("stray") < w.frame.index("lost")
        await w.press("j", "j", "space")
        await w.shows("Only a stray can be marked")


async def test_strays_go_only_once_they_are_marked_and_their_number_was_typed(window: Open) -> None:
    async with window() as w:
        await w.press("A")
        await w.shows("2 strays")
        await w.press("space", "space")
        await w.shows("2 marked")
        await w.press("a")
        await w.shows("2 strays deleted for good")
        await w.press("d")
        await w.shows("type how many above")
        await w.until(lambda: w.app.screen.is_awake, "a question that takes keys")
        await w.press("3", "enter")
        await w.shows("That is not 2.")
        await w.press("y")
        assert w.daemon.looks.deleted == []
        await w.until(lambda: w.app.screen.query("Input"), "the line")
        await w.press("backspace", "backspace", "2", "enter", "y")
        await w.until(lambda: w.daemon.looks.deleted, "the deletion")
        assert w.daemon.looks.deleted == [[stray(1)["id"], stray(2)["id"]]]
        await w.shows("Deleted: 2 strays.")
        await w.until(lambda: "stray  " not in w.frame, "the next audit")


async def test_nothing_is_deleted_from_a_window_that_only_looks(window: Open) -> None:
    async with window(read_only=True) as w:
        await w.press("A")
        await w.shows("2 strays")
        await w.press("space", "a", "d")
        await w.shows("Started with --read-only")
        assert w.daemon.looks.deleted == []


async def test_the_password_is_asked_for_only_by_a_key_and_forgotten(window: Open) -> None:
    async with window() as w:
        w.daemon.clusters[0]["login"] = True
        w.daemon.say(type="change", entity=w.daemon.clusters[0])
        await w.until(lambda: w.app.fleet.clusters["demo"].get("login"), "the login")
        w.app.screen.go_to("demo")
        await w.press("I")
        await w.shows("node01 cvm")
        assert w.daemon.looks.logins == 0
        await w.type("show")
        await w.press("enter")
        await w.shows("Nx-open-1001")
        assert "https://127.24.0.100:9440" in w.frame and w.daemon.looks.logins == 1
        await w.press("escape")
        await w.until(lambda: "Nx-open" not in w.frame, "nothing of it")
        assert all("Nx-open" not in one.text for one in w.app.said.all)
        await w.press("I")
        await w.shows("node01 cvm")
        await w.press("plus")
        await w.shows("Nx-open-1001")
        await w.press("escape")
        await w.until(lambda: "Nx-open" not in w.frame, "nothing of it")
        await w.press("I")
        await w.shows("node01 cvm")
        await w.type("copy")
        await w.press("enter")
        await w.shows("The password of demo:")
        assert w.app.clipboard == "Nx-open-1001" and "Nx-open" not in w.frame

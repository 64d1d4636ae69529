"""A person at a terminal gets tables; nothing in them is cut off, is markup, or drives the terminal."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any, cast

import pytest

from daemon import wire
from daemon.cli import tables
from daemon.cli.plans import print_plan


class Screen(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        return re.sub("\x1b\\[[0-9;]*m", "", self.getvalue())


def plan(count: int = 3) -> wire.Plan:
    items = [
        {
            "action": action,
            "owner": "node01",
            "kind": "server",
            "name": f"lab-node01-{number}-{'x' * 30}",
            "id": None,
            "about": {"drives": ["/dev/nvme0n1"]},
            "before": "hold",
            "after": "[bold]\x1b[2Jrollback",
        }
        for number in range(count)
        for action in ("create", "change", "delete")
    ]
    stages = [
        {"step": "installing", "title": "installing", "usual": 1800.0, "deadline": 3600.0},
        {"step": "ready", "title": "ready", "usual": None, "deadline": None},
    ]
    whole = {"verb": "apply", "target": "demo", "items": items, "sums": [], "stages": stages, "digest": "abc"}
    return cast(wire.Plan, whole)


def shown(found: wire.Plan, screen: Any) -> str:
    with contextlib.redirect_stdout(screen):
        print_plan(found)
    return str(screen.text() if isinstance(screen, Screen) else screen.getvalue())


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_a_plan_is_a_table_of_which_nothing_is_cut_off(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = shown(plan(), Screen())
    assert "───" in text and max(map(len, text.splitlines())) <= int(columns)
    whole = re.sub(r"\s", "", text)
    assert whole.count("x") >= 9 * 30 and "…" not in text
    if columns == "200":
        assert (
            "~  node01  server  lab-node01-0-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  hold → [bold]·[2Jrollback"
            in text
        )
        assert re.search(r"installing +30m00s +1h00m *\n ready +never done yet +– ", text)


def test_what_is_outside_drives_no_terminal_in_a_table_or_beside_one() -> None:
    for screen in (Screen(), io.StringIO()):
        shown(plan(), screen)
        assert "\x1b[2J" not in screen.getvalue()


def test_a_program_and_very_many_rows_get_plain_columns() -> None:
    for text in (shown(plan(), io.StringIO()), shown(plan(tables.ROWS), Screen())):
        assert f"~ node01 server lab-node01-0-{'x' * 30}  hold → [bold]·[2Jrollback" in text.splitlines()

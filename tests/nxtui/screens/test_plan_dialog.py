"""The question under a plan: its sum stays, its changes are gone to, a preflight may bar it, a shell does the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui.acts.sending import as_command

Open = Callable[..., Any]


@pytest.fixture
def fewer(tmp_path: Path) -> Path:
    file = tmp_path / "my fewer.yaml"
    file.write_text("profile: fewer\n")
    return file


async def asked(w: Any, file: Path) -> Any:
    """The question under the plan of a spec that takes a node away."""
    w.app.open_spec(file)
    await w.shows("correct")
    await w.press("enter")
    await w.shows("CHECK")
    await w.until(lambda: w.app.screen.checks is not None, "the preflight")
    return w.app.screen


async def test_a_preflight_that_failed_bars_the_apply_says_so_and_is_shown_whole(
    window: Open, fewer: Path
) -> None:
    async with window((100, 40)) as w:
        question = await asked(w, fewer)
        await w.shows("no apply: 1 check failed")
        assert question.is_read and not question.armed
        await w.press("y")
        assert w.app.screen is question and w.daemon.specs == []
        await w.press("P")
        await w.shows("→ Allow them from the management subnet.")
        assert (
            "5 ranges are free" in w.frame and "delete server" not in w.frame and "PLAN  + 0 made" in w.frame
        )
        await w.press("P")
        await w.shows("delete server")
        assert "5 ranges" not in w.frame
        await w.press("escape")
        w.daemon.looks.nothing_fails()
        question = await asked(w, fewer)
        await w.press("y")
        await w.until(lambda: w.daemon.specs, "the spec to be sent")


async def test_no_yes_counts_before_the_last_deletion_was_shown_and_brackets_lead_to_it_beneath_the_sum(
    window: Open, fewer: Path
) -> None:
    async with window((80, 20)) as w:
        w.daemon.looks.nothing_fails()
        question = await asked(w, fewer)
        assert "PLAN  + 0 made   ~ 1 changed   - 4 deleted" in w.frame and not question.is_read
        await w.press("P", "y", "P", "y")
        assert not question.is_read and w.daemon.specs == [], "the preflight is not the plan"
        await w.shows("G shows what else is deleted")
        for _ in range(20):
            if question.is_read:
                break
            await w.press("right_square_bracket")
        assert question.is_read, "the next one, and the next, lead to the last"
        assert "reserved_ip" in w.frame and "PLAN  + 0 made" in w.frame, "the sum stays"
        top = question.page.scroll_offset.y
        await w.press("left_square_bracket")
        assert question.page.scroll_offset.y < top
        await w.press("y")
        await w.until(lambda: w.daemon.specs, "the spec to be sent")


async def test_the_plan_can_be_copied_as_the_command_that_does_just_this(window: Open, fewer: Path) -> None:
    async with window((100, 40)) as w:
        w.daemon.looks.nothing_fails()
        await asked(w, fewer)
        await w.press("Y")
        await w.shows("nxd … --plan")
        assert w.app.clipboard == f"nxd apply '{fewer}' --plan sha256:fewer"
        await w.press("escape", "escape", "a", "b")
        await w.shows("Roll back node02?")
        await w.until(lambda: w.app.screen.plans, "its plan")
        await w.press("Y")
        assert w.app.clipboard == "nxd rollback node02 --plan sha256:rollback-node02"


def test_a_verb_at_a_step_is_the_command_with_its_option() -> None:
    plan: Any = {"target": "a02", "digest": "f427"}
    told: Any = {"step": "from"}
    assert as_command("retry", plan, told, "installing") == "nxd retry a02 --from installing --plan f427"
    assert as_command("retry", plan, told, None) == "nxd retry a02 --plan f427"
    assert as_command("dance", plan, None, None) == "nxd dance a02 --plan f427"

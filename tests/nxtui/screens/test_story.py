"""The story of a node: what happened, what to do with which key, how far its machine was, each in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from canned_looks import canned_boots, canned_offers

from nxtui.draw import happened
from nxtui.draw.glyphs import ASCII, UNICODE
from nxtui.draw.text import plain

Open = Callable[..., Any]

RETRY = {"kind": "verb", "verb": "retry", "target": "node02", "text": "Then retry it."}
LOOK = {"kind": "outside", "text": "Look at the node's log and mend what it names."}


async def opened(w: Any, failed: bool = True) -> None:
    node = w.daemon.node("node02")
    node["remedies"] = [LOOK, RETRY]
    node["needs_person"] = True
    w.daemon.looks.boots["node02"] = canned_boots(failed)
    w.daemon.offers = canned_offers()
    w.daemon.say(type="change", entity=node)
    await w.until(lambda: w.app.fleet.nodes["node02"].get("needs_person"), "the change")
    w.app.screen.go_to("node02")
    await w.press("enter")
    await w.shows("WHAT HAPPENED")
    await w.until(lambda: w.app.screen._offers is not None, "the offers")


def all_of(w: Any) -> str:
    return "\n".join(plain(line) for line in w.app.screen.story.lines)


async def test_the_order_is_fixed_and_the_verbs_that_help_stand_with_their_keys(window: Open) -> None:
    async with window() as w:
        await opened(w)
        text = all_of(w)
        heads = (
            "WHAT HAPPENED",
            "WHAT TO DO",
            "EVIDENCE",
            "NOW",
            "INSTALLER",
            "CALLS",
            "BEFORE",
            "TIMELINE",
            "EVENTS",
        )
        places = [text.index(head) for head in heads]
        assert places == sorted(places)
        assert "boot_script_not_fetched · 03:09:01 · try 2 · boot 2" in text
        assert "a person is needed, nxd has stopped trying" in text and LOOK["text"] in text
        line = next(line for line in text.splitlines() if "a r" in line)
        assert "retry: begins at waiting for boot · about 42m00s" in line
        assert (
            "then ready; demo goes on" in " ".join(text.split()) and "a h " not in text.split("EVIDENCE")[0]
        )
        assert "✗ failed" in w.frame.splitlines()[0]


async def test_phases_stand_with_what_is_usual_and_the_open_one_with_its_own_lines(window: Open) -> None:
    async with window() as w:
        w.daemon.log("the disk is slow", node="node02")
        await opened(w, failed=False)
        await w.shows("INSTALLER")
        text = all_of(w)
        assert "boot 2 · 23m20s" in text and "60 % · due 71 %" in text
        rows = [line for line in text.splitlines() if line.strip()[:1] in ("✓", "◐") and "m" in line]
        assert any(line.split() == ["✓", "4", "Downloading", "packages", "7m07s", "7m07s"] for line in rows)
        open_one = next(line for line in rows if "hypervisor" in line)
        assert "◐" in open_one and "…" in open_one and "6m05s" in open_one
        assert "▃" in text and "▅" in text


def test_progress_is_drawn_minute_by_minute_and_a_minute_without_a_report_is_a_dot() -> None:
    boot: Any = canned_boots()[0]
    line = happened.sparkline(boot, boot["ended"], UNICODE)
    assert len(line) == 21 and line[0] == "▃" and line.count("·") == 21 - 5 and line[13] == "▅"
    assert happened.sparkline(boot, boot["ended"], ASCII).isascii()
    assert len(happened.sparkline(boot, boot["began"] + 60 * 90, UNICODE)) == happened.MINUTES


@pytest.mark.parametrize("width", [20, 40, 80, 140])
def test_a_hostile_title_moves_nothing(width: int) -> None:
    boot: Any = canned_boots()[0]
    boot["phases"][-1]["title"] = "a\x1b[31m\u202eb\t" * 40
    for glyphs in (UNICODE, ASCII):
        lines = [plain(line) for line in happened.installer([boot], [], boot["ended"], width, glyphs)]
        assert all("\x1b" not in line and "\u202e" not in line for line in lines)


async def test_a_cluster_tells_its_nodes_where_a_node_tells_its_machine(window: Open) -> None:
    async with window() as w:
        w.app.screen.go_to("demo")
        await w.press("enter")
        await w.shows("NODES")
        text = all_of(w)
        assert text.index("NODES") < text.index("NOW") < text.index("TIMELINE")


async def test_without_offers_and_boots_a_daemon_leaves_those_parts_out(window: Open) -> None:
    async with window() as w:
        await w.press("enter")
        await w.shows("WHAT TO DO")
        text = all_of(w)
        assert "goes on by itself" not in text, "who does not say it is not believed to say the opposite"
        assert "INSTALLER" not in text and "Check that the security group lets port 8080" in text

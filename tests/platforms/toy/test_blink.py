"""A verb that only toyland has: the daemon lists it, and the commands and nxtui know no more of it than that."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui.app import NxTui
from tests.platforms.toy.shelf_server import ShelfState

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[3]


def until(true: Callable[[], bool]) -> None:
    over = time.monotonic() + 25
    while not true():
        assert time.monotonic() < over
        time.sleep(0.05)


@pytest.fixture
def deployed(toy: Any) -> Any:
    toy.serve()
    until(toy.is_active)
    return toy


def test_its_command_is_the_verb_and_does_what_its_row_says(deployed: Any, shelf: ShelfState) -> None:
    assert deployed.run("blink", "--help").out.count("found on the shelf") == 1
    ended = deployed.run("blink", "left", "--wait", "--timeout", "25")
    assert ended.code == 0 and ended.out.startswith("left: blink accepted.")
    assert shelf.blinked == ["lab-left"] and len(shelf.made) == 2
    shown = json.loads(deployed.run("show", "left", "--json").out)["entity"]
    assert shown["can"]["blink"] is None and shown["attempt"] == 1
    until(deployed.is_active)


def completed(toy: Any, words: str) -> set[str]:
    """What a shell is offered for the last word of a line."""
    count = str(len(words.split(" ")) - 1)
    given = {"_NXD_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
    return {line.partition(",")[2] for line in toy.run(env=given).out.splitlines() if line}


def test_a_shell_is_offered_the_commands_that_the_platforms_here_have_and_whom_they_are_for(
    deployed: Any,
) -> None:
    assert completed(deployed, "nxd bl") == {"blink"} and completed(deployed, "nxd blink l") == {"left"}
    assert completed(deployed, "nxd blink r") == {"right"}, "row is a cluster"
    assert completed(deployed, "nxd lo") == {"logs"} and completed(deployed, "nxd con") == set()
    assert completed(deployed, "nxd login r") == completed(deployed, "nxd console l") == set()
    assert "replace" in completed(deployed, "nxd re")


def test_a_verb_is_refused_where_its_kind_or_its_state_does_not_take_it(
    deployed: Any, shelf: ShelfState
) -> None:
    said = deployed.run("blink", "row")
    said.refused_with(2, "A cluster of toyland has no verb blink.")
    assert deployed.run("rollback", "left", "--yes").code == 4
    shelf.down = True
    assert deployed.run("destroy", "row", "--yes").code == 0
    until(lambda: deployed.asks(lambda client: client.show("left")["entity"]["phase"] == "releasing"))
    deployed.run("blink", "left").refused_with(4, "blink is for what is active")
    assert shelf.blinked == []


def test_what_no_platform_knows_is_no_command(deployed: Any) -> None:
    deployed.run("blonk", "left").refused_with(2, "No such command 'blonk'.")


def test_without_a_daemon_nobody_knows_whether_it_is_a_verb(toy: Any) -> None:
    toy.run("blink", "left").refused_with(2, "no daemon answers that could tell")


def test_nobody_outside_this_folder_has_heard_of_it() -> None:
    packages = ("daemon", "nxtui", "pxe", "state_machines")
    sources = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    told = [
        path for path in sources if '"blink"' in (text := path.read_text(encoding="utf-8")) or "BLINK" in text
    ]
    assert sources and told == []


async def test_nxtui_offers_it_and_asks_with_its_question(deployed: Any, shelf: ShelfState) -> None:
    app = NxTui(deployed.socket)

    async def shows(pilot: Any, *words: str) -> None:
        over = time.monotonic() + 25
        while not all(word in app.export_screenshot().replace("&#160;", " ") for word in words):
            assert time.monotonic() < over, words
            await pilot.pause(0.05)

    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "left", "right")
        await pilot.press("colon")
        await pilot.press(*"blink", "space", *"left")
        await shows(pilot, "Its lamp blinks once")
        await pilot.press("down", "enter")
        await shows(pilot, "Let left blink?")
        assert shelf.blinked == []
        while not getattr(app.screen, "is_awake", False):
            await pilot.pause(0.05)
        await pilot.press("y")
        await shows(pilot, "left blinks.")
        over = time.monotonic() + 25
        while shelf.blinked != ["lab-left"]:
            assert time.monotonic() < over
            await pilot.pause(0.05)

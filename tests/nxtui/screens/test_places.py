"""Going from place to place: back and forth, from a cluster to its nodes, and aside to another program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canned_data import T0

from nxtui.model.trail import KEPT, Place, Trail
from nxtui.preferences import Preferences
from nxtui.terminal import programs

Open = Callable[..., Any]


def test_a_trail_goes_back_and_forth_and_forgets_what_lay_ahead() -> None:
    trail = Trail()
    one, other = Place("entity", "node01"), Place("log", "node01")
    trail.visit(one)
    trail.visit(one)  # the same place twice is one place
    trail.visit(other)
    assert [trail.step(-1), trail.step(-1), trail.step(-1)] == [one, Place("fleet"), None]
    assert [trail.step(1), trail.step(1), trail.step(1)] == [one, other, None]
    trail.step(-1)
    trail.visit(Place("entity", "node02"))
    assert trail.step(1) is None
    for number in range(2 * KEPT):
        trail.visit(Place("log", str(number)))
    steps = 0
    while trail.step(-1):
        steps += 1
    assert steps == KEPT - 1


async def test_the_places_looked_at_are_found_again_in_both_directions(window: Open) -> None:
    async with window() as w:
        await w.press("enter")
        await w.shows("node02  ✗ failed")
        await w.press("L")
        await w.shows("node02 › log")
        await w.press("less_than_sign")
        await w.shows("demo › node02 ")
        await w.press("less_than_sign")
        await w.shows("› fleet")
        assert len(w.app.screen_stack) == 1
        await w.press("less_than_sign")
        await w.shows("There is no place before.")
        await w.press("greater_than_sign", "greater_than_sign")
        await w.shows("node02 › log")
        await w.press("escape")
        await w.shows("› fleet")


async def test_a_log_that_shows_everything_says_so_in_its_title(window: Open) -> None:
    async with window() as w:
        await w.press("enter", "L")
        await w.shows("node02 › log")
        await w.press("full_stop")
        await w.shows(" everything ")
        assert "node02 › log" not in w.frame
        await w.press("full_stop")
        await w.shows("node02 › log")


async def test_a_cluster_shows_its_nodes_as_a_tree_and_leads_to_one_of_them(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.press("tab", "enter")
        told = await w.seen("├ ✗ node02")
        assert "├ ◐ node03" in told and "└ ✓ node01" in told
        await w.press("enter")
        await w.shows("Nodes of demo")
        await w.type("node03")
        await w.press("enter")
        await w.shows("demo › node03")


def test_a_login_command_is_made_of_words_that_no_address_can_add_to() -> None:
    assert programs.login("ssh {address}", "127.24.0.12", "node02") == ["ssh", "127.24.0.12"]
    filled = programs.login("sol -n '{name} x' {address}", "10.0.0.1; reboot", "node02")
    assert filled == ["sol", "-n", "node02 x", "10.0.0.1; reboot"]
    for template, address in (("ssh {address}", "-oProxyCommand=x"), ("ssh", "10.0.0.1"), ("'", "10.0.0.1")):
        with pytest.raises(ValueError):
            programs.login(template, address, "node02")


async def test_a_login_asks_which_address_and_says_when_the_terminal_cannot_be_lent(window: Open) -> None:
    async with window() as w:
        await w.press("I")
        await w.shows("Log in on node02: where?")
        assert "127.24.0.12" in w.frame and "cvm" in w.frame
        await w.press("enter")
        await w.shows("cannot be lent to ssh")  # a test has no terminal to lend
        w.daemon.node("node02").update(addresses={}, console=False)
        w.daemon.say(type="change", entity=w.daemon.node("node02"))
        await w.until(lambda: not w.app.fleet.nodes["node02"]["addresses"], "the change")
        await w.press("I")
        await w.shows("node02 has no address yet.")


async def test_a_login_command_without_an_address_is_a_mistake_that_is_told(window: Open) -> None:
    async with window((140, 45), preferences=Preferences(login="ssh")) as w:
        await w.press("I")
        await w.shows("where?")
        await w.press("enter")
        await w.shows("The login command 'ssh'")


@pytest.mark.e2e
async def test_a_real_terminal_is_lent_to_the_login_and_to_the_pager_and_comes_back(
    terminal: Any, daemon: Any, tmp_path: Path
) -> None:
    settings = tmp_path / "nxtui.yaml"
    settings.write_text("login: sh -c 'echo on $0; read line' {address}\n")
    said = f"NXTUI_CONFIG={settings} PAGER='sh -c \"wc -l; read line </dev/tty\"'"
    root = Path(__file__).parents[3]
    window = f"{sys.executable} -m nxtui.main --socket {daemon.socket}"
    await terminal.start(f"cd {root} && {said} LC_ALL=C.UTF-8 {window}")
    await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
    await terminal.press("I")
    await terminal.shows(lambda s: "where?" in s, "the addresses")
    await terminal.press("Enter")
    screen = await terminal.shows(lambda s: "on 127.24.0.12" in s, "the login")
    assert "node01" not in screen
    await terminal.press("Enter")
    await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet again")
    await terminal.press(".", "L")
    await terminal.shows(lambda s: "12 lines" in s, "the log")
    await terminal.press("e")
    await terminal.shows(lambda s: s.split()[-1:] == ["12"], "the pager")
    await terminal.press("Enter")
    await terminal.shows(lambda s: "12 lines" in s, "the log again")


async def test_a_screen_that_comes_back_has_the_lines_that_were_logged_meanwhile(
    window: Open, daemon: Any
) -> None:
    async with window() as w:
        await w.shows("45 minutes")
        await w.press("enter")
        await w.shows("WHAT HAPPENED")
        daemon.log("told behind the page", node="node02")
        await w.until(lambda: w.app.fleet.log.revision == daemon.revision, "the line")
        await w.press("escape")
        await w.shows("NODE ")
        await w.shows("told behind the page")


@pytest.mark.parametrize("to_page", [("tab", "enter"), ("enter",), ("tab", "enter", "colon")])
async def test_what_leaves_while_its_page_is_open_closes_neither_the_window_nor_the_page(
    window: Open, daemon: Any, to_page: tuple[str, ...]
) -> None:
    async with window() as w:
        await w.shows("45 minutes")
        await w.press(*to_page[:2])
        await w.shows("NOW")
        await w.press(*to_page[2:])
        for name in ("node01", "node02", "node03", "demo"):
            daemon.say(type="removed", name=name)
        await w.until(lambda: not w.app.fleet.clusters and not w.app.fleet.nodes, "all to be gone")
        w.hands.seconds += 1
        w.app.tick()
        if to_page[2:]:
            await w.press("escape")
        await w.shows("The daemon no longer has it")
        w.app.tick()
        await w.press("escape")
        await w.shows("No nodes yet.")
        w.app.tick()


async def test_a_console_is_offered_for_nodes_that_have_one_and_a_sentence_says_why_for_others(
    window: Open, daemon: Any
) -> None:
    async with window((140, 45)) as w:
        await w.shows("45 minutes")
        await w.press("I")
        await w.type("console")
        await w.shows("❯ console")
        await w.press("enter")
        await w.shows("cannot be lent to nxd console")  # a test has no terminal to lend
        await w.press("question_mark")
        await w.shows("The serial console of its machine")
        await w.press("escape", "tab")
        await w.app.screen.run_action("console")
        await w.shows("demo is a cluster and has no console")
        for node in daemon.nodes:
            del node["console"]
            daemon.say(type="change", entity=node)
        await w.until(lambda: not any(n.get("console") for n in w.app.fleet.nodes.values()), "the change")
        await w.press("tab", "I")
        frame = await w.seen("where?")
        assert "❯ console" not in frame and "serial" not in frame
        await w.press("escape")
        await w.app.screen.run_action("console")
        await w.shows("nxd opens none on ")
        await w.press("question_mark")
        await w.shows("Step aside: log in")
        assert "The serial console of its machine" not in w.frame


async def test_a_window_that_only_looks_opens_no_console(window: Open) -> None:
    async with window((140, 45), read_only=True) as w:
        await w.shows("45 minutes")
        await w.app.screen.run_action("console")
        await w.shows("This window only looks.")


async def test_the_last_screen_of_a_failure_stands_on_the_page_of_the_node(window: Open, daemon: Any) -> None:
    async with window((140, 60)) as w:
        await w.shows("45 minutes")
        await w.press("enter")
        await w.shows("reserving addresses")
        assert "CONSOLE AT" not in w.frame
        lines = ["Loading Linux ...", "Kernel panic - not syncing: \x1b[31mno init"]
        daemon.screens["node02"] = {"time": T0, "lines": lines}
        daemon.log("the last line on its console", node="node02")
        await w.shows("CONSOLE AT")
        await w.shows("Kernel panic - not syncing:")
        assert "\x1b" not in w.frame


@pytest.mark.e2e
async def test_a_real_terminal_is_lent_to_the_console_and_comes_back(terminal: Any, daemon: Any) -> None:
    root = Path(__file__).parents[3]
    window = f"{sys.executable} -m nxtui.main --socket {daemon.socket}"
    await terminal.start(f"cd {root} && LC_ALL=C.UTF-8 {window}")
    await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
    await terminal.press("I")
    await terminal.shows(lambda s: "where?" in s, "the choice")
    await terminal.press("console")
    await terminal.shows(lambda s: "❯ console" in s, "the console alone")
    await terminal.press("Enter")
    await terminal.shows(lambda s: "Enter leads back to nxtui." in s, "why it did not open")
    await terminal.press("Enter")
    await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet again")


@pytest.mark.parametrize("size", [(20, 4), (20, 3), (40, 8), (79, 11)])
async def test_what_can_be_chosen_is_seen_at_every_size(window: Open, size: tuple[int, int]) -> None:
    async with window(size) as w:
        await w.press("a", "b")
        await w.until(lambda: len(w.app.screen_stack) == 2, "the question")
        await w.shows("Cancel")
        await w.until(lambda: w.app.screen.plans, "the plan")
        await w.press("G")
        await w.shows(" y")
        assert w.daemon.verbs == []

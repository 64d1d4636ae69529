"""What an operator comes for: find what failed, understand it, do something, and never by accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]


async def test_find_the_failed_node_read_its_remedy_and_retry_it(window: Open) -> None:
    async with window() as w:
        await w.press("slash")
        await w.type("phase:failed")
        await w.press("enter")
        frame = await w.seen("1 of 3 nodes")
        assert "security group lets port 8080" in frame
        assert "node01 " not in frame
        await w.press("r")
        await w.shows("Try node02 again?")
        assert w.daemon.verbs == []
        await w.press("y")
        await w.shows("node02 will be tried again")
        (sent,) = w.daemon.verbs
        assert (sent["verb"], sent["target"]) == ("retry", "node02")
        assert sent["token"]


@pytest.mark.parametrize("key", ["enter", "space", "escape", "n", "q"])
@pytest.mark.parametrize("verb", [("r",), ("a", "b")], ids=["retry", "rollback"])
async def test_only_y_confirms_and_what_says_no_closes(window: Open, verb: tuple[str, ...], key: str) -> None:
    async with window() as w:
        await w.press(*verb)
        await w.shows("[ Cancel ]")
        await w.press(key)
        await w.until(lambda: len(w.app.screen_stack) == 1, "the dialog to close")
        assert w.app.is_running
        assert w.daemon.verbs == []


@pytest.mark.parametrize(
    "verb", [("r",), ("a", "b"), ("tab", "a", "d")], ids=["retry", "rollback", "destroy"]
)
async def test_a_key_that_means_nothing_in_a_question_does_nothing(
    window: Open, verb: tuple[str, ...]
) -> None:
    async with window() as w:
        await w.press(*verb)
        await w.shows("[ Cancel ]")
        await w.press("x", "Y", "left", "G", "end", "g", "home", "d", "u", "pagedown", "pageup", "tab", "f5")
        await w.pilot.pause()
        assert len(w.app.screen_stack) == 2
        assert w.daemon.verbs == []


async def test_a_long_plan_is_scrolled_by_the_keys_that_scroll_everywhere(window: Open) -> None:
    async with window((60, 14)) as w:
        await w.press("a", "b")
        await w.until(lambda: w.app.screen.plans, "the plan")
        await w.pilot.pause()
        page = w.app.screen.page
        places = []
        for key in ("G", "g", "end", "home", "d", "u", "j", "k", "pagedown", "pageup"):
            await w.press(key)
            places.append(page.scroll_offset.y)
        end = page.virtual_size.height - page.size.height
        assert places[:4] == [end, 0, end, 0]
        assert places[4] > 0 and places[5] == 0 and places[6:8] == [1, 0]
        assert places[8] > 1 and places[9] == 0
        assert len(w.app.screen_stack) == 2


async def test_enter_twice_in_haste_only_opens_the_details(window: Open) -> None:
    async with window() as w:
        await w.press("a", "b", "enter", "enter")
        await w.shows("TIMELINE") if w.app.size.width >= 100 else await w.shows("WHAT HAPPENED")
        assert w.daemon.verbs == []


async def test_a_rollback_sends_the_digest_of_the_plan_that_was_shown(window: Open) -> None:
    async with window() as w:
        await w.press("a", "b")
        frame = await w.seen("4 objects to delete")
        assert frame.index("demo-node02-server") < frame.index("demo-node02-mgmt-vni")
        w.daemon.node("node02")["resources"].clear()  # the daemon's plan is another one by now
        await w.press("y")
        await w.shows("node02 is being rolled back")
        assert w.daemon.verbs[0]["digest"] == "sha256:rollback-node02"


async def test_y_before_the_plan_is_there_does_nothing(window: Open) -> None:
    async with window() as w:
        w.daemon.plan_gate.clear()
        await w.press("a", "b")
        await w.shows("Asking the daemon")
        await w.press("y")
        await w.shows("Asking the daemon")
        w.daemon.plan_gate.set()
        await w.shows("4 objects to delete")
        assert w.daemon.verbs == []
        await w.press("y")
        await w.until(lambda: w.daemon.verbs, "the verb")


async def test_a_plan_that_is_refused_says_why_and_cannot_be_confirmed(window: Open) -> None:
    async with window() as w:
        w.daemon.refuse = {
            "code": "busy",
            "message": "The cloud does not answer.",
            "remedy": "Wait a minute.",
            "retry": "later",
        }
        await w.press("a", "b")
        await w.shows("The cloud does not answer.")
        await w.press("y")
        assert "The cloud does not answer." in w.frame
        assert w.daemon.verbs == []


async def test_destroying_takes_the_typed_name_and_then_a_y(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.press("tab", "a", "d")
        await w.shows("12 objects to delete")
        await w.type("dem")
        await w.press("enter")
        await w.shows("That is not demo")
        await w.type("o")
        await w.press("enter")
        await w.shows("y destroy")
        assert w.daemon.verbs == []
        await w.press("enter")
        await w.until(lambda: len(w.app.screen_stack) == 1, "Enter to cancel")
        assert w.daemon.verbs == []
        await w.press("a", "d")
        await w.shows("12 objects to delete")
        await w.type("demo")
        await w.press("enter", "y")
        await w.shows("demo is being destroyed")
        (sent,) = w.daemon.verbs
        assert (sent["verb"], sent["target"], sent["digest"]) == ("destroy", "demo", "sha256:destroy-demo")


async def test_a_verb_that_is_not_legal_answers_with_the_daemons_reason(window: Open) -> None:
    async with window() as w:
        await w.press("G", "r")
        await w.shows("node01: it has not failed.")
        assert len(w.app.screen_stack) == 1
        assert w.daemon.verbs == []


async def test_what_is_for_a_whole_cluster_says_so_on_a_node_and_can_be_given_there(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.press("a")
        await w.shows("d  destroy         – destroy is for a whole cluster")
        await w.press("escape", "h", "a")
        await w.shows("d  destroy         deletes 12 objects for good")


async def test_the_footer_offers_a_verb_only_where_the_daemon_says_that_it_can_be_given(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.shows("❯    ✗ node02")
        assert w.app.fleet.nodes["node02"]["can"]["retry"] is None and " r retry " in w.frame
        await w.press("G")
        await w.until(lambda: w.app.screen.selected()["name"] == "node01", "the other node")
        refused = [verb for verb, why in w.app.fleet.nodes["node01"]["can"].items() if why is not None]
        assert "retry" in refused
        last = w.frame.splitlines()[-1]
        assert not [verb for verb in refused if f" {verb} " in last], last


async def test_a_refused_verb_shows_the_error_and_its_remedy(window: Open) -> None:
    async with window() as w:
        await w.press("r")
        await w.shows("Try node02 again?")
        w.daemon.refuse = {
            "code": "stale_plan",
            "message": "The plan is no longer the one shown.",
            "remedy": "Press R again.",
            "retry": "now",
        }
        await w.press("y")
        await w.shows("retry node02: refused. The plan is no longer the one shown.")
        await w.press("H")
        frame = await w.seen("1 message")
        assert "Press R again." in " ".join(frame.split())


async def test_read_only_refuses_every_verb_and_says_so(window: Open) -> None:
    async with window(read_only=True) as w:
        assert "read-only" in w.frame
        for keys in (("r",), ("a", "r"), ("a", "b"), ("a", "h"), ("tab", "a", "d")):
            await w.press(*keys)
            await w.shows("--read-only")
            assert len(w.app.screen_stack) == 1
        assert w.daemon.verbs == []


async def test_marked_rows_are_acted_on_together_after_one_question(window: Open) -> None:
    async with window() as w:
        await w.press("space", "space", "space")
        await w.shows("3 marked")
        await w.press("a", "h")
        frame = await w.seen("Hold these 2?")
        assert "node01" in frame and "node03" in frame
        assert "1 OTHER LEFT ALONE" in frame
        assert "it has failed" in frame
        await w.press("y")
        await w.until(lambda: len(w.daemon.verbs) == 2, "both verbs")
        assert [verb["target"] for verb in w.daemon.verbs] == ["node03", "node01"]
        assert len({verb["token"] for verb in w.daemon.verbs}) == 2


async def test_the_cursor_stays_on_its_node_when_another_one_fails(window: Open) -> None:
    async with window() as w:
        await w.press("j")
        assert w.app.screen.grid.listing.cursor == "node03"
        failed = dict(w.daemon.node("node01"), phase="failed", title="failed")
        w.daemon.say(type="change", entity=failed)
        await w.until(lambda: w.app.fleet.nodes["node01"]["phase"] == "failed", "the change")
        assert w.app.screen.grid.listing.order == ["demo", "node01", "node02", "node03"], "it stands longer"
        assert w.app.screen.grid.listing.cursor == "node03"


async def test_the_palette_runs_what_two_words_say(window: Open) -> None:
    async with window() as w:
        await w.press("colon")
        await w.type("retry node02")
        await w.shows("It goes on from the step that failed")
        await w.press("enter")
        await w.pilot.pause()
        if "Try node02 again?" not in w.frame:
            await w.press("enter")
        await w.shows("Try node02 again?")
        await w.press("y")
        await w.until(lambda: w.daemon.verbs, "the verb")
        assert w.daemon.verbs[0]["target"] == "node02"


async def test_the_story_of_a_node_follows_its_changes(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.press("enter")
        await w.shows("reserving addresses")
        changed = dict(w.daemon.node("node02"), phase="working", title="waiting for boot", error=None)
        changed["waiting_for"] = "the boot script to be fetched"
        w.daemon.nodes[1] = changed
        w.daemon.say(type="change", entity=changed)
        frame = await w.seen("the boot script to be fetched")
        assert "WHAT HAPPENED" not in frame
        await w.press("escape")
        assert len(w.app.screen_stack) == 1


async def test_a_paused_log_stands_still_and_counts(window: Open) -> None:
    async with window() as w:
        await w.press("full_stop", "L", "p")
        await w.shows("PAUSED  +0 new")
        before = w.frame.splitlines()[1:20]
        for number in range(30):
            w.daemon.log(f"news {number}", node="node03")
        await w.shows("PAUSED  +30 new")
        assert w.frame.splitlines()[1:20] == before
        await w.press("p")
        await w.shows("news 29")


async def test_a_log_is_searched_filtered_and_wrapped(window: Open) -> None:
    async with window() as w:
        w.daemon.log("x" * 70 + " the end of a long line", level="warning")
        await w.press("full_stop", "L")
        await w.shows("13 lines")
        assert "the end of a long line" not in w.frame
        await w.press("w")
        await w.shows("the end of a long line")
        await w.press("minus")
        await w.shows("warnings and errors")
        assert "phase 5 of 8" not in w.frame
        await w.press("slash")
        await w.type("127.24")
        await w.press("enter")
        await w.shows("1 of 1")
        await w.press("escape")
        await w.press("escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the log to close")


async def test_copying_a_row_reaches_the_terminal(window: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with window() as w:
        written: list[str] = []
        monkeypatch.setattr(w.app._driver, "write", written.append)
        await w.press("y")
        await w.shows("Sent to the terminal")
        assert any("\x1b]52;c;" in piece for piece in written)
        assert w.app.clipboard.startswith("node02\tfailed at boot\t6/9")


async def test_every_theme_draws_the_same_words(window: Open) -> None:
    async with window() as w:
        before = w.frame
        for name in ("nxd-light", "nxd-contrast", "nxd-dark"):
            w.app.next_theme()
            await w.pilot.pause()
            assert w.app.theme == name
            assert w.frame == before


async def test_quitting_says_that_the_work_goes_on(window: Open) -> None:
    async with window() as w:
        await w.press("q")
        assert "goes on" in str(w.app._exit_renderables[0])
        assert w.app.return_code in (0, None)


async def test_a_mark_right_after_a_change_is_seen_with_it(window: Open) -> None:
    async with window() as w:
        grid = w.app.screen.grid
        w.app.fleet.nodes["node03"]["title"] = "rebooting"
        grid.refresh_rows("node03")
        grid.listing.marks.add("node03")
        grid.redraw()
        await w.pilot.pause()
        row = next(line for line in w.frame.splitlines() if "node03" in line)
        assert "rebooting" in row
        assert w.app.renderer.glyphs.mark in row

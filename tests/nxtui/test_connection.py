"""The window outlives the daemon, never pretends, and is true again as soon as the daemon is back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]


async def test_a_lost_daemon_greys_the_last_known_data_and_refuses_verbs(window: Open) -> None:
    async with window() as w:
        await w.daemon.stop()
        frame = await w.seen("LOST since 03:12:08")
        assert "node02" in frame
        assert w.app.renderer.faded
        await w.press("r")
        await w.shows("the link is down")
        assert w.daemon.verbs == []


async def test_what_is_heard_while_a_screen_opens_is_on_it(window: Open) -> None:
    async with window() as w:
        log = w.app.fleet.log
        last = log[log.end - 1]
        event = {**last._asdict(), "revision": last.revision + 1, "message": "said in between"}
        line = {"type": "event", "revision": event["revision"], "now": last.time, "event": event}
        w.app.open_log(None)
        w.app.on_nx_tui_lines_received(w.app.LinesReceived([line]))
        await w.shows("said in between")


async def test_typed_text_survives_the_loss_and_the_return(window: Open) -> None:
    async with window() as w:
        await w.press("slash")
        await w.type("name:node0")
        await w.daemon.stop()
        await w.shows("LOST")
        await w.type("3")
        await w.daemon.start()
        await w.shows("LIVE")
        assert "/ name:node03" in w.frame
        await w.press("enter")
        await w.shows("1 of 3 nodes")


async def test_after_a_restart_everything_is_current_and_no_log_line_is_twice_or_missing(
    window: Open,
) -> None:
    async with window((140, 45)) as w:
        await w.press("full_stop")
        await w.daemon.stop()
        await w.shows("LOST")
        w.daemon.node("node02").update(phase="working", title="waiting for boot", error=None)
        w.daemon.log("written while nobody looked")
        await w.daemon.start()
        await w.shows("written while nobody looked")
        assert w.app.fleet.link.state == "live"
        assert not w.app.renderer.faded
        assert w.app.fleet.nodes["node02"]["phase"] == "working"
        book = w.app.fleet.log
        revisions = [book[number].revision for number in range(book.first, book.end)]
        assert revisions == [event["revision"] for event in w.daemon.events]


async def test_another_database_behind_the_same_socket_replaces_everything(window: Open) -> None:
    async with window((140, 45)) as w:
        await w.daemon.stop()
        await w.shows("LOST")
        w.daemon.id = "daemon-2"
        w.daemon.revision = 3
        w.daemon.nodes = [dict(w.daemon.nodes[0], name="other01")]
        w.daemon.events = []
        w.daemon.log("another history")
        await w.daemon.start()
        await w.shows("other01")
        await w.press("full_stop")
        await w.shows("another history")
        assert set(w.app.fleet.nodes) == {"other01"}
        assert "phase 5 of 8" not in w.frame


async def test_a_window_opened_too_early_waits_for_its_daemon(window: Open, daemon: Any) -> None:
    await daemon.stop()
    async with window(wait=False) as w:
        await w.shows("NO DAEMON since")
        await daemon.start()
        await w.shows("node02")
        await w.shows("LIVE")


async def test_the_loss_is_shown_within_two_seconds_and_the_return_within_two(window: Open) -> None:
    async with window() as w:
        async with asyncio.timeout(2):
            await w.daemon.stop()
            await w.shows("LOST")
        async with asyncio.timeout(2):
            await w.daemon.start()
            await w.shows("LIVE")


async def test_a_newer_daemon_is_named_and_no_verb_is_sent_to_it(window: Open, daemon: Any) -> None:
    daemon.api = 2
    daemon.nodes = [{"shape": "of the next version"}]
    async with window(wait=False) as w:
        await w.shows("OTHER API 2")
        assert "use the nxtui that came with it" in w.frame
        await w.press("r")
        await w.shows("another version of the API")
        assert daemon.verbs == []


async def test_a_reader_that_was_too_slow_connects_again(window: Open) -> None:
    async with window() as w:
        w.daemon.say(type="lagged")
        await w.until(lambda: w.daemon.connections == 2, "the second connection")
        await w.shows("LIVE")


async def test_production_is_drawn_in_another_ink(window: Open, daemon: Any) -> None:
    from nxtui.draw.themes import accent

    daemon.environment = "production"
    assert accent("production", {}) != accent("demo", {})
    async with window() as w:
        await w.shows(" production ")

"""Every screen as text, at the smallest size promised and a comfortable one, in every state of the link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from canned_looks import canned_boots, canned_offers

Open = Callable[..., Any]
Golden = Callable[[str, str], None]

SIZES = {"80x24": (80, 24), "140x45": (140, 45), "200x60": (200, 60)}
USUAL = ("80x24", "140x45")

SPEC = """platform: ibm_nutanix
cluster: demo
profile: bad
nodes:
  - name: node01
  - name: node02
"""


async def fleet(w: Any) -> None:
    await w.shows("45 minutes")


async def cluster(w: Any) -> None:
    await w.press("tab")
    await w.shows("LOG  of demo")


async def node(w: Any) -> None:
    await w.press("enter")
    await w.shows("WHAT HAPPENED")
    await w.until(
        lambda: w.app.screen.stays is not None and w.app.screen._calls.shown, "what happened, and calls"
    )
    w.app.screen._redraw()


async def failed_node(w: Any) -> None:
    w.daemon.looks.boots["node02"] = canned_boots()
    w.daemon.offers = canned_offers()
    node = w.daemon.node("node02")
    node["remedies"] = [{"kind": "outside", "text": "Look at its log, then retry it."},
                        {"kind": "verb", "verb": "retry", "target": "node02", "text": "Retry it."}]  # fmt: skip
    w.daemon.say(type="change", entity=node)
    await w.until(lambda: w.app.fleet.nodes["node02"].get("remedies"), "the change")
    await w.press("enter")
    await w.until(lambda: w.app.screen._offers is not None and w.app.screen._calls.shown, "offers and calls")
    w.app.screen._redraw()


async def log(w: Any) -> None:
    await w.press("full_stop", "L")
    await w.shows("following")
    await w.press("slash")
    await w.type("phase")
    await w.press("enter")
    await w.shows("1 of 1")


async def keys(w: Any) -> None:
    await w.press("question_mark")
    await w.shows("Keys")


async def rollback(w: Any) -> None:
    await w.press("a", "b")
    await w.shows("4 objects to delete")


async def destroy(w: Any) -> None:
    await w.press("tab", "a", "d")
    await w.shows("12 objects to delete")


async def steps(w: Any) -> None:
    await w.until(lambda: w.app.fleet.history.steps(w.app.fleet.nodes["node02"]), "the daemon's steps")
    await w.press("a", "f")
    await w.shows("6  awaiting_boot")


async def files(w: Any) -> None:
    await w.press("a", "s")
    await w.shows("wrong.yaml")


async def spec(w: Any) -> None:
    await w.press("a", "s")
    await w.shows("wrong.yaml")
    await w.type("wrong")
    await w.press("enter")
    await w.shows("there is no profile of that name")


async def plan(w: Any) -> None:
    await w.press("a", "s")
    await w.shows("right.yaml")
    await w.type("right")
    await w.press("enter")
    await w.shows("6 objects to make")
    await w.press("enter")
    await w.shows("[ Cancel ]")


async def fewer(w: Any) -> None:
    await w.press("a", "s")
    await w.shows("fewer.yaml")
    await w.type("fewer")
    await w.press("enter")
    await w.shows("4 objects to delete")
    await w.press("enter")
    await w.shows("It also deletes, for good: node03")


async def palette(w: Any) -> None:
    await w.press("colon")
    await w.type("rollback")
    await w.shows("What is listed is deleted")


async def members(w: Any) -> None:
    await w.press("tab", "enter")
    await w.shows("└ ✓ node01" if not w.app.renderer.ascii else "` + node01")
    await w.press("enter")
    await w.shows("Nodes of demo")


async def login(w: Any) -> None:
    await w.press("I")
    await w.shows("Log in on node02: where?")


async def band(w: Any) -> None:
    await w.press("a")
    if not w.app.read_only:
        await w.shows("deletes 4 objects")


async def band_of_a_cluster(w: Any) -> None:
    await w.press("tab", "a")
    await w.shows("deletes 12 objects")


async def said(w: Any) -> None:
    w.app.say("node01 was looked at.", about="node01")
    w.app.say("Everything that was ever said is in this list, however long it is and however narrow the screen is: "
              "no word of it is left out.", "warning")  # fmt: skip
    for _ in range(3):
        w.app.say("node02 failed.", "error", "node02")
    await w.press("H")
    await w.shows("3 messages")


async def calls(w: Any) -> None:
    await w.press("C")
    await w.shows("7 · 2 failed" if not w.app.renderer.ascii else "7 - 2 failed")
    await w.until(lambda: w.app.screen.told_bodies() is not None, "what was sent and answered")


async def timeline(w: Any) -> None:
    await w.press("T")
    await w.shows("creating the server")
    await w.until(lambda: w.app.fleet.history.told(w.app.fleet.nodes["node02"]), "the daemon's steps")
    w.app.tick()


async def map_(w: Any) -> None:
    await w.press("M")
    await w.shows("workload")
    await w.shows("OBJECTS")


async def applied(w: Any) -> None:
    await w.press("S")
    await w.shows("in force: 3")


async def checks(w: Any) -> None:
    await w.press("P")
    await w.shows("4 passed")


async def audit(w: Any) -> None:
    await w.press("A")
    await w.shows("15 objects agree")


async def strays(w: Any) -> None:
    await audit(w)
    await w.press("space", "space", "a", "d")
    await w.shows("type how many above")


SCREENS: dict[str, Callable[[Any], Awaitable[None]]] = {
    "fleet": fleet,
    "cluster": cluster,
    "node": node,
    "log": log,
    "help": keys,
    "rollback": rollback,
    "destroy": destroy,
    "steps": steps,
    "files": files,
    "spec": spec,
    "plan": plan,
    "fewer": fewer,
    "palette": palette,
    "members": members,
    "login": login,
    "calls": calls,
    "timeline": timeline,
    "map": map_,
    "applied": applied,
    "checks": checks,
    "audit": audit,
    "strays": strays,
    "story": failed_node,
    "said": said,
    "band": band,
    "band-cluster": band_of_a_cluster,
}
CHANGES_NOTHING = (
    "fleet",
    "cluster",
    "node",
    "log",
    "help",
    "palette",
    "members",
    "login",
    "calls",
    "timeline",
    "map",
    "applied",
    "checks",
    "audit",
    "said",
    "band",
)
"""What can be opened where nothing may be changed."""
CHANGES_SOMETHING = ("r", "b", "d", "f", "s")
"""The letters of the band that open the others."""


@pytest.fixture(params=USUAL)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def directory(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nxtui is started: two specs, something else, and a directory."""
    place = socket.parent / "specs"
    (place / "older").mkdir(parents=True)
    (place / "wrong.yaml").write_text(SPEC)
    (place / "right.yaml").write_text(SPEC.replace("profile: bad", "profile: good"))
    (place / "fewer.yaml").write_text(SPEC.replace("profile: bad", "profile: fewer"))
    (place / "notes.txt").write_text("not a spec")
    monkeypatch.chdir(place)


async def home(w: Any) -> None:
    """Back to the fleet, as it is when a window opens."""
    if w.daemon.looks.boots:
        w.daemon.looks.boots.clear()
        w.daemon.offers, node = None, w.daemon.node("node02")
        del node["remedies"]
        w.daemon.say(type="change", entity=node)
        await w.until(lambda: "remedies" not in w.app.fleet.nodes["node02"], "the node as it was")
    while len(w.app.screen_stack) > 1:
        await w.press("escape")
    if w.app.screen.acting.band.display:
        await w.press("escape")
    if w.app.screen.grid.listing.cursor != "node02":
        assert w.app.screen.go_to("node02")
    if w.app.screen.everything:
        await w.press("full_stop")
    await w.shows("LOG  of node02")


async def opened(w: Any, names: Iterable[str] = SCREENS) -> AsyncIterator[str]:
    """Open one screen after the other in the same window, and come home from each."""
    for name in names:
        await SCREENS[name](w)
        yield name
        await home(w)
        w.app.said.all.clear()  # no screen tells what was said on another


@pytest.mark.parametrize("screen", SCREENS)
async def test_live_then_stale_then_lost(window: Open, golden: Golden, size: str, screen: str) -> None:
    async with window(SIZES[size]) as w:
        await SCREENS[screen](w)
        golden(f"{screen}-{size}", w.frame)
        w.daemon.beat = None
        w.daemon.now += 0.5
        w.daemon.say(type="heartbeat")
        await w.until(lambda: w.app.fleet.now == w.daemon.now, "the last word")
        w.hands.seconds += 7
        w.app.tick()
        await w.shows("STALE 7s")
        golden(f"{screen}-stale-{size}", w.frame)
        await w.daemon.stop()
        await w.until(
            lambda: "No daemon answers" in str(w.app.fleet.lost_because), "the second try to connect"
        )
        await w.shows("LOST since")
        await w.settled()
        golden(f"{screen}-lost-{size}", w.frame)


async def test_read_only(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size], read_only=True) as w:
        async for screen in opened(w, CHANGES_NOTHING):
            golden(f"{screen}-read-only-{size}", w.frame)


async def test_read_only_opens_nothing_that_changes_something(window: Open, size: str) -> None:
    async with window(SIZES[size], read_only=True) as w:
        for number, key in enumerate(CHANGES_SOMETHING, 1):
            await w.press("a", key)
            await w.until(partial(has_said, w, number), f"a word about {key}")
            await w.shows("Started with --read-only: nothing can")
            assert len(w.app.screen_stack) == 1, key


def has_said(w: Any, number: int) -> bool:
    return sum(one.times for one in w.app.said.all) == number


async def test_ascii(window: Open, golden: Golden, size: str) -> None:
    async with window(SIZES[size], ascii_only=True) as w:
        async for screen in opened(w):
            golden(f"{screen}-ascii-{size}", w.frame)
            assert w.frame.isascii()


async def test_without_colour_every_fact_is_there_in_words(
    window: Open, golden: Golden, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with window(SIZES[size], colours="none") as w:
        async for screen in opened(w):
            golden(f"{screen}-{size}", w.frame)  # the same frame as in colour


async def test_on_a_large_screen(window: Open, golden: Golden) -> None:
    async with window(SIZES["200x60"]) as w:
        async for screen in opened(w, ("fleet", "node", "log", "spec", "said")):
            golden(f"{screen}-200x60", w.frame)


async def test_without_any_daemon(window: Open, golden: Golden, size: str, daemon: Any) -> None:
    await daemon.stop()
    async with window(SIZES[size], wait=False) as w:
        await w.shows("NO DAEMON")
        golden(f"fleet-no-daemon-{size}", w.frame)


async def test_a_protected_cluster_and_a_node_that_will_stop(
    window: Open, golden: Golden, size: str, daemon: Any
) -> None:
    daemon.clusters[0]["protected"] = True
    daemon.node("node03")["stop_after"] = "installing"
    async with window(SIZES[size]) as w:
        await w.press("G", "space")
        await w.shows("1 marked")
        golden(f"fleet-protected-{size}", w.frame)


async def test_many_clusters_and_nodes(
    window: Open, golden: Golden, size: str, daemon: Any, entity: Callable[..., Any]
) -> None:
    phases = ("ok", "working", "waiting", "attention", "failed", "releasing", "released")
    daemon.clusters += [dict(daemon.clusters[0], name=name) for name in ("alpha", "beta", "gamma-production")]
    daemon.nodes += [
        entity(
            f"alpha-n{number}",
            cluster="alpha",
            phase=phases[number % 7],
            title=phases[number % 7],
            step_index=number % 10,
            since=daemon.now - number**3,
        )
        for number in range(1, 61)
    ]
    async with window(SIZES[size]) as w:
        golden(f"fleet-many-{size}", w.frame)

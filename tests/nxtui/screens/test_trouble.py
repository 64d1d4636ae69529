"""The fleet leads to the trouble: what is wrong, what to press and what that does are there before any key."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import canned_night
import pytest
from canned_night import at

from daemon.wire import PHASES
from nxtui.draw.names import ShortNames, middle
from nxtui.draw.text import cells_of

Open = Callable[..., Any]


async def test_what_is_wrong_what_to_do_and_with_which_key_is_there_without_any_key(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.trouble())
    async with window() as w:
        frame = " ".join((await w.seen("about 46m")).split())
    for words in (
        "TROUBLE 2 causes: 4 nodes failed, 2 clusters wait for them",
        "✗ 3 nodes",
        "b01, b02, b03 No machine of this kind is left: us-south-1",
        "→ Retry later, or change the profile or the zone in the spec.",
        "r tries all 3 again at creating the server · about 46m",
        "a person is needed",
        "Nothing moves by itself: 4 nodes and 2 clusters wait for a person.",
    ):
        assert words in frame, f"{words}\n{frame}"
    assert "Nothing to do yet" not in frame


def counted(w: Any) -> list[dict[str, int]]:
    """What the title says of clusters and nodes: sign → how many."""
    (title,) = re.findall(r"clusters((?: \d+\S)+)\s+nodes((?: \d+\S)+)", w.frame.splitlines()[0])
    return [{part[-1]: int(part[:-1]) for part in told.split()} for told in title]


def standing(w: Any) -> list[dict[str, int]]:
    """The same by what the daemon has."""
    glyphs = w.app.renderer.glyphs.phase
    found = [[glyphs[one["phase"]] for one in entities] for entities in (w.daemon.clusters, w.daemon.nodes)]
    return [{sign: phases.count(sign) for sign in phases} for phases in found]


@pytest.mark.parametrize("moment", ["trouble", "on_the_way", "all_well"])
async def test_the_title_counts_clusters_and_nodes_as_the_snapshot_has_them(
    window: Open, daemon: Any, moment: str
) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window() as w:
        assert counted(w) == standing(w)


async def test_whatever_changes_is_counted_in_every_frame_a_held_and_a_degraded_cluster_too(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.all_well())
    chance = random.Random(5)
    async with window() as w:
        for step in range(60):
            one = chance.choice([*daemon.clusters, *daemon.nodes])
            phase = "attention" if step < 2 else chance.choice(PHASES)
            one = daemon.clusters[step] if step < 2 else one
            one |= {
                "phase": phase,
                "state": ("held", "degraded")[step] if step < 2 else phase,
                "title": phase,
            }
            daemon.say(type="change", entity=one)
            known = w.app.fleet.find
            await w.until(lambda: known(one["name"])["phase"] == phase, phase)  # noqa: B023
            assert counted(w) == standing(w), (step, one["name"], phase)
            assert step != 1 or counted(w)[0] == {"▲": 2}, "held, and degraded"


async def test_the_mark_goes_to_every_trouble_once_and_comes_back_also_from_other_screens(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.trouble())
    async with window() as w:
        tree = w.app.screen_stack[0].grid.listing
        assert tree.cursor == "!full"
        visited = []
        for _ in range(8):
            await w.press("exclamation_mark")
            visited.append(tree.cursor)
        assert visited == ["!disk", "cluster-a", "a02", "cluster-b", "b01", "b02", "b03", "!full"]
        for keys in (("enter", "enter"), ("L",), ("H",)):
            await w.press(*keys)
            await w.press("exclamation_mark")
            assert len(w.app.screen_stack) == 1, keys


async def test_where_there_is_no_trouble_the_mark_says_so(window: Open, daemon: Any) -> None:
    at(daemon, canned_night.all_well())
    async with window() as w:
        await w.press("exclamation_mark")
        await w.shows("No trouble: 6 nodes and 2 clusters are well.")


def fail(w: Any, name: str) -> None:
    """Let a node fail while the window watches."""
    _, nodes, news = canned_night.trouble()
    found = next(node for node in nodes if node["name"] == name)
    w.daemon.nodes = [found if node["name"] == name else node for node in w.daemon.nodes]
    w.daemon.say(type="change", entity=found)
    w.daemon.say(type="trouble", **news)


async def test_after_a_minute_without_a_key_the_cursor_goes_to_the_trouble_and_back(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.on_the_way())
    async with window() as w:
        tree = w.app.screen.grid.listing
        await w.press("G")
        here = tree.cursor
        w.hands.seconds += 59
        fail(w, "a02")
        await w.until(
            lambda: w.app.fleet.nodes["a02"]["phase"] == "failed" and w.app.fleet.troubles, "the failure"
        )
        w.app.tick()
        assert tree.cursor == here, "a person is at the keys"
        w.hands.seconds += 2
        w.app.tick()
        await w.until(lambda: tree.cursor != here, "the cursor to go")
        frame = await w.seen("the cursor went there")
        assert "b01 and 2 more failed" in frame and f"< goes back to {here}" in frame
        assert tree.cursor == "!full"
        await w.press("less_than_sign")
        assert tree.cursor == here


async def test_a_cursor_that_goes_to_what_is_slow_says_so_without_the_sign_of_a_failure(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.on_the_way())
    async with window() as w:
        w.hands.seconds += 61
        slow = w.daemon.node("a02") | {"urgency": 3}
        w.daemon.say(type="change", entity=slow)
        w.daemon.say(type="trouble", troubles=[], next={"sentence": ""})
        await w.until(lambda: w.app.fleet.nodes["a02"]["urgency"] == 3, "a node that is slow")
        w.app.tick()
        frame = await w.seen("the cursor went there")
        said = next(line for line in frame.splitlines() if "the cursor went there" in line)
        assert f"a02 {slow['title']}, slow" in said and "✗" not in said


@pytest.mark.parametrize("begun", ["filter", "mark", "band", "question", "log"])
async def test_nothing_is_left_alone_that_a_person_has_begun(window: Open, daemon: Any, begun: str) -> None:
    at(daemon, canned_night.on_the_way())
    async with window() as w:
        tree = w.app.screen_stack[0].grid.listing
        await w.press(
            "g", "j", *{"filter": "/", "mark": " ", "band": "a", "question": "?", "log": "L"}[begun]
        )
        here = tree.cursor
        w.hands.seconds += 61
        fail(w, "a02")
        await w.until(lambda: w.app.fleet.troubles, "the failure")
        w.app.tick()
        await w.pilot.pause()
        assert tree.cursor == here


async def test_who_wants_the_cursor_left_alone_says_so(window: Open, daemon: Any) -> None:
    from nxtui.preferences import Preferences

    at(daemon, canned_night.on_the_way())
    async with window(preferences=Preferences(follow=False)) as w:
        here = w.app.screen.grid.listing.cursor
        fail(w, "a02")
        await w.until(lambda: w.app.fleet.troubles, "the failure")
        w.app.tick()
        assert w.app.screen.grid.listing.cursor == here


async def test_an_untouched_window_shows_a_failure_and_its_remedy_as_it_comes(
    window: Open, daemon: Any
) -> None:
    at(daemon, canned_night.on_the_way())
    async with window() as w:
        fail(w, "a02")
        frame = " ".join((await w.seen("TROUBLE")).split())
        assert "b01, b02, b03" in frame and "→ Retry later" in frame


@pytest.mark.parametrize("words", [10, 25, 40])
async def test_the_first_sentence_of_what_to_do_is_told_whole_and_so_is_its_key(
    window: Open, daemon: Any, words: int
) -> None:
    clusters, nodes, news = canned_night.trouble()
    sentence = " ".join(f"word{number}" for number in range(words)) + "."
    ways = [{"kind": "outside", "text": f"{sentence} And then something else, " + "of no weight " * 20}]
    news["troubles"][0]["remedies"] = ways
    at(daemon, (clusters, nodes, news))
    async with window() as w:
        frame = " ".join((await w.seen("about 46m")).split())
        assert f"→ {sentence}" in frame and "b01, b02, b03 No machine of this kind" in frame
        assert ("a person is needed" in frame.split("→")[1].split("LOG")[0]) is (words < 20)


async def test_one_key_retries_all_that_stopped_for_one_cause_and_the_question_lists_them(
    window: Open, daemon: Any, entity: Callable[..., Any]
) -> None:
    clusters, _, news = canned_night.trouble()
    names = [f"n{number:04}" for number in range(1000)]
    stopped = names[100:111]
    nodes = [
        canned_night.failed(name, "cluster-b", "awaiting_boot", 6, 60, 0.2, canned_night.CAPACITY)
        if name in stopped
        else entity(name, cluster="cluster-b", urgency=4, phase="working", needs_person=False)
        for name in names
    ]
    at(daemon, (clusters, nodes, news | {"troubles": [news["troubles"][0] | {"targets": stopped}]}))
    async with window((140, 45)) as w:
        await w.until(lambda: len(w.app.fleet.nodes) == 1000, "all nodes")
        assert w.frame.count("✗ 11 nodes") == 1 and w.app.screen.grid.listing.pinned == 1
        await w.press("a", "r")
        frame = await w.seen("Try these 11 again?")
        assert all(name in frame for name in stopped)
        await w.press("y")
        await w.until(lambda: len(daemon.verbs) == 11, "the verbs")
        assert sorted(verb["target"] for verb in daemon.verbs) == stopped


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 45)])
async def test_the_columns_stay_where_they_are_while_a_cluster_is_deployed(
    window: Open, daemon: Any, size: tuple[int, int]
) -> None:
    at(daemon, canned_night.on_the_way())
    titles = [(one.name, one.title) for one in canned_night.states()]
    async with window(size) as w:
        heads = set()
        for number, (state, title) in enumerate(titles):
            node = daemon.node("a02")
            node |= {
                "state": state,
                "title": title,
                "step": state,
                "attempt": number,
                "progress": number / 20,
            }
            daemon.say(type="change", entity=node)
            await w.until(lambda: w.app.fleet.nodes["a02"]["state"] == state, title)  # noqa: B023
            heads.add(next(line.partition("▏")[0] for line in w.frame.splitlines() if "STATE" in line))
        assert len(heads) == 1


SHAPES: dict[str, Callable[[int], str]] = {
    "at the end": lambda number: f"cluster-of-the-north-{number:04}",
    "in the middle": lambda number: f"node-{number:04}-east-production",
    "at the beginning": lambda number: f"{number:04}-of-the-northern-cluster",
    "deep inside": lambda number: f"rack-of-cologne-{number:04}-of-the-northern-cluster",
    "twice": lambda number: f"dc{number % 7}-rack-{number:04}-node-{number % 3}-of-production",
    "in length": lambda number: "n" * (13 + number),
}
"""Where a thousand names differ."""


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("width", [11, 13])
def test_of_a_thousand_names_no_two_are_drawn_alike(shape: str, width: int) -> None:
    names = [SHAPES[shape](number) for number in range(1000)]
    told: list[None] = []
    short = ShortNames(lambda: told.append(None))
    for _ in range(4):  # what is found to tell too little is drawn otherwise the next time
        drawn, before = [short.fit(name, width) for name in names], len(told)
    assert len(set(drawn)) == 1000 and {len(one) for one in drawn} == {width}
    assert [short.fit(name, width) for name in names] == drawn and len(told) == before, "that comes to an end"
    if shape in ("at the end", "in the middle", "at the beginning", "deep inside"):
        assert all(f"{number:04}" in one for number, one in enumerate(drawn)), "they show where they differ"


def test_a_name_that_has_room_or_wide_letters_is_as_it_is() -> None:
    short = ShortNames()
    assert short.fit("cluster0042", 13) == "cluster0042  " == middle("cluster0042", 13)
    assert cells_of(short.fit("日本語の名前の長いもの", 13)) == 13


async def test_names_that_differ_in_their_middle_are_told_apart_on_the_rows(
    window: Open, daemon: Any, entity: Callable[..., Any]
) -> None:
    daemon.nodes = [entity(f"node-{number:04}-east-production", cluster="demo") for number in range(12)]
    async with window() as w:
        await w.press("g", "l")
        await w.shows("0011")
        assert all(f"{number:04}" in w.frame for number in range(10))


async def test_folding_and_narrowing(window: Open, daemon: Any) -> None:
    at(daemon, canned_night.trouble())
    async with window() as w:
        tree = w.app.screen.grid.listing
        assert "node01" not in tree.order, "what is well is folded"
        await w.press("G", "l")
        assert tree.order[-3:] == ["node01", "node02", "node03"]
        await w.press("j", "h", "h")
        assert tree.cursor == "demo" and "node01" not in tree.order
        await w.press("g", "enter")
        frame = await w.seen("ONE CAUSE  3 of 9 nodes")
        assert "b01" in frame and "a02  " not in frame.split("CLUSTER NODE")[1].split("→")[0]
        await w.press("escape")
        assert "a02" in tree.order

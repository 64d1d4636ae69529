"""The map: whatever platform it is of, boxes on rails, then a table; what is old is dim, with its age."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canned_map import box, canned_map, edge, hyperv, lone, many, proxmox, row, toy

import nxtui
from nxtui.draw import map as drawn
from nxtui.draw import map_objects, map_table
from nxtui.draw.glyphs import ASCII, UNICODE, to_ascii
from nxtui.draw.map import MapLook
from nxtui.draw.text import plain, width_of

Open = Callable[..., Any]

MAPS = {"nutanix": canned_map, "proxmox": proxmox, "lone": lone, "hyperv": hyperv, "toy": toy}
NXTUI = Path(nxtui.__file__).parent


def look(view: dict[str, Any], ascii_only: bool = False, chosen: str = "") -> MapLook:
    return MapLook(ASCII if ascii_only else UNICODE, ascii_only, view["now"], chosen)


def lines(view: Any, width: int = 80, ascii_only: bool = False) -> list[Any]:
    return drawn.picture(view, width, look(view, ascii_only))


async def opened(w: Any) -> None:
    await w.press("M")
    await w.shows("map")
    await w.shows("WAITS")


@pytest.mark.parametrize("platform", MAPS)
def test_every_platform_is_drawn_without_being_known(platform: str) -> None:
    view: Any = MAPS[platform]()
    for width in (80, 140):
        shown = lines(view, width)
        text = "\n".join(plain(line) for line in shown)
        assert {width_of(line) for line in shown if "═" in plain(line)} <= {width}
        for rail in view["rails"]:
            assert rail["name"] in text and rail["about"] in text
        for member in view["members"]:
            assert member["name"] in text
            for told in member["rows"]:
                assert told["what"] in text and told["value"] in text


@pytest.mark.parametrize("platform", MAPS)
def test_the_picture_of_each_is_as_it_was(platform: str, golden: Callable[[str, str], None]) -> None:
    view: Any = MAPS[platform]()
    first = look(view, chosen=view["members"][0]["name"])
    for width in (80, 140):
        shown = [*drawn.picture(view, width, first), *map_table.beneath(view, width, first)]
        golden(f"picture-{platform}-{width}", "".join(plain(line).rstrip() + "\n" for line in shown))


def test_nothing_in_nxtui_names_a_platform() -> None:
    words = re.compile("nutanix|proxmox|hyper.?v|ubuntu|corosync|cvm|ceph|prism|vswitch", re.IGNORECASE)
    named = [str(file) for file in NXTUI.rglob("*.py") if words.search(file.read_text())]
    assert named == []


async def test_keys_walk_from_a_host_to_what_is_inside_it_and_to_the_next_host(window: Open) -> None:
    async with window() as w:
        w.daemon.looks.map = hyperv()
        await w.press("M")
        await w.shows("job-4712")
        walked = []
        for key in ("g", "k", "k", "j", "j", "j", "l", "l", "h"):
            await w.press(key)
            walked.append(w.app.screen._chosen)
        assert walked == [f"job-471{number}" for number in (2, 1)] + ["hv01", "job-4711"] + [
            "job-4712"
        ] * 2 + [*("hv02", "hv02", "hv01")]
        await w.press("j")
        assert w.app.screen.copied_text() == "10.0.20.17"


def test_what_is_inside_each_other_is_drawn_once() -> None:
    a, b, c = (box(name, "ok", [row("ok", "here")], inside=into) for name, into in ("ab", "ba", "cc"))
    view: Any = canned_map() | {"members": [a, b, c], "rails": [], "services": []}
    assert [[one["name"] for one in stack] for stack in drawn.stacks(view["members"])] == [["a", "b"], ["c"]]
    assert {width_of(line) for line in lines(view)} == {80}


@pytest.mark.parametrize("platform", MAPS)
def test_in_ascii_nothing_is_lost(platform: str) -> None:
    view: Any = MAPS[platform]()
    text = to_ascii("\n".join(plain(line) for line in lines(view, ascii_only=True)))
    assert text.isascii()
    for member in view["members"]:
        assert all(told["value"] in text and to_ascii(told["what"]) in text for told in member["rows"])
    signs = {sign for sign in ASCII.phase.values()} | {"?"}
    assert len(signs) == 8, "no two signs are alike"


def test_what_is_old_is_dim_with_its_age_and_what_nobody_asked_is_not_green() -> None:
    view: Any = canned_map()
    shown = lines(view)
    old = next(line for line in shown if "ago" in plain(line))
    assert "4m12s ago" in plain(old)
    ago = next(ink for text, ink in old if "ago" in text)
    value = next(ink for text, ink in old if text == "200")
    assert (ago, value) == ("dim", "dim")
    asked = next(line for line in shown if "127.24.0.103" in plain(line))
    sign = next(ink for text, ink in asked if text.strip() == "–")
    assert sign == "dim" and "ok" not in [ink for text, ink in asked if "103" in text]


def test_rails_have_a_knot_where_something_hangs_on_them() -> None:
    shown = [plain(line) for line in lines(canned_map())]
    above, below = (line for line in shown if "═" in line)
    assert above.count("╤") + above.count("╪") == 3 and below.count("╧") == 3
    edges = [line for line in shown if "╰" in line]
    assert [index for index, sign in enumerate(edges[-1]) if sign == "┬"] == [
        index for index, sign in enumerate(below) if sign == "╧"
    ]


def test_boxes_become_a_table_with_the_fifth_at_eighty_columns() -> None:
    for count, width, expected in (
        (4, 80, True),
        (5, 80, False),
        (5, 100, True),
        (7, 140, True),
        (8, 140, False),
    ):
        view: Any = many(count)
        assert drawn.is_picture(view, width, 40, look(view)) is expected, (count, width)


def test_hostile_words_do_not_break_a_box() -> None:
    bad = "a\x1b[31mb\u202ec\t字e\u0301" * 20
    view: Any = canned_map() | {
        "members": [box(bad, "failed", [row("failed", bad, bad, 5)], beside=bad, rails=["management", bad])],
        "edges": [edge(bad.replace(" ", ""), bad, bad)],
        "notes": [{"what": bad, "text": bad}],
    }
    for width in (20, 80):
        shown = [*lines(view, width), *map_table.table(view, width, look(view))]
        shown += map_table.beneath(view, width, look(view))
        assert all("\x1b" not in plain(line) and "\u202e" not in plain(line) for line in shown)


async def test_keys_walk_from_box_to_box_and_enter_shows_its_calls(window: Open) -> None:
    async with window() as w:
        await opened(w)
        assert w.app.screen.pointed()["name"] == "node02"
        await w.press("l")
        await w.shows("❯ node03")
        await w.press("h", "h", "h")
        await w.shows("❯ node01")
        await w.press("k")
        await w.shows("❯ demo.nutanix.internal")
        assert w.app.screen.pointed()["name"] == "demo"
        await w.press("j", "l")
        await w.shows("❯ node03")
        await w.press("enter")
        await w.shows("node03 › calls")
        await w.press("escape")
        await w.shows("❯ node03")


async def test_y_copies_the_address_of_the_box(window: Open) -> None:
    async with window() as w:
        await opened(w)
        assert w.app.screen.copied_text() == "127.24.0.12"
        await w.press("k")
        assert w.app.screen.copied_text() == "127.24.0.100"


async def test_many_are_a_table_with_trouble_first_and_all_of_the_chosen_one_beneath(window: Open) -> None:
    async with window() as w:
        w.daemon.looks.map = many(60, left=12)
        await opened(w)
        await w.press("g", "j")
        rows = [line for line in w.frame.splitlines() if "node00" in line]
        assert "✗" in rows[0] and "node0057" in rows[0] and "❯" in rows[0]
        assert "mgmt" in w.frame and "Prism" in w.frame
        await w.press("G")
        await w.shows("❯✓ rack-of")
        await w.until(lambda: "and 12 more" in w.frame or "node0060" in w.frame, "the last row")


async def test_it_is_asked_again_when_something_changed_and_not_with_every_tick(window: Open) -> None:
    async with window() as w:
        await opened(w)
        asked = w.daemon.looks.maps_asked
        w.app.tick()
        assert w.daemon.looks.maps_asked == asked
        w.hands.seconds += 1.5
        w.daemon.looks.map["members"][2]["rows"][0]["value"] = "75 %"
        node = w.daemon.node("node03")
        node["progress"] = 0.75
        w.daemon.say(type="change", entity=node)
        await w.shows("75 %")
        assert w.daemon.looks.maps_asked == asked + 1


async def test_a_daemon_that_draws_none_says_so_and_one_that_is_lost_leaves_what_was_known(
    window: Open,
) -> None:
    async with window() as w:
        w.daemon.looks.map = None
        await w.press("M")
        await w.shows("draws no maps: it is older")
    async with window() as w:
        w.daemon.looks.map = canned_map()
        await opened(w)
        await w.daemon.stop()
        await w.shows("LOST since")
        assert "127.24.0.101" in w.frame


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (60, 12), (80, 24), (100, 30), (140, 45), (250, 70)])
async def test_it_fits_every_size(window: Open, size: tuple[int, int]) -> None:
    async with window(size) as w:
        await w.press("M")
        await w.until(lambda: w.app.screen.screen_name == "map" and w.app.screen._view is not None, "the map")
        await w.press("g", "j", "j", "k", "G", "l", "h")
        assert all(width_of([(line, "")]) <= size[0] for line in w.frame.splitlines())


RESOURCES: Any = [
    {"kind": "vni", "id": "1", "name": "a-very-long-name-of-an-interface-1", "state": "present"},
    {
        "kind": "vni",
        "id": "2",
        "name": "a-very-long-name-of-an-interface-2",
        "state": "present",
        "missed": 1.0,
    },
    {"kind": "server", "id": "3", "name": "s1", "state": "intended"},
]


def test_objects_stand_in_the_box_of_their_owner_by_name_or_counted_and_none_is_green() -> None:
    view: Any = canned_map()
    owned: Any = {"node02": RESOURCES}
    for told, wanted in (
        (
            map_objects.named(view, owned, 140, "…"),
            ["a-very-long-n…n-interface-1", "missing a-very-lo…terface-2", "intended s1"],
        ),
        (map_objects.counted(view, owned), ["2 vni", "1 missing", "1 server", "1 intended"]),
    ):
        assert told is not None
        shown = lines(told, 140)
        text = "\n".join(map(plain, shown))
        assert all(words in text for words in wanted), text
        assert {width_of(line) for line in shown if "═" in plain(line)} == {140}
        rows = next(box for box in told["members"] if box["name"] == "node02")["rows"]
        assert {row["sign"] for row in rows[-2:]} == {"none", "attention"}
        tall = {plain(line)[:1] for line in shown if "workload" in plain(line)}
        assert tall == {"│", " "}, "no value stands beneath its name"
    assert map_objects.counted(view, {}) is view
    assert map_objects.named(view, owned, 66, "…") is None, "names of four letters tell nothing"


async def test_a_map_has_the_objects_of_each_node_as_far_as_there_is_room(window: Open, daemon: Any) -> None:
    owned = daemon.node("node02")["resources"]
    owned += [{**one, "id": f"{one['id']}{more}"} for one in owned for more in "bc"]
    async with window((140, 45)) as w:
        await opened(w)
        assert w.frame.count("demo-node02-mgmt-vni") == 3 and "OBJECTS" in w.frame
        await w.pilot.resize_terminal(140, 32)
        await w.settled()
        assert "3 vni" in w.frame and "demo-node02-mgmt-vni" not in w.frame and "OBJECTS" in w.frame
        await w.pilot.resize_terminal(140, 24)
        await w.settled()
        assert "3 vni" not in w.frame and "OBJECTS" in w.frame


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
@pytest.mark.parametrize("key", ["M", ""])
async def test_a_lost_link_shares_the_room_out_at_once(
    window: Open, daemon: Any, size: tuple[int, int], key: str
) -> None:
    async with window(size) as w:
        if key:
            await opened(w)
        await daemon.stop()
        await w.shows("LOST since")
        before = w.frame
        w.app.tick()
        await w.settled()
        assert w.frame == before, "the next second finds nothing to lay out"


@pytest.mark.parametrize(("columns", "most"), [(80, 4), (100, 5), (140, 7), (200, 10)])
async def test_a_window_has_boxes_for_a_twentieth_of_its_columns_and_a_table_from_the_next_node_on(
    window: Open, daemon: Any, columns: int, most: int
) -> None:
    view = canned_map()
    for count in (most, most + 1):
        box = view["members"][0]
        daemon.looks.map = view | {"members": [{**box, "name": f"n{number}"} for number in range(count)]}
        async with window((columns, 45)) as w:
            await opened(w)
            assert (w.frame.count("╭─ n") == count) is (count == most), w.frame
            assert ("NAME " in w.frame) is (count > most)

"""Words, rows and pages: unknown is a dash, nothing outside can break the screen, plans are told whole."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from daemon.display import durations
from daemon.wire import PHASES
from nxtui import main
from nxtui.acts.verbs import READ_ONLY, barred, legality
from nxtui.draw import pages, plans, rows, text, tree
from nxtui.draw.glyphs import ASCII, UNICODE, to_ascii
from nxtui.draw.renderer import Renderer
from nxtui.model import times
from nxtui.model.known import Link
from nxtui.screens.pick import Pick, PickList
from nxtui.terminal import clipboard
from nxtui.widgets.grid import differing

Make = Callable[..., Any]
LIVE = Link("live", "LIVE")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (-5, "0s"),
        (7.9, "7s"),
        (252, "4m12s"),
        (3900, "1h05m"),
        (273_600, "3d04h"),
        (8_639_999, "99d23h"),
        (8_640_000, "100d"),
        (315_359_999, "3649d"),
        (956_002_359, "30y"),
        (2.6e11, "8244y"),
    ],
)
def test_a_duration_takes_at_most_six_characters(seconds: float | None, said: str) -> None:
    assert durations.lasting(seconds) == said
    assert len(said) <= 6


def test_a_deadline_is_time_left_or_over_or_unknown() -> None:
    assert times.due_in(110.0, 50.0) == "1m00s"
    assert times.due_in(50.0, 50.0) == "over"
    assert times.due_in(None, 50.0) == times.due_in(50.0, None) == "–"


@pytest.mark.parametrize("width", range(1, 12))
@pytest.mark.parametrize("words", ["node02", "日本語の名前", "", "a\x1b[31mb\tc\nd"])
def test_fitted_text_has_exactly_its_width_and_moves_no_cursor(words: str, width: int) -> None:
    fitted = text.fit(words, width)
    assert cell_len(fitted) == width
    assert fitted.isprintable()


def test_each_phase_has_a_sign_of_its_own_in_both_sets() -> None:
    for glyphs in (UNICODE, ASCII):
        assert set(glyphs.phase) == set(PHASES)
        assert len(set(glyphs.phase.values())) == len(PHASES)
        assert all(cell_len(sign) == 1 for sign in [*glyphs.phase.values(), *glyphs.level.values()])
    assert all(sign.isascii() for sign in ASCII.phase.values())
    assert set(rows.URGENCY) == set(PHASES)


def test_ascii_keeps_the_width_of_what_it_replaces() -> None:
    said = "pending → ready · “now” – é…"
    assert to_ascii(said).isascii()
    assert len(to_ascii(said)) == len(said)


def test_the_note_is_the_error_before_anything_else(nodes: list[Any], entity: Make) -> None:
    assert rows.note(nodes[1]) == nodes[1]["error"]["message"]
    assert rows.note(entity("n", wish="hold", waiting_for="the CVM")) == "hold asked for · the CVM"
    assert rows.note(entity("n")) == ""


def test_the_share_that_is_done_is_the_daemons_word_and_where_it_says_nothing_that_of_the_steps(
    entity: Make,
) -> None:
    assert tree.share_done(entity("n", phase="waiting", step_index=0, step_count=0)) is None
    assert tree.share_done(entity("n", phase="working", step_index=5, progress=None, step_count=8)) == 0.5
    assert tree.share_done(entity("n", phase="working", step_index=5, progress=1.0, step_count=8)) == 0.625
    told = entity("n", phase="working", step_index=8, step_count=9, urgency=4, outlook={"share": 0.35})
    assert tree.share_done(told) == 0.35
    assert tree.share_done(told | {"outlook": {}}) is None, "it was never measured"


def test_a_state_at_rest_shows_no_deadline(entity: Make) -> None:
    rest = entity("n", phase="ok", since=0.0, deadline=100.0)
    assert rows.timing(rest, 50.0) == {"since": "50s", "due": "–"}
    assert rows.timing(rest | {"phase": "working"}, 50.0)["due"] == "50s"
    assert rows.timing(rest, None) == {"since": "–", "due": "–"}


@pytest.mark.parametrize("width", [47, 80, 120])
def test_every_page_stays_inside_its_width(nodes: list[Any], cluster: Any, width: int) -> None:
    for entity in [*nodes, cluster]:
        for glyphs in (UNICODE, ASCII):
            for line in pages.strip(entity, entity["since"], width, glyphs):
                assert text.width_of(line) <= width
            for line in pages.facts(entity, entity["since"], width):
                assert text.width_of(line) <= width


def test_a_plan_names_every_object_in_its_order() -> None:
    items = [
        {"action": "delete", "owner": "n1", "kind": kind, "name": f"demo-{kind}", "id": None}
        for kind in ("server", "vni", "reserved_ip")
    ]
    items.append({"action": "change", "owner": "demo", "kind": "setting", "name": "gate", "id": None})
    plan: Any = {"digest": "d", "target": "n1", "verb": "rollback", "items": items}
    told = [text.plain(line) for line in plans.tree(plan, False, 90, UNICODE)]
    named = [line for line in told if not line.startswith("▾")]
    assert [item["name"] in line for item, line in zip(items, named, strict=True)] == [True] * 4
    assert text.plain(pages.plan_counts([plan])) == "3 objects to delete, 1 setting to change"
    empty: Any = plan | {"items": []}
    assert "nothing to delete" in text.plain(plans.tree(empty, False, 90, UNICODE)[0])


def test_a_plan_tells_what_a_thing_will_be_like_what_a_setting_was_and_what_it_comes_to() -> None:
    items: Any = [
        {"action": "change", "owner": "demo", "kind": "setting", "name": "gate", "id": None,
         "before": "all", "after": 3},
        {"action": "create", "owner": "n1", "kind": "server", "name": "s1", "id": None,
         "about": {"profile": "bx2d", "drives": ["a", "b"]}},
    ]  # fmt: skip
    sums: Any = [{"action": "create", "kind": "server", "count": 1, "text": "1 server of bx2d"}]
    plan: Any = {
        "digest": "d",
        "target": "demo",
        "verb": "apply",
        "items": items,
        "sums": sums,
        "note": "No look.",
    }
    told = [text.plain(line).strip() for line in plans.tree(plan, False, 90, UNICODE)]
    assert told[1] == "~ gate  all → 3"
    assert told[3].endswith("s1  profile bx2d, drives a b")
    assert told[4:] == ["No look."]


def test_what_a_plan_deletes_has_a_sign_of_its_own_and_who_loses_by_a_mixed_plan_is_named() -> None:
    made = {"action": "create", "owner": "n3", "kind": "server", "name": "demo-n3", "id": None}
    is_absent = [
        {"action": "delete", "owner": owner, "kind": "server", "name": f"demo-{owner}", "id": None}
        for owner in ("n1", "n2", "n2")
    ]
    mixed: Any = {"digest": "d", "target": "demo", "verb": "apply", "items": [made, *is_absent], "stages": []}
    for glyphs in (UNICODE, ASCII):
        lines = plans.tree(mixed, False, 90, glyphs)
        told = [text.plain(line).strip() for line in lines]
        assert [line.startswith(f"{glyphs.lost} delete") for line in told] == [
            plans.deletes(one) for one in lines
        ]
        assert sum(map(plans.deletes, lines)) == 3 and "n3" in told[-2], "what is lost stands first"
    assert pages.losses([mixed]) == "It also deletes, for good: n1 (1 object), n2 (2 objects)."
    assert pages.losses([mixed | {"items": is_absent}]) == pages.losses([mixed | {"items": [made]}]) == ""


def test_a_plan_tells_how_long_its_steps_usually_take_and_a_sum_only_if_all_are_known() -> None:
    stages = [
        {"step": "ips", "title": "reserving addresses", "usual": 6.0, "deadline": 300.0},
        {"step": "boot", "title": "waiting for boot", "usual": None, "deadline": None},
    ]
    plan: Any = {"digest": "d", "target": "n1", "verb": "apply", "items": [], "stages": stages}
    told = [text.plain(line) for line in pages.plan_stages(plan, 70)]
    assert "as far as it is known" in told[0]
    assert "usually     6s" in told[1] and "at most 5m00s" in told[1]
    assert "usually" not in told[2]
    stages[1]["usual"] = 60.0
    assert "about 1m06s in all" in text.plain(pages.plan_stages(plan, 70)[0])
    assert pages.plan_stages(plan | {"stages": []}, 70) == []


def test_what_begins_with_the_typed_letters_is_offered_before_what_only_has_them() -> None:
    steps = [("awaiting_config", "waiting for installer", "7"), ("installing", "installing", "8")]
    picker = Pick(Renderer(), PickList("which?", steps, "", start=1))
    assert picker.place == 1
    picker.typed = "inst"
    assert [entry[0] for entry in picker.shown] == ["installing", "awaiting_config"]


def test_a_wait_for_a_person_is_told_with_what_that_person_can_do(entity: Make) -> None:
    ways = [{"kind": "outside", "text": "Mend it in Prism."}]
    one = entity("a", waiting_for="node02 to leave", remedies=ways, phase="attention", error=None)
    told = [text.plain(line) for line in pages.ways(one, 60)]
    assert "Mend it in Prism." in " ".join(told)
    assert "WHAT TO DO" in " ".join(told).upper()


def test_a_verb_is_legal_where_the_daemon_says_so_and_nowhere_else(entity: Make) -> None:
    able = entity("a", can={"retry": None})
    unable = entity("b", can={"retry": "it has not failed."})
    hidden = entity("c", can={})
    legal = legality("retry", [able, unable, hidden])
    assert legal.able == ("a",)
    assert [name for name, _ in legal.unable] == ["b", "c"]
    assert legal.reason is None
    assert legality("retry", [unable]).reason == "b: it has not failed."
    assert not legality("retry", [hidden]).able
    assert legality("retry", []).reason == "Nothing is selected."


def test_nothing_is_sent_read_only_or_without_a_daemon() -> None:
    assert barred(LIVE, read_only=False) is None
    assert barred(LIVE, read_only=True) == READ_ONLY
    for state in ("lost", "connecting", "foreign"):
        assert barred(Link(state, ""), read_only=False)  # type: ignore[arg-type]
    assert barred(Link("stale", ""), read_only=False) is None


def _decoded(sequence: str) -> str:
    return base64.b64decode(sequence.split(";")[-1].rstrip("\x07\x1b\\")).decode()


def test_copying_goes_through_the_terminal_and_through_tmux_and_screen() -> None:
    plain = clipboard.sequence("nöde02", {"TERM": "xterm"})
    assert plain.startswith("\x1b]52;c;")
    assert _decoded(plain) == "nöde02"
    wrapped = clipboard.sequence("nöde02", {"TMUX": "/tmp/x,1,0", "TERM": "screen-256color"})
    assert wrapped == "\x1bPtmux;\x1b" + plain + "\x1b\\"
    long = clipboard.sequence("x" * 3000, {"TERM": "screen"})
    parts = long.removeprefix("\x1bP").removesuffix("\x1b\\").split("\x1b\\\x1bP")
    assert all(len(part) <= 768 for part in parts)
    assert _decoded("".join(parts)) == "x" * 3000


def test_what_no_terminal_would_take_is_refused_and_not_lost_in_silence() -> None:
    with pytest.raises(clipboard.TooLong):
        clipboard.sequence("x" * (clipboard.MOST + 1), {})


def test_the_socket_is_found_by_option_then_environment_then_settings(tmp_path: Path) -> None:
    settings = tmp_path / "nxd.yaml"
    settings.write_text("environment: demo\nsocket: /srv/nxd.sock\n")
    other = tmp_path / "other.yaml"
    other.write_text("environment: demo\n")
    environment = {"NXD_SOCKET": "/env.sock", "NXD_CONFIG": str(settings)}
    assert main.find_socket(Path("/given"), settings, environment) == Path("/given")
    assert main.find_socket(None, settings, environment) == Path("/env.sock")
    assert main.find_socket(None, None, {"NXD_CONFIG": str(settings)}) == Path("/srv/nxd.sock")
    assert main.find_socket(None, other, {"NXD_CONFIG": str(settings)}) == main.DEFAULT_SOCKET
    with pytest.raises(main.BadSettings, match="cannot be read"):
        main.find_socket(None, tmp_path / "none.yaml", {})
    other.write_text("a: [")
    with pytest.raises(main.BadSettings, match="not YAML"):
        main.find_socket(None, other, {})
    other.write_text("- a")
    with pytest.raises(main.BadSettings, match="keys and values"):
        main.find_socket(None, other, {})


def _row(*spans: tuple[str, str], ground: str = "base") -> Any:
    return ground, list(spans)


@pytest.mark.parametrize(
    ("before", "after", "cells"),
    [
        (None, _row(("node01", "")), (0, 40)),
        (_row(("node01", "")), _row(("node01", "")), (0, 0)),
        (_row(("node01", "")), _row(("node01", ""), ground="row"), (0, 40)),
        (_row(("node01 ready", "")), _row(("node01 reach", "")), (10, 12)),
        (_row(("node01", "")), _row(("node01", "strong")), (0, 6)),
        (_row(("node01", "")), _row(("node001", "")), (0, 40)),
        (_row(("日本", "")), _row(("日木", "")), (0, 40)),
    ],
)
def test_only_the_cells_that_differ_are_painted(before: Any, after: Any, cells: tuple[int, int]) -> None:
    assert differing(before, after, 40) == cells


def test_blanks_ride_with_the_word_before_them_and_change_nothing_that_is_seen() -> None:
    renderer = Renderer()
    line = [("node01", "strong"), ("  ", ""), ("ok", "ok"), (" ", "dim"), (" prod ", "env-production")]
    strip = renderer.strip(line, 30)
    assert strip.text == "node01  ok  prod".ljust(30)
    assert [segment.text for segment in strip][:3] == ["node01  ", "ok ", " prod "]


@pytest.mark.parametrize(("seconds", "said"), [(5, "under 1m"), (252, "4m"), (3900, "1h05m")])
def test_what_need_not_tick_is_said_in_minutes(seconds: float, said: str) -> None:
    assert durations.roughly(seconds) == said


def test_a_node_that_is_done_tells_what_its_cluster_still_waits_for(entity: Any, cluster: Any) -> None:
    node = entity("node01")
    assert rows.part_done(node, cluster) == "Its part is done; demo: waits for 3 ready nodes"
    assert rows.part_done(node, cluster | {"waiting_for": None}) == "Its part is done; demo: deploying nodes"
    assert rows.part_done(node, cluster | {"phase": "ok"}) == rows.part_done(node, None) == ""
    assert rows.part_done(node | {"phase": "working"}, cluster) == rows.part_done(cluster, cluster) == ""


def test_the_counts_of_a_plan_name_what_is_counted_once() -> None:
    items = [{"action": action} for action in ("delete", "create", "create", "change")]
    counts: Any = pages.plan_counts([{"items": items}])  # type: ignore[list-item]
    assert text.plain(counts) == "1 object to delete, 2 to make, 1 setting to change"


def test_what_an_audit_missed_is_no_present_thing(entity: Make) -> None:
    rows_ = [
        {"kind": "vni", "id": "v-1", "name": "demo-vni", "state": "present"},
        {"kind": "server", "id": "s-1", "name": "demo-server", "state": "present", "missed": 50.0},
    ]
    drawn = [
        "".join(part for part, _ in line) for line in pages.belongings(entity("node01", resources=rows_), 60)
    ]
    assert [line.split() for line in drawn if "demo-" in line] == [
        ["vni", "present", "demo-vni"],
        ["server", "missing", "demo-server"],
    ]
    assert "nxd audit says what brings it back" in " ".join(" ".join(drawn).split())
    sound = pages.belongings(entity("node01", resources=rows_[:1]), 60)
    assert "audit" not in "".join(part for line in sound for part, _ in line)

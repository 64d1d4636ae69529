"""Whatever the size of the terminal, columns line up and nothing stands outside."""

from __future__ import annotations

from itertools import combinations

import pytest

from nxtui.draw.layout import LEAD, QUIET_STRIP, STRIP, TREE_COLUMNS, Wanted, arrange, place

CONTENT = {"name": 13, "state": 18, "cluster": 0, "bar": 10}


@pytest.mark.parametrize("width", [*range(60, 205, 5)])
def test_columns_never_overlap_and_never_leave_the_line(width: int) -> None:
    end = LEAD - 1
    for column in place(TREE_COLUMNS, width, CONTENT):
        assert column.x > end
        assert column.width > 0
        end = column.x + column.width
    assert end == width


@pytest.mark.parametrize("width", range(40, 200, 7))
def test_name_state_and_note_are_there_at_every_width(width: int) -> None:
    keys = [column.key for column in place(TREE_COLUMNS, width, CONTENT)]
    assert {"name", "state", "note"} <= set(keys)


def test_at_80_columns_every_column_is_there_whole() -> None:
    placed = {column.key: column.width for column in place(TREE_COLUMNS, 79, CONTENT)}
    assert list(placed) == ["name", "state", "step", "bar", "since", "ready", "note"]
    assert (placed["name"], placed["state"], placed["bar"]) == (13, 18, 10)


def test_columns_leave_in_the_order_in_which_they_are_missed_least() -> None:
    is_absent: list[str] = []
    for width in range(100, 30, -1):
        here = [column.key for column in place(TREE_COLUMNS, width, CONTENT)]
        is_absent += [
            c.key for c in TREE_COLUMNS if c.key not in here and c.key not in ("cluster", *is_absent)
        ]
    assert is_absent == ["bar", "step", "ready", "since"]


def test_the_cluster_has_a_column_only_where_the_rows_are_no_tree() -> None:
    assert "cluster" not in [column.key for column in place(TREE_COLUMNS, 140, CONTENT)]
    assert "cluster" in [column.key for column in place(TREE_COLUMNS, 140, CONTENT | {"cluster": 9})]


def test_a_very_long_name_does_not_push_the_state_out() -> None:
    placed = place(TREE_COLUMNS, 80, CONTENT | {"name": 60})
    assert placed[0].width <= 28
    assert placed[-1].x + placed[-1].width == 80


SIZES = [(columns, lines) for columns in range(20, 251, 5) for lines in range(2, 68)]
WANTED = [
    Wanted(rows, history, quiet)
    for rows, history in ((1, 0), (4, 4), (12, 11), (40, 43), (10_000, 63))
    for quiet in (False, True)
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_the_parts_fill_the_screen_and_none_lies_on_another_at_every_size(wanted: Wanted) -> None:
    for columns, lines in SIZES:
        spots = arrange(columns, lines, wanted)
        cells = sum(spot.width * spot.height for spot in spots.values())
        assert cells == columns * lines, (columns, lines, spots)
        for one, other in combinations(spots.values(), 2):
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            above = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert beside or above, (columns, lines, spots)
        for spot in spots.values():
            assert spot.x >= 0 and spot.x + spot.width <= columns
            assert spot.y >= 0 and spot.y + spot.height <= lines


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_rows_are_there_at_every_size_and_with_room_what_explains_them(wanted: Wanted) -> None:
    for columns, lines in SIZES:
        spots = arrange(columns, lines, wanted)
        assert spots["rows"].height >= min(lines, 3)
        assert ("pane" in spots) is (columns >= 100)
        assert ("strip" in spots) is (columns < 100 and lines >= 14)
        assert ("calls" in spots) is (columns >= 140 and lines >= 36)
        assert ("clusters" in spots) is (columns >= 200 and lines >= 50)
        if lines >= 8:
            assert spots["log"].height > 1, "its title alone tells nothing"
        if columns >= 140 and lines >= 36:
            assert spots["history"].height >= 3 and spots["log"].height >= 8


def test_what_one_band_does_not_fill_goes_to_the_one_beneath() -> None:
    few, many = (arrange(140, 42, Wanted(rows, history)) for rows, history in ((5, 6), (10_000, 63)))
    assert few["rows"].height == 18 < many["rows"].height, "what the story fills beside them"
    assert few["history"].height == 6 < many["history"].height
    assert few["log"].height > many["log"].height
    assert arrange(200, 57, Wanted(5, 6))["log"].height > arrange(200, 57, Wanted(40, 43))["log"].height


def test_a_quiet_fleet_gives_its_empty_space_to_the_night() -> None:
    quiet, busy = (arrange(80, 21, Wanted(5, 4, is_quiet)) for is_quiet in (True, False))
    assert quiet["history"].height == 4 and "history" not in busy
    assert (quiet["strip"].height, busy["strip"].height) == (QUIET_STRIP, STRIP)
    assert "history" not in arrange(80, 10, Wanted(12, 4, True)), "where there is no room the rows come first"


def test_a_big_fleet_leaves_the_log_a_quarter_beside_the_story() -> None:
    spots = arrange(120, 43, Wanted(10_000, 63))
    assert spots["log"].height >= 43 // 4
    assert spots["rows"].height > 20

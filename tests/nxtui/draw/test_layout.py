"""Whatever the size of the terminal, columns line up and nothing stands outside."""

from __future__ import annotations

import pytest

from nxtui.draw.layout import LEAD, STRIP, TREE_COLUMNS, place, share

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


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("nodes", [0, 1, 3, 40, 10_000])
@pytest.mark.parametrize("height", range(3, 60))
def test_the_heights_add_up_at_every_size(height: int, nodes: int, wide: bool) -> None:
    parts = share(height, nodes + 3, wide)
    assert sum(parts) == height
    assert min(parts) >= 0


def test_a_big_fleet_leaves_the_log_a_quarter() -> None:
    parts = share(43, 10_000, wide=True)
    assert parts.log >= 43 // 4
    assert parts.rows > 20


def test_the_story_beneath_the_rows_is_there_only_without_a_pane_beside_them() -> None:
    assert share(21, 6, wide=False).strip == STRIP
    assert share(21, 6, wide=True).strip == 0

"""Whatever the size of the terminal, columns line up and nothing stands outside."""

from __future__ import annotations

import pytest

from nxtui.draw.layout import CLUSTER_COLUMNS, LEAD, NODE_COLUMNS, Column, place, share

CONTENT = {"name": 6, "state": 20, "attempt": 1, "cluster": 0, "bar": 10}


@pytest.mark.parametrize("columns", [NODE_COLUMNS, CLUSTER_COLUMNS])
@pytest.mark.parametrize("width", [*range(60, 205, 5)])
def test_columns_never_overlap_and_never_leave_the_line(columns: tuple[Column, ...], width: int) -> None:
    end = LEAD - 1
    for column in place(columns, width, CONTENT):
        assert column.x > end
        assert column.width > 0
        end = column.x + column.width
    assert end == width


@pytest.mark.parametrize("width", range(40, 200, 7))
def test_name_state_and_note_are_there_at_every_width(width: int) -> None:
    keys = [column.key for column in place(NODE_COLUMNS, width, CONTENT)]
    assert {"name", "state", "note"} <= set(keys)


def test_at_80_columns_every_number_is_on_the_row() -> None:
    keys = [column.key for column in place(NODE_COLUMNS, 79, CONTENT)]
    assert keys == ["name", "state", "step", "bar", "attempt", "since", "due", "note"]


def test_the_bar_gets_shorter_before_a_state_is_cut() -> None:
    longest = CONTENT | {"state": len("recording configuration"), "attempt": 0}
    placed = {column.key: column.width for column in place(NODE_COLUMNS, 79, longest)}
    assert placed["bar"] < 10
    assert placed["state"] == len("recording configuration")


def test_columns_leave_in_the_order_in_which_they_are_missed_least() -> None:
    is_absent: list[str] = []
    for width in range(100, 30, -1):
        here = [column.key for column in place(NODE_COLUMNS, width, CONTENT)]
        is_absent += [
            c.key for c in NODE_COLUMNS if c.key not in here and c.key not in ("cluster", *is_absent)
        ]
    assert is_absent == ["bar", "attempt", "step", "due", "since"]


def test_the_try_column_is_there_only_if_somebody_needed_a_second_try() -> None:
    calm = CONTENT | {"attempt": 0}
    assert "attempt" not in [column.key for column in place(NODE_COLUMNS, 140, calm)]
    assert "attempt" in [column.key for column in place(NODE_COLUMNS, 140, CONTENT)]


def test_a_very_long_name_does_not_push_the_state_out() -> None:
    placed = place(NODE_COLUMNS, 80, CONTENT | {"name": 60})
    assert placed[0].width <= 28
    assert placed[-1].x + placed[-1].width == 80


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("nodes", [0, 1, 3, 40, 10_000])
@pytest.mark.parametrize("height", range(3, 60))
def test_the_heights_add_up_at_every_size(height: int, nodes: int, wide: bool) -> None:
    parts = share(height, 2, nodes, wide)
    assert sum(parts) == height
    assert min(parts) >= 0


def test_a_big_fleet_leaves_the_log_a_quarter() -> None:
    parts = share(43, 1, 10_000, wide=True)
    assert parts.log >= 43 // 4
    assert parts.nodes > 20


def test_the_story_beneath_the_nodes_is_there_only_without_a_pane_beside_them() -> None:
    assert share(22, 1, 3, wide=False).strip == 5
    assert share(22, 1, 3, wide=True).strip == 0

"""What is shown can be taken away: rows as CSV and JSON, lines as text, and no file is ever written over."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui.draw.export import new_name, rows_as, write_new

Open = Callable[..., Any]


def test_a_table_has_a_row_for_each_and_unknown_is_empty(nodes: list[Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(rows_as("csv", nodes))))
    assert [row["name"] for row in rows] == ["node01", "node02", "node03"]
    assert rows[1]["note"] == nodes[1]["error"]["message"]
    assert rows[1]["deadline"] == ""
    assert rows[2]["since"] == "2025-11-19T02:59:47Z"


def test_json_is_what_the_daemon_told(nodes: list[Any]) -> None:
    assert json.loads(rows_as("json", nodes)) == nodes


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = write_new("x.txt", "first")
    with pytest.raises(FileExistsError):
        write_new("x.txt", "second")
    assert (one, one.read_text()) == (tmp_path / "x.txt", "first")
    assert new_name("x", "txt", 0.0) == "x-19700101-000000.txt"


def _files(directory: Path) -> list[str]:
    return [one.name for one in directory.iterdir()]


async def test_no_file_is_written_before_its_name_was_asked_for(
    window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with window() as w:
        await w.press("x")
        await w.shows("Write to which file?")
        await w.press("escape", "x")
        await w.shows("Write to which file?")
        assert _files(tmp_path) == []
        await w.type("mine")
        await w.press("enter")
        await w.shows("Written:")
        assert _files(tmp_path) == ["mine"]
        await w.press("x")
        await w.shows("Write to which file?")
        await w.type("mine")
        await w.press("enter")
        await w.shows("mine: nothing was written (File exists).")


def _tables(directory: Path) -> list[int]:
    """How many lines each exported table has."""
    return sorted(len(one.read_text().splitlines()) for one in directory.glob("nxtui-fleet-*.csv"))


async def test_the_marked_rows_are_exported_else_all_that_are_shown(
    window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with window((140, 45)) as w:
        await w.press("x", "enter")
        await w.shows("Written:")
        assert _tables(tmp_path) == [5]
        w.hands.seconds += 1
        await w.press("space", "x", "enter")
        await w.until(lambda: _tables(tmp_path) == [2, 5], "the second file")


async def test_a_directory_that_cannot_be_written_is_said(
    window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_absent = tmp_path / "gone"
    is_absent.mkdir()
    monkeypatch.chdir(is_absent)
    monkeypatch.setattr(Path, "cwd", lambda: is_absent)
    is_absent.rmdir()
    async with window() as w:
        await w.press("x", "enter")
        await w.shows("nothing was written (No such fi")

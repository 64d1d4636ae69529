"""The log follows, stands truly still when paused, and finds what is searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nxtui.draw.logs import LogWindow, as_text, message
from nxtui.draw.text import plain
from nxtui.model import log_filter
from nxtui.model.entry import entry
from nxtui.model.known import LogBook


def _line(revision: int, **given: Any) -> Any:
    return {
        "revision": revision,
        "time": 0.0,
        "cluster": "demo",
        "node": f"node{revision % 3}",
        "kind": "note",
        "level": ("debug", "info", "warning", "error")[revision % 4],
        "actor": "nxd",
        "message": f"line {revision}",
        "data": {},
    } | given


def _entry(revision: int, **given: Any) -> Any:
    return entry(_line(revision, **given), {})


@pytest.fixture
def book() -> LogBook:
    book = LogBook()
    for revision in range(1, 13):
        book.add(_line(revision))
    return book


def _revisions(window: LogWindow) -> list[int]:
    return [event.revision for event in window.shown]


def test_a_window_follows_its_book(book: LogBook) -> None:
    window = LogWindow(book)
    book.add(_line(13))
    assert window.extend()
    assert _revisions(window)[-1] == 13
    assert window.cursor == 12
    assert not window.extend()


def test_paused_nothing_moves_even_when_the_book_drops_its_oldest_lines() -> None:
    book = LogBook(kept=20)
    for revision in range(1, 21):
        book.add(_line(revision))
    window = LogWindow(book, kept=20)
    window.toggle_pause()
    before = _revisions(window)
    for revision in range(21, 121):
        book.add(_line(revision))
        assert not window.extend()
    assert _revisions(window) == before
    assert window.fresh == 100
    window.toggle_pause()
    assert _revisions(window)[-1] == 120
    assert window.fresh == 0


def test_the_counter_counts_only_lines_that_would_be_shown(book: LogBook) -> None:
    window = LogWindow(book)
    window.show(frozenset({"node1"}))
    window.toggle_pause()
    book.add(_line(13))  # node1
    book.add(_line(14))  # node2
    window.extend()
    assert window.fresh == 1


def test_levels_go_from_all_to_errors_and_back(book: LogBook) -> None:
    window = LogWindow(book)
    assert window.step_level(1) == "warning"
    assert _revisions(window) == [2, 3, 6, 7, 10, 11]
    assert window.step_level(1) == window.step_level(1) == "error"
    assert _revisions(window) == [3, 7, 11]
    assert [window.step_level(-1) for _ in range(3)] == ["warning", "debug", "debug"]
    assert len(window.shown) == 12


def test_a_cluster_shows_the_lines_of_its_nodes(book: LogBook) -> None:
    window = LogWindow(book)
    window.show(frozenset({"demo"}))
    assert len(window.shown) == 12
    window.show(frozenset({"node0"}))
    assert _revisions(window) == [3, 6, 9, 12]


def test_search_goes_on_and_back_and_round_the_end(book: LogBook) -> None:
    window = LogWindow(book)
    window.move_to(0)
    window.seek("LINE 1")
    assert [window.shown[hit].revision for hit in window.hits] == [1, 10, 11, 12]
    assert window.shown[window.cursor].revision == 1
    places = []
    for _ in range(4):
        assert window.step(True)
        places.append(window.shown[window.cursor].revision)
    assert places == [10, 11, 12, 1]
    window.step(False)
    assert window.shown[window.cursor].revision == 12
    assert window.hit_number == 4


def test_a_hit_that_arrives_later_is_found_too(book: LogBook) -> None:
    window = LogWindow(book)
    window.seek("needle")
    assert not window.step(True)
    book.add(_line(13, message="a needle"))
    window.extend()
    assert window.step(True)
    assert window.shown[window.cursor].revision == 13


def test_reading_above_the_end_is_not_scrolled_away(book: LogBook) -> None:
    window = LogWindow(book)
    window.move_to(4)
    book.add(_line(13))
    window.extend()
    assert window.cursor == 4
    window.move_to(12)
    assert window.follow


def test_another_database_ends_the_pause_because_its_lines_are_void(book: LogBook) -> None:
    window = LogWindow(book)
    window.toggle_pause()
    book.clear()
    book.add(_line(1, message="new world"))
    assert window.extend()
    assert not window.paused
    assert [event.message for event in window.shown] == ["new world"]


def test_every_place_that_was_found_is_marked_and_no_letter_is_lost() -> None:
    line = message(_entry(1, message="Boot, reboot and boot"), "boot")
    assert plain(line) == "Boot, reboot and boot"
    assert [text for text, ink in line if ink == "match"] == ["Boot", "boot", "boot"]


def test_who_gave_an_order_stands_on_its_line() -> None:
    assert (
        plain(message(_entry(1, kind="verb", actor="ops", message="retry node02"))) == "retry node02 (by ops)"
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", list(range(1, 13))),
        ("node:node1", [1, 4, 7, 10]),
        ("level:warning,error", [2, 3, 6, 7, 10, 11]),
        ("!level:debug,info node:node2", [2, 11]),
        ('"line 1"', [1, 10, 11, 12]),
        ("12:30", []),
        ("actor:ops", []),
        ("kind:note !line", []),
    ],
)
def test_a_filter_hides_lines_by_level_node_and_text(book: LogBook, text: str, kept: list[int]) -> None:
    window = LogWindow(book)
    window.narrow(log_filter.parse(text))
    assert _revisions(window) == kept
    book.add(_line(13, node="node1", level="error", message="line 13"))
    window.extend()
    assert (13 in _revisions(window)) is (
        log_filter.parse(text).passes(_entry(13, node="node1", level="error"))
    )


def test_an_open_quotation_mark_hides_no_line(book: LogBook) -> None:
    window = LogWindow(book)
    window.narrow(log_filter.parse('"line'))
    assert window.log_filter.error == "A quotation mark is still open."
    assert len(window.shown) == 12


def test_marked_lines_are_what_is_taken_away_else_all_that_are_shown(book: LogBook) -> None:
    window = LogWindow(book)
    assert len(window.chosen()) == 12
    window.move_to(2)
    window.toggle_mark()
    window.move_to(5)
    window.toggle_mark()
    assert [event.revision for event in window.chosen()] == [3, 6]
    window.narrow(log_filter.parse("node:node0"))
    assert [event.revision for event in window.chosen()] == [3, 6]
    window.toggle_mark()
    book.clear()
    book.add(_line(1))
    window.extend()
    assert window.marks == set()


def test_a_copied_line_carries_its_date_and_zone() -> None:
    assert as_text(_entry(1)).startswith("1970-01-01 00:00:00 +00:00 info node1 line 1")


def _saved(directory: Path) -> str:
    """The one log that was saved."""
    (file,) = directory.glob("nxtui-log-*.txt")
    return file.read_text()


async def test_lines_are_filtered_marked_saved_and_copied(
    window: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with window((140, 45)) as w:
        await w.press("full_stop", "L", "f")
        await w.type("node:node02 !call")
        await w.press("enter")
        await w.shows("only node:node02 !call")
        await w.shows("4 lines")
        assert "node01" not in w.frame
        await w.press("x", "enter")
        await w.shows("Written:")
        assert _saved(tmp_path).count("\n") == 4
        await w.press("g", "space", "space")
        frame = await w.seen("◆ 2 marked")
        assert frame.count("◆") == 3
        written: list[str] = []
        monkeypatch.setattr(w.app._driver, "write", written.append)
        await w.press("y")
        await w.shows("Sent to the terminal")
        assert w.app.clipboard.count("\n") == 1
        await w.press("t")
        await w.shows("2025-11-19 02:07:21")
        await w.press("t")
        await w.until(lambda: "02:07:21" not in w.frame, "the times to go")
        await w.press("escape")
        await w.shows("12 lines")
        await w.press("escape", "escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the log to close")


async def test_a_wrapped_log_that_grows_is_measured_as_if_it_had_been_there(window: Any) -> None:
    async with window() as w:
        await w.press("full_stop", "L", "w")
        for number in range(40):
            w.daemon.log("long " * (number % 30) + f"end {number}", node="node03")
        await w.shows("end 39")
        view = w.app.screen.log_view
        grown = list(view._tops)
        view.forget()
        view.redraw()
        assert view._tops == grown
        assert grown[-1] == view.virtual_size.height

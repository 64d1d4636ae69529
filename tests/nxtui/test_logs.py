"""The log follows, stands truly still when paused, and finds what is searched."""

from __future__ import annotations

from typing import Any

import pytest

from nxtui.logs import LogWindow, message
from nxtui.model import LogBook
from nxtui.text import plain


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


@pytest.fixture
def book() -> LogBook:
    book = LogBook()
    for revision in range(1, 13):
        book.add(_line(revision))
    return book


def _revisions(window: LogWindow) -> list[int]:
    return [event["revision"] for event in window.shown]


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


def test_levels_go_from_all_to_errors_and_round_again(book: LogBook) -> None:
    window = LogWindow(book)
    assert window.next_level() == "warning"
    assert _revisions(window) == [2, 3, 6, 7, 10, 11]
    assert window.next_level() == "error"
    assert _revisions(window) == [3, 7, 11]
    assert window.next_level() == "debug"
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
    assert [window.shown[hit]["revision"] for hit in window.hits] == [1, 10, 11, 12]
    assert window.shown[window.cursor]["revision"] == 1
    places = []
    for _ in range(4):
        assert window.step(True)
        places.append(window.shown[window.cursor]["revision"])
    assert places == [10, 11, 12, 1]
    window.step(False)
    assert window.shown[window.cursor]["revision"] == 12
    assert window.hit_number == 4


def test_a_hit_that_arrives_later_is_found_too(book: LogBook) -> None:
    window = LogWindow(book)
    window.seek("needle")
    assert not window.step(True)
    book.add(_line(13, message="a needle"))
    window.extend()
    assert window.step(True)
    assert window.shown[window.cursor]["revision"] == 13


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
    assert [event["message"] for event in window.shown] == ["new world"]


def test_every_place_that_was_found_is_marked_and_no_letter_is_lost() -> None:
    line = message(_line(1, message="Boot, reboot and boot"), "boot")
    assert plain(line) == "Boot, reboot and boot"
    assert [text for text, ink in line if ink == "match"] == ["Boot", "boot", "boot"]


def test_who_gave_an_order_stands_on_its_line() -> None:
    assert (
        plain(message(_line(1, kind="verb", actor="ops", message="retry node02"))) == "retry node02 (by ops)"
    )

"""Calls as the window keeps them: none twice, equal ones in one row, and a hundred thousand in little memory."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

from daemon.wire import CallView
from nxtui.model.calls import CallLog, CallWindow


def told(number: int, **more: Any) -> CallView:
    usual: dict[str, Any] = {
        "id": number, "time": float(number), "target": "node01", "intent": "get server", "tries": 1,
        "service": "vpc", "method": "GET", "server": "https://vpc", "path": "/v1/servers/a", "status": 200,
        "failed": False, "ms": 400.0, "request_id": f"{number:08x}-0000-4000-8000-000000000000",
    }  # fmt: skip
    return CallView(**{**usual, **more})  # type: ignore[typeddict-item]


def filled(*calls: CallView) -> tuple[CallLog, CallWindow]:
    book = CallLog()
    book.merge(calls)
    window = CallWindow(book)
    window.rebuild()
    return book, window


def sizes(window: CallWindow) -> list[int]:
    return [len(window.row(number)) for number in range(len(window))]


def test_equal_polls_that_follow_each_other_are_one_row_and_what_fails_is_its_own() -> None:
    failed = {"status": 500, "failed": True}
    calls = [
        told(1),
        told(2),
        told(3, **failed),
        told(4, tries=2, **failed),
        told(5, tries=3),
        told(6),
        told(7),
    ]
    _, window = filled(*calls, told(8, path="/v1/servers/b"), told(9, target="node02"))
    assert sizes(window) == [2, 1, 1, 1, 2, 1, 1]
    assert window.failed == 2


def test_a_row_is_unfolded_and_folded_again_where_the_cursor_stands() -> None:
    book, window = filled(told(1, path="/x"), told(2), told(3), told(4), told(5, path="/y"))
    window.move_to(1)
    assert window.toggle() and sizes(window) == [1, 1, 1, 1, 1] and window.cursor == 1
    book.add(told(6))
    window.extend()
    window.move_to(2)
    assert window.toggle() and sizes(window) == [1, 3, 1, 1]
    window.move_to(0)
    assert not window.toggle()


def test_what_is_told_twice_is_kept_once_and_what_was_made_before_comes_first() -> None:
    book = CallLog()
    assert book.add(told(5)) and not book.add(told(5))
    book.merge([told(3), told(4), told(5)])
    assert [call.id for call in book.calls] == [3, 4, 5]
    assert book.add(told(6))
    assert [call.view() for call in book.calls] == [told(3), told(4), told(5), told(6)]


def test_the_window_takes_in_what_comes_and_follows_only_at_its_end() -> None:
    book, window = filled(*(told(number, path=f"/{number}") for number in range(1, 6)))
    assert (window.cursor, window.follow) == (4, True)
    book.add(told(6, path="/6"))
    assert window.extend() and window.cursor == 5
    window.move_to(2)
    book.add(told(7, path="/7"))
    assert window.extend() and window.cursor == 2 and not window.extend()
    book.merge([told(0, path="/0")])
    assert window.extend() and window.selected is not None and window.selected.id == 3


def test_a_name_and_a_filter_narrow_and_a_text_is_found_round_the_end() -> None:
    calls = [told(number, path=f"/{number}", target="ab"[number % 2]) for number in range(1, 9)]
    _, window = filled(*calls)
    window.show("a")
    assert [call.id for call in window.shown] == [2, 4, 6, 8]
    window.narrow(lambda call: call.id > 4)
    assert [call.id for call in window.shown] == [6, 8]
    window.narrow(None)
    assert window.seek("/2", True, 1) and window.cursor == 0
    assert window.seek("/8", False, 0) and window.cursor == 3
    assert not window.seek("/nothing", True, 0)


def test_a_hundred_thousand_calls_take_no_more_than_60_mb_and_the_oldest_give_way() -> None:
    chance = random.Random(1)
    calls = [
        told(
            number, target=f"node{number % 1000:04}", path=f"/v1/bare_metal_servers/0717-{number % 1000:032x}",
            intent=f"get bare metal server 0717-{number % 1000:032x}", ms=chance.random() * 1000,
            time=1.7e9 + number * 0.7,
        )
        for number in range(1, 120_000)
    ]  # fmt: skip
    tracemalloc.start()
    book = CallLog()
    for call in calls:
        book.add({**call, "request_id": str(call["request_id"]) + ""})
    window = CallWindow(book)
    window.rebuild()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 100_000 <= len(book.calls) <= 110_000
    assert used <= 60e6, f"{used / 1e6:.0f} MB"

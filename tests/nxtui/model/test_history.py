"""What is usual is measured on this fleet, and never made up."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.display.usual import ENOUGH
from nxtui.draw import pages, rows, story, tree
from nxtui.draw.glyphs import UNICODE
from nxtui.draw.text import plain
from nxtui.model.entry import Entry
from nxtui.model.history import StepHistory, Usual


def _moved(name: str, time: float, title: str, level: str = "info") -> Any:
    return {
        "kind": "transition",
        "node": name,
        "cluster": "demo",
        "time": time,
        "message": title,
        "level": level,
    }


def _installed(history: StepHistory, lengths: list[float]) -> None:
    """So many nodes that installed for so long."""
    for number, length in enumerate(lengths):
        history.hear(_moved(f"n{number}", 0.0, "installing"))
        history.hear(_moved(f"n{number}", length, "waiting for the CVM"))


def _stay(state: str, title: str, started: float, ended: float | None) -> Any:
    return {"state": state, "title": title, "attempt": 1, "started": started, "ended": ended}


NODE: Any = {"name": "x", "kind": "node", "platform": "p"}


def _usual(history: StepHistory) -> Usual | None:
    return history.usual(NODE, "installing", "installing")


def _told(*steps: tuple[str, float | None, float | None, int]) -> Any:
    """What the daemon answers about nodes whose steps are these."""
    way = [
        {"name": name, "title": name.upper(), "place": place, "deadline": None, "usual": usual,
         "slow_after": slow_after, "runs": runs}
        for place, (name, usual, slow_after, runs) in enumerate(steps, 1)
    ]  # fmt: skip
    return {"ibm-nutanix": {"node": way}}


@pytest.fixture
def history() -> StepHistory:
    return StepHistory()


def test_median_and_95th_percentile_are_those_of_the_stays_that_were_seen(history: StepHistory) -> None:
    assert _usual(history) is None
    _installed(history, [float(length) for length in range(1, 101)])
    assert _usual(history) == (50.5, 95.0, 100)
    assert history.usual(NODE | {"kind": "cluster"}, "installing", "installing") is None


def test_a_stay_is_not_compared_with_itself(history: StepHistory) -> None:
    _installed(history, [10.0, 20.0, 30.0])
    assert history.usual(NODE | {"name": "n2"}, "installing", "installing", 0.0) == (15.0, None, 2)


def test_a_step_that_failed_says_nothing_about_how_long_it_takes(history: StepHistory) -> None:
    history.hear(_moved("n1", 0.0, "installing"))
    history.hear(_moved("n1", 3600.0, "failed", "error"))
    history.hear(_moved("n1", 4000.0, "installing"))
    history.hear(_moved("n1", 4100.0, "waiting for the CVM"))
    assert _usual(history) == (100.0, None, 1)
    stays = [_stay("installing", "installing", 0.0, 50.0), _stay("failed", "failed", 50.0, 60.0)]
    history.learn({"name": "n9", "kind": "node", "state": "x", "step": None, "step_index": 9,
                   "step_count": 9, "platform": "p"}, stays)  # type: ignore[typeddict-item]  # fmt: skip
    assert _usual(history) == (100.0, None, 1)


def test_slow_is_what_is_longer_than_95_of_100_and_never_said_of_a_few(history: StepHistory) -> None:
    _installed(history, [10.0] * (ENOUGH - 1))
    few = _usual(history)
    assert few is not None and not few.is_exceeded(9999.0)
    _installed(history, [float(length) for length in range(1, 101)])
    many = _usual(history)
    assert many is not None and not many.is_exceeded(95.0) and many.is_exceeded(95.5)
    assert not many.is_exceeded(None)


def test_the_same_stay_in_log_and_timeline_counts_once(history: StepHistory, entity: Any) -> None:
    _installed(history, [10.0])
    stays = [_stay("installing", "installing", 0.0, 10.0), _stay("cvm", "waiting for the CVM", 10.0, None)]
    history.learn(entity("n0"), stays)
    assert _usual(history) == (10.0, None, 1)


def test_the_time_left_is_known_only_as_far_as_every_later_step_was_seen(
    history: StepHistory, entity: Any
) -> None:
    now = entity("x", state="a", step="a", title="A", phase="working", step_index=1, step_count=2, since=0.0)
    later = entity("y", state="b", step="b", title="B", phase="working", step_index=2, step_count=2)
    history.see(now)
    assert history.left(now, 5.0) == (None, None)
    history.hear(_moved("n1", 0.0, "A"))
    history.hear(_moved("n1", 20.0, "B"))
    assert history.left(now, 5.0) == (15.0, None)
    history.see(later)
    history.hear(_moved("n1", 50.0, "ready"))
    assert history.left(now, 5.0) == (15.0, 45.0)
    assert history.left(now, 500.0) == (0.0, 30.0)
    assert history.left(now, None) == (None, None)


def test_what_the_daemon_tells_of_a_step_holds_over_what_this_window_saw(
    history: StepHistory, entity: Any
) -> None:
    one = entity("x", state="b", step="b", title="B", phase="working", step_index=2, step_count=3, since=0.0)
    history.see(one)
    history.hear(_moved("n1", 0.0, "B"))
    history.hear(_moved("n1", 7.0, "C"))
    assert history.usual(one, "b", "B") == (7.0, None, 1)
    assert [step.name for step in history.steps(one)] == ["b"]
    history.tell(_told(("a", 1.0, 2.0, 9), ("b", 60.0, 80.0, 9), ("c", 20.0, None, 4)))
    assert history.usual(one, "b", "B") == (60.0, 80.0, 9)
    assert [(step.place, step.name) for step in history.steps(one)] == [(1, "a"), (2, "b"), (3, "c")]
    assert history.left(one, 20.0) == (40.0, 60.0)
    assert history.slow(one, 80.0) is None
    assert history.slow(one, 81.0) == (60.0, 80.0, 9)
    assert history.slow(one | {"phase": "attention"}, 81.0) is None
    assert history.slow(one, None) is None
    history.tell({})
    assert history.usual(one, "b", "B") == (7.0, None, 1)


def test_a_step_that_the_daemon_never_saw_done_has_no_usual_time_whatever_was_seen_here(
    history: StepHistory, entity: Any
) -> None:
    one = entity("x", state="a", step="a", title="A", phase="working", step_index=1, step_count=1, since=0.0)
    history.hear(_moved("n1", 0.0, "A"))
    history.hear(_moved("n1", 7.0, "ready"))
    history.tell(_told(("a", None, None, 0)))
    assert history.usual(one, "a", "A") is None and history.left(one, 1.0) == (None, None)
    history.clear()
    assert history.steps(one) == []


def test_a_step_that_lasts_too_long_says_so_in_words(history: StepHistory, entity: Any) -> None:
    one = entity("x", state="a", step="a", title="A", phase="working", step_index=1, step_count=2, since=0.0)
    history.tell(_told(("a", 60.0, 80.0, 9), ("b", 20.0, 30.0, 9)))
    assert [row[:2] for row in story.outlook(one, history, 20.0)] == [
        ("left", "about 40s of this step (median of 9 runs)"),
        ("", "about 1m00s of all steps"),
    ]
    assert story.outlook(one, history, 70.0)[0] == ("left", "longer than the usual 1m00s already")
    assert story.outlook(one, history, 90.0)[0] == ("slow", "usual 1m00s, 95 % 1m20s", "attention")
    slow = history.slow(one, 90.0)
    cells = tree.cells(one, 90.0, {}, 18, "try 2", slow=slow)
    assert cells["note"] == ("slow, usually 1m00s · try 2", "attention")
    assert (cells["since"], cells["ready"]) == (("1m30s", "attention"), ("late", "attention"))
    strip = [plain(line) for line in pages.strip(one, 90.0, 79, UNICODE, rows.slowness(slow))]
    assert "slow, usually 1m00s" in strip[0]


def test_a_timeline_that_was_not_told_is_not_called_empty(history: StepHistory, entity: Any) -> None:
    me = entity("n0")
    told, empty = (plain(story.timeline(me, one, history, 1.0, 80, UNICODE)[0]) for one in (None, []))
    assert ("not told" in told, "Nothing" in told, "Nothing" in empty) == (True, False, True)


def test_the_timeline_marks_a_slow_step_with_sign_and_word(history: StepHistory, entity: Any) -> None:
    _installed(history, [60.0, 61.0, 62.0, 63.0, 64.0, 65.0])
    me = entity("me")
    stays = [_stay("installing", "installing", 0.0, 600.0), _stay("ready", "ready", 600.0, None)]
    line, last = (plain(one) for one in story.timeline(me, stays, history, 700.0, 100, UNICODE))
    assert "10m00s ▲" in line and "usual 1m02s, 95 % 1m05s" in line and line.endswith("slow")
    assert "usual" not in last and last.endswith("now")
    for width in (79, 100, 140):
        assert all(
            len(plain(one)) <= width for one in story.timeline(me, stays, history, 700.0, width, UNICODE)
        )


def test_events_say_who_and_calls_say_which_object() -> None:
    told = [
        Entry(1, 0.0, "demo", "n1", "call", "info", "nxd", "made vni a", {"id": "07"}),
        Entry(2, 1.0, "demo", "n1", "verb", "info", "ops", "asked for retry", {}),
    ]
    calls = [plain(line) for line in story.calls(told, 80)]
    assert calls[0].startswith("CLOUD CALLS  1") and calls[1].endswith("made vni a  07")
    events = [plain(line) for line in story.events(told, 80)]
    assert len(events) == 2 and "ops asked for retry" in events[1]

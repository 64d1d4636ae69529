"""What is usual is measured on this fleet, and never made up."""

from __future__ import annotations

from typing import Any

import pytest

from nxtui import story
from nxtui.entry import Entry
from nxtui.glyphs import UNICODE
from nxtui.history import ENOUGH, History
from nxtui.text import plain


def _moved(name: str, time: float, title: str, level: str = "info") -> Any:
    return {
        "kind": "transition",
        "node": name,
        "cluster": "demo",
        "time": time,
        "message": title,
        "level": level,
    }


def _installed(history: History, lengths: list[float]) -> None:
    """So many nodes that installed for so long."""
    for number, length in enumerate(lengths):
        history.hear(_moved(f"n{number}", 0.0, "installing"))
        history.hear(_moved(f"n{number}", length, "waiting for the CVM"))


def _stay(state: str, title: str, started: float, ended: float | None) -> Any:
    return {"state": state, "title": title, "attempt": 1, "started": started, "ended": ended}


@pytest.fixture
def history() -> History:
    return History()


def test_median_and_95th_percentile_are_those_of_the_stays_that_were_seen(history: History) -> None:
    assert history.usual("node", "installing") is None
    _installed(history, [float(length) for length in range(1, 101)])
    assert history.usual("node", "installing") == (50.5, 95.0, 100)
    assert history.usual("cluster", "installing") is None


def test_a_stay_is_not_compared_with_itself(history: History) -> None:
    _installed(history, [10.0, 20.0, 30.0])
    assert history.usual("node", "installing", ("n2", 0.0)) == (15.0, 20.0, 2)


def test_a_step_that_failed_says_nothing_about_how_long_it_takes(history: History) -> None:
    history.hear(_moved("n1", 0.0, "installing"))
    history.hear(_moved("n1", 3600.0, "failed", "error"))
    history.hear(_moved("n1", 4000.0, "installing"))
    history.hear(_moved("n1", 4100.0, "waiting for the CVM"))
    assert history.usual("node", "installing") == (100.0, 100.0, 1)
    stays = [_stay("installing", "installing", 0.0, 50.0), _stay("failed", "failed", 50.0, 60.0)]
    history.learn({"name": "n9", "kind": "node", "state": "x", "step": None, "step_index": 9,
                   "step_count": 9, "platform": "p"}, stays)  # type: ignore[typeddict-item]  # fmt: skip
    assert history.usual("node", "installing") == (100.0, 100.0, 1)


def test_slow_is_what_is_longer_than_95_of_100_and_never_said_of_a_few(history: History) -> None:
    _installed(history, [10.0] * (ENOUGH - 1))
    assert not history.is_slow("node", "installing", 9999.0, ("x", 0.0))
    _installed(history, [float(length) for length in range(1, 101)])
    assert not history.is_slow("node", "installing", 95.0, ("x", 0.0))
    assert history.is_slow("node", "installing", 95.5, ("x", 0.0))


def test_the_same_stay_in_log_and_timeline_counts_once(history: History, entity: Any) -> None:
    _installed(history, [10.0])
    stays = [_stay("installing", "installing", 0.0, 10.0), _stay("cvm", "waiting for the CVM", 10.0, None)]
    history.learn(entity("n0"), stays)
    assert history.usual("node", "installing") == (10.0, 10.0, 1)


def test_the_time_left_is_known_only_as_far_as_every_later_step_was_seen(
    history: History, entity: Any
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


def test_steps_are_learnt_from_a_way_that_was_gone_straight_and_from_no_other(
    history: History, entity: Any
) -> None:
    failed = entity(
        "n1", state="failed", step="c", title="failed", phase="failed", step_index=3, step_count=4
    )
    history.see(failed)
    crooked = [_stay("b", "B", 0, 1), _stay("c", "C", 1, 2), _stay("failed", "failed", 2, None)]
    history.learn(failed, crooked)
    assert history.steps(failed) == []
    history.learn(failed, [_stay("a", "A", 0, 1), *crooked])
    assert [step.name for step in history.steps(failed)] == ["a", "b", "c"]
    ready = entity("n2", step_index=4, step_count=4)
    done = [_stay(name, name.upper(), at, at + 1) for at, name in enumerate("abcd")]
    history.learn(ready, [*done, _stay("ready", "ready", 4, None)])
    assert [(step.place, step.title) for step in history.steps(ready)][-1] == (4, "D")
    assert len(history.steps(ready)) == 4


def test_the_timeline_marks_a_slow_step_with_sign_and_word(history: History, entity: Any) -> None:
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

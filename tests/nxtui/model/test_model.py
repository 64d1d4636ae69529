"""The model says what the daemon said, how old that is, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from nxtui.draw.frame import banner, is_empty
from nxtui.model.known import STALE_AFTER, Fleet, LogBook
from nxtui.model.times import clock


@pytest.fixture
def fleet(hands: Any) -> Fleet:
    return Fleet(hands.monotonic, hands.wall)


def _beat(now: float, revision: int = 1) -> Any:
    return {"type": "heartbeat", "revision": revision, "now": now}


def _event(revision: int, node: str | None = None) -> Any:
    event = {
        "revision": revision,
        "time": 0.0,
        "cluster": "demo",
        "node": node,
        "kind": "note",
        "level": "info",
        "actor": "nxd",
        "message": f"line {revision}",
        "data": {},
    }
    return {"type": "event", "revision": revision, "now": 1.0, "event": event}


def test_a_snapshot_replaces_everything(fleet: Fleet, snapshot: Any) -> None:
    changes = fleet.take([snapshot()])
    assert changes.whole
    assert set(fleet.nodes) == {"node01", "node02", "node03"}
    smaller = snapshot()
    smaller["snapshot"]["nodes"].pop()
    fleet.take([smaller])
    assert set(fleet.nodes) == {"node01", "node02"}


def test_a_change_touches_its_node_and_the_counts_of_its_cluster(fleet: Fleet, snapshot: Any) -> None:
    fleet.take([snapshot()])
    assert fleet.phases("demo") == {"ok": 1, "failed": 1, "working": 1}
    mended = fleet.nodes["node02"] | {"phase": "working"}
    changes = fleet.take([{"type": "change", "revision": 2, "now": 1.0, "entity": mended}])
    assert (changes.whole, changes.nodes, changes.clusters) == (False, {"node02"}, {"demo"})
    assert fleet.phases("demo") == {"ok": 1, "working": 2}


def test_what_was_removed_is_gone_from_the_counts_too(fleet: Fleet, snapshot: Any) -> None:
    fleet.take([snapshot()])
    fleet.take([{"type": "removed", "revision": 2, "now": 1.0, "name": "node02"}])
    assert "node02" not in fleet.nodes
    assert fleet.phases() == {"ok": 1, "working": 1}
    fleet.take([{"type": "removed", "revision": 3, "now": 1.0, "name": "demo"}])
    assert not fleet.clusters


def test_time_goes_on_at_the_daemons_speed_but_not_past_what_can_be_known(
    fleet: Fleet, snapshot: Any, hands: Any
) -> None:
    assert fleet.now is None
    line = snapshot()
    line["snapshot"]["speed"] = 60.0
    fleet.take([line])
    start = line["now"]
    hands.seconds += 1.5
    assert fleet.now == start + 90
    hands.seconds += 100
    assert fleet.now == start + STALE_AFTER * 60


def test_the_link_is_live_then_stale_then_live_again(fleet: Fleet, snapshot: Any, hands: Any) -> None:
    assert fleet.link.state == "connecting"
    fleet.take([snapshot()])
    assert (fleet.link.state, fleet.link.text) == ("live", "LIVE")
    hands.seconds += 2.9
    assert fleet.link.state == "live"
    hands.seconds += 4.1
    assert (fleet.link.state, fleet.link.text) == ("stale", "STALE 7s")
    fleet.take([_beat(5.0)])
    assert fleet.link.state == "live"


def test_a_daemon_that_cannot_write_is_not_shown_as_live_until_it_can(fleet: Fleet, snapshot: Any) -> None:
    line = snapshot()
    trouble = {"since": 1.0, "problem": "The database cannot be written. Free disk space."}
    fleet.take([line | {"snapshot": line["snapshot"] | {"unwritten": trouble}}])
    said = f"AS OF {clock(1.0)}"
    assert (fleet.link.state, fleet.link.text, fleet.link.current) == ("unwritten", said, False)
    assert fleet.now == 1.0, "deadlines stand still with everything else"
    (wide, _), (narrow, _) = banner(fleet, 160)[0], banner(fleet, 80)[0]
    assert "what you see is of then" in wide and "Free disk space." in wide
    assert "cannot write since" in narrow and len(narrow) == 80
    fleet.take([_beat(5.0) | {"unwritten": trouble}])
    assert fleet.link.state == "unwritten"
    fleet.take([_beat(6.0)])
    assert (fleet.link.state, is_empty(banner(fleet, 80))) == ("live", True)


def test_a_lost_link_keeps_the_moment_it_was_lost(fleet: Fleet, snapshot: Any, hands: Any) -> None:
    fleet.take([snapshot()])
    fleet.lost("it broke")
    hands.seconds += 30
    fleet.lost("nobody answers")
    assert (fleet.link.state, fleet.link.text) == ("lost", "LOST since 03:12:08")
    assert fleet.lost_because == "nobody answers"
    fleet.take([snapshot()])
    assert fleet.link.state == "live"


def test_a_daemon_that_never_answered_was_not_lost(fleet: Fleet) -> None:
    fleet.lost("nobody answers")
    assert fleet.link.text == "NO DAEMON since 03:12:08"


def test_a_newer_daemon_is_told_apart_from_a_lost_one(fleet: Fleet, snapshot: Any) -> None:
    line = snapshot()
    line["snapshot"]["daemon"]["api"] = 2
    fleet.take([line])
    assert (fleet.link.state, fleet.link.text) == ("foreign", "OTHER API 2")


def test_the_log_has_no_line_twice(fleet: Fleet) -> None:
    fleet.take([_event(1), _event(2), _event(2), _event(1), _event(3)])
    assert [fleet.log[number].revision for number in range(fleet.log.end)] == [1, 2, 3]


def test_another_database_begins_another_log(fleet: Fleet, snapshot: Any) -> None:
    fleet.take([snapshot(), _event(900)])
    other = snapshot()
    other["snapshot"]["daemon"]["id"] = "daemon-2"
    changes = fleet.take([other, _event(5)])
    assert changes.log_replaced
    assert [fleet.log[n].revision for n in range(fleet.log.first, fleet.log.end)] == [5]


def test_a_database_from_a_backup_begins_another_log_too(fleet: Fleet, snapshot: Any) -> None:
    fleet.take([snapshot(), _event(900)])
    fleet.take([snapshot(), _event(300)])
    assert fleet.log.revision == 300


def test_a_full_log_drops_its_oldest_lines_and_keeps_their_numbers() -> None:
    book = LogBook(kept=100)
    for revision in range(1, 301):
        book.add(_event(revision)["event"])
    assert book.end == 300
    assert 100 <= book.end - book.first <= 110
    assert book[299].revision == 300
    assert book[book.first].revision == book.first + 1

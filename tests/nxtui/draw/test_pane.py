"""The pane beside the rows has each fact behind its name, in one order, and leaves out what is not known."""

from __future__ import annotations

from typing import Any

import canned_night
import pytest
from canned_data import T0, canned_entities, entity
from canned_looks import canned_boots, canned_offers

from nxtui import keys
from nxtui.draw import frame, happened, text
from nxtui.draw.band import BandRow
from nxtui.draw.glyphs import ASCII, UNICODE
from nxtui.draw.pane import LABEL, Told, pane
from nxtui.model.known import Fleet

ACTS = [BandRow("h", "hold", ""), BandRow("x", "replace", ""), BandRow("b", "roll back", "")]
NAMES = ["NOW", "READY", "THEN", "WAITS", "EVIDENCE", "BEFORE", "ADDRESS", "OBJECTS", "PHASES", "ACTS"]
STAYS: list[Any] = [
    {"state": "installing", "title": "installing", "attempt": 1, "started": T0 - 5000, "ended": T0 - 4000},
    {"state": "failed", "title": "failed", "attempt": 1, "started": T0 - 4000, "ended": T0 - 500, "mark": "failed",
     "why": "disk /dev/nvme2n1: I/O error"},
    {"state": "installing", "title": "installing", "attempt": 2, "started": T0 - 500, "ended": None,
     "mark": "retried"},
]  # fmt: skip


def told(**more: Any) -> Told:
    """A node that is tried again."""
    clusters, nodes, _ = canned_night.on_the_way()
    (node,) = [one for one in nodes if one["name"] == "a02"]
    given: Any = {"boots": canned_boots(False), "stays": STAYS, "acts": ACTS, "cluster": clusters[0]}
    return Told(node, **(given | more))


def lines(one: Told, width: int = 49, glyphs: Any = UNICODE) -> list[str]:
    return [text.plain(line) for line in pane(one, keys.band(), T0, width, glyphs)]


def section(shown: list[str], name: str) -> list[str]:
    """What stands behind a name."""
    at = next(number for number, line in enumerate(shown) if line.startswith(name.ljust(LABEL)))
    end = next((more for more in range(at + 1, len(shown)) if shown[more][:1] != " "), len(shown))
    return [line[LABEL:].rstrip() for line in shown[at:end]]


def test_each_section_says_what_is_known_of_it_in_their_order() -> None:
    shown = lines(told())
    assert [line.split()[0] for line in shown if line[:1] not in " ◐"] == NAMES
    assert shown[0].split() == ["◐", "a02", "installing,", "try", "2", "cluster-a"]
    assert section(shown, "NOW")[0] == "phase 5 of 8 Installing the hypervisor"
    assert section(shown, "NOW")[1].endswith("60 % · usual 71 %") and "▅" in section(shown, "NOW")[1]
    assert section(shown, "READY") == ["≈03:52, by 03:54 in 95 of 100 (5 runs)"]
    assert section(shown, "THEN") == ["cluster-a ≈03:59"]
    assert section(shown, "WAITS") == ["for phase 5 of 8 until 04:12:08"]
    assert section(shown, "BEFORE") == [
        "try 1 failed 02:05:28 at installing:",
        "disk /dev/nvme2n1: I/O error",
    ]
    assert section(shown, "ADDRESS")[0] == "mgmt 127.24.0.14   ahv      127.24.0.54"
    assert section(shown, "OBJECTS") == ["11 present: 4 reserved_ip · 4 dns_record", "2 vni · 1 server"]
    assert section(shown, "PHASES") == [
        "✓ 1–4  8m21s, usual 8m21s",
        "◐ 5    Installing the h… 14m59s of 6m05s",
        "○ 6–8  usual 16m45s",
    ]
    assert section(shown, "ACTS") == ["h hold · x replace · b roll back     (a)"]


def test_what_is_not_known_is_absent() -> None:
    shown = lines(Told(entity("node01", since=T0 - 60)))
    assert [line.split()[0] for line in shown] == ["✓", "NOW"]
    assert section(shown, "NOW") == ["ready, 1m00s"]


def test_of_a_failure_what_happened_what_to_do_and_the_key_come_first() -> None:
    node: Any = canned_entities()[1][1]
    node["remedies"] = [{"kind": "verb", "verb": "retry", "target": "node02", "text": "Retry it."}]
    offers: Any = canned_offers()
    shown = lines(Told(node, boots=canned_boots(), offers=offers, stays=STAYS[:2]))
    words = " ".join(" ".join(shown).split())
    assert words.index("WHAT HAPPENED") < words.index("WHAT TO DO a r retry: begins at") < words.index("NOW")
    assert node["error"]["message"] in words and node["error"]["evidence"] in words
    assert "✗ 5 Installing" in words and "to come" not in words and "BEFORE" not in words


def test_what_is_late_missing_and_kept_from_deletion_is_said() -> None:
    one = told(is_protected=True)
    one.entity["outlook"] = {"ready_at": T0 - 240}
    one.entity["resources"][0]["missed"] = T0
    shown = lines(one)
    assert section(shown, "READY") == ["late 4m00s"]
    assert section(shown, "SHIELD") == ["every deletion is refused"]
    assert "1 missing: demo-a02-reserved_ip-1" in " ".join(section(shown, "OBJECTS"))


@pytest.mark.parametrize("width", range(20, 80, 3))
def test_no_line_is_wider_than_the_pane(width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        for one in (told(), Told(canned_entities()[1][1], boots=canned_boots())):
            assert all(text.width_of(line) <= width for line in pane(one, keys.band(), T0, width, glyphs))


def test_neighbours_that_are_over_are_one_line_and_what_was_never_measured_has_no_sum() -> None:
    boot: Any = canned_boots()[0]
    assert [one.numbers for one in happened.folded(boot)] == ["1–4", "5"]
    assert [one.numbers for one in happened.folded(boot, 60.0)] == ["1–3", "4", "5"]
    boot["phases"][1]["usual"] = None
    assert [one.usual for one in happened.folded(boot)] == [None, 365.0]


def test_the_title_of_a_large_window_has_the_calls_of_the_last_minutes() -> None:
    fleet = Fleet(lambda: 0.0, lambda: T0)
    line: Any = {"revision": 1, "now": T0}
    fleet.take(
        [line | {"type": "rates", "rates": {"minutes": [0] * 6 + [4, 8, 16, 8, 4, 12], "server_errors": 1}}]
    )
    for glyphs, drawn in ((UNICODE, "▁▁▁▁▁▁▃▅█▅▃▇"), (ASCII, "______.-#-.=")):
        large, small = (text.plain(frame.title(fleet, glyphs, ["fleet"], "", width)) for width in (140, 139))
        assert f"calls 12/min {drawn}  5xx 1" in large and "calls" not in small
    fleet.recording = lambda: (T0, "01:00:00")
    assert "calls" not in text.plain(frame.title(fleet, UNICODE, ["fleet"], "", 140)), "a replay has none"

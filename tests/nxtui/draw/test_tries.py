"""What another try comes to: of one where it begins and what it loses, of several the sums of all of them."""

from __future__ import annotations

from typing import Any

from canned_looks import kept

from daemon.display.money import added
from nxtui.draw import plans, tries
from nxtui.draw.glyphs import UNICODE
from nxtui.draw.text import plain


def renewing(name: str, title: str, usual: float | None) -> Any:
    """A retry that deletes a server and makes another one."""
    items = [
        {"action": action, "owner": name, "kind": "server", "name": f"{name}-server", "id": None}
        for action in ("delete", "create")
    ]
    again = {"after": title, "does": [], "wipes": [], "then": "ready", "takes": usual}
    return {
        "digest": f"sha256:{name}", "target": name, "verb": "retry", "items": items, "again": again,
        "sums": [], "tells": "deletes 1 server for good", "profiles": [{"profile": "bx2d", "count": 1}],
        "stages": [{"step": title, "title": title, "usual": usual, "deadline": None}],
    }  # fmt: skip


def told(lines: Any) -> str:
    return "\n".join(map(plain, lines))


def test_one_says_how_far_before_its_failure_it_begins_and_what_is_wiped() -> None:
    plan: Any = kept("node02")
    text = told(tries.one(plan, 100, UNICODE))
    assert "at waiting for boot: 2 steps before installing, which failed" in text
    assert "LOSES   what is on its disks (node02)" in text
    del plan["again"]
    assert tries.one(plan, 100, UNICODE) == [], "a daemon that does not tell it"


def test_several_are_summed_up_and_each_is_told() -> None:
    three = [renewing(name, "creating the server", 600.0 * (at + 1)) for at, name in enumerate("abc")]
    text = told(tries.several(three, 100, UNICODE))
    assert "BEGINS  at creating the server" in text and "LOSES   3 objects" in text
    assert "about 30m00s, the slowest of 3 side by side" in text
    assert "PLAN  + 3 made   ~ 0 changed   - 3 deleted   in 3 plans" in told(plans.sums(three, 100, UNICODE))
    assert "COST  + 3 bx2d" in told(plans.sums(three, 100, UNICODE))
    assert [plain(line).split()[0] for line in tries.each(three, 60, UNICODE)] == ["a", "b", "c"]
    three[1]["stages"][0]["usual"] = None
    text = told(tries.several(three, 100, UNICODE))
    assert "TAKES   not known of b; of the others about 30m00s at most" in text
    assert tries.in_short(three) == "deletes 3 objects for good · makes 3 objects · time unknown"


def test_what_was_never_measured_stands_before_the_rest_that_was() -> None:
    plan: Any = kept("node02")
    plan["stages"][2]["usual"] = None
    assert tries.takes(plan["stages"]) == "not known: never done yet: installing (the rest about 17m11s)"


def test_the_key_that_leads_on_tells_the_sums_and_never_cuts_how_long() -> None:
    one: Any = {"verb": "retry", "begins_at": "creating the server", "takes": 600.0, "deletes": 1}
    one |= {"loses": ["1 server of bx2d-metal-96x384"]}
    three = [one, one, one | {"takes": 2760.0}]
    for width in (120, 80, 58, 52):
        text = tries.key_words(three, 3, width)
        assert text.startswith("tries all 3 again") and text.endswith("about 46m00s"), width
        assert "3 objects" in text and len(text) <= width
    assert tries.key_words([one], 3, 58) == "tries all 3 again", "as long as not all are known"
    assert tries.key_words([one, one, one | {"takes": None}], 3, 80).endswith("time unknown")


def test_the_costs_of_several_are_added_by_currency_and_list() -> None:
    cost: Any = {
        "text": "", "sums": [{"currency": "EUR", "as_of": "2026-10-01", "hour": 6.6}], "unlisted": []
    }  # fmt: skip
    assert added([cost, cost])["text"] == "+ 13.20 EUR/h (list of 2026-10-01)"

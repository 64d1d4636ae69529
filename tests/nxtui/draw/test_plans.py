"""A plan as it is drawn: sums are those of its items, differences are told with old and new, nothing is guessed."""

from __future__ import annotations

import random
from typing import Any

import pytest

from daemon.display.money import Price, cost
from nxtui.draw import plans
from nxtui.draw.glyphs import ASCII, UNICODE
from nxtui.draw.text import plain, width_of

ROLES = ("mgmt", "ahv", "cvm", "workload")


def item(action: str, owner: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "owner": owner, "kind": kind, "name": name, "id": None, **more}


def grown() -> dict[str, Any]:
    """A node is added, two settings of its cluster change."""
    made = [
        item("create", "a04", "reserved_ip", f"demo-a04-{role}-ip", about={"subnet": "0717"})
        for role in ROLES
    ]
    made.append(item("create", "a04", "server", "demo-a04-host-bms", about={"profile": "bx2d"}))
    servers = ["161.26.0.7", "161.26.0.8"]
    changes = [
        item("change", "demo", "setting", "gate", before="all", after=3),
        item("change", "demo", "setting", "nutanix.dns_servers", before=servers, after=servers[:1]),
        item("change", "demo", "setting", "key", before={"sealed": "a"}, after={"sealed": "b"}),
    ]
    return {
        "digest": "f4270ce6aa", "target": "demo", "verb": "apply", "items": [*changes, *made],
        "stages": [{"step": "a", "title": "joining nodes", "usual": 60.0, "deadline": None, "runs": 3}],
        "kept": {"nodes": ["a01", "a02"], "objects": 22}, "profiles": [{"profile": "bx2d", "count": 1}],
    }  # fmt: skip


def drawn(plan: Any, unfolded: bool = False, width: int = 90) -> list[str]:
    return [plain(line) for line in plans.tree(plan, unfolded, width, UNICODE)]


def test_the_sum_stands_first_with_what_is_untouched_what_it_costs_and_how_long() -> None:
    plan: Any = grown()
    first, cost, time = (plain(line) for line in plans.sums([plan], 80, UNICODE))
    assert " ".join(first.split()) == "PLAN + 5 made ~ 3 changed - 0 deleted 2 nodes untouched f4270ce6"
    assert "+ 1 bx2d" in cost and "no price known (prices: in nxd.yaml)" in cost
    assert " ".join(time.split()) == "TIME about 1m00s (3 runs)"
    plan["stages"].append({"step": "b", "title": "moving data", "usual": None, "deadline": None})
    assert "never done yet: moving data" in plain(plans.sums([plan], 80, UNICODE)[2])
    text = "\n".join([first, cost, time, *drawn(plan)])
    assert not any(sign in text for sign in "€$£¥") and "EUR" not in text


def test_with_a_list_of_the_operators_own_a_plan_says_what_it_comes_to_by_the_hour() -> None:
    plan: Any = grown()
    prices = {"bx2d": Price(6.6, "EUR", "2026-10-01")}
    plan["cost"] = cost({"bx2d": 1}, prices)
    assert "COST  + 1 bx2d   + 6.60 EUR/h (list of 2026-10-01)" in plain(plans.sums([plan], 80, UNICODE)[1])
    del plan["profiles"]
    plan["cost"] = cost({"bx2d": -3}, prices)
    assert "COST  - 19.80 EUR/h (list of 2026-10-01)" in plain(plans.sums([plan], 80, UNICODE)[1])
    plan["cost"] = cost({"bx2d": -3}, {})
    assert not any("COST" in plain(line) for line in plans.sums([plan], 80, UNICODE)), "nothing is ordered"


def test_alike_things_are_one_line_until_they_are_unfolded() -> None:
    plan: Any = grown()
    (folded,) = [line for line in drawn(plan) if "reserved_ip" in line]
    assert "reserved_ip ×4" in folded and "demo-a04-{mgmt,ahv,cvm,workload}-ip" in folded
    unfolded = [line for line in drawn(plan, True) if "reserved_ip" in line]
    assert len(unfolded) == 4 and all(f"demo-a04-{role}-ip" in "".join(unfolded) for role in ROLES)
    assert "2 nodes" not in folded and "22 objects stay as they are" in drawn(plan)[-1]


def test_every_setting_that_differs_is_told_with_old_and_new_and_no_secret() -> None:
    told = drawn(grown())
    assert "~ gate  all → 3" in told[1] and "161.26.0.7 161.26.0.8 → 161.26.0.7" in told[2]
    assert "(changed)" in told[3] and "sealed" not in "".join(told)
    fresh: Any = grown()
    fresh["items"] = [item("change", "demo", "setting", "key", before=None, after={"sealed": "b"})]
    assert "none → (a secret)" in drawn(fresh)[1]
    long: Any = grown()
    long["items"] = [item("change", "demo", "setting", "ntp", before=["a" * 60], after=["b" * 60])]
    assert "".join(drawn(long, width=70)).replace(" ", "").count("a" * 60 + "→" + "b" * 60) == 1


def test_who_loses_something_stands_first_each_deletion_open_and_a_replacement_has_its_sign() -> None:
    plan: Any = grown()
    plan["items"] += [
        item("delete", "a02", "server", "old", id="0717-1"),
        item("create", "a02", "server", "new"),
        item("delete", "a03", "vni", "x"),
    ]
    told = drawn(plan)
    assert told[0].startswith("▾ -/+ a02") and "1 deleted, 1 made" in told[0]
    assert "✗ delete server" in told[1] and "0717-1" in told[1]
    assert told[3].startswith("▾ - a03")
    lines = plans.tree(plan, False, 90, UNICODE)
    assert [plain(line) for line in lines if plans.deletes(line)] == [told[1], told[4]]


@pytest.mark.parametrize("seed", range(25))
def test_the_sums_are_those_of_the_items(seed: int) -> None:
    chance = random.Random(seed)
    items = [
        item(chance.choice(("create", "change", "delete")), f"n{chance.randrange(4)}", "thing", f"t{number}")
        for number in range(chance.randrange(1, 30))
    ]
    plan: Any = {"digest": "d", "target": "demo", "verb": "apply", "items": items, "stages": []}
    words = plain(plans.sums([plan], 80, UNICODE)[0]).split()
    for sign, action in (("+", "create"), ("~", "change"), ("-", "delete")):
        assert int(words[words.index(sign) + 1]) == sum(one["action"] == action for one in items)
    assert sum(map(plans.deletes, plans.tree(plan, False, 80, UNICODE))) == words.count("x") + sum(
        one["action"] == "delete" for one in items
    )
    text = "\n".join(drawn(plan, True))
    assert all(one["name"] in text for one in items)


@pytest.mark.parametrize("width", [30, 60, 78, 120])
def test_hostile_names_stay_in_their_lines(width: int) -> None:
    plan: Any = grown()
    plan["items"].append(
        item("create", "a\x1b[31m\u202e", "k\tind", "n\x07ame" * 30, about={"x": "y\x1b" * 40})
    )
    for glyphs in (UNICODE, ASCII):
        for line in (*plans.sums([plan], width, glyphs), *plans.tree(plan, True, width, glyphs)):
            assert width_of(line) > 0


def test_a_preflight_beside_it_says_what_failed_and_what_it_looks_at_meanwhile() -> None:
    checks: Any = [
        {"name": "ports", "result": "failed", "detail": "No rule lets 2020 in.", "remedy": ""},
        {"name": "vpc", "result": "passed", "detail": "", "remedy": ""},
    ]
    told = [plain(line) for line in plans.check(checks, "", UNICODE)]
    assert (
        " ".join(told[0].split()) == "CHECK 1 failed · 1 passed" and "ports: No rule lets 2020 in." in told[1]
    )
    assert "looking" in plain(plans.check(None, "", UNICODE)[0])
    assert "gone" in plain(plans.check(None, "The daemon is gone.", UNICODE)[0])

"""What stopped for the same reason is one cause, and one sentence says what comes next."""

from __future__ import annotations

from typing import Any

from daemon.errors.tree import NxdError
from state_machines.outcome import Wait

NAMES = [f"node{number:02}" for number in range(1, 14)]


def full(zone: str) -> NxdError:
    return NxdError("capacity", f"No more capacity in {zone}.")


async def deployed(house: Any, script: dict[str, Any]) -> None:
    """A cluster whose nodes fail as the script says, as far as it comes."""
    house.toy.waits_for_nodes = lambda step: step == "gathering"
    house.toy.script = {(name, "settling"): problem for name, problem in script.items()}
    house.toy.script["gathering"] = house.toy._gather
    await house.sow(*NAMES)
    await house.tell("demo", "start")


async def test_eleven_nodes_with_one_cause_are_one_trouble_that_names_the_cluster_that_waits(
    house: Any,
) -> None:
    failing: dict[str, Any] = {name: full("zone-1") for name in NAMES[:11]}
    await deployed(
        house, failing | {NAMES[11]: NxdError("install_failed", f"The disk of {NAMES[11]} is broken.")}
    )
    news = house.views.news.now()
    assert [(len(one["targets"]), one["code"], one["clusters"]) for one in news["troubles"]] == [
        (11, "capacity", ["demo"]),
        (1, "install_failed", ["demo"]),
    ]
    (first, _) = news["troubles"]
    assert first["targets"] == NAMES[:11] and first["sentence"] == "No more capacity in zone-1."
    assert [way["verb"] for way in first["remedies"] if way["kind"] == "verb"] == ["retry"]


async def test_another_subject_is_another_cause_and_the_name_of_a_record_is_none(house: Any) -> None:
    own = {name: NxdError("install_failed", f"The disk of {name} broke after 40m12s.") for name in NAMES[:2]}
    other = {NAMES[2]: NxdError("install_failed", f"The fan of {NAMES[2]} broke after 40m12s.")}
    await deployed(house, {**own, **other})
    told = house.views.news.now()["troubles"]
    assert sorted(one["targets"] for one in told) == [NAMES[:2], [NAMES[2]]]
    assert len({one["id"] for one in told}) == 2


async def test_a_platform_names_the_subject_of_a_code_by_the_settings_it_is_about(house: Any) -> None:
    house.toy.subjects = {"capacity": ("zone",)}
    house.toy.script = {"making": full("somewhere")}
    for cluster, zone in (("one", "zone-1"), ("two", "zone-1"), ("three", "zone-2")):
        await house.sow(f"{cluster}01", cluster=cluster, zone=zone)
        await house.tell(f"{cluster}01", "start")
    told = house.views.news.now()["troubles"]
    assert [(one["subject"], one["targets"]) for one in told] == [
        ("zone-1", ["one01", "two01"]),
        ("zone-2", ["three01"]),
    ]
    assert told[0]["sentence"] == "No machine of this kind is left: zone-1."


async def test_one_that_is_tried_again_is_no_trouble_any_more(house: Any) -> None:
    await deployed(house, {NAMES[0]: full("zone-1")})
    assert len(house.views.news.now()["troubles"]) == 1
    house.toy.script[NAMES[0], "settling"] = Wait("the test", "it settles", 100.0)
    await house.tell(NAMES[0], "retry")
    assert house.views.news.now()["troubles"] == []


async def test_what_comes_next_is_one_sentence(house: Any) -> None:
    def next_told() -> Any:
        return house.views.news.now()["next"]

    assert next_told() == {"sentence": "There is no cluster yet."}
    house.toy.script["node01", "making"] = full("zone-1")
    await house.begin("node01")
    assert next_told() == {"sentence": "Nothing moves by itself: 1 node waits for a person."}
    house.toy.script["node02", "settling"] = Wait("the test", "it settles", 100.0)
    await house.sow("node02", cluster="other")
    await house.tell("node02", "start")
    assert next_told() == {"sentence": "1 node is at work; when the next step ends is not known."}
    house.toy.script["node02", "settling"] = []
    await house.pass_time(100.0)
    house.toy.script["node03", "settling"] = Wait("the test", "it settles", 100.0)
    await house.sow("node03", cluster="third")
    await house.tell("node03", "start")
    assert next_told() == {"sentence": "Next: node03 ends “settling”.", "at": house.clock.now() + 100.0}


async def test_where_all_is_well_it_says_so(house: Any) -> None:
    await house.begin("node01")
    assert (
        house.views.news.now()["next"]["sentence"]
        == "Nothing waits for you: 1 node and 1 cluster stand as they should."
    )

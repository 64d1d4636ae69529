"""What was: calls in pieces and in the stream, timelines of those that there are, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.outside import OutsideCall
from daemon.platforms.base import Finding


def call(intent: str, status: int = 200) -> OutsideCall:
    made = OutsideCall("shelf", "GET", "http://shelf", "/boxes/a", "full=1", intent)
    made.target, made.status, made.ms = "node01", status, 3.25
    return made


async def test_calls_are_told_in_pieces_with_bodies_only_where_they_are_asked_for(
    house: Any, door: Any
) -> None:
    for number in range(3):
        one = call(f"look {number}", 200 if number else 500)
        one.answered = "why not"
        house.journal.calls.take(one)
    status, told = await door.get("/v1/calls?limit=2")
    first = told["calls"][0]
    assert (status, [one["intent"] for one in told["calls"]]) == (200, ["look 0", "look 1"])
    assert (first["status"], first["failed"], first["ms"], first["tries"]) == (500, True, 3.2, 1)
    assert not {"query", "sent", "answered", "why", "request_id"} & set(first)
    _, told = await door.get(f"/v1/calls?after={first['id']}&bodies=1&tail=1&limit=1&target=node01")
    (last,) = told["calls"]
    assert (last["intent"], last["query"], last["answered"]) == ("look 2", "full=1", "why not")
    assert (await door.get("/v1/calls?target=nobody"))[1] == {"calls": []}


async def test_the_stream_tells_each_call_once(house: Any, door: Any) -> None:
    seen: list[str] = []
    async for line in door.client.stream():
        if line["type"] == "snapshot":
            house.journal.calls.take(call("look 1"))
            house.journal.calls.take(call("look 2"))
        elif line["type"] == "call":
            seen.append(line["call"]["intent"])
            assert "query" not in line["call"]
            if len(seen) == 2:
                break
    assert seen == ["look 1", "look 2"]


async def test_the_stream_tells_how_many_calls_were_made_where_that_is_another_number(
    house: Any, door: Any
) -> None:
    house.journal.calls.take(call("look 1"))
    house.clock.advance(10.0)
    rates: list[Any] = []
    async for line in door.client.stream():
        if line["type"] == "snapshot":
            rates.append(line["snapshot"]["rates"])
            house.journal.calls.take(call("look 2", 503))
            house.clock.advance(10.0)
        elif line["type"] == "rates":
            rates.append(line["rates"])
            break
    assert [(told["minutes"][-1], told["server_errors"]) for told in rates] == [(1, 0), (2, 1)]
    assert sum(rates[0]["minutes"]) == 1


async def test_the_detail_tells_what_was_said_of_a_failure(house: Any, failed: Any, door: Any) -> None:
    await house.until(lambda: house.record().state == "failed")
    _, told = await door.get("/v1/nodes/node01")
    (stay,) = [one for one in told["timeline"] if one.get("mark") == "failed"]
    assert stay["why"] == told["entity"]["error"]["message"]


async def test_timelines_are_those_of_the_names_that_there_are(house: Any, failed: Any, door: Any) -> None:
    await house.until(lambda: house.journal.mirror.records["node01"].state == "failed")
    status, told = await door.get("/v1/timelines?names=nobody,node01,node01")
    (one,) = told["timelines"]
    assert (status, one["name"], one["kind"], one["cluster"]) == (200, "node01", "node", "demo")
    marks = [stay["mark"] for stay in one["stays"] if "mark" in stay]
    assert marks == ["failed"] and one["stays"][-1]["nature"] == "stopped"
    assert told["now"] >= one["stays"][-1]["started"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/timelines", "names is missing"),
        ("/v1/timelines?names=" + ",".join(f"n{number}" for number in range(61)), "at most 60"),
        ("/v1/calls?limit=0", "limit: expected"),
        ("/v1/calls?bodies=yes", "bodies: expected"),
        ("/v1/calls?service=vpc", 'no parameter "service"'),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_a_sentence(door: Any, path: str, said: str) -> None:
    status, told = await door.get(path)
    assert status == 400 and said in told["error"]["message"]


async def test_the_last_audit_is_told_again_without_another_look(house: Any, door: Any) -> None:
    assert await door.get("/v1/audit/last") == (200, {"findings": []}), "nobody has looked"
    looks = []

    async def audit(mirror: Any) -> list[Finding]:
        looks.append(house.clock.now())
        return [Finding("unknown", "thing", "a", "a-1", None, "rm a")]

    house.toy.audit = audit
    told = await door.client.audited()
    house.clock.advance(60)
    assert await door.client.last_audit() == told
    assert told["looked"] == looks[0] and len(looks) == 1

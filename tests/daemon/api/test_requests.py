"""A request is done or refused with a reason, in the one format of errors, and is never done twice."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
from typing import Any

import pytest

from daemon.client import DaemonRefused
from daemon.engine.context import StepContext
from daemon.errors.tree import OutsideError, StoreError
from state_machines.outcome import Done, Wait

ME = pwd.getpwuid(os.getuid()).pw_name


def is_error(body: Any, code: str) -> bool:
    """Whether the body is an error as docs/api.md says, of this code and with something to do."""
    error = body["error"]
    assert {"code", "message", "remedy", "retry"} <= set(error)
    assert error["message"] and error["remedy"] and error["retry"] in ("never", "later", "now")
    return bool(error["code"] == code)


async def test_the_verbs_of_each_kind_are_told_with_how_they_are_asked_for(house: Any, door: Any) -> None:
    told = (await door.client.verbs())["verbs"]
    assert told == (await door.client.snapshot())["verbs"]
    await house.begin()
    for entity in (*(shot := await door.client.snapshot())["nodes"], *shot["clusters"]):
        assert [verb["name"] for verb in told["toy"][entity["kind"]]] == list(entity["can"])
    (destroy,) = [verb for verb in told["toy"]["cluster"] if verb["name"] == "destroy"]
    assert (destroy["consent"], destroy["deletes"], destroy["goal"]) == ("name", "always", "gone")
    assert destroy["question"].format("demo") == "Destroy demo?"


async def test_the_steps_are_told_in_order_with_their_deadlines_and_what_they_took(
    house: Any, door: Any
) -> None:
    await house.sow("node01")
    house.toy.script["settling"] = [Wait("the test", "it goes on", 100.0), Done()]
    await house.tell("node01", "start")
    await house.pass_time(100)
    told = (await door.client.steps())["steps"]["toy"]
    assert [(step["name"], step["place"]) for step in told["node"]] == [("making", 1), ("settling", 2)]
    settling = told["node"][1]
    assert (settling["title"], settling["deadline"]) == ("settling", 1000.0)
    assert (settling["usual"], settling["slow_after"], settling["runs"]) == (100.0, None, 1)
    assert [step["name"] for step in told["cluster"]] == ["gathering"]


async def test_the_timeline_begins_with_this_one_and_not_with_a_destroyed_namesake(
    house: Any, door: Any
) -> None:
    await door.client.apply(door.spec)
    await house.idle()
    await door.client.verb("destroy", "demo", meant=True)
    await house.pass_time(600)
    assert house.mirror.records == {}
    await door.client.apply(door.spec)
    await house.idle()
    stays = (await door.client.show("node01"))["timeline"]
    assert [stay["state"] for stay in stays] == ["making", "settling", "ready"]


async def test_whoever_asks_with_an_old_record_sees_it_as_it_is_now_and_so_does_everybody_after(
    house: Any, door: Any
) -> None:
    await house.sow("node01")
    old = house.record("node01")
    await house.tell("node01", "start")
    house.views.entity(old)
    assert (await door.client.show("node01"))["entity"]["state"] == "ready"


async def test_the_same_verb_given_many_times_at_once_is_accepted_once(house: Any, door: Any) -> None:
    await house.sow("node01")
    house.toy.script["making"] = Wait("the test", "it goes on", 1000.0)
    await house.tell("node01", "start")
    asked = (door.client.verb("hold", "node01") for _ in range(5))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, dict) for answer in answers) == 1
    assert sum(isinstance(answer, DaemonRefused) for answer in answers) == 4


async def test_a_verb_is_accepted_when_it_is_durable_and_its_actor_is_who_asked(
    house: Any, failed: Any
) -> None:
    accepted = await failed.verb("retry", "node01", meant=True)
    (asked,) = await house.log(kind="verb")
    assert accepted == {"accepted": True, "revision": asked.revision, "along": []}
    assert (asked.actor, asked.message) == (ME, f"{ME} asked for retry of node01")
    await house.idle()
    by = {e.data["by"]: e.actor for e in await house.log(kind="transition")}
    assert by["retry"] == ME


async def test_the_same_token_twice_is_one_effect(house: Any, failed: Any) -> None:
    house.toy.script["settling"] = [OutsideError("bad_request")] * 9
    for _ in range(3):
        assert (await failed.verb("retry", "node01", token="once", meant=True))["accepted"]
        await house.idle()
    assert (house.record().attempt, house.record().state) == (2, "failed")
    house.toy.script["settling"] = []
    await failed.verb("retry", "node01", token="twice", meant=True)
    await house.idle()
    assert (house.record().attempt, house.record().state) == (3, "ready")
    assert (await failed.verb("retry", "node01", token="once", meant=True))["accepted"]
    assert len(await house.log(kind="verb")) == 2


async def test_the_same_token_at_the_same_moment_is_one_effect(house: Any, failed: Any) -> None:
    house.toy.script["settling"] = [OutsideError("bad_request")] * 9
    told = await asyncio.gather(
        *(failed.verb("retry", "node01", token="once", meant=True) for _ in range(4)), return_exceptions=True
    )
    await house.idle()
    assert any(isinstance(one, dict) for one in told)
    assert house.record().attempt == 2


@pytest.mark.parametrize(
    ("verb", "target", "status", "code"),
    [
        ("retry", "nobody", 404, "unknown"),
        ("hold", "node01", 409, "refused"),
        ("destroy", "node01", 400, "request"),
        ("explode", "node01", 400, "request"),
    ],
)
async def test_a_verb_that_cannot_be_is_refused_with_the_reason_and_changes_nothing(
    house: Any, failed: Any, verb: str, target: str, status: int, code: str
) -> None:
    before = await failed.snapshot()
    with pytest.raises(DaemonRefused) as caught:
        await failed.verb(verb, target, meant=True)
    assert (caught.value.status, caught.value.error["code"]) == (status, code)
    assert caught.value.error["remedy"]
    if status == 409:
        assert caught.value.error["message"] == before["nodes"][0]["can"][verb]
        assert "nxd retry node01" in caught.value.error["remedy"]
        assert "rollback" not in caught.value.error["remedy"], "nothing need be deleted"
    assert await failed.snapshot() == before


async def test_what_the_platform_vetoes_is_refused_in_its_words(house: Any, failed: Any) -> None:
    house.toy.vetoes["retry"] = "Not on a Sunday."
    assert (await failed.show("node01"))["entity"]["can"]["retry"] == "Not on a Sunday."
    with pytest.raises(DaemonRefused, match="Not on a Sunday"):
        await failed.verb("retry", "node01", meant=True)


async def test_a_verb_that_waits_is_shown_as_a_wish_and_not_taken_again(house: Any, door: Any) -> None:
    under_way, answered = asyncio.Event(), asyncio.Event()

    async def slow(ctx: StepContext) -> Wait:
        under_way.set()
        await answered.wait()
        return Wait("x", "y", 9.0)

    house.toy.script["settling"] = slow
    await house.sow("node01")
    await house.ask("node01", "start")
    await under_way.wait()
    await door.client.verb("hold", "node01")
    assert (await door.client.show("node01"))["entity"]["wish"] == "hold"
    with pytest.raises(DaemonRefused, match="asked for already"):
        await door.client.verb("hold", "node01")
    answered.set()
    await house.idle()
    shown = (await door.client.show("node01"))["entity"]
    assert (shown["state"], shown["wish"]) == ("held", None)


async def test_a_deletion_is_done_only_by_the_plan_that_was_shown(house: Any, failed: Any) -> None:
    plan = await failed.plan("rollback", "node01")
    assert [(i["action"], i["kind"], i["name"], i["id"]) for i in plan["items"]] == [
        ("delete", "thing", "a", "id-a-1")
    ]
    with pytest.raises(DaemonRefused) as caught:
        await failed.verb("rollback", "node01", digest="0" * 16)
    assert (caught.value.status, caught.value.error["code"]) == (409, "plan_changed")
    await house.idle()
    assert (house.record().state, list(house.toy.outside.objects)) == ("failed", ["a"])
    await failed.verb("rollback", "node01", digest=plan["digest"])
    await house.idle()
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})
    with pytest.raises(DaemonRefused):
        await failed.apply("platform: toy\ncluster: c\nnodes: [{name: n}]\n", "0" * 16)


@pytest.mark.parametrize("path", ["/v1/specs", "/v1/plans", "/v1/verbs"])
@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "null",
        "3",
        "",
        b"\xff\xfe",
        {},
        {"strange": 1},
        {"spec": 3, "verb": 3, "target": 3},
        {"verb": 3, "target": "node01"},
        b'{"verb": "retry", "target": "node01", "spec": "\\ud800"}',
    ],
    ids=lambda body: ascii(body),
)
async def test_a_body_that_makes_no_sense_is_400_and_changes_nothing(
    house: Any, failed: Any, door: Any, path: str, body: Any
) -> None:
    before = await failed.snapshot()
    status, answer = await door.post(path, body)
    assert status == 400 and is_error(answer, "request")
    assert await failed.snapshot() == before


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (
            "/v1/verbs",
            '{"verb": "protect", "target": "node01", "verb": "retry"}',
            'The key "verb" stands in the body',
        ),
        ("/v1/plans", '{"spec": "a", "spec": "b"}', 'The key "spec" stands in the body'),
        ("/v1/preflights", '{"spec": "a", "spec": "a"}', 'The key "spec" stands in the body'),
        ("/v1/specs", '{"spec": {"a": 1, "a": 2}}', 'The key "a" stands in the body'),
        ("/v1/audit/deletions", '{"ids": ["a"], "ids": ["b"]}', 'The key "ids" stands in the body'),
        ("/v1/verbs", '{"verb": NaN, "target": "node01"}', "The body is not JSON."),
        ("/v1/verbs", '{"verb": "retry", "target": -Infinity}', "The body is not JSON."),
        ("/v1/plans", '{"spec": "a", "verb": "retry"}', "A plan is that of a spec or that of a verb"),
    ],
)
async def test_a_body_of_which_nobody_can_tell_what_it_means_is_refused(
    house: Any, failed: Any, door: Any, path: str, body: str, said: str
) -> None:
    before = await failed.snapshot()
    status, answer = await door.post(path, body)
    assert status == 400 and is_error(answer, "request")
    assert answer["error"]["message"].startswith(said)
    assert await failed.snapshot() == before


@pytest.mark.parametrize("path", ["/v1/verbs", "/v1/plans"])
@pytest.mark.parametrize(
    ("verb", "target"),
    [("resume", "node01"), ("rollback", "node01"), ("protect", "demo"), ("unprotect", "demo")],
)
async def test_a_step_for_a_verb_that_takes_none_is_refused(
    house: Any, failed: Any, door: Any, path: str, verb: str, target: str
) -> None:
    before = await failed.snapshot()
    status, answer = await door.post(path, {"verb": verb, "target": target, "step": "making"})
    assert status == 400 and is_error(answer, "request")
    assert answer["error"]["message"] == f"{verb} takes no step; retry and hold do."
    assert await failed.snapshot() == before


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"this is no HTTP\r\n\r\n", 400),
        (b"GET /v1/healthz HTTP/9.9.9\r\n\r\n", 400),
        (b"GET /v1/healthz HTTP/1.1\r\nHost nxd\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"POST /v1/verbs HTTP/1.1\r\nHost: nxd\r\nContent-Length: -3\r\n\r\n", 400),
        (b"GET /v1/healthz HTTP/1.1\r\nHost: nxd\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 400),
        (b"GET /v1/healthz HTTP/1.1\r\nHost: nxd\r\nExpect: a miracle\r\nConnection: close\r\n\r\n", 417),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_what_is_no_request_is_answered_in_the_format_of_errors(
    door: Any, sent: bytes, status: int
) -> None:
    reader, writer = await asyncio.open_unix_connection(door.socket)
    writer.write(sent)
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    writer.close()
    assert head.split()[1] == b"%d" % status and b"Content-Type: application/json" in head
    assert is_error(json.loads(body), "request") and len(body) < 1000


async def test_who_asks_before_he_sends_a_body_is_told_to_send_it(failed: Any, door: Any) -> None:
    answer = await door.raw.post(
        "/v1/plans", content=b'{"verb": "retry", "target": "node01"}', headers={"Expect": "100-continue"}
    )
    assert answer.status_code == 200 and answer.json()["verb"] == "retry"


@pytest.mark.parametrize("key", ["token", "digest", "step"])
@pytest.mark.parametrize("value", ['{"a": 1}', "3", '""', '"half a pair \\ud800"'])
async def test_what_no_database_can_hold_is_refused_at_the_door(
    house: Any, failed: Any, door: Any, key: str, value: str
) -> None:
    before = await failed.snapshot()
    body = f'{{"verb": "retry", "target": "node01", "{key}": {value}}}'
    status, answer = await door.post("/v1/verbs", body)
    assert status == 400 and is_error(answer, "request")
    assert await failed.snapshot() == before


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/", 404, "request"),
        ("/v1/nothing", 404, "request"),
        ("/v1/plans", 405, "request"),
        ("/v1/nodes/nobody", 404, "unknown"),
        ("/v1/nodes/demo", 404, "unknown"),
        ("/v1/clusters/node01", 404, "unknown"),
        ("/v1/nodes/..%2f..%2fetc", 404, "unknown"),
    ],
)
async def test_what_does_not_exist_is_refused_in_the_format_of_errors(
    house: Any, failed: Any, door: Any, path: str, status: int, code: str
) -> None:
    got, body = await door.get(path)
    assert got == status and is_error(body, code)


async def test_the_log_is_read_in_pieces(house: Any, failed: Any) -> None:
    everything = await failed.log()
    revision = everything["revision"]
    assert [e["revision"] for e in everything["events"]] == list(range(1, revision + 1))
    assert [e["revision"] for e in (await failed.log(after=1, limit=2))["events"]] == [2, 3]
    assert [e["revision"] for e in (await failed.log(tail=True, limit=2))["events"]] == [
        revision - 1,
        revision,
    ]
    assert (await failed.log(node="nobody"))["events"] == []
    assert {e["node"] for e in (await failed.log(node="node01"))["events"]} == {"node01"}


async def test_a_node_is_shown_with_its_stays_its_things_and_its_error(house: Any, failed: Any) -> None:
    house.clock.advance(5)
    shown = await failed.show("node01")
    assert [(s["state"], s["ended"] is None) for s in shown["timeline"]] == [
        ("making", False),
        ("settling", False),
        ("failed", True),
    ]
    entity = shown["entity"]
    assert (entity["kind"], entity["cluster"], entity["platform"]) == ("node", "demo", "toy")
    assert (entity["phase"], entity["step"], entity["step_index"], entity["step_count"]) == (
        "failed",
        "settling",
        2,
        2,
    )
    assert entity["resources"] == [{"kind": "thing", "id": "id-a-1", "name": "a", "state": "present"}]
    assert entity["error"]["evidence"] == "HTTP 400"


async def test_a_step_that_does_not_exist_is_a_mistake_of_whoever_asks_and_the_steps_are_named(
    house: Any, failed: Any, door: Any
) -> None:
    for verb in ("hold", "retry"):
        status, body = await door.post("/v1/verbs", {"verb": verb, "target": "node01", "step": "nonsense"})
        assert status == 400 and is_error(body, "request")
        assert "no step nonsense" in body["error"]["message"] and "making" in body["error"]["remedy"]
    assert house.mirror.commands("node01") == []


async def test_without_a_database_a_verb_is_503_and_the_health_says_why(
    house: Any, failed: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(lease: Any, ops: Any, then: Any, patient: bool, otherwise: Any) -> asyncio.Future[Any]:
        refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        refused.set_exception(StoreError("database", evidence="database or disk is full"))
        otherwise(refused.exception())
        return refused

    assert (await failed.health())["ok"] is True
    monkeypatch.setattr(house.store, "commit", full)
    status, body = await door.post("/v1/verbs", {"verb": "retry", "target": "node01"})
    assert status == 503 and is_error(body, "database")
    assert house.mirror.commands("node01") == []
    health = await failed.health()
    assert health["ok"] is False
    assert health["problems"][0].startswith("The database cannot be written.")

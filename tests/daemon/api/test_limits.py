"""What comes by the socket is bounded and read beside everything else; no answer quotes a secret."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from typing import Any

import pytest

from daemon.api.app import BODY_LIMIT
from daemon.errors.tree import NxdError, OutsideError
from daemon.wire import SPEC_LIMIT
from state_machines.outcome import Fail

JSON = b'{"verb": "hold", "target": "node01"}'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip"}, b"this is not packed"),
        ({"Content-Encoding": "gzip"}, gzip.compress(JSON, mtime=0)[:15]),
        ({"Content-Encoding": "deflate"}, b"\xff\xfe"),
        ({"Content-Encoding": "br"}, b"nor this"),
        ({"Content-Type": "application/json; charset=martian"}, b"{}"),
        ({"Content-Type": "application/json; charset=utf-16"}, b"\xff"),
        ({"Transfer-Encoding": "chunked"}, b""),
    ],
)
async def test_a_body_that_makes_no_sense_is_400_and_no_fault_of_ours(
    door: Any, headers: dict[str, str], body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await door.raw.post("/v1/verbs", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert 10 < len(answer.text) < 500 and "Traceback" not in answer.text
    assert not any(record.exc_info for record in caplog.records)


async def test_a_body_that_is_too_long_is_told_how_long_it_may_be(door: Any) -> None:
    answer = await door.raw.post("/v1/verbs", content=b" " * (BODY_LIMIT + 1))
    assert answer.status_code == 413
    assert f"{BODY_LIMIT:,} bytes at most" in answer.json()["error"]["message"]


async def test_a_spec_that_is_too_long_is_told_how_long_it_may_be(door: Any) -> None:
    status, body = await door.post("/v1/plans", {"spec": door.spec + "#" * SPEC_LIMIT})
    assert status == 400 and f"{SPEC_LIMIT:,}" in body["problems"][0]["message"]


async def test_a_spec_as_long_as_it_may_be_freezes_nobody(door: Any) -> None:
    long = door.spec + "".join(f"  - {{name: x{n}, a: b}}\n" for n in range(9000))
    reading = asyncio.create_task(door.raw.post("/v1/plans", json={"spec": long}, timeout=60))
    slowest, asked, first = 0.0, 0, time.monotonic()
    while not reading.done():
        begun = time.monotonic()
        status, _ = await door.get("/v1/nodes")
        assert status == 200
        slowest, asked = max(slowest, time.monotonic() - begun), asked + 1
        await asyncio.sleep(0.005)
    assert (await reading).status_code == 400
    assert asked > 5
    whole = time.monotonic() - first
    assert slowest < whole / 2, f"the daemon did not answer for {slowest:.2f} s of {whole:.2f} s"


async def test_an_answer_that_quotes_the_request_puts_no_secret_into_record_log_or_answer(
    house: Any, door: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused(ctx: Any) -> Any:
        password = await ctx.secret("password", lambda: "correct/horse+battery")
        quoted = f'{{"password": "{password}"}} and correct%2Fhorse%2Bbattery'
        error = OutsideError("bad_request", f"It refused {password}.", evidence=quoted)
        return Fail(error.problem())

    house.toy.script["making"] = refused
    await house.begin("node01")
    assert house.record("node01").state == "failed"
    told = [
        str(house.record("node01").error),
        str(await house.log("node01")),
        str(await door.get("/v1/snapshot")),
        str(await door.get("/v1/log")),
        *(record.getMessage() for record in caplog.records),
    ]
    assert not [text for text in told if "horse" in text]
    assert "***" in str(house.record("node01").error)


async def test_a_refusal_that_never_becomes_a_record_quotes_no_secret_either(
    house: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.box.known.add("correct/horse+battery")

    async def refuse(*_: Any) -> Any:
        raise OutsideError(
            "bad_request", "It refused correct/horse+battery.", evidence="correct%2Fhorse%2Bbattery"
        )

    monkeypatch.setattr(house.toy, "preflight", refuse)
    status, told = await door.post("/v1/preflights", {"spec": door.spec})
    assert status == 400
    assert told["error"]["message"] == "It refused ***." and told["error"]["evidence"] == "***"


async def test_the_journal_of_the_host_says_who_asked_for_what(
    house: Any, door: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house.toy.script["making"] = NxdError("bad_request", "No.")
    await house.begin("node01")
    caplog.set_level("INFO")
    await door.post("/v1/verbs", {"verb": "retry", "target": "node01"})
    asked = [vars(record) for record in caplog.records if record.msg == "asked"]
    (event,) = [event for event in await house.log("node01", "verb") if "asked for retry" in event.message]
    told = {"actor": event.actor, "record": "node01", "said": event.message}
    assert told.items() <= asked[0].items()
    await house.until(lambda: any(record.msg == "transition" for record in caplog.records))
    moved = [record for record in caplog.records if record.msg == "transition"]
    assert {"record": "node01", "from": "failed", "to": "making", "by": "retry"}.items() <= vars(
        moved[0]
    ).items()


async def test_a_reader_who_asks_for_lines_that_are_no_longer_kept_is_told_so(house: Any, door: Any) -> None:
    await house.begin("node01")
    last = house.mirror.revision
    await house.journal.prune(90.0, 0)
    async with door.raw.stream("GET", "/v1/events?after=0") as stream:
        lines = stream.aiter_lines()
        first, second = [json.loads(await anext(lines)) for _ in range(2)]
    assert first["type"] == "snapshot"
    assert (second["type"], second["revision"]) == ("gap", last)
    async with door.raw.stream("GET", f"/v1/events?after={last}") as stream:
        lines = stream.aiter_lines()
        kinds = [json.loads(await anext(lines))["type"] for _ in range(2)]
    assert kinds == ["snapshot", "heartbeat"]
    status, log = await door.get("/v1/log")
    assert (status, log["begins"], log["revision"]) == (200, last + 1, last)
    assert {event["kind"] for event in log["events"]} == {"transition"}

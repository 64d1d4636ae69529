"""Whatever stands behind a path is understood, or refused in one sentence that names it and says what it may be."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.api.parameters import MOST_LINES, PARAMETERS, Number

NUMBERS = [
    (path, key, kind) for path, known in PARAMETERS.items() for key, kind in known.items() if kind is not None
]
WRONG = ("-1", "abc", "", "%C2%B2", "1.5", "1e3", "+1", "0x10", "%201", "99999999999999999999999", "9" * 5000)


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:12])
@pytest.mark.parametrize(("path", "key", "kind"), NUMBERS)
async def test_a_number_that_is_none_is_refused_in_a_sentence(
    house: Any, door: Any, path: str, key: str, kind: Number, text: str
) -> None:
    status, body = await door.get(f"{path.format(name='node01')}?{key}={text}")
    error = body["error"]
    assert (status, error["code"]) == (400, "request") and error["remedy"]
    assert error["message"].startswith(
        f"{key}: expected a whole number from {kind.lowest} to {kind.highest},"
    )
    assert len(error["message"]) < 140


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("/v1/log?limit=0", 'limit: expected a whole number from 1 to 10000, found "0".'),
        ("/v1/log?limit=10001", 'limit: expected a whole number from 1 to 10000, found "10001".'),
        ("/v1/log?limit=-1", 'limit: expected a whole number from 1 to 10000, found "-1".'),
        ("/v1/log?tail=2", 'tail: expected a whole number from 0 to 1, found "2".'),
        ("/v1/events?first=0", 'first: expected a whole number from 1 to 999999999999999999, found "0".'),
        ("/v1/log?limt=5", 'There is no parameter "limt"; there are after, limit, tail, cluster, node.'),
        ("/v1/events?limit=5", 'There is no parameter "limit"; there are after, first.'),
        ("/v1/healthz?a=1", 'There is no parameter "a"; /v1/healthz takes none.'),
        ("/v1/log?limit=5&limit=6", "limit stands there more than once: give it once."),
    ],
)
async def test_the_sentence_says_what_it_may_be(house: Any, door: Any, query: str, message: str) -> None:
    status, body = await door.get(query)
    assert (status, body["error"]["code"], body["error"]["message"]) == (400, "request", message)


@pytest.mark.parametrize("limit", [1, MOST_LINES])
async def test_the_bounds_themselves_are_taken(house: Any, door: Any, limit: int) -> None:
    await house.sow("node01")
    status, body = await door.get(f"/v1/log?after=0&limit={limit}&tail=0&cluster=demo&node=node01")
    assert (status, body["events"]) == (200, [])


async def test_every_path_refuses_a_parameter_that_it_does_not_know(house: Any, door: Any) -> None:
    await house.sow("node01")
    asked = 0
    for route in house.api.app().router.routes():
        path = route.resource.canonical.replace("{name}", "node01")
        answer = await door.raw.request(
            route.method, f"{path}?strange=1", json={} if route.method == "POST" else None
        )
        assert answer.status_code == 400, (route.method, path)
        if route.method != "HEAD":
            assert answer.json()["error"]["message"].startswith('There is no parameter "strange"')
        asked += 1
    assert asked > 20


async def test_a_path_that_is_none_is_told_as_that_whatever_stands_behind_it(house: Any, door: Any) -> None:
    assert (await door.get("/v1/nothing?strange=1"))[0] == 404
    assert (await door.get("/v1/plans?strange=1"))[0] == 405


@pytest.mark.parametrize("path", ["/v1/snapshot", "/v1/log", "/v1/events", "/v1/nodes/node01", "/v1/healthz"])
async def test_a_path_that_is_only_read_refuses_a_body(house: Any, door: Any, path: str) -> None:
    await house.sow("node01")
    answer = await door.raw.request("GET", path, content=b'{"limit": 5}')
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"GET {path} takes no body."

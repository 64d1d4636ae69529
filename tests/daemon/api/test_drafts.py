"""What somebody writes and has not applied is kept sealed, told without its text, and forgotten once it is applied."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.client import DaemonRefused
from daemon.requests.drafts import MOST
from daemon.wire import SPEC_LIMIT


async def test_a_draft_is_kept_sealed_under_its_name_and_the_last_one_counts(house: Any, door: Any) -> None:
    kept = await door.client.keep_draft("demo", "cluster: demo\npassword: open-sesame-1001\n")
    assert kept["name"] == "demo" and "spec" not in kept
    await door.client.keep_draft("demo", "cluster: demo\n")
    await door.client.keep_draft("other", "half a spec: [")
    listed = await door.client.drafts()
    assert sorted(one["name"] for one in listed) == ["demo", "other"] and all(
        "spec" not in one for one in listed
    )
    assert (await door.client.draft("demo"))["spec"] == "cluster: demo\n"
    assert (await door.client.draft("other"))["spec"] == "half a spec: ["
    sealed = b"".join(house.mirror.secrets.values())
    assert b"cluster" not in sealed and b"sesame" not in sealed


async def test_it_is_forgotten_by_a_word_and_once_it_was_applied_as_it_stands(house: Any, door: Any) -> None:
    await door.client.keep_draft("demo", door.spec)
    await door.client.keep_draft("other", "x")
    assert await door.client.drop_draft("other") == {"dropped": True}
    await door.client.apply(door.spec.replace("node02", "node03"))
    assert [one["name"] for one in await door.client.drafts()] == ["demo"], "another spec was applied"
    await house.idle()
    plan = await door.client.plan_spec(door.spec)
    await door.client.apply(door.spec, plan["digest"])
    assert await door.client.drafts() == []


@pytest.mark.parametrize("name", ["", "Demo", "a/b", "../x", "x" * 64, "a b", "draft:a"])
async def test_a_name_that_no_cluster_has_is_refused(door: Any, name: str) -> None:
    status, body = await door.post("/v1/drafts", {"name": name, "spec": "x"})
    assert status == 400 and body["error"]["code"] == "request"


async def test_there_are_bounds(door: Any) -> None:
    status, body = await door.post("/v1/drafts", {"name": "a", "spec": "x" * (SPEC_LIMIT + 1)})
    assert status == 400 and f"{SPEC_LIMIT:,}" in body["error"]["message"]
    for number in range(MOST):
        await door.client.keep_draft(f"n{number}", "x")
    with pytest.raises(DaemonRefused, match="drafts are kept already"):
        await door.client.keep_draft("more", "x")
    await door.client.keep_draft("n1", "y")
    with pytest.raises(DaemonRefused, match="no draft of the name"):
        await door.client.draft("more")

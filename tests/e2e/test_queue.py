"""More nodes than may install at once wait in line, say so, and lose nothing by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client
from tests.e2e.deployments import THREE_NODES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

WHOLE = ("creating_server", "awaiting_boot", "awaiting_config", "installing")


def test_one_installs_after_the_other_and_who_waits_says_for_which_limit(
    rig: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is longer than the deadline of the step in which they wait, and of the cluster that waits for them."""
    monkeypatch.setenv("NXD_LIMITS_INSTALLS", "1")
    one = rig()
    spec = yaml.safe_load(THREE_NODES)
    spec["deadlines"] = {"creating_server": "5m", "deploying": "12m"}  # ten times as long at this speed
    said: list[str] = []
    with Client(one.stage.socket) as client:
        client.apply(yaml.safe_dump(spec))
        waited = set()
        for line in client.stream():
            entity = line.get("entity")
            if entity and entity["waiting_for"] == "a free place to install":
                waited.add((entity["name"], entity["evidence"]))
            if entity and entity["name"] == "demo" and entity["step"] not in (None, "pending", "preflight"):
                assert entity["phase"] == "working", entity
                if entity["state"] != "deploying":
                    break
        code = wait_for(one.stage.socket, "demo", "active", 120, PlainLines("demo", said.append))
        assert code == 0, "\n".join(said)
        events = client.log(limit=10_000)["events"]
    assert len({name for name, _ in waited}) == 2
    assert {evidence for _, evidence in waited} == {"limits.installs is 1, and so many nodes install now"}
    installing: set[str] = set()
    for event in events:
        if event["message"].startswith("made server"):
            installing.add(event["node"])
            assert len(installing) == 1, f"{installing} install at once"
        elif event["kind"] == "transition" and event["data"]["to"] not in WHOLE:
            installing.discard(event["node"] or "")
    assert set(one.counts()["installs"].values()) == {1}

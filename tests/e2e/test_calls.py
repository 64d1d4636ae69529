"""Every call that the daemon made stands in its call log as the other side's own journal has it, and no secret does."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from cryptography.fernet import Fernet

from daemon.client import Client
from daemon.wire import CallView
from tests.e2e.deployments import nxd, run_to, spec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

OURS = ("vpc", "dns", "metadata", "prism")
"""Services that nobody but the daemon asks while a cluster is made."""
NODES = ("node01", "node02", "node03")


def secrets_of(one: Any) -> list[str]:
    """Every secret that the daemon has sealed, opened with its own key."""
    state = one.stage.directory / "state"
    box = Fernet((state / "secret.key").read_bytes().strip())
    with closing(sqlite3.connect(f"file:{state / 'nxd.db'}?mode=ro", uri=True)) as db:
        return [box.decrypt(sealed).decode() for (sealed,) in db.execute("SELECT sealed FROM secrets")]


def journal(one: Any) -> list[dict[str, Any]]:
    """What the simulated services were asked by the daemon, and have answered."""
    return [call for call in one._ask("/calls")["calls"] if call["service"] in OURS and call["status"]]


def owner_of(call: dict[str, Any], names: dict[str, str]) -> str | None:
    """The node that a call is about, by the objects in its path and the name in its body."""
    body = call["body"] if isinstance(call["body"], dict) else {}
    about = [names.get(part, "") for part in call["path"].partition("?")[0].split("/")]
    about += [str(body.get("name", ""))]
    return next((node for text in about for node in NODES if f"demo-{node}-" in text), None)


@pytest.fixture
def made(rig: Callable[..., Any]) -> Any:
    """A cluster that was deployed while one call in five failed, and many were one too many."""
    one = rig(scenarios=("sporadic-errors", "rate-limit-seconds"))
    with Client(one.stage.socket) as client:
        client.apply(spec())
    run_to(one.stage, "active", 200)
    return one


def test_every_call_of_the_other_sides_journal_is_listed_with_status_try_and_request_id_and_no_secret(
    made: Any,
) -> None:
    theirs = journal(made)
    time.sleep(0.5)  # what has just been answered is on its way
    with Client(made.stage.socket) as client:
        kept = client.calls_made(limit=10_000, bodies=True)
        login = client.login("demo")
        of_nodes = {node: client.calls_made(limit=10_000, target=node, bodies=True) for node in NODES}
    by_id = {call["request_id"]: call for call in kept if "request_id" in call}
    assert len(theirs) > 200

    wrong = [one for one in theirs if not matches(one, by_id.get(one["request_id"]))]
    assert wrong == []
    names = {thing["id"]: thing["name"] for thing in made.inventory()["objects"]}
    checked = 0
    for one in theirs:
        node = owner_of(one, names)
        if node is not None and "-cluster-" not in json.dumps(one["body"]):
            assert by_id[one["request_id"]]["target"] == node, one
            checked += 1
    assert checked > 100
    for node, calls in of_nodes.items():
        assert calls == [call for call in kept if call["target"] == node]
        assert {call["status"] for call in calls} >= {200, 201, 500}

    assert [call["tries"] for call in kept] == tries_of(kept)
    assert max(call["tries"] for call in kept) > 1
    assert any(call["status"] == 429 for call in kept)
    assert all(call["failed"] for call in kept if call["status"] in (429, 500))
    assert [call["id"] for call in kept] == sorted({call["id"] for call in kept})

    written = json.dumps(kept) + nxd(made, "calls", "--bodies", "-n", "10000").stdout
    for secret in (*secrets_of(made), login["password"], "eyJ", "Bearer "):
        assert secret not in written, "a secret stands in the call log"
    assert any("sent" in call for call in kept) and any("answered" in call for call in kept)


def matches(theirs: dict[str, Any], ours: CallView | None) -> bool:
    """Whether a call is told as the other side has it."""
    return ours is not None and (
        ours["method"] == theirs["method"]
        and ours["status"] == theirs["status"]
        and ours["path"].endswith(theirs["path"].partition("?")[0])
        and ours["service"] == theirs["service"]
    )


def tries_of(calls: list[CallView]) -> list[int]:
    """Which try each one is: one more than failed in a row before, of the same intent."""
    failed: Counter[tuple[str | None, str]] = Counter()
    tries = []
    for call in calls:
        key = (call["target"], call["intent"])
        tries.append(failed[key] + 1)
        failed[key] = tries[-1] if call["failed"] else 0
    return tries


def test_the_command_filters_and_its_columns_are_for_programs(made: Any) -> None:
    failed = nxd(made, "calls", "node01", "status:5xx", "service:vpc", "-n", "10000").stdout.splitlines()
    assert failed and all(line.split("\t")[1] == "node01" for line in failed)
    assert {line.split("\t")[6] for line in failed} == {"500"}
    again = json.loads(nxd(made, "calls", "try:>1", "--json", "-n", "10000").stdout)["calls"]
    assert again and all(call["tries"] > 1 for call in again)
    asked = nxd(made, "calls", "nosuch:1")
    assert asked.returncode == 2 and "There is no field 'nosuch'" in asked.stderr
    assert nxd(made, "calls", "nobody").returncode == 2

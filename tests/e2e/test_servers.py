"""A server that goes is shown by its name before it does, and what it knew is worth nothing afterwards."""

from __future__ import annotations

import http.client
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from cryptography.fernet import Fernet

from daemon.client import Client, DaemonRefused
from tests.e2e.deployments import entities, impatient, nxd, settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_a_retry_of_a_node_whose_server_failed_says_which_server_goes_and_which_comes(
    rig: Callable[..., Any],
) -> None:
    one = rig("node01:server", "node02:boot")
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, _ = settled(one.stage)
        assert code == 1
        plan = client.plan("retry", "node01")
        told = [(item["action"], item["kind"], item["name"]) for item in plan["items"]]
        assert told == [
            ("delete", "server", "demo-node01-host-bms"),
            ("create", "server", "demo-node01-host-bms-2"),
        ]
        assert client.plan("retry", "node01", "reserving_ips")["items"] == plan["items"]
        assert client.plan("retry", "node02")["items"] == []
        with pytest.raises(DaemonRefused) as refused:
            client.verb("retry", "node01", digest=client.plan("retry", "node02")["digest"])
        assert refused.value.error["code"] == "plan_changed"
        asked = nxd(one, "retry", "node01")
        assert (asked.returncode, "not a terminal" in asked.stderr) == (4, True)
        assert "- " in asked.stdout and "demo-node01-host-bms-2" in asked.stdout
        assert entities(client)["node01"]["state"] == "failed"
        assert nxd(one, "retry", "node02").returncode == 0
        assert nxd(one, "retry", "node01", "--plan", plan["digest"]).returncode == 0
        code, said = settled(one.stage)
        assert code == 0, said
        made = entities(client)["node01"]["resources"]
        servers = {thing["name"]: thing["state"] for thing in made if thing["kind"] == "server"}
        assert servers == {"demo-node01-host-bms": "gone", "demo-node01-host-bms-2": "present"}


def boot_tokens(one: Any, node: str) -> list[str]:
    """What the user data of each server of a node holds, oldest first, opened with the daemon's own key."""
    state = one.stage.directory / "state"
    box = Fernet((state / "secret.key").read_bytes().strip())
    with closing(sqlite3.connect(f"file:{state / 'nxd.db'}?mode=ro", uri=True)) as db:
        found = db.execute(
            "SELECT sealed FROM secrets WHERE name LIKE ? ORDER BY name", (f"{node}/boot_token%",)
        )
        return [box.decrypt(sealed).decode() for (sealed,) in found]


def asked_from(source: str, url: str) -> tuple[int, bytes]:
    """What a machine at an address is answered."""
    parts = urlsplit(url)
    door = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10, source_address=(source, 0))
    try:
        door.request("GET", f"{parts.path}?{parts.query}")
        answer = door.getresponse()
        return answer.status, answer.read()
    finally:
        door.close()


def test_the_boot_token_of_a_server_that_was_replaced_opens_nothing_any_more(rig: Callable[..., Any]) -> None:
    one = rig("node02:install")
    base = yaml.safe_load(one.stage.config.read_text())["boot"]["url"]
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, _ = settled(one.stage)
        assert code == 1
        (old,) = boot_tokens(one, "node02")
        client.verb("replace", "node02", digest=client.plan("replace", "node02")["digest"])
        code, said = settled(one.stage)
        assert code == 0, said
        tokens = boot_tokens(one, "node02")
        assert tokens[0] == old and len(set(tokens)) == 2
        address = entities(client)["node02"]["addresses"]["mgmt"]
        before = client.snapshot()["revision"]
        script = f"{base}/boot/ipxe/node02?token="
        refused, given = asked_from(address, script + old), asked_from(address, script + tokens[1])
        assert (refused[0], given[0]) == (404, 200)
        assert given[1].startswith(b"#!ipxe") and b"ipxe" not in refused[1]
        assert refused == asked_from(address, script + "guessed")
        said = [event["message"] for event in client.log(after=before)["events"]]
    assert sum("turned away" in line and "the token is wrong" in line for line in said) >= 1
    assert not [line for line in said if old in line]

"""A boot image that is not as it was pinned is found before a server is rented, told everywhere, and waited for."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client
from tests import commands
from tests.e2e.deployments import THREE_NODES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

INITRD = "initrd-foundation.img"


def nxd(one: Any, *command: str) -> subprocess.CompletedProcess[str]:
    return commands.run(("--config", str(one.stage.config), *command))


def flip(path: Path) -> None:
    """Turn one bit of a file over; once more, and it is as before."""
    with path.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)[0]
        file.seek(1000)
        file.write(bytes([byte ^ 4]))


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def servers(one: Any) -> int:
    return int(one.counts()["existing"].get("server", 0))


def test_a_flipped_bit_refuses_a_deployment_and_the_right_bytes_let_it_go_on(rig: Callable[..., Any]) -> None:
    one = rig()
    initrd = one.stage.directory / "images" / INITRD
    assert nxd(one, "images", "verify").returncode == 0
    flip(initrd)
    found = nxd(one, "images", "verify")
    assert found.returncode == 1 and f"{INITRD} is altered" in found.stderr
    with Client(one.stage.socket) as client:
        (check,) = [one for one in client.preflight(THREE_NODES) if one["name"] == "boot images"]
        assert check["result"] == "failed" and "pinned checksum" in check["detail"]
        assert "nxd images" in check["remedy"]
        client.apply(THREE_NODES)
        until(lambda: client.show("demo")["entity"]["state"] == "failed")
        assert servers(one) == 0 and sum(one.counts()["existing"].values()) == 0
        health = until(lambda: [said for said in client.health()["problems"] if INITRD in said])
        assert "Boot images cannot be served." in health[0]
        flip(initrd)
        assert nxd(one, "images", "verify").returncode == 0
        until(lambda: not client.health()["problems"])
        client.verb("retry", "demo", meant=True)
        until(lambda: client.show("demo")["entity"]["state"] == "active", 90)
    assert servers(one) == 3


def test_an_image_that_changes_after_the_preflight_is_waited_for_before_a_server_is_ordered(
    rig: Callable[..., Any],
) -> None:
    one = rig(speed=120.0)
    initrd = one.stage.directory / "images" / INITRD
    with Client(one.stage.socket) as client:
        client.apply(THREE_NODES)
        until(lambda: client.show("demo")["entity"]["state"] == "deploying")
        flip(initrd)
        waiting = until(
            lambda: [
                node
                for node in client.snapshot()["nodes"]
                if (node["state"], node["phase"]) == ("creating_server", "attention")
                and node["waiting_for"] == "its boot images"
            ]
        )
        assert servers(one) == 0
        assert "pinned checksum" in waiting[0]["evidence"]
        assert any("nxd images" in way["text"] for way in waiting[0]["remedies"])
        shown = nxd(one, "show", waiting[0]["name"])
        assert "waits for its boot images" in shown.stdout and "nxd images verify" in shown.stdout
        assert nxd(one, "images", "rm", INITRD, "--yes").returncode == 4
        good = initrd.read_bytes()
        copy = one.stage.directory / "copy"
        copy.write_bytes(good[:1000] + bytes([good[1000] ^ 4]) + good[1001:])
        added = nxd(one, "images", "add", INITRD, str(copy), "--replace", "--json")
        assert json.loads(added.stdout)["state"] == "verified"
        until(lambda: client.show("demo")["entity"]["state"] == "active", 90)
    assert servers(one) == 3

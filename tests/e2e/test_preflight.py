"""A preflight that meets a passing trouble goes on where it was."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client import Client
from tests.e2e.deployments import THREE_NODES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

HICCUPS = [
    {"trigger": "vpc GET /images/{key}", "action": "html", "count": 2},
    {"trigger": "vpc GET /subnets/{subnet_id}/reserved_ips", "action": "empty", "count": 3},
    {"trigger": "dns GET */dnszones/{zone_id}", "action": "html", "count": 1},
]


def test_what_was_seen_before_a_hiccup_is_not_looked_at_again(
    rig: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NXD_DEADLINES_FACTOR", "20")  # it ends by itself, however busy this machine is
    one = rig(speed=120.0)
    control = one.stage.urls()["control_url"]
    urllib.request.urlopen(f"{control}/faults", json.dumps({"rules": HICCUPS}).encode()).close()
    with Client(one.stage.socket) as client:
        client.apply(THREE_NODES)
        until = time.monotonic() + 60
        while client.show("demo")["entity"]["state"] != "deploying":
            assert time.monotonic() < until, client.show("demo")["entity"]
            time.sleep(0.01)
        client.verb("hold", "demo")
    with urllib.request.urlopen(f"{control}/calls?after=0") as answer:
        calls = [call for call in json.load(answer)["calls"] if call["method"] == "GET"]
    looks = Counter(call["template"].rpartition("/dnszones")[2] or call["template"] for call in calls)
    assert looks["/images/{key}"] == 3 and looks["/{zone_id}"] == 2
    assert looks["/vpcs/{key}"] == looks["/bare_metal_server/profiles/{key}"] == 1
    assert looks["/security_groups/{key}"] <= 2

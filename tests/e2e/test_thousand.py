"""A thousand nodes in one simulated data centre and one daemon become active, and go again without a trace."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions
from tests.e2e.deployments import THREE_NODES
from tests.loopback import address, networks

NODES = int(os.environ.get("THOUSAND_NODES", "1000"))
SHAPES = {"forty clusters": NODES // 25, "one cluster": 1}
"""How many clusters the nodes form, by a name for each way."""
SPEED = 600.0
PATIENCE = 3000.0
WIDE = {
    "NXD_LIMITS_INSTALLS": "1000",
    "NXD_LIMITS_STEPS": "1024",
    "NXD_RATES_VPC_PER_SECOND": "2000",
    "NXD_RATES_DNS_PER_SECOND": "500",
    "NXD_POLL_SECONDS": "60",
}
STATES = (
    "preflight", "deploying", "reserving_ips", "registering_dns", "creating_vnis", "creating_server",
    "awaiting_boot", "awaiting_config", "installing", "awaiting_cvm", "creating_cluster", "awaiting_up",
    "changing_passwords", "joining_nodes", "configuring", "verifying_health", "release_nodes", "delete_dns",
    "delete_server", "delete_vnis", "release_ips",
)  # fmt: skip

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(2 * PATIENCE),
    pytest.mark.skipif(
        os.environ.get("THOUSAND") != "1", reason="takes many minutes: set THOUSAND=1 to run it"
    ),
]


def spec(number: int, nodes: int) -> str:
    """One of the clusters, with deadlines that a busy machine can keep."""
    document = yaml.safe_load(THREE_NODES)
    document["cluster"] = f"c{number:02d}"
    document["nodes"] = [{"name": f"n{number:02d}-{place:02d}"} for place in range(nodes)]
    ranges = {"management": [10, 1299], "ahv": [1300, 2599], "cvm": [2600, 3899], "cluster": [3900, 4000]}
    document["ibm"]["management"]["ranges"] = ranges
    document["ibm"]["workload"]["range"] = [10, 1299]
    document["deadlines"] = dict.fromkeys(STATES, "100h")
    return yaml.safe_dump(document)


def counts(stage: Demo) -> dict[str, Any]:
    with urllib.request.urlopen(stage.urls()["control_url"] + "/counts") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def states(stage: Demo) -> Counter[str]:
    with Client(stage.socket) as client:
        snapshot = client.snapshot()
    return Counter(node["state"] for node in snapshot["nodes"])


def until(stage: Demo, wanted: Counter[str]) -> float:
    """Wait until all nodes have the wanted states; the real seconds it took."""
    begun = time.monotonic()
    while (found := states(stage)) != wanted:
        assert time.monotonic() - begun < PATIENCE, found
        assert not {"failed", "rollback_blocked"} & set(found), found
        time.sleep(2)
    return time.monotonic() - begun


@pytest.mark.parametrize("clusters", SHAPES.values(), ids=SHAPES)
def test_a_thousand_nodes_become_active_and_nothing_is_left_of_them(
    clusters: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    nothing_broke: Callable[[Path], None],
) -> None:
    """All of them in one management subnet, a /20."""
    for name, value in WIDE.items():
        monkeypatch.setenv(name, value)
    stage = Demo(tmp_path / "stage")
    quotas = {"server": 2 * NODES, "record": 8 * NODES}
    stage.set_up(DemoOptions(SPEED, (), 1, *networks(20), quotas=quotas, listen=address()))
    nodes = NODES // clusters
    total = clusters * nodes
    made = {
        "reserved_ip": 4 * total + clusters,
        "vni": 2 * total,
        "server": total,
        "record": 4 * total + clusters,
    }
    try:
        with Client(stage.socket) as client:
            for number in range(clusters):
                client.apply(spec(number, nodes))
        up = until(stage, Counter(active=total))
        found = counts(stage)
        assert found["created"] == found["existing"] == made
        assert set(found["installs"].values()) == {1}
        with Client(stage.socket) as client:
            for number in range(clusters):
                client.verb("destroy", f"c{number:02d}", meant=True)
        down = until(stage, Counter())
        assert counts(stage)["existing"] == dict.fromkeys(made, 0)
        with capsys.disabled():
            print(f"\n{total} nodes active after {up:.0f} s, gone after {down:.0f} s; {found['calls']} calls")
    finally:
        stage.stop()
    nothing_broke(stage.directory / "serve.log")

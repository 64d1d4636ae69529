"""A proxy that sends every changing call twice makes nothing twice that stays, whatever the cloud checks first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client
from daemon.sim.world.behaviour import BY_HOLDING, BY_NAME
from tests.e2e.deployments import THREE_NODES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ONCE = {"reserved_ip": 13, "vni": 6, "server": 3}


@pytest.mark.parametrize("order", [BY_NAME, BY_HOLDING])
def test_a_cluster_is_deployed_and_goes_back_to_nothing_through_a_proxy_that_doubles_every_call(
    rig: Callable[..., Any], order: str
) -> None:
    one = rig(order=order, replays=1.0)
    with Client(one.stage.socket) as client:
        client.apply(THREE_NODES)
        assert wait_for(one.stage.socket, "demo", "active", 120, PlainLines("demo")) == 0
        existing = one.counts()["existing"]
        assert {kind: existing[kind] for kind in ONCE} == ONCE
        client.verb("destroy", "demo", meant=True)
        until = time.monotonic() + 90
        while client.clusters():
            assert time.monotonic() < until, [*client.nodes(), *client.clusters()]
            time.sleep(0.1)
        assert set(one.counts()["existing"].values()) == {0}

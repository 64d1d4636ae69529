"""Many servers that are waited for are looked at together, and nobody is misled by a list that lags."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from daemon.clock import ManualClock
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_vpc import open_vpc
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError
from daemon.platforms.ibm_nutanix.watch import MANY, SECONDS_FOR_EACH, ServerWatch

POLL = 60.0
JSON = {"Content-Type": "application/json"}


class NoToken:
    """Calls go out without a token."""

    def at_hand(self) -> str:
        return "none"

    def renounce(self) -> None:
        """There is none."""


class Scene:
    """A service with servers by id, what its list shows of them, and the watch that asks it by the real SDK."""

    def __init__(self, serve: Any, threads: ThreadPoolExecutor) -> None:
        self.clock = ManualClock()
        self.truth: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.interfaces: dict[str, list[str]] = {}
        self.broken = False
        self._served = serve(self._answer)
        cloud = IbmCloud(NoToken(), threads, 8, (2.0, 2.0))  # type: ignore[arg-type]
        self.vpc = open_vpc(cloud, f"{self._served.url}/v1", TokenBucket(1e9, self.clock))
        self.watch = ServerWatch(self.vpc, self.clock, POLL)

    def populate(self, servers: int) -> None:
        self.truth = {f"s{number}": "starting" for number in range(servers)}
        self.shown = dict(self.truth)

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        id_ = path.partition("?")[0].rpartition("/")[2]
        if id_ == "bare_metal_servers":
            listed = [
                {
                    "id": name,
                    "status": status,
                    "network_attachments": [
                        {"virtual_network_interface": {"id": vni}} for vni in self.interfaces.get(name, ())
                    ],
                }
                for name, status in self.shown.items()
            ]
            return 503 if self.broken else 200, JSON, json.dumps({"bare_metal_servers": listed}).encode()
        if id_ in self.truth:
            return 200, JSON, json.dumps({"id": id_, "status": self.truth[id_]}).encode()
        return 404, JSON, json.dumps({"errors": [{"code": "not_found", "message": "gone"}]}).encode()

    async def ask_for_all(self) -> list[Any]:
        """Every node asks for its server, as all do within one poll."""
        self._served.asked.clear()
        return await asyncio.gather(*(self.watch.server(id_) for id_ in list(self.truth)))

    @property
    def calls(self) -> dict[str, int]:
        return Counter("list" if asked.endswith("servers") else "get" for asked in self._served.asked)


@pytest.fixture
async def scene(serve: Any) -> AsyncIterator[Scene]:
    with ThreadPoolExecutor(8) as threads:
        one = Scene(serve, threads)
        yield one
        await one.vpc.close()


async def test_a_few_servers_are_asked_for_one_by_one(scene: Scene) -> None:
    scene.populate(MANY - 1)
    for _ in range(3):
        await scene.ask_for_all()
        assert scene.calls == {"get": MANY - 1}
        scene.clock.advance(POLL)


async def test_many_servers_cost_one_list_for_all_that_ask_within_its_time(scene: Scene) -> None:
    scene.populate(90)
    await scene.ask_for_all()
    scene.clock.advance(scene.watch.fresh + 1)
    found = await scene.ask_for_all()
    assert [server["id"] for server in found] == list(scene.truth)
    assert scene.calls == {"list": 1}
    scene.clock.advance(scene.watch.fresh - 1)
    await scene.ask_for_all()
    assert scene.calls == {}


async def test_the_longer_the_list_the_longer_it_serves(scene: Scene) -> None:
    scene.populate(90)
    await scene.ask_for_all()
    assert scene.watch.fresh == POLL / 2
    scene.shown = {f"s{number}": "starting" for number in range(1000)}
    scene.clock.advance(scene.watch.fresh + 1)
    await scene.ask_for_all()
    assert scene.watch.fresh == 1000 * SECONDS_FOR_EACH


async def test_once_only_a_few_are_waited_for_each_is_asked_for_again(scene: Scene) -> None:
    scene.populate(90)
    await scene.ask_for_all()
    scene.clock.advance(POLL + 1)
    scene._served.asked.clear()
    await scene.watch.server("s7")
    assert scene.calls == {"get": 1}


@pytest.mark.parametrize("shown", ["failed", "deleting", "stopped", "never heard of", None])
async def test_what_the_list_says_of_an_end_is_asked_for_again(scene: Scene, shown: str | None) -> None:
    scene.populate(MANY)
    await scene.ask_for_all()
    if shown is None:
        del scene.shown["s3"]
    else:
        scene.shown["s3"] = shown
    scene.truth["s3"] = "running"
    scene.clock.advance(scene.watch.fresh + 1)
    found = await scene.ask_for_all()
    assert found[3] == {"id": "s3", "status": "running"}
    assert scene.calls == {"list": 1, "get": 1}


@pytest.mark.parametrize("shown", [["v1"], ["v1", "v2"], ["v1", "v2", "v3"]], ids=["lost", "all", "more"])
async def test_an_interface_that_the_list_leaves_out_is_looked_for_at_the_server_itself(
    scene: Scene, shown: list[str]
) -> None:
    scene.populate(MANY)
    await scene.ask_for_all()
    scene.interfaces["s3"] = shown
    scene.clock.advance(scene.watch.fresh + 1)
    await scene.ask_for_all()
    scene._served.asked.clear()
    found = await scene.watch.server("s3", ["v1", "v2"])
    assert found is not None and found["status"] == "starting"
    assert scene.calls == ({"get": 1} if len(shown) < 2 else {})


async def test_a_server_that_is_gone_is_none(scene: Scene) -> None:
    scene.populate(MANY)
    await scene.ask_for_all()
    del scene.shown["s3"], scene.truth["s3"]
    scene.clock.advance(scene.watch.fresh + 1)
    assert await scene.watch.server("s3") is None


async def test_a_list_that_failed_fails_who_asked_and_nobody_later(scene: Scene) -> None:
    scene.populate(MANY)
    await scene.ask_for_all()
    scene.clock.advance(scene.watch.fresh + 1)
    scene.broken = True
    with pytest.raises(OutsideError) as caught:
        await scene.watch.server("s3")
    assert caught.value.code == "unavailable"
    scene.broken = False
    assert await scene.watch.server("s3") == {"id": "s3", "status": "starting"}

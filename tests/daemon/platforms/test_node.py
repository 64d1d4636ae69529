"""What a node's steps ask the cloud for, and what they take for theirs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aiohttp import web
from ibm_cloud_sdk_core.authenticators import NoAuthAuthenticator
from msgspec.structs import replace

from daemon.clock import SystemClock
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_dns import open_dns
from daemon.drivers.ibm_vpc import open_vpc
from daemon.errors import OutsideError
from daemon.locks import TokenBucket
from daemon.platforms.ibm_nutanix.names import NODE_ROLES, Names
from daemon.platforms.ibm_nutanix.node import NodeSteps
from daemon.platforms.ibm_nutanix.watch import ServerWatch
from daemon.settings import load_settings
from daemon.store.ops import PutRecord, PutResource, Resource

SETTINGS = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-1",
}
IBM = {
    "resource_group": None,
    "management": {"subnet": "s-management", "security_groups": ["g-management"]},
    "workload": {"subnet": "s-workload", "security_groups": ["g-workload", "g-more"]},
}


class NoToken:
    """Calls go out without a token."""

    def authenticator(self) -> Any:
        return NoAuthAuthenticator()

    def renounce(self) -> None:
        """There is none."""


class Cloud:
    """Answers with what the test puts into ``shown``, by the last word of the path, and keeps what is sent."""

    def __init__(self) -> None:
        self.shown: dict[str, list[dict[str, Any]]] = {}
        self.sent: list[tuple[str, str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        text = await request.text()
        word = request.path.rpartition("/")[2]
        self.sent.append((request.method, request.path, json.loads(text) if text else None))
        if request.method == "POST":
            return web.json_response({"id": f"id-{len(self.sent)}"}, status=201)
        if word in self.shown:
            shown = self.shown[word]
            return web.json_response({word: shown, "total_count": len(shown)})
        return web.json_response({"id": word, "lifecycle_state": "stable"})

    def posted(self) -> list[Any]:
        return [body for method, _, body in self.sent if method == "POST"]


@pytest.fixture
async def cloud() -> AsyncIterator[tuple[Cloud, NodeSteps]]:
    one, app = Cloud(), web.Application()
    app.router.add_route("*", "/{anything:.*}", one.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url, clock = f"http://127.0.0.1:{runner.addresses[0][1]}/v1", SystemClock()
    with ThreadPoolExecutor(4) as threads:
        shared = IbmCloud(NoToken(), threads, 4, (2.0, 2.0))  # type: ignore[arg-type]
        vpc = open_vpc(shared, url, TokenBucket(1000, clock))
        dns = open_dns(shared, url, TokenBucket(1000, clock))
        yield one, NodeSteps(load_settings(None, SETTINGS), vpc, dns, clock, ServerWatch(vpc, clock, 30.0))
    await runner.cleanup()


async def test_each_interface_has_the_groups_and_the_subnet_of_its_own_network(
    house: Any, cloud: tuple[Cloud, NodeSteps]
) -> None:
    outside, steps = cloud
    await house.sow("node01", ibm=IBM)
    record = house.record("node01")
    names = Names("lab")
    rows = [
        Resource(
            "node01", "demo", "reserved_ip", names.address("node01", role), "present", f"ip-{role.component}", 1,
            {"role": role.component, "address": "10.0.0.9"},
        )
        for role in NODE_ROLES
    ]  # fmt: skip
    await house.commit(PutRecord(replace(record, spec={"first": False}, version=2)), *map(PutResource, rows))
    house.toy.script["making"] = steps.create_vnis
    await house.ask("node01", "start")
    await house.until(lambda: house.record("node01").state == "ready")
    management, workload = outside.posted()
    assert management["name"] == "lab-node01-mgmt-vni" and workload["name"] == "lab-node01-workload-vni"
    assert management["security_groups"] == [{"id": "g-management"}]
    assert workload["security_groups"] == [{"id": "g-workload"}, {"id": "g-more"}]
    assert (management["subnet"], workload["subnet"]) == ({"id": "s-management"}, {"id": "s-workload"})
    assert management["primary_ip"] == {"id": "ip-mgmt"} and workload["primary_ip"] == {"id": "ip-workload"}
    assert management["ips"] == [{"id": "ip-ahv"}, {"id": "ip-cvm"}] and workload["ips"] == []


MADE = "2026-01-01T00:00:00Z"


def ip(address: str) -> dict[str, Any]:
    return {"id": "x", "name": "a", "address": address, "created_at": MADE}


def record(address: str) -> dict[str, Any]:
    return {"id": "x", "name": "a", "rdata": {"ip": address}, "created_on": MADE}


def vni(primary: str) -> dict[str, Any]:
    return {"id": "x", "name": "a", "primary_ip": {"id": primary}}


def server(*vnis: str) -> dict[str, Any]:
    attached = [{"virtual_network_interface": {"id": id_}} for id_ in vnis]
    return {"id": "x", "name": "a", "network_attachments": attached}


ZONE = {"instance": "i", "zone": "z"}
MARKS = [
    ("reserved_ip", "reserved_ips", {"subnet": "s", "address": "10.0.0.9"}, ip("10.0.0.9"), ip("10.0.0.8")),
    (
        "reserved_ip",
        "reserved_ips",
        {"subnet": "s", "address": "10.0.0.9", "asked": ["10.0.0.9", "10.0.0.7"]},
        ip("10.0.0.7"),
        ip("10.0.0.8"),
    ),
    ("dns_record", "resource_records", {**ZONE, "address": "10.0.0.9"}, record("10.0.0.9"), record("10.0.0.8")),
    ("vni", "virtual_network_interfaces", {"primary_ip": "r-1"}, vni("r-1"), vni("r-2")),
    ("server", "bare_metal_servers", {"vnis": ["v-1", "v-2"]}, server("v-2", "v-1"), server("v-1", "v-3")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "word", "data", "ours", "theirs"), MARKS)
async def test_what_bears_our_name_and_not_our_mark_is_never_found_to_be_deleted(
    cloud: tuple[Cloud, NodeSteps], kind: str, word: str, data: Any, ours: Any, theirs: Any
) -> None:
    outside, steps = cloud
    row = Resource("node01", "demo", kind, "a", "intended", None, 1, data)
    outside.shown[word] = [theirs]
    assert await steps.disposals[kind].find(row) is None
    outside.shown[word] = [ours]
    found = await steps.disposals[kind].find(row)
    assert found is not None and found.cloud_id == "x"


async def test_our_record_is_found_beside_somebody_else_s_of_the_same_name(
    cloud: tuple[Cloud, NodeSteps],
) -> None:
    outside, steps = cloud
    outside.shown["resource_records"] = [record("10.0.0.8"), {**record("10.0.0.9"), "id": "ours"}]
    row = Resource("node01", "demo", "dns_record", "a", "intended", None, 1, {**ZONE, "address": "10.0.0.9"})
    found = await steps.disposals["dns_record"].find(row)
    assert found is not None and found.cloud_id == "ours"


async def test_an_address_that_is_not_shown_yet_is_nobody_s(cloud: tuple[Cloud, NodeSteps]) -> None:
    outside, steps = cloud
    data = {"subnet": "s", "address": "10.0.0.9"}
    outside.shown["reserved_ips"] = [ip("0.0.0.0")]
    with pytest.raises(OutsideError) as caught:
        await steps.disposals["reserved_ip"].find(
            Resource("node01", "demo", "reserved_ip", "a", "intended", None, 1, data)
        )
    assert (caught.value.code, caught.value.retry) == ("in_doubt", "now")

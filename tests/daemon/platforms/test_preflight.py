"""A preflight names whatever is missing before money is spent, each with the setting or the thing that mends it."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.life.replacing import FAILED_AT, GENERATION
from daemon.platforms.base import Check
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES
from daemon.platforms.ibm_nutanix.node import NodeSteps
from daemon.platforms.ibm_nutanix.preflight import SERVER_QUOTA, Need, Preflight
from daemon.platforms.ibm_nutanix.routes import BOOT
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.settings.reading import load_settings
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import NODE
from state_machines.record import Record
from tests.daemon.platforms.conftest import SETTINGS, Cloud

HERE = "http://127.0.0.1"
NOWHERE = {"NXD_BOOT_URL": f"{HERE}:1", "NXD_CONFIG_URL": f"{HERE}:2", "NXD_IBM_VPC_URL": f"{HERE}:3/v1"}
RANGES = {"management": (10, 50), "ahv": (51, 100), "cvm": (101, 150), "cluster": (200, 210)}
ZONE = "us-south-1"
SPEC: dict[str, Any] = {
    "cluster": "demo",
    "nodes": ["node01", "node02", "node03"],
    "gate": "all",
    "nutanix": {"redundancy_factor": 2},
    "ibm": {
        "vpc": "vpc-1",
        "zone": ZONE,
        "image": "image-1",
        "profile": "profile-1",
        "management": {"subnet": "sub-m", "security_groups": ["group-1"], "ranges": RANGES},
        "workload": {"subnet": "sub-w", "security_groups": ["group-1"], "range": (10, 200)},
        "dns": {"instance": "instance-1", "zone": "zone-1", "name": "nutanix.internal"},
    },
}
THREE = Need(3, {role.component: 3 for role in NODE_ROLES} | {CLUSTER_ROLE.component: 1})


def subnet(cidr: str) -> dict[str, Any]:
    return {"id": "x", "zone": {"name": ZONE}, "available_ipv4_address_count": 200, "ipv4_cidr_block": cidr}


def rule(direction: str, **remote: str) -> dict[str, Any]:
    return {"direction": direction, "protocol": "all", "remote": remote}


def furnish(cloud: Cloud) -> None:
    """Nothing is missing."""
    anywhere = {"cidr_block": "0.0.0.0/0"}
    cloud.objects |= {
        "vpc-1": {"id": "vpc-1"},
        "sub-m": subnet("10.1.0.0/24"),
        "sub-w": subnet("10.2.0.0/24"),
        "group-1": {"id": "group-1", "rules": [rule("inbound", **anywhere), rule("outbound", **anywhere)]},
        "image-1": {"id": "image-1", "name": "ipxe", "user_data_format": "ipxe", "status": "available"},
        "profile-1": {"name": "profile-1", "zones": [{"name": ZONE}]},
        "zone-1": {"id": "zone-1", "name": "nutanix.internal", "state": "active"},
    }
    served = {"permitted_network": {"vpc_crn": "crn:v1:…::vpc:vpc-1"}}
    cloud.shown |= {"zones": [{"name": ZONE}, {"name": "us-south-2"}]}
    cloud.shown |= {"reserved_ips": [], "bare_metal_servers": [], "permitted_networks": [served]}


async def look(steps: NodeSteps, need: Need = THREE) -> dict[str, Check]:
    settings = IbmSettings.of(load_settings(None, {**SETTINGS, **NOWHERE}))
    checks = await Preflight(settings, steps._vpc, steps._dns).check(SPEC, need)
    return {check.name: check for check in checks}


OURS = ("boot images", "boot URL", "config URL", "roles for writing", "capacity")
"""What the cloud has no part in."""


async def test_in_a_furnished_cloud_nothing_is_missing(cloud: tuple[Cloud, NodeSteps]) -> None:
    furnish(cloud[0])
    found = await look(cloud[1])
    assert {name: check.result for name, check in found.items() if name not in OURS} == {
        name: "passed" for name in found if name not in OURS
    }
    assert found["boot URL"].result == found["config URL"].result == "failed"


def move(cloud: Cloud) -> None:
    """The zone is none of its region, and nothing is there."""
    cloud.shown["zones"] = elsewhere = [{"name": "us-south-2"}, {"name": "us-south-3"}]
    for name in ("sub-m", "sub-w"):
        cloud.objects[name] = {**subnet("10.1.0.0/24"), "zone": elsewhere[0]}
    cloud.objects["profile-1"] = {"name": "profile-1", "zones": elsewhere}


Harm = Callable[[Cloud], Any]
HARMS: dict[str, tuple[Harm, str, str, str]] = {
    "no vpc": (lambda cloud: cloud.objects.update({"vpc-1": None}), "VPC", "no VPC", "ibm.vpc"),
    "no subnet": (
        lambda cloud: cloud.objects.update({"sub-w": None}),
        "workload subnet",
        "no subnet",
        "ibm.workload.subnet",
    ),
    "no such zone": (move, "zone", "no zone us-south-1 in us-south", "ibm.zone"),
    "no such region": (lambda cloud: cloud.objects.update(zones=None), "zone", "no region us-south", ""),
    "another zone": (
        lambda cloud: cloud.objects["sub-m"].update(zone={"name": "us-south-2"}),
        "management subnet",
        "in us-south-2, the servers in us-south-1",
        "ibm.management.subnet",
    ),
    "a full subnet": (
        lambda cloud: cloud.objects["sub-m"].update(available_ipv4_address_count=9),
        "management subnet",
        "9 free addresses, 10 are needed",
        "",
    ),
    "a full range": (
        lambda cloud: cloud.shown.update(
            reserved_ips=[{"id": "x", "name": f"x-{n}", "address": f"10.1.0.{n}"} for n in range(103, 151)]
        ),
        "management subnet, cvm addresses",
        "2 free between",
        "ibm.management.ranges.cvm",
    ),
    "another image": (
        lambda cloud: cloud.objects["image-1"].update(user_data_format="cloud_init"),
        "image",
        "does not boot iPXE",
        "ibm.image",
    ),
    "an image to come": (
        lambda cloud: cloud.objects["image-1"].update(status="pending"),
        "image",
        "is pending",
        "ibm.image",
    ),
    "no profile there": (
        lambda cloud: cloud.objects["profile-1"].update(zones=[{"name": "us-south-3"}]),
        "profile",
        "not offered in us-south-1",
        "ibm.profile",
    ),
    "a zone to come": (
        lambda cloud: cloud.objects["zone-1"].update(state="PENDING_NETWORK_ADD"),
        "DNS zone",
        "is PENDING_NETWORK_ADD",
        "",
    ),
    "a zone of others": (
        lambda cloud: cloud.shown.update(permitted_networks=[{"permitted_network": {"vpc_crn": "vpc-2"}}]),
        "DNS zone",
        "is not served in vpc-1",
        "",
    ),
    "closed ports": (
        lambda cloud: cloud.objects["group-1"].update(rules=[rule("outbound", cidr_block="0.0.0.0/0")]),
        "security groups",
        "No rule lets TCP 22, 443",
        "",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
async def test_what_is_missing_is_named_with_the_setting_that_names_it(
    cloud: tuple[Cloud, NodeSteps], harm: str
) -> None:
    do, name, words, setting = HARMS[harm]
    furnish(cloud[0])
    do(cloud[0])
    found = await look(cloud[1])
    assert {one for one, check in found.items() if check.result == "failed" and one not in OURS} == {name}
    assert words in found[name].detail and found[name].remedy
    assert found[name].setting == setting
    assert ("as ibm.zone" in found[name].remedy) == (
        harm in ("no such zone", "another zone", "no profile there")
    )


EACH = {"node01": 1, "node02": 1, "node03": 1}
"""The nodes of the spec, each with the number of its server."""
NAMESAKES = {
    "reserved_ip": ("reserved_ips", "lab-node02-cvm-ip"),
    "vni": ("virtual_network_interfaces", "lab-node01-workload-vni"),
    "server": ("bare_metal_servers", "lab-node03-host-bms"),
    "dns_record": ("resource_records", "demo.nutanix.internal"),
}


@pytest.mark.parametrize("kind", NAMESAKES)
async def test_what_has_a_name_already_that_the_deployment_would_give_is_told_before_anything_is_made(
    cloud: tuple[Cloud, NodeSteps], kind: str
) -> None:
    listed, name = NAMESAKES[kind]
    need = replace(THREE, nodes=EACH)
    furnish(cloud[0])
    cloud[0].shown |= {"virtual_network_interfaces": [], "resource_records": []}
    assert (await look(cloud[1], need))["names"].detail == "35 names free"
    others = [{"id": f"id-{n}", "name": f"other-{n}", "address": "10.1.9.9"} for n in range(5)]
    cloud[0].shown[listed] = [*others, {"id": "theirs", "name": name, "address": "10.1.9.10"}]
    cloud[0].sent.clear()
    check = (await look(cloud[1], need))["names"]
    assert check.result == "failed" and f"There is {kind} {name} already" in check.detail
    assert "environment is lab" in check.detail and "nxd audit" in check.remedy
    words = [path.rpartition("/")[2] for _, path, _ in cloud[0].sent]
    assert words.count("theirs") in (1, 2) and not [word for word in words if word.startswith("id-")]
    ours = replace(need, knows=frozenset({(kind, name)}))
    assert (await look(cloud[1], ours))["names"].result == "passed", "the ledger knows it"
    for there in (None, {"id": "theirs", "status": "deleting"}):
        cloud[0].objects["theirs"] = there
        assert (await look(cloud[1], need))["names"].result == "passed", "a list may lag"


def unfit(name: str) -> Resource:
    return Resource("node01", "demo", "server", name, "present", "theirs", 1, {FAILED_AT: 1})


@pytest.mark.parametrize(
    ("number", "rows", "named"),
    [
        (None, [], "lab-node01-host-bms"),
        (1, [], "lab-node01-host-bms"),
        (2, [], "lab-node01-host-bms-2"),
        (2, [unfit("lab-node01-host-bms-2")], "lab-node01-host-bms-3"),
    ],
    ids=["no record yet", "the first", "the second", "one that is no good"],
)
async def test_the_name_that_is_looked_for_is_that_of_the_server_which_the_node_gets(
    cloud: tuple[Cloud, NodeSteps], number: int | None, rows: list[Resource], named: str
) -> None:
    facts = {GENERATION: number} if number else {}
    record = Record("node01", NODE.name, "demo", "rolled_back", 0.0, facts=facts)
    need = Need.of({"node01": None if number is None else record}, lambda node: rows)
    furnish(cloud[0])
    cloud[0].shown |= {"virtual_network_interfaces": [], "resource_records": []}
    every = [f"lab-node01-host-bms{end}" for end in ("", "-2", "-3", "-4")]
    for name in every:
        cloud[0].shown["bare_metal_servers"] = [{"id": "theirs", "name": name}]
        check = (await look(cloud[1], need))["names"]
        assert (check.result == "failed") == (name == named)


async def test_a_preflight_asks_for_each_list_once(cloud: tuple[Cloud, NodeSteps]) -> None:
    furnish(cloud[0])
    cloud[0].shown |= {"virtual_network_interfaces": [], "resource_records": []}
    found = await look(cloud[1], replace(THREE, nodes=EACH))
    assert found["names"].result == found["server quota"].result == "passed"
    asked = [path for _, path, _ in cloud[0].sent]
    lists = [path for path in asked if path.rpartition("/")[2] in cloud[0].shown]
    assert sorted(set(lists)) == sorted(lists)


@pytest.mark.parametrize("have", [SERVER_QUOTA - 3, SERVER_QUOTA - 2])
async def test_the_servers_of_the_account_count_towards_its_quota(
    cloud: tuple[Cloud, NodeSteps], have: int
) -> None:
    furnish(cloud[0])
    cloud[0].shown["bare_metal_servers"] = [{"id": str(n), "name": f"s{n}"} for n in range(have)]
    check = (await look(cloud[1]))["server quota"]
    assert check.result == ("passed" if have + 3 <= SERVER_QUOTA else "unknown")
    assert check.detail == f"{have} of {SERVER_QUOTA} bare metal servers in use, 3 more are needed"


async def test_a_script_that_cannot_be_made_or_is_gone_from_the_disk_fails_its_check(
    cloud: tuple[Cloud, NodeSteps], tmp_path: Path
) -> None:
    furnish(cloud[0])
    settings = IbmSettings.of(load_settings(None, {**SETTINGS, **NOWHERE}))
    steps, found = cloud[1], []
    for number, harm in enumerate((None, "gone", "broken", "a name")):
        folder = tmp_path / str(number)
        shutil.copytree(BOOT.templates, folder)
        script = folder / "boot.ipxe.j2"
        if harm == "broken":
            script.write_text("#!ipxe\nkernel {{ boot_url\n")
        if harm == "a name":
            script.write_text(script.read_text() + "echo {{ nobody }}\n")
        preflight = Preflight(settings, steps._vpc, steps._dns, table=replace(BOOT, templates=folder))
        if harm == "gone":
            await preflight.check(SPEC, THREE)  # a daemon that runs has read it
            script.unlink()
        checks = {check.name: check for check in await preflight.check(SPEC, THREE)}
        found.append((checks["boot scripts"].result, checks["boot scripts"].detail))
    assert [result for result, _ in found] == ["passed", "failed", "failed", "failed"]
    for (_, detail), said in zip(found, ("", "boot.ipxe.j2: it is not in", "broken", "nobody"), strict=True):
        assert said in detail


async def test_images_on_a_disk_that_never_answers_fail_their_check_and_hold_nobody_up(
    cloud: tuple[Cloud, NodeSteps], hung_disk: Path
) -> None:
    furnish(cloud[0])
    settings = IbmSettings.of(
        load_settings(None, {**SETTINGS, **NOWHERE, "NXD_IMAGES_DIR": str(hung_disk / "x")})
    )
    steps, threads = cloud[1], threading.active_count()
    looks = [Preflight(settings, steps._vpc, steps._dns, 0.3).check(SPEC, THREE) for _ in range(20)]
    for checks in await asyncio.gather(*looks):
        (found,) = [check for check in checks if check.name == "boot images"]
        assert (found.result, found.remedy) == ("failed", "See that the disk they lie on answers.")
        assert "were not read within 0.3 s" in found.detail
    assert await asyncio.to_thread(lambda: "free") == "free"
    assert threading.active_count() < threads + 20

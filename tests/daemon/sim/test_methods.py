"""Every method of the real SDKs that the product calls: its success status, and the refusals it meets most."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim

DRIVERS = Path(__file__).parents[3] / "daemon" / "drivers"
PROFILE = "bx2d-metal-96x384"
IMAGE = {"id": f.IMAGE_IPXE}
ZONE = (f.DNS_INSTANCE, f.DNS_ZONE)
NOBODY = "0717-none"
MISSING = (404, "not_found")
PREFIX = "$"


class Props:
    """What the calls are about, made when it is first named: ``$free_ip``, ``$running`` and so on."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim
        self._made: dict[str, Any] = {}

    async def fill(self, value: Any) -> Any:
        """``value`` with every ``$name`` in it replaced by the id of that object."""
        if isinstance(value, dict):
            return {key: await self.fill(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)([await self.fill(item) for item in value])
        if not isinstance(value, str) or not value.startswith(PREFIX):
            return value
        if value not in self._made:
            self._made[value] = await MAKERS[value.removeprefix(PREFIX)](self, self._sim)
        return self._made[value]

    async def free_ip(self, sim: Sim) -> str:
        return str((await sim.address("free"))["id"])

    async def provider_ip(self, sim: Sim) -> str:
        listed = (await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT)).get_result()
        return str(next(ip["id"] for ip in listed["reserved_ips"] if ip["owner"] == "provider"))

    async def vni(self, sim: Sim) -> str:
        ip = await sim.address("bound")
        return str((await sim.interface("loose", ip["id"]))["id"])

    async def bound_ip(self, sim: Sim) -> str:
        key = await self.fill("$vni")
        vni = (await sim.call(sim.vpc.get_virtual_network_interface, key)).get_result()
        return str(vni["primary_ip"]["id"])

    async def attached(self, sim: Sim) -> str:
        key = await self.fill("$pending")
        server = (await sim.call(sim.vpc.get_bare_metal_server, key)).get_result()
        return str(server["primary_network_attachment"]["virtual_network_interface"]["id"])

    async def pending(self, sim: Sim) -> str:
        vni = await sim.interface("held", (await sim.address("held"))["id"])
        return str((await sim.server("busy", vni["id"]))["id"])

    async def running(self, sim: Sim) -> str:
        key: str = await self.fill("$pending")
        await sim.status(key, "running")
        return key

    async def stopped(self, sim: Sim) -> str:
        key: str = await self.fill("$running")
        await sim.call(sim.vpc.stop_bare_metal_server, key, type="hard")
        await sim.status(key, "stopped")
        return key

    async def resting(self, sim: Sim) -> str:
        """Another one that is stopped."""
        vni = await sim.interface("other", (await sim.address("other"))["id"])
        key = str((await sim.server("resting", vni["id"]))["id"])
        await sim.status(key, "running")
        await sim.call(sim.vpc.stop_bare_metal_server, key, type="hard")
        await sim.status(key, "stopped")
        return key

    async def attachment(self, sim: Sim) -> str:
        server = (await sim.call(sim.vpc.get_bare_metal_server, await self.fill("$pending"))).get_result()
        return str(server["primary_network_attachment"]["id"])

    async def record(self, sim: Sim) -> str:
        create = partial(
            sim.dns.create_resource_record, *ZONE, type="A", name="node01", rdata={"ip": "127.0.0.9"}
        )
        return str((await sim.call(create)).get_result()["id"])


MAKERS: dict[str, Callable[[Props, Sim], Awaitable[str]]] = {
    name: getattr(Props, name)
    for name in (
        "free_ip", "provider_ip", "vni", "bound_ip", "attached", "pending", "running", "stopped", "resting",
        "attachment", "record",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One way to call a method."""

    args: tuple[Any, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)


def call(*args: Any, **more: Any) -> Call:
    return Call(args, more)


def order(**change: Any) -> dict[str, Any]:
    """The order of a server, with what is told about it."""
    return {
        "name": "fresh",
        "profile": {"name": PROFILE},
        "zone": {"name": f.ZONE},
        "vpc": {"id": f.VPC},
        "initialization": {"image": IMAGE, "keys": [], "user_data": "#!ipxe\nshell"},
        "primary_network_attachment": {"virtual_network_interface": {"id": "$vni"}},
        **change,
    }


A = {"type": "A", "name": "fresh", "rdata": {"ip": "127.0.0.8"}, "ttl": 300}
Refused = tuple[Call, int, str]

METHODS: tuple[tuple[str, int, Call, tuple[Refused, ...]], ...] = (
    ("list_vpcs", 200, call(), ((call(limit=101), 400, "bad_request"),)),
    ("get_vpc", 200, call(f.VPC), ((call("r006-none"), *MISSING),)),
    ("list_subnets", 200, call(vpc_id=f.VPC), ((call(start="nonsense"), 400, "bad_request"),)),
    ("get_subnet", 200, call(f.MANAGEMENT), ((call(NOBODY), *MISSING),)),
    ("list_images", 200, call(user_data_format=["ipxe"], status=["available"]), ()),
    ("get_image", 200, call(f.IMAGE_IPXE), ((call("r006-none"), *MISSING),)),
    ("list_keys", 200, call(), ()),
    ("get_key", 200, call(f.KEY), ((call("r006-none"), *MISSING),)),
    ("list_security_groups", 200, call(vpc_id=f.VPC), ()),
    ("get_security_group", 200, call(f.GROUP_MANAGEMENT), ((call("r006-none"), *MISSING),)),
    ("list_security_group_rules", 200, call(f.GROUP_MANAGEMENT), ((call("r006-none"), *MISSING),)),
    ("list_regions", 200, call(), ()),
    ("get_region", 200, call(f.REGION), ((call("eu-nowhere"), *MISSING),)),
    ("list_region_zones", 200, call(f.REGION), ((call("eu-nowhere"), *MISSING),)),
    ("list_bare_metal_server_profiles", 200, call(), ()),
    ("get_bare_metal_server_profile", 200, call(PROFILE), ((call("none"), *MISSING),)),
    ("list_bare_metal_server_capacities", 200, call(profile_name=PROFILE, zone_name=f.ZONE), ()),
    ("list_subnet_reserved_ips", 200, call(f.MANAGEMENT, sort="-created_at"), (
        (call(NOBODY), *MISSING),
        (call(f.MANAGEMENT, sort="colour"), 400, "bad_request"),
    )),
    ("create_subnet_reserved_ip", 201, call(f.MANAGEMENT, name="fresh"), (
        (call(f.MANAGEMENT, name="Fresh"), 400, "validation_invalid_name"),
        (call(f.MANAGEMENT, name="free", address=""), 400, "validation_invalid_ipv4_address"),
        (call(f.MANAGEMENT, name="fresh", auto_delete=True), 400, "bad_field"),
        (call(NOBODY, name="fresh"), *MISSING),
    )),
    ("get_subnet_reserved_ip", 200, call(f.MANAGEMENT, "$free_ip"), (
        (call(f.WORKLOAD, "$free_ip"), *MISSING),
        (call(f.MANAGEMENT, NOBODY), *MISSING),
    )),
    ("update_subnet_reserved_ip", 200, call(f.MANAGEMENT, "$free_ip", {"name": "renamed"}), (
        (call(f.MANAGEMENT, "$provider_ip", {"name": "mine"}), 400, "reserved_ip_owned_by_provider"),
        (call(f.MANAGEMENT, "$free_ip", {"auto_delete": True}), 400, "bad_field"),
    )),
    ("delete_subnet_reserved_ip", 204, call(f.MANAGEMENT, "$free_ip"), (
        (call(f.MANAGEMENT, "$bound_ip"), 409, "reserved_ip_in_use"),
        (call(f.MANAGEMENT, "$provider_ip"), 400, "reserved_ip_owned_by_provider"),
        (call(f.MANAGEMENT, NOBODY), *MISSING),
    )),
    ("list_virtual_network_interfaces", 200, call(), ((call(limit=0), 400, "bad_request"),)),
    ("create_virtual_network_interface", 201, call(name="fresh", primary_ip={"id": "$free_ip"}), (
        (call(name="fresh", primary_ip={"id": "$bound_ip"}), 400, "reserved_ip_in_use"),
        (call(name="fresh", subnet={"id": NOBODY}), 400, "bad_field"),
        (call(name="fresh"), 400, "validation_required_field"),
    )),
    ("get_virtual_network_interface", 200, call("$vni"), ((call(NOBODY), *MISSING),)),
    ("update_virtual_network_interface", 200, call("$vni", {"allow_ip_spoofing": True}), (
        (call(NOBODY, {"name": "renamed"}), *MISSING),
        (call("$vni", {"name": "Upper"}), 400, "validation_invalid_name"),
    )),
    ("delete_virtual_network_interfaces", 202, call("$vni"), (
        (call("$attached"), 409, "vitual_network_interface_in_use"),
        (call(NOBODY), *MISSING),
    )),
    ("list_virtual_network_interface_ips", 200, call("$vni"), ((call(NOBODY), *MISSING),)),
    ("get_virtual_network_interface_ip", 200, call("$vni", "$bound_ip"), ((call("$vni", NOBODY), *MISSING),)),
    ("list_bare_metal_servers", 200, call(name="busy"), ((call(start="nonsense"), 400, "bad_request"),)),
    ("create_bare_metal_server", 201, call(order()), (
        (call(order(name="Upper")), 400, "validation_invalid_name"),
        (call(order(profile={"name": "none"})), 400, "bad_field"),
        (call(order(zone={"name": "us-south-2"})), 400, "invalid_zone"),
        (call(order(user_data="#!ipxe")), 400, "bad_field"),
        (call(order(primary_network_attachment={"virtual_network_interface": {"id": "$attached"}})), 409,
         "conflict"),
        (call({key: value for key, value in order().items() if key != "initialization"}), 400,
         "validation_required_field"),
    )),
    ("get_bare_metal_server", 200, call("$pending"), ((call(NOBODY), *MISSING),)),
    ("update_bare_metal_server", 200, call("$pending", {"name": "renamed"}), (
        (call(NOBODY, {"name": "renamed"}), *MISSING),
    )),
    ("delete_bare_metal_server", 202, call("$stopped"), (
        (call("$running"), 409, "conflict"),
        (call(NOBODY), *MISSING),
    )),
    ("start_bare_metal_server", 204, call("$stopped"), (
        (call("$running"), 409, "conflict"),
        (call(NOBODY), *MISSING),
    )),
    ("stop_bare_metal_server", 204, call("$running", type="hard"), (
        (call(NOBODY, type="hard"), *MISSING),
        (call("$running", type="gentle"), 400, "bad_field"),
        (call("$resting", type="hard"), 409, "conflict"),
    )),
    ("restart_bare_metal_server", 204, call("$running"), ((call("$resting"), 409, "conflict"),)),
    ("get_bare_metal_server_initialization", 200, call("$pending"), ((call(NOBODY), *MISSING),)),
    ("replace_bare_metal_server_initialization", 200, call("$stopped", IMAGE, []), (
        (call("$running", IMAGE, []), 409, "conflict"),
        (call("$stopped", {"id": "r006-none"}, []), 400, "bad_field"),
    )),
    ("create_bare_metal_server_console_access_token", 200, call("$running", "serial"), (
        (call("$running", "telepathy"), 400, "bad_field"),
        (call(NOBODY, "serial"), *MISSING),
    )),
    ("list_bare_metal_server_network_attachments", 200, call("$pending"), ((call(NOBODY), *MISSING),)),
    ("get_bare_metal_server_network_attachment", 200, call("$pending", "$attachment"), (
        (call("$pending", NOBODY), *MISSING),
    )),
    ("list_dnszones", 200, call(f.DNS_INSTANCE), ((call("none"), *MISSING),)),
    ("get_dnszone", 200, call(*ZONE), ((call(f.DNS_INSTANCE, "none"), *MISSING),)),
    ("list_permitted_networks", 200, call(*ZONE), ((call(f.DNS_INSTANCE, "none"), *MISSING),)),
    ("list_resource_records", 200, call(*ZONE, type="A", name="node01.nutanix.internal"), (
        (call(f.DNS_INSTANCE, "none"), *MISSING),
    )),
    ("create_resource_record", 200, call(*ZONE, **A), (
        (call(*ZONE, **{**A, "ttl": 301}), 400, "bad_request"),
        (call(*ZONE, **{**A, "rdata": {"cname": "x"}}), 400, "bad_request"),
        (call(f.DNS_INSTANCE, "none", **A), *MISSING),
    )),
    ("get_resource_record", 200, call(*ZONE, "$record"), ((call(*ZONE, "A:none"), *MISSING),)),
    ("update_resource_record", 200, call(*ZONE, "$record", ttl=60), (
        (call(*ZONE, "A:none", ttl=60), *MISSING),
        (call(*ZONE, "$record", ttl=61), 400, "bad_request"),
    )),
    ("delete_resource_record", 204, call(*ZONE, "$record"), ((call(*ZONE, "A:none"), *MISSING),)),
)  # fmt: skip


def sdk(sim: Sim, name: str) -> Any:
    return getattr(sim.vpc if hasattr(sim.vpc, name) else sim.dns, name)


@pytest.mark.parametrize(("name", "status", "good", "bad"), METHODS, ids=[one[0] for one in METHODS])
async def test_a_method_succeeds_and_is_refused_as_the_real_one(
    sim: Sim, name: str, status: int, good: Call, bad: tuple[Refused, ...]
) -> None:
    props, method = Props(sim), sdk(sim, name)
    for wrong, refused, code in bad:
        args, more = await props.fill(wrong.args), await props.fill(wrong.more)
        assert (await sim.refused(method, *args, **more))[:2] == (refused, code), wrong
    args, more = await props.fill(good.args), await props.fill(good.more)
    assert (await sim.call(method, *args, **more)).get_status_code() == status


def test_every_method_that_the_product_calls_is_in_the_table() -> None:
    from ibm_cloud_networking_services import DnsSvcsV1
    from ibm_vpc import VpcV1

    known = {name for sdk in (VpcV1, DnsSvcsV1) for name in vars(sdk) if not name.startswith("_")}
    known -= {"new_instance", "get_service_url_for_region"}
    named: set[str] = set()
    for path in DRIVERS.glob("ibm_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                named.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)
    called = {name for name in named & known if "_" in name and name.islower()}
    assert called
    assert called <= {one[0] for one in METHODS}

"""Every object of the simulated cloud can be read by the real SDKs' own model classes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim

Fetch = Callable[["Sim"], Awaitable[Any]]


def fetched(method: str, *args: Any, pick: str | None = None, service: str = "vpc") -> Fetch:
    """Reads with an SDK method, and picks the first of a list if asked to."""

    async def fetch(sim: Sim) -> Any:
        result = (await sim.call(getattr(getattr(sim, service), method), *args)).get_result()
        return result if pick is None else result[pick][0]

    return fetch


async def reserved_ip(sim: Sim) -> Any:
    return await sim.address("test-node01-mgmt-ip", sim.ip(10))


async def bound_ip(sim: Sim) -> Any:
    ip = await reserved_ip(sim)
    await sim.interface("test-node01-mgmt-vni", ip["id"])
    return (await sim.call(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, ip["id"])).get_result()


async def vni(sim: Sim) -> Any:
    return await sim.interface("test-node01-mgmt-vni", (await reserved_ip(sim))["id"])


async def server(sim: Sim) -> Any:
    vlan = {
        "name": "workload",
        "interface_type": "vlan",
        "vlan": 100,
        "allow_to_float": True,
        "virtual_network_interface": {"subnet": {"id": f.WORKLOAD}, "name": "test-node01-work-vni"},
    }
    primary = {
        "name": "mgmt",
        "interface_type": "pci",
        "allowed_vlans": [100],
        "virtual_network_interface": {"id": (await vni(sim))["id"]},
    }
    return await sim.server(
        "test-node01-server-bms", "", primary_network_attachment=primary, network_attachments=[vlan]
    )


async def attached_vni(sim: Sim) -> Any:
    made = await server(sim)
    key = made["primary_network_attachment"]["virtual_network_interface"]["id"]
    return (await sim.call(sim.vpc.get_virtual_network_interface, key)).get_result()


async def initialization(sim: Sim) -> Any:
    made = await server(sim)
    return (await sim.call(sim.vpc.get_bare_metal_server_initialization, made["id"])).get_result()


def attachment(number: int) -> Fetch:
    async def fetch(sim: Sim) -> Any:
        made = await server(sim)
        key = made["network_attachments"][number]["id"]
        method = sim.vpc.get_bare_metal_server_network_attachment
        return (await sim.call(method, made["id"], key)).get_result()

    return fetch


def of_server(method: str) -> Fetch:
    async def fetch(sim: Sim) -> Any:
        return (await sim.call(getattr(sim.vpc, method), (await server(sim))["id"])).get_result()

    return fetch


async def console(sim: Sim) -> Any:
    made = await server(sim)
    await sim.status(made["id"], "running")
    method = sim.vpc.create_bare_metal_server_console_access_token
    return (await sim.call(method, made["id"], "serial")).get_result()


async def addresses_of_vni(sim: Sim) -> Any:
    method = sim.vpc.list_virtual_network_interface_ips
    return (await sim.call(method, (await vni(sim))["id"])).get_result()


async def rule(sim: Sim) -> Any:
    listed = await sim.call(sim.vpc.list_security_group_rules, f.GROUP_MANAGEMENT)
    key = listed.get_result()["rules"][-1]["id"]
    return (await sim.call(sim.vpc.get_security_group_rule, f.GROUP_MANAGEMENT, key)).get_result()


async def record(sim: Sim) -> Any:
    made = await sim.call(
        sim.dns.create_resource_record,
        f.DNS_INSTANCE,
        f.DNS_ZONE,
        type="A",
        name="node01-mgmt",
        rdata={"ip": sim.ip(10)},
        ttl=300,
    )
    return made.get_result()


MODELS: tuple[tuple[str, Fetch], ...] = (
    ("VPC", fetched("get_vpc", f.VPC)),
    ("VPCCollection", fetched("list_vpcs")),
    ("Subnet", fetched("get_subnet", f.MANAGEMENT)),
    ("SubnetCollection", fetched("list_subnets")),
    ("ReservedIP", reserved_ip),
    ("ReservedIP", bound_ip),
    ("ReservedIPCollection", fetched("list_subnet_reserved_ips", f.MANAGEMENT)),
    ("VirtualNetworkInterface", vni),
    ("VirtualNetworkInterface", attached_vni),
    ("VirtualNetworkInterfaceCollection", fetched("list_virtual_network_interfaces")),
    ("BareMetalServer", server),
    ("BareMetalServerCollection", fetched("list_bare_metal_servers")),
    ("BareMetalServerInitialization", initialization),
    ("BareMetalServerNetworkAttachmentByPCI", attachment(0)),
    ("BareMetalServerNetworkAttachmentByVLAN", attachment(1)),
    ("BareMetalServerNetworkAttachmentCollection", of_server("list_bare_metal_server_network_attachments")),
    ("BareMetalServerConsoleAccessToken", console),
    ("ReservedIPCollectionVirtualNetworkInterfaceContext", addresses_of_vni),
    ("BareMetalServerProfile", fetched("get_bare_metal_server_profile", "bx2d-metal-96x384")),
    ("BareMetalServerProfileCollection", fetched("list_bare_metal_server_profiles")),
    ("BareMetalServerCapacityCollection", fetched("list_bare_metal_server_capacities")),
    ("Image", fetched("get_image", f.IMAGE_IPXE)),
    ("ImageCollection", fetched("list_images")),
    ("Key", fetched("get_key", f.KEY)),
    ("KeyCollection", fetched("list_keys")),
    ("SecurityGroup", fetched("get_security_group", f.GROUP_MANAGEMENT)),
    ("SecurityGroupCollection", fetched("list_security_groups")),
    ("SecurityGroupRuleCollection", fetched("list_security_group_rules", f.GROUP_MANAGEMENT)),
    ("SecurityGroupRule", rule),
    ("Region", fetched("get_region", "us-south")),
    ("RegionCollection", fetched("list_regions")),
    ("Zone", fetched("list_region_zones", "us-south", pick="zones")),
    ("ZoneCollection", fetched("list_region_zones", "us-south")),
    ("Dnszone", fetched("get_dnszone", f.DNS_INSTANCE, f.DNS_ZONE, service="dns")),
    ("ListDnszones", fetched("list_dnszones", f.DNS_INSTANCE, service="dns")),
    ("ResourceRecord", record),
    ("ListResourceRecords", fetched("list_resource_records", f.DNS_INSTANCE, f.DNS_ZONE, service="dns")),
    ("ListPermittedNetworks", fetched("list_permitted_networks", f.DNS_INSTANCE, f.DNS_ZONE, service="dns")),
)


@pytest.mark.parametrize(("model", "fetch"), MODELS, ids=[f"{n}-{m}" for n, (m, _) in enumerate(MODELS)])
async def test_the_sdk_reads_every_object(sim: Sim, model: str, fetch: Fetch) -> None:
    from ibm_cloud_networking_services import dns_svcs_v1
    from ibm_vpc import vpc_v1

    found = getattr(vpc_v1, model, None) or getattr(dns_svcs_v1, model)
    document = await fetch(sim)
    parsed = found.from_dict(document).to_dict()
    assert parsed
    for name in document.keys() & parsed.keys():
        if isinstance(document[name], str | int | bool) and not name.endswith(("_at", "_on")):
            assert parsed[name] == document[name], name

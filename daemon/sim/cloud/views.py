"""The JSON of subnets, addresses, interfaces and servers, as the VPC API shows them."""

from __future__ import annotations

from daemon.sim.cloud.references import (
    catalogue_ref,
    crn,
    profile_ref,
    reserved_ip_ref,
    resource_group,
    subnet_ref,
    vni_ref,
    zone_ref,
)
from daemon.sim.refusals import Json
from daemon.sim.world import initial as f
from daemon.sim.world.objects import Attachment, ReservedIp, Server, Subnet, Vni
from daemon.sim.world.world import World


def subnet_view(world: World, subnet: Subnet) -> Json:
    acl = {
        "crn": crn(f.REGION, "network-acl", f.NETWORK_ACL),
        "href": f"{world.places.vpc}/network_acls/{f.NETWORK_ACL}",
        "id": f.NETWORK_ACL,
        "name": "acl",
    }
    table = {
        "crn": crn(f.REGION, "routing-table", f.ROUTING_TABLE),
        "href": f"{world.places.vpc}/vpcs/{f.VPC}/routing_tables/{f.ROUTING_TABLE}",
        "id": f.ROUTING_TABLE,
        "name": "routes",
        "resource_type": "routing_table",
    }
    return {
        **subnet_ref(world, subnet.id),
        "available_ipv4_address_count": subnet.network.num_addresses - len(world.addresses[subnet.id]),
        "created_at": world.stamp(subnet.created),
        "ip_version": "ipv4",
        "ipv4_cidr_block": str(subnet.network),
        "network_acl": acl,
        "resource_group": resource_group(),
        "routing_table": table,
        "status": "available",
        "total_ipv4_address_count": subnet.network.num_addresses,
        "vpc": catalogue_ref(world, "vpc", subnet.vpc_id),
        "zone": zone_ref(world, subnet.zone),
    }


def reserved_ip_view(world: World, ip: ReservedIp) -> Json:
    view = {
        **reserved_ip_ref(world, ip.id),
        "auto_delete": ip.auto_delete,
        "created_at": world.stamp(ip.created),
        "lifecycle_state": ip.state,
        "owner": ip.owner,
    }
    if ip.target_id is not None:
        view["target"] = vni_ref(world, world.get(Vni, ip.target_id))
    return view


def vni_view(world: World, vni: Vni) -> Json:
    view = {
        **vni_ref(world, vni),
        "allow_ip_spoofing": vni.allow_ip_spoofing,
        "auto_delete": vni.auto_delete,
        "created_at": world.stamp(vni.created),
        "enable_infrastructure_nat": vni.enable_infrastructure_nat,
        "ips": [reserved_ip_ref(world, key) for key in vni.ip_ids],
        "lifecycle_state": vni.state,
        "primary_ip": reserved_ip_ref(world, vni.ip_ids[0]),
        "protocol_state_filtering_mode": vni.filtering,
        "resource_group": resource_group(),
        "security_groups": [catalogue_ref(world, "security_group", key) for key in vni.group_ids],
        "subnet": subnet_ref(world, vni.subnet_id),
        "vpc": catalogue_ref(world, "vpc", vni.vpc_id),
        "zone": zone_ref(world, vni.zone),
    }
    if vni.server_id is not None and vni.attachment_id is not None:
        view["mac_address"] = vni.mac
        server = world.find(Server, vni.server_id)  # its end may be ahead of the interface's
        attachment = (
            next((a for a in server.attachments if a.id == vni.attachment_id), None) if server else None
        )
        if server is not None and attachment is not None:
            view["target"] = {
                "href": _attachment_href(world, server, attachment),
                "id": attachment.id,
                "name": attachment.name,
                "resource_type": "bare_metal_server_network_attachment",
            }
    return view


def _cpu_view(spec: f.ProfileSpec) -> Json:
    return {
        "architecture": "amd64",
        "core_count": spec.cores,
        "socket_count": spec.sockets,
        "threads_per_core": 2,
    }


def _tpm_view(server: Server) -> Json:
    return {
        "enabled": server.tpm_mode != "disabled",
        "mode": server.tpm_mode,
        "supported_modes": ["disabled", "tpm_2"],
    }


def server_view(world: World, server: Server) -> Json:
    spec = next(p for p in f.PROFILES if p.name == server.profile)
    attachments = [attachment_ref(world, server, a) for a in server.attachments]
    shadows = [_interface_ref(world, server, a) for a in server.attachments]
    href = _server_href(world, server)
    return {
        "id": server.id,
        "name": server.name,
        "href": href,
        "crn": crn(server.zone, "bare-metal-server", server.id),
        "resource_type": "bare_metal_server",
        "created_at": world.stamp(server.created),
        "status": server.status,
        "status_reasons": server.status_reasons,
        "lifecycle_state": server.state,
        "lifecycle_reasons": [],
        "health_state": "ok" if server.status == "running" else "inapplicable",
        "health_reasons": [],
        "bandwidth": server.bandwidth,
        "boot_target": _disk_ref(href, server.disk_ids[0]),
        "cpu": _cpu_view(spec),
        "disks": [_disk_view(world, server, href, n) for n in range(len(server.disk_ids))],
        "enable_secure_boot": server.secure_boot,
        "firmware": {"update": "none"},
        "memory": spec.memory,
        "metadata_service": server.metadata_service,
        "network_attachments": attachments,
        "network_interfaces": shadows,
        "primary_network_attachment": attachment_ref(world, server, server.primary),
        "primary_network_interface": _interface_ref(world, server, server.primary),
        "profile": profile_ref(world, server.profile),
        "reservation_affinity": {"policy": server.reservation_policy, "pool": []},
        "resource_group": resource_group(),
        "trusted_platform_module": _tpm_view(server),
        "vpc": catalogue_ref(world, "vpc", server.vpc_id),
        "zone": zone_ref(world, server.zone),
    }


def initialization_view(world: World, server: Server) -> Json:
    """What a server was made from. The real service never gives the user data back, nor does this one."""
    view: Json = {
        "image": catalogue_ref(world, "image", server.image_id),
        "keys": [_key_ref(world, key) for key in server.key_ids],
        "user_accounts": [],
    }
    if server.trusted_profile is not None:
        view["default_trusted_profile"] = server.trusted_profile
    return view


def attachment_ref(world: World, server: Server, attachment: Attachment) -> Json:
    vni = world.get(Vni, attachment.vni_id)
    return {
        "href": _attachment_href(world, server, attachment),
        "id": attachment.id,
        "name": attachment.name,
        "primary_ip": reserved_ip_ref(world, vni.ip_ids[0]),
        "resource_type": "bare_metal_server_network_attachment",
        "subnet": subnet_ref(world, vni.subnet_id),
        "virtual_network_interface": vni_ref(world, vni),
    }


def attachment_view(world: World, server: Server, attachment: Attachment) -> Json:
    view = {
        **attachment_ref(world, server, attachment),
        "created_at": world.stamp(attachment.created),
        "interface_type": attachment.interface_type,
        "lifecycle_state": server.state,
        "port_speed": server.bandwidth,
        "type": "primary" if attachment.primary else "secondary",
    }
    if attachment.interface_type == "pci":
        return {**view, "allowed_vlans": attachment.allowed_vlans}
    return {**view, "vlan": attachment.vlan, "allow_to_float": attachment.allow_to_float}


def _server_href(world: World, server: Server) -> str:
    return f"{world.places.vpc}/bare_metal_servers/{server.id}"


def _attachment_href(world: World, server: Server, attachment: Attachment) -> str:
    return f"{_server_href(world, server)}/network_attachments/{attachment.id}"


def _interface_ref(world: World, server: Server, attachment: Attachment) -> Json:
    """The read-only shadow that a server with attachments shows for each of them, under the same id."""
    vni = world.get(Vni, attachment.vni_id)
    return {
        "href": f"{_server_href(world, server)}/network_interfaces/{attachment.id}",
        "id": attachment.id,
        "name": attachment.name,
        "primary_ip": reserved_ip_ref(world, vni.ip_ids[0]),
        "resource_type": "network_interface",
        "subnet": subnet_ref(world, vni.subnet_id),
    }


def _disk_ref(server_href: str, disk_id: str, number: int = 0) -> Json:
    return {
        "href": f"{server_href}/disks/{disk_id}",
        "id": disk_id,
        "name": f"disk-{number}",
        "resource_type": "bare_metal_server_disk",
    }


def _disk_view(world: World, server: Server, server_href: str, number: int) -> Json:
    spec = next(p for p in f.PROFILES if p.name == server.profile)
    return {
        **_disk_ref(server_href, server.disk_ids[number], number),
        "allowed_use": {"api_version": "2026-10-06", "bare_metal_server": "true"},
        "created_at": world.stamp(server.created),
        "interface_type": "nvme" if number else "sata",
        "size": spec.data_disk_size if number else spec.boot_disk,
    }


def _key_ref(world: World, key: str) -> Json:
    document = world.catalogue["key"][key]
    return {name: document[name] for name in ("crn", "fingerprint", "href", "id", "name")}

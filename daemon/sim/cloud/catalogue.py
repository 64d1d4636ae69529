"""Furnishes the simulated VPC: the documents of everything that clients only read."""

from __future__ import annotations

import ipaddress

from daemon.sim.cloud.references import catalogue_ref, crn, region_ref, resource_group, zone_ref
from daemon.sim.refusals import Json
from daemon.sim.world import initial as f
from daemon.sim.world.initial import ImageSpec, ProfileSpec
from daemon.sim.world.objects import PROVIDER, DnsZone, ReservedIp, Subnet
from daemon.sim.world.world import World

_PROVIDER_NAMES = ("ibm-network-address", "ibm-default-gateway", "ibm-dns-address", "ibm-reserved-address")


def populate(world: World, management: str, workload: str) -> None:
    """Put everything in its place; the two networks are CIDR blocks."""
    catalogue = world.catalogue
    catalogue["region"][f.REGION] = {
        "endpoint": world.places.vpc.removesuffix("/v1"),
        "href": f"{world.places.vpc}/regions/{f.REGION}",
        "name": f.REGION,
        "status": "available",
    }
    for zone in f.ZONES:
        catalogue["zone"][zone] = {
            **zone_ref(world, zone),
            "region": region_ref(world),
            "status": "available",
            "data_center": zone.replace("us-south-", "dal1"),
            "universal_name": zone,
        }
    _network(world)
    for spec in f.IMAGES:
        catalogue["image"][spec.id] = _image(world, spec)
    for profile in f.PROFILES:
        catalogue["profile"][profile.name] = _profile(world, profile)
    catalogue["key"][f.KEY] = {
        **_head(world, f.REGION, "key", "keys", f.KEY, "nxd-key"),
        "fingerprint": "SHA256:yxavE4CIOL2NlsqcurRO3xGjkP6m/0mp8ugojH5yxlY",
        "length": 256,
        "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f nxd",
        "type": "ed25519",
    }
    _subnet(world, f.MANAGEMENT, "management", management)
    _subnet(world, f.WORKLOAD, "workload", workload)
    _dns(world)


def _head(world: World, place: str, crn_kind: str, path: str, key: str, name: str) -> Json:
    return {
        "id": key,
        "name": name,
        "crn": crn(place, crn_kind, key),
        "href": f"{world.places.vpc}/{path}/{key}",
        "created_at": world.stamp(),
        "resource_group": resource_group(),
    }


def _network(world: World) -> None:
    vpc: Json = {
        **_head(world, f.REGION, "vpc", "vpcs", f.VPC, f.VPC_NAME),
        "classic_access": False,
        "cse_source_ips": [],
        "default_network_acl": _plain_ref(world, "network-acl", "network_acls", f.NETWORK_ACL, "acl"),
        "default_routing_table": {
            **_plain_ref(world, "routing-table", "routing_tables", f.ROUTING_TABLE, "routes"),
            "resource_type": "routing_table",
        },
        "dns": {
            "enable_hub": False,
            "resolution_binding_count": 0,
            "resolver": {
                "type": "system",
                "configuration": "default",
                "servers": [{"address": address} for address in f.DNS_RESOLVERS],
            },
        },
        "health_reasons": [],
        "health_state": "ok",
        "public_address_ranges": [],
        "resource_type": "vpc",
        "status": "available",
    }
    world.catalogue["vpc"][f.VPC] = vpc
    groups = (
        (f.GROUP_MANAGEMENT, "nutanix-management", f.MANAGEMENT_PORTS),
        (f.GROUP_WORKLOAD, "nutanix-workload", f.WORKLOAD_PORTS),
        (f.GROUP_DEFAULT, "default", ()),
    )
    for key, name, ports in groups:
        world.catalogue["security_group"][key] = {
            **_head(world, f.REGION, "security-group", "security_groups", key, name),
            "rules": _rules(world, key, ports),
            "targets": [],
            "vpc": catalogue_ref(world, "vpc", f.VPC),
        }
    vpc["default_security_group"] = catalogue_ref(world, "security_group", f.GROUP_DEFAULT)


def _plain_ref(world: World, crn_kind: str, path: str, key: str, name: str) -> Json:
    return {
        "crn": crn(f.REGION, crn_kind, key),
        "href": f"{world.places.vpc}/{path}/{key}",
        "id": key,
        "name": name,
    }


def _rules(world: World, group: str, ports: tuple[int, ...]) -> list[Json]:
    wanted: list[Json] = [{"direction": "outbound", "protocol": "any", "name": "all-out"}]
    wanted += [
        {"direction": "inbound", "protocol": "tcp", "name": f"tcp-{p}", "port_min": p, "port_max": p}
        for p in ports
    ]
    rules = []
    for number, rule in enumerate(wanted, 1):
        key = f"{group[:-6]}{group[-2:]}{number:04d}"
        rules.append(
            {
                **rule,
                "id": key,
                "href": f"{world.places.vpc}/security_groups/{group}/rules/{key}",
                "ip_version": "ipv4",
                "local": {"cidr_block": "0.0.0.0/0"},
                "remote": {"cidr_block": "0.0.0.0/0"},
                "resource_type": "security_group_rule",
            }
        )
    return rules


def _image(world: World, spec: ImageSpec) -> Json:
    system = f"{spec.family.lower().replace(' ', '-')}-{spec.version.replace('.', '-')}-amd64"
    return {
        **_head(world, f.REGION, "image", "images", spec.id, spec.name),
        "allowed_use": {
            "api_version": "2026-10-06",
            "bare_metal_server": "true",
            "instance": "false" if spec.user_data_format != "cloud_init" else "true",
        },
        "catalog_offering": {"managed": False},
        "encryption": "none",
        "file": {"size": 1},
        "minimum_provisioned_size": 10,
        "operating_system": {
            "allow_user_image_creation": False,
            "architecture": "amd64",
            "dedicated_host_only": False,
            "display_name": f"{spec.family} {spec.version}",
            "family": spec.family,
            "href": f"{world.places.vpc}/operating_systems/{system}",
            "name": system,
            "user_data_format": spec.user_data_format,
            "vendor": spec.vendor,
            "version": spec.version,
        },
        "resource_type": "image",
        "status": spec.status,
        "status_reasons": [],
        "user_data_format": spec.user_data_format,
        "visibility": "public",
        "zones": [zone_ref(world, zone) for zone in f.ZONES],
    }


def _profile(world: World, spec: ProfileSpec) -> Json:
    disks = [_disks(2, spec.boot_disk, "sata")]
    if spec.data_disks:
        disks.append(_disks(spec.data_disks, spec.data_disk_size, "nvme"))
    return {
        "bandwidth": {"type": "fixed", "value": spec.bandwidth},
        "console_types": {"type": "enum", "values": ["serial", "vnc"]},
        "cpu_architecture": {"type": "fixed", "value": "amd64", "default": "amd64"},
        "cpu_core_count": {"type": "fixed", "value": spec.cores},
        "cpu_socket_count": {"type": "fixed", "value": spec.sockets},
        "disks": disks,
        "family": {"b": "balanced", "c": "compute", "m": "memory", "v": "very_high_memory"}[spec.name[0]],
        "href": f"{world.places.vpc}/bare_metal_server/profiles/{spec.name}",
        "memory": {"type": "fixed", "value": spec.memory},
        "name": spec.name,
        "network_attachment_count": {"type": "range", "min": 1, "max": 128},
        "network_interface_count": {"type": "range", "min": 1, "max": 128},
        "os_architecture": {"default": "amd64", "type": "enum", "values": ["amd64"]},
        "reservation_terms": {"type": "enum", "values": ["one_year", "three_year"]},
        "resource_type": "bare_metal_server_profile",
        "supported_trusted_platform_module_modes": {
            "default": spec.tpm,
            "type": "enum",
            "values": ["disabled", "tpm_2"],
        },
        "virtual_network_interfaces_supported": {"type": "fixed", "value": True},
        "zones": [zone_ref(world, zone) for zone in f.ZONES],
    }


def _disks(quantity: int, size: int, interface: str) -> Json:
    return {
        "quantity": {"type": "fixed", "value": quantity},
        "size": {"type": "fixed", "value": size},
        "supported_interface_types": {"default": interface, "type": "enum", "values": [interface]},
    }


def _subnet(world: World, key: str, name: str, cidr: str) -> None:
    network = ipaddress.IPv4Network(cidr)
    subnet = world.add(
        Subnet(
            id=key,
            name=name,
            created=world.clock.now(),
            maker=PROVIDER,
            network=network,
            zone=f.ZONE,
            vpc_id=f.VPC,
        )
    )
    provided = [*zip(network, _PROVIDER_NAMES, strict=False), (network[-1], "ibm-broadcast-address")]
    for address, ip_name in provided:
        world.add(
            ReservedIp(
                id=world.zonal_id(f.ZONE),
                name=ip_name,
                created=subnet.created,
                maker=PROVIDER,
                subnet_id=key,
                address=str(address),
                owner="provider",
            )
        )


def _dns(world: World) -> None:
    now = world.clock.now()
    permitted = {
        "id": crn(f.REGION, "vpc", f.VPC),
        "created_on": world.stamp(now),
        "modified_on": world.stamp(now),
        "permitted_network": {"vpc_crn": crn(f.REGION, "vpc", f.VPC)},
        "type": "vpc",
        "state": "ACTIVE",
        "linked_zone_id": f.DNS_ZONE,
    }
    world.add(
        DnsZone(
            id=f.DNS_ZONE,
            name=f.DNS_ZONE_NAME,
            created=now,
            maker=PROVIDER,
            state="active",
            instance_id=f.DNS_INSTANCE,
            description="names of the nodes",
            permitted=[permitted],
        )
    )

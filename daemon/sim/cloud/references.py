"""How objects of the cloud name each other: CRNs, hrefs and the short references inside other objects."""

from __future__ import annotations

from daemon.sim.refusals import Json, bad_field, missing_field, no_such
from daemon.sim.world.initial import ACCOUNT, REGION, RESOURCE_GROUP, RESOURCE_GROUP_NAME
from daemon.sim.world.objects import ReservedIp, Subnet, Vni
from daemon.sim.world.world import World


def crn(place: str, kind: str, key: str) -> str:
    """The cloud resource name of an object; ``place`` is the region or a zone."""
    return f"crn:v1:bluemix:public:is:{place}:a/{ACCOUNT}::{kind}:{key}"


def resource_group() -> Json:
    base = "https://resource-controller.cloud.ibm.com/v2/resource_groups"
    return {"href": f"{base}/{RESOURCE_GROUP}", "id": RESOURCE_GROUP, "name": RESOURCE_GROUP_NAME}


def region_ref(world: World) -> Json:
    return {"href": f"{world.places.vpc}/regions/{REGION}", "name": REGION}


def zone_ref(world: World, zone: str) -> Json:
    return {"href": f"{world.places.vpc}/regions/{REGION}/zones/{zone}", "name": zone}


def catalogue_ref(world: World, kind: str, key: str) -> Json:
    """A short reference to something of the catalogue: a VPC, an image, a key, a security group."""
    document = world.catalogue[kind][key]
    kept = ("crn", "href", "id", "name", "resource_type")
    return {name: document[name] for name in kept if name in document}


def profile_ref(world: World, name: str) -> Json:
    return {
        "href": f"{world.places.vpc}/bare_metal_server/profiles/{name}",
        "name": name,
        "resource_type": "bare_metal_server_profile",
    }


def subnet_ref(world: World, subnet_id: str) -> Json:
    subnet = world.get(Subnet, subnet_id)
    return {
        "crn": crn(subnet.zone, "subnet", subnet.id),
        "href": f"{world.places.vpc}/subnets/{subnet.id}",
        "id": subnet.id,
        "name": subnet.name,
        "resource_type": "subnet",
    }


def reserved_ip_ref(world: World, reserved_ip_id: str) -> Json:
    ip = world.get(ReservedIp, reserved_ip_id)
    return {
        "address": ip.shown,
        "href": f"{world.places.vpc}/subnets/{ip.subnet_id}/reserved_ips/{ip.id}",
        "id": ip.id,
        "name": ip.name,
        "resource_type": "subnet_reserved_ip",
    }


def vni_ref(world: World, vni: Vni) -> Json:
    return {
        "crn": crn(vni.zone, "virtual-network-interface", vni.id),
        "href": f"{world.places.vpc}/virtual_network_interfaces/{vni.id}",
        "id": vni.id,
        "name": vni.name,
        "resource_type": "virtual_network_interface",
    }


def key_in(reference: Json, target: str) -> str:
    """The id or name that an identity in a body points to, whether given as id, name, crn or href."""
    given = [name for name in ("id", "name", "crn", "href") if name in reference]
    if not given:
        raise missing_field(f"{target}.id")
    if len(given) > 1:
        raise bad_field(f"The field '{target}' must hold one identity.", target)
    value: str = reference[given[0]]
    if given[0] == "crn":
        return value.rsplit(":", 1)[-1]
    return value.rstrip("/").rsplit("/", 1)[-1] if given[0] == "href" else value


def in_catalogue(world: World, kind: str, reference: Json, target: str) -> str:
    """The key of a catalogue entry that a body refers to; refused if there is none."""
    key = key_in(reference, target)
    if key not in world.catalogue[kind]:
        raise no_such(kind.replace("_", " "), target, key)
    return key


def check_resource_group(body: Json) -> None:
    if "resource_group" in body and key_in(body["resource_group"], "resource_group") != RESOURCE_GROUP:
        raise no_such("resource group", "resource_group", str(body["resource_group"]))

"""Virtual network interfaces: they bind reserved addresses, and servers are attached to them."""

from __future__ import annotations

from daemon.sim.cloud.references import check_resource_group, in_catalogue, key_in, reserved_ip_ref
from daemon.sim.cloud.views import vni_view
from daemon.sim.cloud.vpc_addresses import free, reserve
from daemon.sim.faults.rules import Strike
from daemon.sim.refusals import (
    Json,
    Refusal,
    bad_field,
    bad_request,
    conflict,
    missing_field,
    no_such,
    not_found,
)
from daemon.sim.service.pages import PAGING, page
from daemon.sim.service.service import Reply, Route, ServiceCall
from daemon.sim.service.shapes import VNI, VNI_PATCH
from daemon.sim.world import initial as f
from daemon.sim.world.names import check_name
from daemon.sim.world.objects import STRANGER, Maker, ReservedIp, Subnet, Vni
from daemon.sim.world.world import World

_SETTINGS = {
    "allow_ip_spoofing": "allow_ip_spoofing",
    "auto_delete": "auto_delete",
    "enable_infrastructure_nat": "enable_infrastructure_nat",
    "protocol_state_filtering_mode": "filtering",
}


def make_vni(world: World, body: Json, maker: Maker, auto_delete: bool = False) -> Vni:
    """Make an interface from a prototype. Everything is checked before anything is made."""
    check_resource_group(body)
    subnet = _subnet_of(world, body)
    key = world.zonal_id(subnet.zone)
    name = body.get("name", f"vni-{key[5:13]}")
    check_name("vni", name)
    strike = world.strike("vni create", name) if maker is not STRANGER else None
    if strike is not None and strike.action == "foreign":
        make_vni(world, {"name": name, "subnet": {"id": subnet.id}}, STRANGER)
    members = _members(world, body)
    world.behaviour.check(
        name=lambda: world.names.check_free("vni", subnet.vpc_id, name),
        holding=lambda: _check_members(world, subnet, members),
    )
    _check_nat(body.get("enable_infrastructure_nat", True), body.get("allow_ip_spoofing", False))
    groups = _groups(world, body)
    ips = _bind(world, subnet, members, maker)
    vni = Vni(
        id=key,
        name=name,
        created=world.clock.now(),
        maker=maker,
        state="pending",
        vpc_id=subnet.vpc_id,
        zone=subnet.zone,
        subnet_id=subnet.id,
        ip_ids=[ip.id for ip in ips],
        group_ids=groups,
        auto_delete=body.get("auto_delete", auto_delete)
        or (strike is not None and strike.action == "auto_delete"),
        allow_ip_spoofing=body.get("allow_ip_spoofing", False),
        enable_infrastructure_nat=body.get("enable_infrastructure_nat", True),
        filtering=body.get("protocol_state_filtering_mode", "auto"),
        mac=_mac(world),
    )
    world.add(vni)
    for ip in ips:
        ip.target_id = vni.id
    world.spawn(_provision(world, vni), f"provision {vni.name}")
    return vni


def drop_vni(world: World, vni: Vni) -> None:
    """Begin to delete an interface; its addresses are released when it is gone."""
    vni.state = "deleting"
    strike = world.strike("vni delete", vni)

    async def end() -> None:
        await world.take("vni.delete")
        if strike is not None and strike.action == "back":
            vni.state = "stable"
            return
        if strike is not None:
            await world.hold(strike)
        _deleted(world, vni)

    world.spawn(end(), f"delete {vni.name}")


_PROVISIONED = {"fail": "failed", "suspend": "suspended"}


async def _provision(world: World, vni: Vni) -> None:
    strike = world.strike("vni provision", vni)
    await world.take("vni.provision")
    if strike is not None and strike.action == "stuck":
        await world.hold(strike)
    if vni.state == "pending":
        vni.state = "stable" if strike is None else _PROVISIONED.get(strike.action, "stable")


def _deleted(world: World, vni: Vni) -> None:
    strike = world.strike("vni gone", vni)
    for key in vni.ip_ids:
        ip = world.get(ReservedIp, key)
        ip.target_id = None
        if strike is not None:
            ip.busy = True
            world.spawn(_unbind(world, ip, strike), f"unbind {ip.name}")
        if ip.auto_delete:
            free(world, ip)
    world.remove(vni)


async def _unbind(world: World, ip: ReservedIp, strike: Strike) -> None:
    await world.hold(strike)
    ip.busy = False


def _subnet_of(world: World, body: Json) -> Subnet:
    if "subnet" in body:
        key = key_in(body["subnet"], "subnet")
        subnet = world.find(Subnet, key)
        if subnet is None:
            raise no_such("subnet", "subnet.id", key)
        return subnet
    primary = body.get("primary_ip", {})
    if "id" not in primary and "href" not in primary:
        raise missing_field("subnet")
    return world.get(Subnet, _existing(world, primary, "primary_ip").subnet_id)


def _existing(world: World, member: Json, target: str) -> ReservedIp:
    key = key_in(member, target)
    ip = world.find(ReservedIp, key)
    if ip is None:
        raise no_such("reserved IP", f"{target}.id", key)
    return ip


def _members(world: World, body: Json) -> list[tuple[str, Json]]:
    secondary = [(f"ips[{n}]", member) for n, member in enumerate(body.get("ips", []))]
    members = [("primary_ip", body.get("primary_ip", {})), *secondary]
    if len(members) > world.quotas["vni_addresses"]:
        raise Refusal(400, "over_quota", "A virtual network interface takes at most 8 addresses.", "ips")
    keys = [member["id"] for _, member in members if "id" in member]
    if len(set(keys)) < len(keys):
        raise bad_field("A reserved IP is named twice.", "ips")
    return members


def _check_members(world: World, subnet: Subnet, members: list[tuple[str, Json]]) -> None:
    """Refuse addresses that cannot be bound."""
    for target, member in members:
        if "id" in member or "href" in member:
            _bindable(world, subnet, member, target)


def _bindable(world: World, subnet: Subnet, member: Json, target: str) -> ReservedIp:
    ip = _existing(world, member, target)
    if ip.subnet_id != subnet.id:
        raise bad_field(f"The reserved IP {ip.id} is not in the subnet {subnet.id}.", target, ip.id)
    if ip.state == "failed":
        raise bad_field(f"The reserved IP {ip.id} is failed.", target, ip.id)
    if ip.owner == "provider" or ip.target_id is not None or ip.busy or ip.state == "deleting":
        message = f"The reserved IP {ip.id} is in use and cannot be bound."
        raise Refusal(400, "reserved_ip_in_use", message, target, value=ip.id)
    if set(member) - {"id", "href"}:
        raise bad_field(f"The field '{target}' must be an identity or a prototype, not both.", target)
    return ip


def _bind(world: World, subnet: Subnet, members: list[tuple[str, Json]], maker: Maker) -> list[ReservedIp]:
    """The addresses of a new interface; if one cannot be had, those made for it are taken back."""
    ips: list[ReservedIp] = []
    made: list[ReservedIp] = []
    try:
        for target, member in members:
            if "id" in member or "href" in member:
                ips.append(_bindable(world, subnet, member, target))
            else:
                made.append(reserve(world, subnet, member, maker, auto_delete=True))
                ips.append(made[-1])
    except Refusal:
        for ip in made:
            world.remove(ip)
        raise
    return ips


def _groups(world: World, body: Json) -> list[str]:
    asked = body.get("security_groups", [])
    if not asked:
        return [f.GROUP_DEFAULT]
    if len(asked) > world.quotas["vni_groups"]:
        message = "An interface takes at most 5 security groups."
        raise Refusal(400, "security_group_sgs_per_interface_exceeded", message, "security_groups")
    return [
        in_catalogue(world, "security_group", group, f"security_groups[{n}]") for n, group in enumerate(asked)
    ]


def _check_nat(nat: bool, spoofing: bool) -> None:
    if not nat and spoofing:
        message = "Infrastructure NAT can be disabled only where IP spoofing is not allowed."
        raise bad_field(message, "enable_infrastructure_nat")


def _mac(world: World) -> str:
    digits = world.plain_id().replace("-", "").upper()
    return "02:" + ":".join(digits[n : n + 2] for n in range(0, 10, 2))


def _create(call: ServiceCall) -> Reply:
    if call.body.get("auto_delete"):
        raise bad_field("The field 'auto_delete' must be false for an unattached interface.", "auto_delete")
    return Reply(201, vni_view(call.world, make_vni(call.world, call.body, call.maker)))


def _list(call: ServiceCall) -> Reply:
    url = f"{call.world.places.vpc}/virtual_network_interfaces"
    vnis = list(call.world.all(Vni))
    world = call.world
    body = page(
        call,
        "virtual_network_interfaces",
        url,
        vnis,
        lambda vni: (vni.serial,),
        lambda vni: vni_view(world, vni),
        newest_first=True,
    )
    return Reply(200, body)


def _get(call: ServiceCall) -> Reply:
    return Reply(200, vni_view(call.world, call.world.get(Vni, call.path["vni_id"])))


def _update(call: ServiceCall) -> Reply:
    vni = call.world.get(Vni, call.path["vni_id"])
    body = call.body
    if not body:
        raise bad_request("The patch is empty.")
    if body.get("auto_delete") and vni.server_id is None:
        raise bad_field("The field 'auto_delete' must be false for an unattached interface.", "auto_delete")
    _check_nat(
        body.get("enable_infrastructure_nat", vni.enable_infrastructure_nat),
        body.get("allow_ip_spoofing", vni.allow_ip_spoofing),
    )
    if "name" in body:
        check_name("vni", body["name"])
        call.world.rename(vni, body["name"])
    for field, attribute in _SETTINGS.items():
        if field in body:
            setattr(vni, attribute, body[field])
    return Reply(200, vni_view(call.world, vni))


def _delete(call: ServiceCall) -> Reply:
    vni = call.world.get(Vni, call.path["vni_id"])
    if vni.server_id is not None:
        # The spelling is the service's own, as far as it is known.
        message = "The virtual network interface is attached to a target and cannot be deleted."
        raise conflict(message, "vitual_network_interface_in_use")
    if vni.state != "deleting":
        drop_vni(call.world, vni)
    return Reply(202, vni_view(call.world, vni))


def _list_ips(call: ServiceCall) -> Reply:
    vni = call.world.get(Vni, call.path["vni_id"])
    url = f"{call.world.places.vpc}/virtual_network_interfaces/{vni.id}/ips"
    ips = [call.world.get(ReservedIp, key) for key in vni.ip_ids]
    world = call.world
    return Reply(
        200, page(call, "ips", url, ips, lambda ip: (ip.serial,), lambda ip: reserved_ip_ref(world, ip.id))
    )


def _get_ip(call: ServiceCall) -> Reply:
    vni = call.world.get(Vni, call.path["vni_id"])
    if call.path["ip_id"] not in vni.ip_ids:
        raise not_found("reserved_ip", call.path["ip_id"])
    return Reply(200, reserved_ip_ref(call.world, call.path["ip_id"]))


_PATH = "/virtual_network_interfaces"

ROUTES = (
    Route("GET", _PATH, _list, "vpc.read", PAGING | {"resource_group.id"}),
    Route("POST", _PATH, _create, "vni.create", body=VNI),
    Route("GET", _PATH + "/{vni_id}", _get, "vpc.read"),
    Route("PATCH", _PATH + "/{vni_id}", _update, "vpc.write", body=VNI_PATCH),
    Route("DELETE", _PATH + "/{vni_id}", _delete, "vpc.write"),
    Route("GET", _PATH + "/{vni_id}/ips", _list_ips, "vpc.read", PAGING),
    Route("GET", _PATH + "/{vni_id}/ips/{ip_id}", _get_ip, "vpc.read"),
)

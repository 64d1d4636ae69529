"""Reserved IPs: one object for every address in use, and the rules by which they come and go."""

from __future__ import annotations

import ipaddress

from daemon.sim.cloud.references import crn
from daemon.sim.cloud.views import reserved_ip_view
from daemon.sim.faults.rules import Strike
from daemon.sim.refusals import Json, Refusal, bad_field, bad_parameter, conflict, not_found, over_quota
from daemon.sim.service.pages import PAGING, page
from daemon.sim.service.service import Reply, Route, ServiceCall
from daemon.sim.service.shapes import RESERVED_IP, RESERVED_IP_PATCH
from daemon.sim.world.names import check_name
from daemon.sim.world.objects import STRANGER, Maker, ReservedIp, Subnet, Vni
from daemon.sim.world.world import World

_SORTS = ("address", "created_at", "name")


def reserve(world: World, subnet: Subnet, body: Json, maker: Maker, auto_delete: bool = False) -> ReservedIp:
    """Take an address of the subnet, the one asked for or the first that is free."""
    if world.count(ReservedIp) >= world.quotas["reserved_ip"]:
        raise over_quota()
    key = world.zonal_id(subnet.zone)
    name = body.get("name", f"reserved-{key[5:13]}")
    check_name("reserved_ip", name)
    if maker is not STRANGER:
        _intrude(world, subnet, name, body)
    world.behaviour.check(
        name=lambda: world.names.check_free("reserved_ip", subnet.id, name),
        holding=lambda: _check_address(world, subnet, body["address"]) if "address" in body else None,
    )
    address = body["address"] if "address" in body else _pick(world, subnet)
    ip = ReservedIp(
        id=key,
        name=name,
        created=world.clock.now(),
        maker=maker,
        state="pending",
        subnet_id=subnet.id,
        address=address,
        auto_delete=body.get("auto_delete", auto_delete),
    )
    world.add(ip)
    strike = world.strike("reserved_ip provision", ip)
    ip.unassigned = strike is not None and strike.action == "unassigned"
    world.spawn(_provision(world, ip, strike), f"provision {ip.name}")
    return ip


def free(world: World, ip: ReservedIp) -> None:
    """Let an address go; it is ``deleting`` for a while and then a 404."""
    ip.state = "deleting"
    strike = world.strike("reserved_ip delete", ip)

    async def end() -> None:
        await world.take("reserved_ip.delete")
        if strike is not None:
            await world.hold(strike)
        world.remove(ip)

    world.spawn(end(), f"release {ip.name}")


def _intrude(world: World, subnet: Subnet, name: str, body: Json) -> None:
    """Somebody else is an instant quicker, if a rule says so."""
    strike = world.strike("reserved_ip create", name)
    if strike is None:
        return
    theirs: Json = {"name": name} if strike.action == "foreign" else {"address": body.get("address")}
    reserve(world, subnet, {key: value for key, value in theirs.items() if value}, STRANGER)


async def _provision(world: World, ip: ReservedIp, strike: Strike | None) -> None:
    await world.take("reserved_ip.provision")
    if strike is not None and strike.action != "fail":
        await world.hold(strike)
    ip.unassigned = False
    if ip.state == "pending":
        ip.state = "failed" if strike is not None and strike.action == "fail" else "stable"


def _check_address(world: World, subnet: Subnet, text: str) -> None:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        message = f"The value {text} is not a valid IPv4 address."
        raise Refusal(400, "validation_invalid_ipv4_address", message, "address", value=text) from None
    if address not in subnet.network:
        raise bad_field(f"The address {text} is not in the subnet {subnet.network}.", "address", text)
    holder = world.addresses[subnet.id].get(text)
    if holder is None:
        return
    if world.get(ReservedIp, holder).owner == "provider":
        message = f"The address {text} is reserved by the provider."
        raise Refusal(400, "reserved_ip_owned_by_provider", message, "address", value=text)
    message = "The specified address is already reserved on the subnet."
    raise Refusal(400, "address_is_already_reserved", message, "address", value=text)


def _pick(world: World, subnet: Subnet) -> str:
    taken = world.addresses[subnet.id]
    for offset in range(subnet.lowest, subnet.network.num_addresses):
        address = str(subnet.network[offset])
        if address not in taken:
            subnet.lowest = offset
            return address
    message = "There are no more IP addresses available in the subnet."
    raise Refusal(400, "subnet_out_of_ip_addresses", message)


def _create(call: ServiceCall) -> Reply:
    subnet = call.world.get(Subnet, call.path["subnet_id"])
    if "target" in call.body:
        raise bad_field(
            "The target must be an endpoint gateway; network interfaces bind addresses.", "target"
        )
    if call.body.get("auto_delete"):
        raise bad_field("The field 'auto_delete' must be false for an unbound address.", "auto_delete")
    ip = reserve(call.world, subnet, call.body, call.maker)
    return Reply(201, reserved_ip_view(call.world, ip))


def _list(call: ServiceCall) -> Reply:
    subnet = call.world.get(Subnet, call.path["subnet_id"])
    held = [call.world.get(ReservedIp, key) for key in call.world.addresses[subnet.id].values()]
    ips = [ip for ip in held if _wanted(call, ip)] if _TARGETS & set(call.query) else held
    sort = call.query.get("sort", "address")
    field = sort.removeprefix("-")
    if field not in _SORTS:
        raise bad_parameter(f"The list can be sorted by {', '.join(_SORTS)}.", "sort", sort)

    def key(ip: ReservedIp) -> tuple[str | float | int, ...]:
        if field == "address":
            return (ip.number,)
        return (ip.created if field == "created_at" else ip.name, ip.serial)

    url = f"{call.world.places.vpc}/subnets/{subnet.id}/reserved_ips"
    world = call.world
    body = page(call, "reserved_ips", url, ips, key, lambda ip: reserved_ip_view(world, ip), sort[0] == "-")
    return Reply(200, body)


def _wanted(call: ServiceCall, ip: ReservedIp) -> bool:
    asked = {name: value for name, value in call.query.items() if name in _TARGETS}
    vni = call.world.find(Vni, ip.target_id) if ip.target_id is not None else None
    if vni is None:
        return False
    facts = {
        "target.id": vni.id,
        "target.crn": crn(vni.zone, "virtual-network-interface", vni.id),
        "target.name": vni.name,
        "target.resource_type": "virtual_network_interface",
    }
    return all(facts[name] == value for name, value in asked.items())


def _find(call: ServiceCall) -> ReservedIp:
    subnet = call.world.get(Subnet, call.path["subnet_id"])
    ip = call.world.get(ReservedIp, call.path["ip_id"])
    if ip.subnet_id != subnet.id:
        raise not_found("reserved_ip", ip.id)
    return ip


def _get(call: ServiceCall) -> Reply:
    return Reply(200, reserved_ip_view(call.world, _find(call)))


def _update(call: ServiceCall) -> Reply:
    ip = _find(call)
    _refuse_provider_owned(ip)
    if call.body.get("auto_delete") and ip.target_id is None:
        raise bad_field("The field 'auto_delete' must be false for an unbound address.", "auto_delete")
    if "name" in call.body:
        check_name("reserved_ip", call.body["name"])
        call.world.rename(ip, call.body["name"])
    ip.auto_delete = call.body.get("auto_delete", ip.auto_delete)
    return Reply(200, reserved_ip_view(call.world, ip))


def _delete(call: ServiceCall) -> Reply:
    ip = _find(call)
    _refuse_provider_owned(ip)
    if ip.target_id is not None or ip.busy:
        raise conflict("The reserved IP is in use and cannot be deleted.", "reserved_ip_in_use")
    if ip.state != "deleting":
        free(call.world, ip)
    return Reply(204)


def _refuse_provider_owned(ip: ReservedIp) -> None:
    if ip.owner == "provider":
        message = f"The reserved IP {ip.name} is owned by the provider."
        raise Refusal(400, "reserved_ip_owned_by_provider", message)


_PATH = "/subnets/{subnet_id}/reserved_ips"
_TARGETS = frozenset({"target.id", "target.crn", "target.name", "target.resource_type"})

ROUTES = (
    Route("GET", _PATH, _list, "vpc.read", PAGING | _TARGETS | {"sort"}),
    Route("POST", _PATH, _create, "reserved_ip.create", body=RESERVED_IP),
    Route("GET", _PATH + "/{ip_id}", _get, "vpc.read"),
    Route("PATCH", _PATH + "/{ip_id}", _update, "vpc.write", body=RESERVED_IP_PATCH),
    Route("DELETE", _PATH + "/{ip_id}", _delete, "vpc.write"),
)

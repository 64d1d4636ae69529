"""Bare metal servers: how they are ordered, looked at, started, stopped, written anew and given back."""

from __future__ import annotations

from daemon.sim.cloud.references import check_resource_group, in_catalogue, key_in
from daemon.sim.cloud.server_life import begin, delete, reinitialize, release, restart, start, stop
from daemon.sim.cloud.views import attachment_view, initialization_view, server_view
from daemon.sim.cloud.vpc_consoles import console_token
from daemon.sim.cloud.vpc_interfaces import make_vni
from daemon.sim.refusals import (
    Json,
    Refusal,
    bad_field,
    bad_request,
    conflict,
    missing_field,
    nested,
    no_such,
    not_found,
    over_quota,
)
from daemon.sim.service.pages import PAGING, page
from daemon.sim.service.service import Reply, Route, ServiceCall
from daemon.sim.service.shapes import CONSOLE, INITIALIZATION, SERVER, SERVER_PATCH, STOP
from daemon.sim.world import initial as f
from daemon.sim.world.names import check_name
from daemon.sim.world.objects import STRANGER, Attachment, Server, Vni
from daemon.sim.world.world import World


def _create(call: ServiceCall) -> Reply:
    world, body = call.world, call.body
    if world.count(Server) >= world.quotas["server"]:
        raise over_quota()
    check_resource_group(body)
    zone = in_catalogue(world, "zone", body["zone"], "zone")
    spec = _profile(body, in_catalogue(world, "profile", body["profile"], "profile"))
    initialization = body["initialization"]
    image, keys = _check_initialization(world, initialization)
    key = world.zonal_id(zone)
    name = body.get("name", f"server-{key[5:13]}")
    check_name("server", name)
    if world.strike("server create", name) is not None:
        _stranger(world, name, zone, spec.name, image)
    given = [body["primary_network_attachment"], *body.get("network_attachments", [])]
    world.behaviour.check(
        name=lambda: world.names.check_free("server", "region", name),
        holding=lambda: _check_attachments(world, given, zone),
    )
    server = Server(
        id=key,
        name=name,
        created=world.clock.now(),
        maker=call.maker,
        state="pending",
        profile=spec.name,
        zone=zone,
        vpc_id=f.VPC,
        image_id=image,
        key_ids=keys,
        user_data=initialization.get("user_data", ""),
        trusted_profile=_trusted_profile(initialization),
        attachments=_attach(call, given, zone),
        disk_ids=[world.zonal_id(zone) for _ in range(1 + spec.data_disks)],
        bandwidth=spec.bandwidth,
        **_options(body, spec.tpm),
    )
    _bind(world, server)
    begin(world, server)
    return Reply(201, server_view(world, server))


def _bind(world: World, server: Server) -> None:
    """The server is there, and has its interfaces."""
    world.add(server)
    for attachment in server.attachments:
        vni = world.get(Vni, attachment.vni_id)
        vni.server_id, vni.attachment_id = server.id, attachment.id


def _profile(body: Json, name: str) -> f.ProfileSpec:
    """What a server of this profile has; the bandwidth must be one of it, and the VPC the one that there is."""
    spec = next(p for p in f.PROFILES if p.name == name)
    if body.get("bandwidth", spec.bandwidth) != spec.bandwidth:
        raise bad_field("the provided bandwidth is not one of the profile's", "bandwidth")
    if "vpc" in body and key_in(body["vpc"], "vpc") != f.VPC:
        raise no_such("vpc", "vpc", key_in(body["vpc"], "vpc"))
    return spec


def _options(body: Json, tpm: str) -> Json:
    """What may be left out of an order."""
    return {
        "secure_boot": body.get("enable_secure_boot", False),
        "metadata_service": {"enabled": False, "protocol": "http", **body.get("metadata_service", {})},
        "tpm_mode": body.get("trusted_platform_module", {}).get("mode", tpm),
        "reservation_policy": body.get("reservation_affinity", {}).get("policy", "disabled"),
    }


def _stranger(world: World, name: str, zone: str, profile: str, image: str) -> None:
    """Somebody else's server of this name, with an interface of its own, powered off."""
    vni = make_vni(world, {"subnet": {"id": f.MANAGEMENT}}, STRANGER)
    attachment = Attachment(
        id=world.zonal_id(zone), name="eth0", vni_id=vni.id, primary=True, created=world.clock.now()
    )
    server = Server(
        id=world.zonal_id(zone),
        name=name,
        created=world.clock.now(),
        maker=STRANGER,
        profile=profile,
        zone=zone,
        vpc_id=f.VPC,
        image_id=image,
        key_ids=[],
        user_data="",
        trusted_profile=None,
        attachments=[attachment],
        disk_ids=[world.zonal_id(zone)],
        status="stopped",
        bandwidth=100_000,
        metadata_service={"enabled": False, "protocol": "http"},
    )
    world.add(server)
    vni.server_id, vni.attachment_id = server.id, attachment.id


def _check_initialization(world: World, body: Json) -> tuple[str, list[str]]:
    """The image's id and those of the keys. An image that may not be used on bare metal is refused."""
    image = in_catalogue(world, "image", body["image"], "initialization.image")
    document = world.catalogue["image"][image]
    if document["status"] not in ("available", "deprecated"):
        raise bad_field(f"the provided image is {document['status']}", "initialization.image", image)
    keys = [in_catalogue(world, "key", k, f"initialization.keys[{n}]") for n, k in enumerate(body["keys"])]
    if document["user_data_format"] != "ipxe" and not keys:
        raise missing_field("initialization.keys")
    return image, keys


def _trusted_profile(body: Json) -> Json | None:
    given: Json | None = body.get("default_trusted_profile")
    if given is None:
        return None
    key = key_in(given["target"], "initialization.default_trusted_profile.target")
    if key != f.TRUSTED_PROFILE:
        raise no_such("trusted profile", "initialization.default_trusted_profile.target", key)
    crn = f"crn:v1:bluemix:public:iam-identity::a/{f.ACCOUNT}::profile:{key}"
    target = {"id": key, "crn": crn, "resource_type": "trusted_profile"}
    return {"auto_link": given.get("auto_link", True), "target": target}


def _named(given: list[Json]) -> list[tuple[str, Json]]:
    return [(body.get("name", f"attachment-{n}"), body) for n, body in enumerate(given)]


def _check_attachments(world: World, given: list[Json], zone: str) -> None:
    """Refuse attachments that a new server cannot have."""
    targets = [
        "primary_network_attachment",
        *[f"network_attachments[{n}]" for n in range(len(given) - 1)],
    ]
    pci = [body for body in given if body.get("interface_type", "pci") == "pci"]
    if len(pci) > f.PCI_ATTACHMENTS:
        raise over_quota(f"A bare metal server takes at most {f.PCI_ATTACHMENTS} PCI network attachments.")
    names = [name for name, _ in _named(given)]
    for name, target in zip(names, targets, strict=True):
        check_name("attachment", name)
        if names.count(name) > 1:
            message = f"Provided Name ({name}) is not unique"
            raise Refusal(400, "validation_unique_failed", message, f"{target}.name", value=name)
    allowed = {vlan for body in pci for vlan in body.get("allowed_vlans", [])}
    for body, target in zip(given, targets, strict=True):
        _check_attachment(body, target, allowed)
        _check_vni(world, body["virtual_network_interface"], zone, target)
    named = [_vni_id(body) for body in given if _vni_id(body) is not None]
    if len(set(named)) < len(named):
        raise conflict("A virtual network interface is attached twice.")


def _attach(call: ServiceCall, given: list[Json], zone: str) -> list[Attachment]:
    """The attachments of a new server; interfaces that are only described are made."""
    return [
        Attachment(
            id=call.world.zonal_id(zone),
            name=name,
            vni_id=_vni_id(body) or _inline(call, body["virtual_network_interface"]).id,
            primary=number == 0,
            created=call.world.clock.now(),
            interface_type=body.get("interface_type", "pci"),
            allowed_vlans=body.get("allowed_vlans", []),
            vlan=body.get("vlan"),
            allow_to_float=body.get("allow_to_float", False),
        )
        for number, (name, body) in enumerate(_named(given))
    ]


def _check_attachment(body: Json, target: str, allowed: set[int]) -> None:
    if body.get("interface_type", "pci") == "pci":
        if "vlan" in body or "allow_to_float" in body:
            raise bad_field("A PCI attachment has no VLAN of its own.", f"{target}.vlan")
        return
    if target.startswith("primary"):
        raise bad_field("The primary network attachment must be PCI.", f"{target}.interface_type")
    if body.get("vlan") not in allowed:
        message = "The VLAN must be among the allowed VLANs of a PCI attachment."
        raise bad_field(message, f"{target}.vlan", str(body.get("vlan")))


def _vni_id(body: Json) -> str | None:
    identity = body["virtual_network_interface"]
    if not {"id", "crn", "href"} & set(identity):
        return None
    return key_in(identity, "virtual_network_interface")


def _check_vni(world: World, identity: Json, zone: str, target: str) -> None:
    key = _vni_id({"virtual_network_interface": identity})
    if key is None:
        return
    path = f"{target}.virtual_network_interface"
    vni = world.find(Vni, key)
    if vni is None:
        raise no_such("virtual network interface", f"{path}.id", key)
    if vni.server_id is not None:
        raise conflict(f"The virtual network interface {key} is already attached to another server.")
    if vni.state == "deleting":
        raise conflict(f"The virtual network interface {key} is being deleted.")
    if vni.zone != zone:
        raise Refusal(400, "invalid_zone", "The network interface is in another zone.", path, value=key)


def _inline(call: ServiceCall, body: Json) -> Vni:
    try:
        return make_vni(call.world, body, call.maker, auto_delete=True)
    except Refusal as refusal:
        raise nested(refusal, call.maker.request_id) from None


def _list(call: ServiceCall) -> Reply:
    query = call.query
    servers = [
        s
        for s in call.world.all(Server)
        if query.get("name", s.name) == s.name
        and query.get("vpc.id", s.vpc_id) == s.vpc_id
        and query.get("vpc.name", f.VPC_NAME) == f.VPC_NAME
        and query.get("resource_group.id", f.RESOURCE_GROUP) == f.RESOURCE_GROUP
    ]
    world = call.world
    url = f"{world.places.vpc}/bare_metal_servers"
    body = page(
        call,
        "bare_metal_servers",
        url,
        servers,
        lambda s: (s.serial,),
        lambda s: server_view(world, s),
        newest_first=True,
    )
    return Reply(200, body)


def _server(call: ServiceCall) -> Server:
    return call.world.get(Server, call.path["server_id"])


def _get(call: ServiceCall) -> Reply:
    return Reply(200, server_view(call.world, _server(call)))


def _update(call: ServiceCall) -> Reply:
    server = _server(call)
    if not call.body:
        raise bad_request("The patch is empty.")
    if "name" in call.body:
        check_name("server", call.body["name"])
        call.world.rename(server, call.body["name"])
    server.secure_boot = call.body.get("enable_secure_boot", server.secure_boot)
    return Reply(200, server_view(call.world, server))


def _delete(call: ServiceCall) -> Reply:
    delete(call.world, _server(call))
    return Reply(202)


def _start(call: ServiceCall) -> Reply:
    start(call.world, _server(call))
    return Reply(204)


def _stop(call: ServiceCall) -> Reply:
    stop(call.world, _server(call), call.body["type"])
    return Reply(204)


def _restart(call: ServiceCall) -> Reply:
    restart(call.world, _server(call))
    return Reply(204)


def _get_initialization(call: ServiceCall) -> Reply:
    return Reply(200, initialization_view(call.world, _server(call)))


def _put_initialization(call: ServiceCall) -> Reply:
    server = _server(call)
    image, keys = _check_initialization(call.world, call.body)
    trusted_profile = _trusted_profile(call.body)
    reinitialize(call.world, server)
    server.image_id, server.key_ids, server.trusted_profile = image, keys, trusted_profile
    server.user_data = call.body.get("user_data", "")
    return Reply(200, initialization_view(call.world, server))


def _list_attachments(call: ServiceCall) -> Reply:
    world, server = call.world, _server(call)
    url = f"{world.places.vpc}/bare_metal_servers/{server.id}/network_attachments"
    numbered = list(enumerate(server.attachments))
    body = page(
        call,
        "network_attachments",
        url,
        numbered,
        lambda pair: (pair[0],),
        lambda pair: attachment_view(world, server, pair[1]),
    )
    return Reply(200, body)


def _get_attachment(call: ServiceCall) -> Reply:
    server = _server(call)
    for attachment in server.attachments:
        if attachment.id == call.path["attachment_id"]:
            return Reply(200, attachment_view(call.world, server, attachment))
    raise not_found("network attachment", call.path["attachment_id"])


def _delete_attachment(call: ServiceCall) -> Reply:
    """Take an interface from a stopped server; the primary one stays. That both are refused with 409 is a guess."""
    server, key = _server(call), call.path["attachment_id"]
    found = next((one for one in server.attachments if one.id == key), None)
    if found is None:
        raise not_found("network attachment", key)
    if found.primary:
        raise conflict("The primary network attachment cannot be deleted.")
    if found.interface_type == "pci" and server.status != "stopped":
        raise conflict("A PCI network attachment is deleted only while the server is stopped.")
    server.attachments.remove(found)
    release(call.world, found)
    return Reply(204)


_PATH = "/bare_metal_servers"
_ONE = _PATH + "/{server_id}"
_FILTERS = frozenset({"name", "vpc.id", "vpc.name", "resource_group.id"})

ROUTES = (
    Route("GET", _PATH, _list, "vpc.read", PAGING | _FILTERS),
    Route("POST", _PATH, _create, "server.create", body=SERVER),
    Route("GET", _ONE, _get, "vpc.read"),
    Route("PATCH", _ONE, _update, "vpc.write", body=SERVER_PATCH),
    Route("DELETE", _ONE, _delete, "vpc.write"),
    Route("POST", _ONE + "/start", _start, "vpc.write"),
    Route("POST", _ONE + "/stop", _stop, "vpc.write", body=STOP),
    Route("POST", _ONE + "/restart", _restart, "vpc.write"),
    Route("POST", _ONE + "/console_access_token", console_token, "vpc.write", body=CONSOLE),
    Route("GET", _ONE + "/initialization", _get_initialization, "vpc.read"),
    Route("PUT", _ONE + "/initialization", _put_initialization, "vpc.write", body=INITIALIZATION),
    Route("GET", _ONE + "/network_attachments", _list_attachments, "vpc.read", PAGING),
    Route("GET", _ONE + "/network_attachments/{attachment_id}", _get_attachment, "vpc.read"),
    Route("DELETE", _ONE + "/network_attachments/{attachment_id}", _delete_attachment, "vpc.write"),
)

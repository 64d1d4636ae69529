"""The part of the VPC API that is only read: networks, groups, images, keys, profiles, places."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.sim.cloud.references import profile_ref, zone_ref
from daemon.sim.cloud.views import subnet_view
from daemon.sim.refusals import Json, not_found
from daemon.sim.service.pages import PAGING, page
from daemon.sim.service.service import Handler, Reply, Route, ServiceCall
from daemon.sim.world import initial as f
from daemon.sim.world.objects import Server, Subnet
from daemon.sim.world.world import World

_IMAGE_FILTERS = frozenset({"name", "status", "visibility", "user_data_format", "resource_group.id"})


def _listing(kind: str, path: str) -> Handler:
    def handler(call: ServiceCall) -> Reply:
        documents = list(call.world.catalogue[kind].values())
        if kind == "image":
            documents = [d for d in documents if _image_wanted(call, d)]
        if "vpc.id" in call.query:
            documents = [d for d in documents if d.get("vpc", {}).get("id") == call.query["vpc.id"]]
        url = f"{call.world.places.vpc}/{path}"
        field = path.rsplit("/", 1)[-1]
        return Reply(200, page(call, field, url, documents, lambda d: (d["name"],), lambda d: d))

    return handler


def _image_wanted(call: ServiceCall, document: Json) -> bool:
    """Whether an image passes the filters; ``status`` and ``user_data_format`` are comma-separated lists."""
    for name in ("name", "visibility"):
        if name in call.query and document[name] != call.query[name]:
            return False
    return all(
        document[name] in call.query[name].split(",")
        for name in ("status", "user_data_format")
        if name in call.query
    )


def _single(kind: str) -> Handler:
    def handler(call: ServiceCall) -> Reply:
        key = call.path["key"]
        if key not in call.world.catalogue[kind]:
            raise not_found(kind, key)
        return Reply(200, call.world.catalogue[kind][key])

    return handler


def _list_subnets(call: ServiceCall) -> Reply:
    wanted = [
        subnet
        for subnet in call.world.all(Subnet)
        if call.query.get("vpc.id", subnet.vpc_id) == subnet.vpc_id
        and call.query.get("zone.name", subnet.zone) == subnet.zone
    ]
    url = f"{call.world.places.vpc}/subnets"
    body = page(call, "subnets", url, wanted, lambda s: (s.serial,), lambda s: subnet_view(call.world, s))
    return Reply(200, body)


def _get_subnet(call: ServiceCall) -> Reply:
    return Reply(200, subnet_view(call.world, call.world.get(Subnet, call.path["subnet_id"])))


def free_capacity(world: World, profile: str, zone: str) -> int:
    """How many more servers of a profile the zone can start."""
    spec = next(p for p in f.PROFILES if p.name == profile)
    used = sum(
        1 for s in world.all(Server) if (s.profile, s.zone) == (profile, zone) and s.status != "failed"
    )
    return world.capacity.get((profile, zone), spec.capacity[zone]) - used


def _capacities(call: ServiceCall) -> Reply:
    pairs = [
        (profile.name, zone)
        for profile in f.PROFILES
        for zone in f.ZONES
        if free_capacity(call.world, profile.name, zone) > 0
        and call.query.get("profile.name", profile.name) == profile.name
        and call.query.get("zone.name", zone) == zone
    ]

    def view(pair: tuple[str, str]) -> Json:
        return {"profile": profile_ref(call.world, pair[0]), "zone": zone_ref(call.world, pair[1])}

    url = f"{call.world.places.vpc}/bare_metal_server/capacities"
    return Reply(200, page(call, "capacities", url, pairs, lambda pair: pair, view))


def _regions(call: ServiceCall) -> Reply:
    return Reply(200, {"regions": list(call.world.catalogue["region"].values())})


def _zones(call: ServiceCall) -> Reply:
    if call.path["region"] != f.REGION:
        raise not_found("region", call.path["region"])
    return Reply(200, {"zones": list(call.world.catalogue["zone"].values())})


def _rules(call: ServiceCall) -> Reply:
    return Reply(200, {"rules": _group(call)["rules"]})


def _rule(call: ServiceCall) -> Reply:
    for rule in _group(call)["rules"]:
        if rule["id"] == call.path["rule"]:
            return Reply(200, rule)
    raise not_found("security group rule", call.path["rule"])


def _group(call: ServiceCall) -> Json:
    groups = call.world.catalogue["security_group"]
    if call.path["key"] not in groups:
        raise not_found("security group", call.path["key"])
    return groups[call.path["key"]]


def _get(path: str, handler: Handler, query: Iterable[str] = ()) -> Route:
    return Route("GET", path, handler, "vpc.read", frozenset(query))


ROUTES = (
    _get("/vpcs", _listing("vpc", "vpcs"), PAGING | {"resource_group.id", "classic_access"}),
    _get("/vpcs/{key}", _single("vpc")),
    _get("/subnets", _list_subnets, PAGING | {"vpc.id", "zone.name", "resource_group.id"}),
    _get("/subnets/{subnet_id}", _get_subnet),
    _get("/images", _listing("image", "images"), PAGING | _IMAGE_FILTERS),
    _get("/images/{key}", _single("image")),
    _get("/keys", _listing("key", "keys"), PAGING),
    _get("/keys/{key}", _single("key")),
    _get(
        "/security_groups",
        _listing("security_group", "security_groups"),
        PAGING | {"vpc.id", "resource_group.id"},
    ),
    _get("/security_groups/{key}", _single("security_group")),
    _get("/security_groups/{key}/rules", _rules),
    _get("/security_groups/{key}/rules/{rule}", _rule),
    _get("/bare_metal_server/profiles", _listing("profile", "bare_metal_server/profiles"), PAGING),
    _get("/bare_metal_server/profiles/{key}", _single("profile")),
    _get("/bare_metal_server/capacities", _capacities, PAGING | {"profile.name", "zone.name"}),
    _get("/regions", _regions),
    _get("/regions/{key}", _single("region")),
    _get("/regions/{region}/zones", _zones),
    _get("/regions/{region}/zones/{key}", _single("zone")),
)

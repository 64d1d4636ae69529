"""DNS Services: zones and their records, with the list of allowed TTLs and the rules between records."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web

from daemon.sim.cloud.metadata import Tokens
from daemon.sim.cloud.vpc import check_token
from daemon.sim.refusals import Json, Refusal, dns_envelope
from daemon.sim.service.service import Reply, Route, Service, ServiceCall
from daemon.sim.service.shapes import RECORD, RECORD_UPDATE
from daemon.sim.world import initial as f
from daemon.sim.world.objects import STRANGER, DnsRecord, DnsZone
from daemon.sim.world.world import World

T = TypeVar("T")

TTLS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 43200)
LONGEST_NAME = 253
_LABEL = re.compile(r"\*|[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
DEFAULT_TTL = 900
DEFAULT_LIMIT = 200
LARGEST_LIMIT = 1000

RDATA_FIELDS = {
    "A": {"ip"},
    "AAAA": {"ip"},
    "CNAME": {"cname"},
    "PTR": {"ptrdname"},
    "TXT": {"text"},
    "MX": {"exchange", "preference"},
    "SRV": {"port", "priority", "target", "weight"},
}


def dns_service(tokens: Tokens) -> Service:
    """The service; every request must carry a live token. There is no version and no generation."""

    def gate(request: web.Request, world: World) -> None:
        check_token(request, tokens)

    return Service("dns", "/v1", _ROUTES, dns_envelope, gate)


def _zone(call: ServiceCall) -> DnsZone:
    _check_instance(call)
    zone = call.world.find(DnsZone, call.path["zone_id"])
    if zone is None:
        raise Refusal(404, "not_found", f"The DNS zone {call.path['zone_id']} does not exist.")
    return zone


def _check_instance(call: ServiceCall) -> None:
    if call.path["instance_id"] != f.DNS_INSTANCE:
        raise Refusal(404, "not_found", f"The instance {call.path['instance_id']} does not exist.")


def _record(call: ServiceCall) -> DnsRecord:
    zone = _zone(call)
    record = call.world.find(DnsRecord, call.path["record_id"])
    if record is None or record.zone_id != zone.id:
        raise Refusal(404, "not_found", f"The resource record {call.path['record_id']} does not exist.")
    return record


def _zone_view(world: World, zone: DnsZone) -> Json:
    return {
        "id": zone.id,
        "name": zone.name,
        "description": zone.description,
        "state": zone.state,
        "label": world.catalogue["vpc"][f.VPC]["name"],
        "created_on": world.stamp(zone.created),
        "modified_on": world.stamp(zone.created),
        "instance_id": zone.instance_id,
    }


def _record_view(world: World, record: DnsRecord) -> Json:
    view: Json = {
        "id": record.id,
        "created_on": world.stamp(record.created),
        "modified_on": world.stamp(record.modified),
        "name": record.name,
        "type": record.type,
        "ttl": record.ttl,
        "rdata": record.rdata,
    }
    if record.service is not None:
        view |= {"service": record.service, "protocol": record.protocol}
    return view


def _slice(call: ServiceCall, field: str, path: str, items: Sequence[T], view: Callable[[T], Json]) -> Json:
    """One page by offset and limit, with the links that the service gives."""
    offset, limit = _number(call, "offset", 0, 10**9), _number(call, "limit", DEFAULT_LIMIT, LARGEST_LIMIT)
    shown = items[offset : offset + limit]
    url = f"{call.world.places.dns}/{path}"

    def link(start: int) -> Json:
        filters = {k: v for k, v in call.query.items() if k not in ("offset", "limit")}
        return {"href": f"{url}?{urlencode({**filters, 'offset': start, 'limit': limit})}"}

    body: Json = {
        field: [view(item) for item in shown],
        "offset": offset,
        "limit": limit,
        "count": len(shown),
        "total_count": len(items),
        "first": link(0),
        "last": link(max(0, (len(items) - 1) // limit * limit)),
    }
    if offset:
        body["previous"] = link(max(0, offset - limit))
    if offset + limit < len(items):
        body["next"] = link(offset + limit)
    return body


def _number(call: ServiceCall, name: str, default: int, largest: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    least = 1 if name == "limit" else 0
    if not text.isdigit() or not least <= int(text) <= largest:
        raise Refusal(400, "invalid_parameter", f"The {name} must be between {least} and {largest}.")
    return int(text)


def _list_zones(call: ServiceCall) -> Reply:
    _check_instance(call)
    world = call.world
    path = f"instances/{f.DNS_INSTANCE}/dnszones"
    zones = list(world.all(DnsZone))
    return Reply(200, _slice(call, "dnszones", path, zones, lambda z: _zone_view(world, z)))


def _get_zone(call: ServiceCall) -> Reply:
    return Reply(200, _zone_view(call.world, _zone(call)))


def _list_permitted(call: ServiceCall) -> Reply:
    return Reply(200, {"permitted_networks": _zone(call).permitted})


def _list_records(call: ServiceCall) -> Reply:
    zone, world = _zone(call), call.world
    kind = call.query.get("type")
    name = _full(zone, call.query["name"]) if "name" in call.query else None
    records = [
        record
        for record in (world.all(DnsRecord) if name is None else world.records_named(name))
        if record.zone_id == zone.id and kind in (None, record.type) and name in (None, record.name)
    ]
    path = f"instances/{zone.instance_id}/dnszones/{zone.id}/resource_records"
    return Reply(200, _slice(call, "resource_records", path, records, lambda r: _record_view(world, r)))


def _create_record(call: ServiceCall) -> Reply:
    zone, world, body = _zone(call), call.world, call.body
    if world.count(DnsRecord) >= world.quotas["record"]:
        raise Refusal(403, "over_quota", "The zone holds the largest number of resource records.")
    kind = body["type"]
    if not body.get("name") and kind != "MX":
        raise Refusal(400, "bad_request", "name in body is required")
    _check_rdata(kind, body["rdata"])
    if kind == "PTR":
        name, key = _pointer(world, zone, body)
    else:
        name, key = _full(zone, body.get("name", "")), f"{kind}:{world.plain_id()}"
    _intrude(world, zone, name)
    _check_against_others(world, zone, kind, name)
    now = world.clock.now()
    record = DnsRecord(
        id=key,
        name=name,
        created=now,
        modified=now,
        maker=call.maker,
        zone_id=zone.id,
        type=kind,
        ttl=_ttl(body.get("ttl", DEFAULT_TTL)),
        rdata=body["rdata"],
        service=body.get("service"),
        protocol=body.get("protocol"),
    )
    return Reply(200, _record_view(world, world.add(record)))


def _intrude(world: World, zone: DnsZone, name: str) -> None:
    """Somebody else has a CNAME of this name already, if a rule says so."""
    if world.strike("record create", name) is None:
        return
    now = world.clock.now()
    world.add(
        DnsRecord(
            id=f"CNAME:{world.plain_id()}",
            name=name,
            created=now,
            modified=now,
            maker=STRANGER,
            zone_id=zone.id,
            type="CNAME",
            ttl=DEFAULT_TTL,
            rdata={"cname": zone.name},
        )
    )


def _get_record(call: ServiceCall) -> Reply:
    return Reply(200, _record_view(call.world, _record(call)))


def _update_record(call: ServiceCall) -> Reply:
    record, body, world = _record(call), call.body, call.world
    zone = _zone(call)
    if record.type == "PTR":
        for field in ("name", "rdata"):
            if field in body:
                raise Refusal(400, "bad_request", f".{field} in body is a forbidden property")
    if "rdata" in body:
        _check_rdata(record.type, body["rdata"])
    name = _full(zone, body["name"]) if "name" in body else record.name
    if name != record.name:
        _check_against_others(world, zone, record.type, name)
    record.ttl = _ttl(body.get("ttl", record.ttl))
    record.rdata = body.get("rdata", record.rdata)
    world.rename_record(record, name)
    record.service = body.get("service", record.service)
    record.protocol = body.get("protocol", record.protocol)
    record.modified = world.clock.now()
    return Reply(200, _record_view(world, record))


def _delete_record(call: ServiceCall) -> Reply:
    record, world = _record(call), call.world
    pointer = "PTR:" + record.id.partition(":")[2]
    if record.type in ("A", "AAAA") and world.find(DnsRecord, pointer) is not None:
        # That the order is enforced is a guess; that it must be PTR first is known.
        raise Refusal(409, "conflict", "The resource record is referenced by a PTR record.")
    world.remove(record)
    return Reply(204)


def _full(zone: DnsZone, name: str) -> str:
    """The full name of a record that may be given short, or with a dot at its end; refused if it is none."""
    name = name.rstrip(".").lower()
    try:
        ipaddress.IPv4Address(name)
        return name
    except ValueError:
        pass
    inside = name == zone.name or name.endswith("." + zone.name)
    full = name if inside else f"{name}.{zone.name}" if name else zone.name
    if len(full) > LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in full.split(".")):
        raise Refusal(400, "bad_request", f"The name {full} is not a valid DNS name.")
    return full


def _ttl(value: int) -> int:
    if value not in TTLS:
        allowed = ", ".join(str(ttl) for ttl in TTLS)
        raise Refusal(400, "bad_request", f"ttl in body should be one of [{allowed}]")
    return value


def _check_rdata(kind: str, rdata: Json) -> None:
    if set(rdata) != RDATA_FIELDS[kind]:
        wanted = ", ".join(sorted(RDATA_FIELDS[kind]))
        raise Refusal(400, "bad_request", f"rdata in body of type {kind} must hold exactly {wanted}")
    if kind in ("A", "AAAA"):
        family = ipaddress.IPv4Address if kind == "A" else ipaddress.IPv6Address
        try:
            family(rdata["ip"])
        except ValueError:
            raise Refusal(400, "bad_request", f"rdata.ip in body is not valid: {rdata['ip']}") from None


def _check_against_others(world: World, zone: DnsZone, kind: str, name: str) -> None:
    """A CNAME stands alone with its name; several A records of one name are allowed."""
    others = [r for r in world.records_named(name) if r.zone_id == zone.id and r.type != "PTR"]
    if kind != "PTR" and any(kind == "CNAME" or other.type == "CNAME" for other in others):
        raise Refusal(409, "conflict", f"{kind} type record conflict with other records")


def _pointer(world: World, zone: DnsZone, body: Json) -> tuple[str, str]:
    """The name and id of a PTR record: it belongs to one address record and shares its identifier."""
    target = _full(zone, body["rdata"]["ptrdname"])
    for record in world.records_named(target):
        if record.type in ("A", "AAAA") and record.rdata["ip"] == body["name"]:
            key = "PTR:" + record.id.partition(":")[2]
            if world.find(DnsRecord, key) is not None:
                raise Refusal(409, "conflict", "The address record is already tied to a PTR record.")
            return body["name"], key
    raise Refusal(400, "bad_request", f"There is no address record {target} with {body['name']}.")


_ZONES = "/instances/{instance_id}/dnszones"
_ONE_ZONE = _ZONES + "/{zone_id}"
_RECORDS = _ONE_ZONE + "/resource_records"
_OFFSETS = frozenset({"offset", "limit"})

_ROUTES = (
    Route("GET", _ZONES, _list_zones, "dns.read", _OFFSETS | {"vpc_id"}),
    Route("GET", _ONE_ZONE, _get_zone, "dns.read"),
    Route("GET", _ONE_ZONE + "/permitted_networks", _list_permitted, "dns.read"),
    Route("GET", _RECORDS, _list_records, "dns.read", _OFFSETS | {"type", "name"}),
    Route("POST", _RECORDS, _create_record, "dns.write", body=RECORD),
    Route("GET", _RECORDS + "/{record_id}", _get_record, "dns.read"),
    Route("PUT", _RECORDS + "/{record_id}", _update_record, "dns.write", body=RECORD_UPDATE),
    Route("DELETE", _RECORDS + "/{record_id}", _delete_record, "dns.write"),
)

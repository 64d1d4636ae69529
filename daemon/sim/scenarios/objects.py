"""Scenarios of what a node gets first: reserved addresses, network interfaces and DNS records."""

from __future__ import annotations

from typing import Any

from daemon.sim.faults.rules import Rule
from daemon.sim.faults.triggers import CREATE_RECORD, CREATE_VNI, NOT_AUTHORIZED, OVER_QUOTA, RESERVE_IP
from daemon.sim.scenarios.cloud import PREFLIGHT, refused
from daemon.sim.scenarios.scenario import Change, Scenario
from daemon.sim.world import initial as f

RESERVING = "node:reserving_ips"
INTERFACES = "node:creating_vnis"
REGISTERING = "node:registering_dns"
ONE_VNI = "vpc DELETE /virtual_network_interfaces/{vni_id}"
LIST_RECORDS = "dns GET /instances/{instance_id}/dnszones/{zone_id}/resource_records"
ONE_RECORD = "dns DELETE /instances/{instance_id}/dnszones/{zone_id}/resource_records/{record_id}"


def _ip(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "reserved-ip", sentence, f"Reserved IP: {source}", rules, **more)


def _ip_fails(name: str, sentence: str, source: str, code: str, *rules: Rule) -> Scenario:
    return _ip(name, sentence, source, *rules, ending="fails", at=RESERVING, code=code)


RESERVED_IP = (
    _ip(
        "address-already-reserved",
        "The address that was picked is called taken, 400.",
        "400 `address_is_already_reserved`",
        refused(
            RESERVE_IP,
            400,
            "address_is_already_reserved",
            "The specified address is already reserved on the subnet.",
        ),
    ),
    _ip(
        "address-already-reserved-409",
        "The address that was picked is called taken, 409.",
        "409 `address_is_already_reserved`",
        refused(
            RESERVE_IP,
            409,
            "address_is_already_reserved",
            "The specified address is already reserved on the subnet.",
        ),
    ),
    _ip(
        "address-stolen",
        "Somebody else takes the address between the list and the reservation.",
        "someone else takes the address between list and create",
        Rule("reserved_ip create", "stolen"),
    ),
    _ip_fails(
        "address-outside-subnet",
        "The service calls the address not one of the subnet.",
        "400 address outside subnet (`bad_field`)",
        "bad_request",
        refused(RESERVE_IP, 400, "bad_field", "The address is not in the subnet.", target="address"),
    ),
    _ip_fails(
        "address-of-provider",
        "The service calls the address the provider's own.",
        "400 provider address (`reserved_ip_owned_by_provider`)",
        "bad_request",
        refused(RESERVE_IP, 400, "reserved_ip_owned_by_provider", "The address is reserved by the provider."),
    ),
    _ip_fails(
        "address-name-taken",
        "Somebody else has an address of our name.",
        "400 `validation_unique_failed` (name)",
        "foreign",
        Rule("reserved_ip create", "foreign"),
    ),
    _ip_fails(
        "address-name-invalid",
        "The service does not take the name of an address.",
        "400 `validation_invalid_name`",
        "bad_request",
        refused(RESERVE_IP, 400, "validation_invalid_name", "Provided Name is invalid.", target="name"),
    ),
    _ip_fails(
        "subnet-out-of-addresses",
        "The subnet has no address left.",
        "`subnet_out_of_ip_addresses`",
        "no_address",
        refused(
            RESERVE_IP,
            400,
            "subnet_out_of_ip_addresses",
            "There are no more IP addresses available in the subnet.",
        ),
    ),
    _ip_fails(
        "address-quota",
        "The account may not reserve another address.",
        "`over_quota`",
        "quota",
        Rule(RESERVE_IP, "answer", what=OVER_QUOTA),
    ),
    _ip(
        "address-unassigned",
        "A fresh reserved address shows 0.0.0.0 for half a minute.",
        "address `0.0.0.0` for N s",
        Rule("reserved_ip provision", "unassigned", count=None, seconds=30.0),
    ),
    _ip(
        "address-fails",
        "A reserved address goes from pending to failed, and no interface takes it.",
        "lifecycle pending→failed",
        Rule("reserved_ip provision", "fail"),
        ending="fails",
        at=INTERFACES,
        code="bad_request",
        way_out="rollback",
    ),
    _ip(
        "address-in-use-after-unbind",
        "An address counts as in use for two minutes after its interface is gone.",
        "DELETE 409 `reserved_ip_in_use` for N s after unbind",
        Rule("vni gone", "bound", count=None, seconds=120.0),
    ),
    _ip(
        "address-gone-late",
        "A released address can be read for five minutes more.",
        "GET after delete still 200 for N s",
        Rule("reserved_ip delete", "lag", count=None, seconds=300.0),
    ),
)


def _vni(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "vni", sentence, f"VNI: {source}", rules, **more)


def _vni_fails(name: str, sentence: str, source: str, code: str, *rules: Rule, **more: Any) -> Scenario:
    return _vni(name, sentence, source, *rules, ending="fails", at=INTERFACES, code=code, **more)


VNI = (
    _vni_fails(
        "interface-name-taken",
        "Somebody else has an interface of our name.",
        '400 `validation_unique_failed` "Another VNI with the requested name already exists"',
        "foreign",
        Rule("vni create", "foreign"),
    ),
    _vni(
        "interface-address-in-use",
        "The address for an interface still counts as bound, twice.",
        "400 when RIP already bound (`reserved_ip_in_use` [G])",
        refused(CREATE_VNI, 400, "reserved_ip_in_use", "The reserved IP is in use and cannot be bound.", 2),
    ),
    _vni_fails(
        "no-spoofing-role",
        "The trusted profile lacks the role for IP spoofing.",
        "403 spoofing/NAT role",
        "not_authorized",
        Rule(CREATE_VNI, "answer", what=NOT_AUTHORIZED),
    ),
    _vni_fails(
        "group-not-in-vpc",
        "The security group is in another VPC.",
        "SG not in VPC",
        "bad_request",
        refused(
            CREATE_VNI,
            400,
            "security_group_not_in_vpc",
            "The security group is not in the VPC of the subnet.",
        ),
    ),
    _vni(
        "interface-pending-long",
        "Interfaces stay pending for two minutes.",
        "pending N s",
        Rule("vni provision", "stuck", count=None, seconds=120.0),
    ),
    _vni_fails(
        "interface-fails",
        "An interface goes to failed.",
        "failed",
        "bad_request",
        Rule("vni provision", "fail"),
        way_out="rollback",
    ),
    _vni_fails(
        "interface-suspended",
        "An interface is suspended by the provider.",
        "suspended",
        "bad_request",
        Rule("vni provision", "suspend"),
        way_out="rollback",
    ),
    _vni(
        "interface-delete-conflict",
        "An interface counts as attached for three attempts to delete it.",
        "DELETE 409 while attached",
        refused(
            ONE_VNI,
            409,
            "vitual_network_interface_in_use",
            "The virtual network interface is attached to a target and cannot be deleted.",
            3,
        ),
    ),
    _vni(
        "interface-delete-undone",
        "An interface is being deleted, and then is stable again.",
        "`deleting` then back to `stable`",
        Rule("vni delete", "back"),
    ),
    _vni(
        "interface-gone-late",
        "Deleting an interface takes ten minutes.",
        "deletion lagging minutes",
        Rule("vni delete", "lag", count=None, seconds=600.0),
    ),
    _vni(
        "interface-auto-deleted",
        "Interfaces go with their server, although nobody asked for that.",
        "auto_delete surprises (inline VNI true)",
        Rule("vni create", "auto_delete", count=None),
    ),
)


def _dns(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "dns", sentence, f"DNS: {source}", rules, **more)


INTERNAL = "An internal error occurred. Try again later."

DNS = (
    _dns(
        "dns-error-once",
        "Making a record fails once, then goes well.",
        "500 intermittent on create (once, then ok)",
        refused(CREATE_RECORD, 500, "internal_server_error", INTERNAL),
    ),
    _dns(
        "dns-flat-error",
        "Making a record fails with an error body that is not in a list.",
        "500 intermittent on create; error envelope [G]",
        Rule(
            CREATE_RECORD,
            "answer",
            what={
                "status": 500,
                "type": "application/json",
                "body": f'{{"code":"internal_server_error","message":"{INTERNAL}"}}',
            },
        ),
    ),
    _dns(
        "dns-too-many",
        "Making records is refused three times: too many requests.",
        "429",
        refused(CREATE_RECORD, 429, "too_many_requests", "Too Many Requests", 3),
    ),
    _dns(
        "dns-zone-gone",
        "The zone is gone when a record is to be made.",
        "404 record/zone",
        refused(CREATE_RECORD, 404, "not_found", "The DNS zone does not exist."),
        ending="fails",
        at=REGISTERING,
        code="not_found",
    ),
    _dns(
        "dns-cname-conflict",
        "Somebody else has a CNAME of our name.",
        "conflict CNAME/A",
        Rule("record create", "foreign"),
        ending="fails",
        at=REGISTERING,
        code="conflict",
    ),
    _dns(
        "ptr-without-address",
        "A PTR record is refused: there is no address record for it.",
        "PTR without A",
        Rule(
            CREATE_RECORD,
            "answer",
            body='"PTR"',
            what={"status": 400, "code": "bad_request", "message": "There is no address record."},
        ),
        idle=True,
    ),
    _dns(
        "ptr-update-forbidden",
        "A PTR record may change its TTL only.",
        "PTR update forbidden property",
        refused("dns PUT *", 400, "bad_request", ".name in body is a forbidden property", None),
        idle=True,
    ),
    _dns(
        "zone-pending",
        "The zone has no permitted network.",
        "zone pending",
        ending="refused",
        at=PREFLIGHT,
        code="preflight",
        changes=(Change("dns_zone", f.DNS_ZONE, {"state": "pending_network_add"}),),
        alone=True,
    ),
    _dns(
        "zone-disabled",
        "The zone is disabled.",
        "zone disabled",
        ending="refused",
        at=PREFLIGHT,
        code="preflight",
        changes=(Change("dns_zone", f.DNS_ZONE, {"state": "disabled"}),),
        alone=True,
    ),
    _dns(
        "dns-listing-lags",
        "The answer to making a record is lost, and the listing lags by half a minute.",
        "record created but listing lags",
        Rule(CREATE_RECORD, "reset_after"),
        Rule(LIST_RECORDS, "lag", count=None, seconds=30.0),
    ),
    _dns(
        "dns-delete-not-found",
        "A proxy sends each deletion twice: the answer is 404, and the record is gone.",
        "delete 404 treated as success",
        Rule(ONE_RECORD, "twice", count=None),
    ),
    _dns(
        "permitted-network-leaves",
        "The VPC is being removed from the zone's permitted networks.",
        "permitted-network delete 202 lag",
        Rule(
            "dns GET */permitted_networks",
            "set",
            what={"fields": {"state": "REMOVAL_IN_PROGRESS"}},
        ),
        idle=True,
    ),
    _dns(
        "dns-request-replayed",
        "A proxy sends the order of a record twice, and there are two.",
        "duplicate (no protection for identical A records [G])",
        Rule(CREATE_RECORD, "twice"),
        doubled="record",
    ),
)

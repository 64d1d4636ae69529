"""The bodies that the services take, as data, and the check that refuses everything else.

A shape is a mapping from field to ``Field``. Unknown fields, missing ones and wrong types are refused, as
the real service does, with the dotted path of the field as the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.sim.refusals import Json, Refusal, bad_field, bad_request, missing_field

Shape = Mapping[str, "Field"]


@dataclass(frozen=True)
class Field:
    """What one field may hold: a JSON type, an object of a shape, or a list of either."""

    kind: type | None = None
    shape: Shape | None = None
    many: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()


TEXT = Field(str)
FLAG = Field(bool)
NUMBER = Field(int)

IDENTITY: Shape = {"id": TEXT, "crn": TEXT, "href": TEXT}
NAME_IDENTITY: Shape = {"name": TEXT, "href": TEXT}
PROFILE_IDENTITY: Shape = {"id": TEXT, "crn": TEXT}

RESERVED_IP: Shape = {
    "address": TEXT,
    "auto_delete": FLAG,
    "name": TEXT,
    "target": Field(shape=IDENTITY),
}
RESERVED_IP_PATCH: Shape = {"auto_delete": FLAG, "name": TEXT}

MEMBER_IP: Shape = {"id": TEXT, "href": TEXT, "address": TEXT, "auto_delete": FLAG, "name": TEXT}

VNI: Shape = {
    "allow_ip_spoofing": FLAG,
    "auto_delete": FLAG,
    "enable_infrastructure_nat": FLAG,
    "ips": Field(shape=MEMBER_IP, many=True),
    "name": TEXT,
    "primary_ip": Field(shape=MEMBER_IP),
    "protocol_state_filtering_mode": Field(str, choices=("auto", "disabled", "enabled")),
    "resource_group": Field(shape=IDENTITY),
    "security_groups": Field(shape=IDENTITY, many=True),
    "subnet": Field(shape=IDENTITY),
}
VNI_PATCH: Shape = {
    "allow_ip_spoofing": FLAG,
    "auto_delete": FLAG,
    "enable_infrastructure_nat": FLAG,
    "name": TEXT,
    "protocol_state_filtering_mode": Field(str, choices=("auto", "disabled", "enabled")),
}

ATTACHMENT: Shape = {
    "name": TEXT,
    "interface_type": Field(str, choices=("pci", "vlan")),
    "allowed_vlans": Field(int, many=True),
    "vlan": NUMBER,
    "allow_to_float": FLAG,
    "virtual_network_interface": Field(shape={**VNI, **IDENTITY}, required=True),
}

INITIALIZATION: Shape = {
    "image": Field(shape=IDENTITY, required=True),
    "keys": Field(shape=IDENTITY, many=True, required=True),
    "user_data": TEXT,
    "default_trusted_profile": Field(
        shape={"auto_link": FLAG, "target": Field(shape=PROFILE_IDENTITY, required=True)}
    ),
}

SERVER: Shape = {
    "name": TEXT,
    "profile": Field(shape=NAME_IDENTITY, required=True),
    "zone": Field(shape=NAME_IDENTITY, required=True),
    "vpc": Field(shape=IDENTITY),
    "resource_group": Field(shape=IDENTITY),
    "initialization": Field(shape=INITIALIZATION, required=True),
    "primary_network_attachment": Field(shape=ATTACHMENT, required=True),
    "network_attachments": Field(shape=ATTACHMENT, many=True),
    "bandwidth": NUMBER,
    "enable_secure_boot": FLAG,
    "metadata_service": Field(shape={"enabled": FLAG, "protocol": Field(str, choices=("http", "https"))}),
    "reservation_affinity": Field(
        shape={
            "policy": Field(str, choices=("disabled", "manual", "automatic")),
            "pool": Field(shape=IDENTITY, many=True),
        }
    ),
    "trusted_platform_module": Field(shape={"mode": Field(str, choices=("disabled", "tpm_2"))}),
}
SERVER_PATCH: Shape = {"name": TEXT, "bandwidth": NUMBER, "enable_secure_boot": FLAG}
STOP: Shape = {"type": Field(str, required=True, choices=("soft", "hard"))}
CONSOLE: Shape = {"console_type": Field(str, required=True, choices=("serial", "vnc")), "force": FLAG}

RDATA: Shape = {
    "ip": TEXT,
    "cname": TEXT,
    "ptrdname": TEXT,
    "text": TEXT,
    "exchange": TEXT,
    "preference": NUMBER,
    "port": NUMBER,
    "priority": NUMBER,
    "target": TEXT,
    "weight": NUMBER,
}
RECORD: Shape = {
    "name": TEXT,
    "type": Field(str, required=True, choices=("A", "AAAA", "CNAME", "MX", "PTR", "SRV", "TXT")),
    "rdata": Field(shape=RDATA, required=True),
    "ttl": NUMBER,
    "service": TEXT,
    "protocol": TEXT,
}
RECORD_UPDATE: Shape = {name: field for name, field in RECORD.items() if name != "type"} | {
    "rdata": Field(shape=RDATA)
}

_NAMES = {str: "a string", bool: "a boolean", int: "an integer"}


def check_shape(value: object, shape: Shape, path: str = "") -> Json:
    """Refuse ``value`` unless it is an object of ``shape``; return it."""
    if not isinstance(value, dict):
        raise (
            bad_field(f"The field '{path}' must be an object.", path)
            if path
            else bad_request("The body must be a JSON object.")
        )
    for name in value:
        if name not in shape:
            where = _join(path, name)
            raise Refusal(400, "unknown_field", f"The field '{where}' is unknown.", where)
    for name, field in shape.items():
        if name in value:
            _check_field(value[name], field, _join(path, name))
        elif field.required:
            raise missing_field(_join(path, name))
    return value


def _check_field(value: Any, field: Field, path: str) -> None:
    if not field.many:
        _check_one(value, field, path)
        return
    if not isinstance(value, list):
        raise bad_field(f"The field '{path}' must be a list.", path)
    for index, item in enumerate(value):
        _check_one(item, field, f"{path}[{index}]")


def _check_one(value: Any, field: Field, path: str) -> None:
    if field.shape is not None:
        check_shape(value, field.shape, path)
        return
    kind = field.kind or str
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise bad_field(f"The field '{path}' must be {_NAMES[kind]}.", path)
    if field.choices and value not in field.choices:
        raise bad_field(f"The field '{path}' must be one of {', '.join(field.choices)}.", path, str(value))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

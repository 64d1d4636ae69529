"""What a server is ordered with, and why one failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.errors import NxdError, as_json


def boot_url(base: str, node: str, token: str) -> str:
    """The user data of a server: where its iPXE fetches the boot script."""
    return f"{base}/boot/ipxe/{node}?token={token}"


def server_prototype(ibm: Mapping[str, Any], name: str, vnis: Mapping[str, str], url: str) -> dict[str, Any]:
    """The order of a server, attached to the interfaces made before, that boots from ``url``."""
    group = {"resource_group": {"id": ibm["resource_group"]}} if ibm["resource_group"] else {}
    return {
        "name": name,
        "profile": {"name": ibm["profile"]},
        "zone": {"name": ibm["zone"]},
        "vpc": {"id": ibm["vpc"]},
        "initialization": {
            "image": {"id": ibm["image"]},
            "keys": [{"id": key} for key in ibm["ssh_keys"]],
            "user_data": url,
        },
        "primary_network_attachment": _attachment("eth0", vnis["management"]),
        "network_attachments": [_attachment("eth1", vnis["workload"])],
        **group,
    }


def _attachment(name: str, vni: str) -> dict[str, Any]:
    return {"name": name, "interface_type": "pci", "virtual_network_interface": {"id": vni}}


def server_problem(name: str, server: Mapping[str, Any], remedy: str | None = None) -> NxdError:
    """Why a server is failed, by the first of its status reasons; ``remedy`` where a retry is none."""
    reasons = server.get("status_reasons") or [{"code": "unknown", "message": "no reason was given"}]
    code = "capacity" if "capacity" in reasons[0]["code"] else "server_failed"
    return NxdError(
        code,
        f"The server {name} failed: {reasons[0]['message'].rstrip('.')}.",
        evidence=as_json(reasons),
        remedy=remedy,
    )

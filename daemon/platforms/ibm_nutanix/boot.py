"""What the boot server may tell a node's machine, and when: its script and its configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from daemon.life.boots import BootProgress, boot_progress, next_boot, round_of
from daemon.memory.mirror import Mirror
from daemon.platforms.ibm_nutanix.installer_reports import LAST_PHASE
from daemon.platforms.ibm_nutanix.machine import is_installed
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, host_name
from daemon.platforms.ibm_nutanix.neighbours import Neighbourhoods, Neighbours
from daemon.platforms.ibm_nutanix.reserved import addresses
from daemon.platforms.ibm_nutanix.routes import CONFIG, CONFIG_PATH, STATUS_PATH
from daemon.platforms.ibm_nutanix.server import boot_token
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from pxe.book import Document, DocumentError, Guest, Stage
from state_machines.record import Record

CONFIG_KEYS = (
    "node_id",
    "boot",
    "pxe_server",
    "config_endpoint",
    "status_endpoint",
    "server_info",
    "cluster_config",
    "node_config",
    "storage_config",
    "hardware_config",
    "network_config",
)
"""What every configuration holds; an installer that misses one would stop half way."""

_BOOTING = ("creating_server", "awaiting_boot")
_INSTALLING = ("awaiting_config", "installing")
_STANDING = ("failed", "held")
"""States that say nothing of the machine: the step at which the record stands does."""


def guest(
    settings: IbmSettings,
    mirror: Mirror,
    neighbourhoods: Neighbourhoods,
    record: Record,
    secret: Callable[[str], str | None],
) -> Guest | None:
    """The machine of a node as the boot server sees it; None before it is recorded.

    It costs the same however large the cluster is: of its other nodes only the configuration tells.
    """
    boot, install = boot_token(record, secret), secret(f"install_token.{round_of(record)}")
    mine = addresses(mirror.resources(record.name))
    if boot is None or install is None or "mgmt" not in mine:
        return None
    signals = mirror.signals(record.name)
    stands = boot_progress(record, signals, LAST_PHASE)
    return Guest(
        server_id=record.name,
        platform="ibm_nutanix",
        stage=_stage(record, stands),
        source=mine["mgmt"],
        tokens={"boot": _digest(boot), "install": _digest(install)},
        values={
            "server_id": record.name,
            "mgmt_ip": mine["mgmt"],
            "boot_url": settings.boot_url,
            "config_url": f"{settings.config_url}{CONFIG_PATH}",
            "status_url": f"{settings.config_url}{STATUS_PATH}",
            "install_token": install,
            "agent": settings.ibm_agent,
        },
        documents={
            CONFIG: Document(
                partial(_config, settings, mirror, neighbourhoods, record, mine, stands.boot),
                "application/json",
            )
        },
        given=stands.fetched,
        round=round_of(record),
        next_boot=next_boot(signals),
    )


def _stage(record: Record, stands: BootProgress) -> Stage:
    """Installed or not comes first: whatever else goes on, such a machine is told to boot from its disk."""
    where = record.step if record.state in _STANDING else record.state
    if is_installed(where, stands):
        return "installed"
    if where not in _BOOTING + _INSTALLING or record.facts.get("cycling") == "off":
        return "closed"
    if record.state == "failed":
        return "stopped"
    return "boot" if where in _BOOTING else "installing"


def _config(
    settings: IbmSettings,
    mirror: Mirror,
    neighbourhoods: Neighbourhoods,
    record: Record,
    mine: dict[str, str],
    boot: int,
) -> str:
    """The document of the configuration. Raises DocumentError."""
    cluster = mirror.records[record.shard]
    return whole(_sections(settings, cluster, neighbourhoods.of(mirror, cluster.name), record, mine, boot))


def whole(config: Mapping[str, Any]) -> str:
    """A configuration as it is handed out. Raises DocumentError when a part of it is missing."""
    missing = [key for key in CONFIG_KEYS if key not in config]
    if missing:
        raise DocumentError(f"it lacks {', '.join(missing)}")
    return json.dumps(config)


def _sections(
    settings: IbmSettings,
    cluster: Record,
    neighbours: Neighbours,
    record: Record,
    mine: dict[str, str],
    boot: int,
) -> dict[str, Any]:
    ibm, nutanix = cluster.spec["ibm"], cluster.spec["nutanix"]
    domain = ibm["dns"]["name"]
    return {
        "node_id": record.name,
        "boot": boot,
        "pxe_server": urlsplit(settings.boot_url).hostname,
        "config_endpoint": f"{settings.config_url}{CONFIG_PATH}",
        "status_endpoint": f"{settings.config_url}{STATUS_PATH}",
        "server_info": {
            "server_id": record.name,
            "profile": ibm["profile"],
            "zone": ibm["zone"],
            "management_ip": mine["mgmt"],
        },
        "cluster_config": _cluster_config(record, cluster, neighbours),
        "node_config": _node_config(record, cluster.name, mine, domain),
        "storage_config": dict(nutanix["storage"]),
        "hardware_config": _hardware(nutanix),
        "network_config": {
            "management_subnet": ibm["management"]["subnet"],
            "workload_subnet": ibm["workload"]["subnet"],
            "domain": domain,
            "dns_servers": nutanix["dns_servers"],
            "ntp_servers": nutanix["ntp_servers"],
        },
    }


def _cluster_config(record: Record, cluster: Record, neighbours: Neighbours) -> dict[str, Any]:
    """What the node's cluster is to become."""
    nutanix, domain = cluster.spec["nutanix"], cluster.spec["ibm"]["dns"]["name"]
    return {
        "cluster_name": cluster.name,
        "cluster_external_ip": neighbours.external,
        "cluster_dns": host_name(record.name, cluster.name, CLUSTER_ROLE, domain),
        "cvm_ips": neighbours.cvms,
        "redundancy_factor": nutanix["redundancy_factor"],
        "timezone": nutanix["timezone"],
    }


def _node_config(record: Record, cluster: str, mine: dict[str, str], domain: str) -> dict[str, Any]:
    """Who the node is: its addresses and its names."""
    return {
        "node_name": record.name,
        "node_position": record.spec["position"],
        **{f"{role.component}_ip": mine.get(role.component) for role in NODE_ROLES},
        **{f"{role.component}_dns": host_name(record.name, cluster, role, domain) for role in NODE_ROLES},
    }


def _hardware(nutanix: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent looks for in the machine; a cluster that was applied before there was an agent demands nothing but
    its drives."""
    storage = nutanix["storage"]
    drives = {"boot_drives": [storage["boot_drive"]], "data_drives": list(storage.get("data_drives", ()))}
    return {**drives, **nutanix.get("hardware", {})}


@lru_cache(4096)
def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""The cluster of one node that each cell has: its names, its spec, and where its objects are deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any
from urllib.parse import quote

import yaml

STATES = (
    "preflight", "deploying", "reserving_ips", "registering_dns", "creating_vnis", "recording_config",
    "creating_server", "awaiting_boot", "awaiting_config", "installing", "awaiting_cvm", "ready",
    "creating_cluster", "awaiting_up", "changing_passwords", "joining_nodes", "removing_nodes", "configuring",
    "verifying_health", "active",
)  # fmt: skip

"""A node's states and then its cluster's, in order."""
DONE = ("ready", "active")


def node_of(number: int) -> str:
    return f"n{number:03d}"


def cluster_of(number: int) -> str:
    return f"c{number:03d}"


def founders_of(number: int) -> list[str]:
    """The three nodes that a cluster is formed of which another one joins."""
    return [f"{node_of(number)}{letter}" for letter in "abc"]


def spec_of(number: int, nodes: Sequence[str] = ()) -> str:
    """One node and no redundancy, or these nodes with the gate at three."""
    document = yaml.safe_load((resources.files("daemon.demo") / "three-node.yaml").read_text())
    document["cluster"] = cluster_of(number)
    document["nodes"] = [{"name": name} for name in nodes or (node_of(number),)]
    document["nutanix"]["redundancy_factor"] = 2 if nodes else 1
    if nodes:
        document["gate"] = 3
    ranges = {"management": [10, 999], "ahv": [1000, 1999], "cvm": [2000, 2999], "cluster": [3000, 4000]}
    document["ibm"]["management"]["ranges"] = ranges
    document["ibm"]["workload"]["range"] = [10, 999]
    document["deadlines"] = dict.fromkeys([state for state in STATES if state not in DONE], "100h")
    return yaml.safe_dump(document)


def path_of(thing: Mapping[str, Any]) -> str:
    """Where the object is deleted."""
    dns = yaml.safe_load((resources.files("daemon.demo") / "three-node.yaml").read_text())["ibm"]["dns"]
    match thing["kind"]:
        case "reserved_ip":
            return f"/subnets/{thing['subnet']}/reserved_ips/{thing['id']}"
        case "vni":
            return f"/virtual_network_interfaces/{thing['id']}"
        case "record":
            zone, record = quote(dns["zone"], safe=""), quote(thing["id"], safe="")
            return f"/instances/{dns['instance']}/dnszones/{zone}/resource_records/{record}"
        case _:
            return f"/bare_metal_servers/{thing['id']}"

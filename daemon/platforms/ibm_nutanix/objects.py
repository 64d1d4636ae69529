"""The kinds of objects of a Nutanix cluster on IBM Cloud VPC, with the `ibmcloud` commands that remove them.

Each command takes an id or a name, but for a DNS record. A server is deleted once it is stopped.
"""

from __future__ import annotations

from state_machines.objects import ObjectKind

HOST = "nutanix_host"
"""The kind of ledger row that stands for a node's being a host of its cluster; the cluster owns it."""

OBJECTS: tuple[ObjectKind, ...] = (
    ObjectKind(HOST, "host of a cluster", "hosts of a cluster", 1, goes_with="server"),
    ObjectKind(
        "dns_record",
        "DNS record",
        "DNS records",
        2,
        removal=("ibmcloud dns resource-record-delete {zone} {id} -i {instance} --force",),
        unseen=("ibmcloud dns resource-records {zone} -i {instance}",),
    ),
    ObjectKind(
        "server",
        "server",
        "servers",
        3,
        removal=(
            "ibmcloud is bare-metal-server-stop {id} --type hard --force",
            "ibmcloud is bare-metal-server-delete {id} --force",
        ),
        hourly="profile",
    ),
    ObjectKind(
        "vni",
        "interface",
        "interfaces",
        4,
        removal=("ibmcloud is virtual-network-interface-delete {id} --force",),
    ),
    ObjectKind(
        "reserved_ip",
        "address",
        "addresses",
        5,
        removal=("ibmcloud is subnet-reserved-ip-delete {subnet} {id} --force",),
    ),
    ObjectKind("nutanix_cluster", "Nutanix cluster", "Nutanix clusters", 6, goes_with="server"),
)

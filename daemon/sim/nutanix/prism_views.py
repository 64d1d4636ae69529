"""The JSON that Prism shows of a cluster, its hosts, tasks, checks and alerts (AOS 6.8 field names)."""

from __future__ import annotations

from daemon.sim.nutanix.cvm import REAL, VERSION, Cluster, Cvm, PrismTask
from daemon.sim.refusals import Json

OPERATIONS = {
    "create": "cluster_create",
    "checks": "ncc_checks",
    "expand": "cluster_expand",
    "remove": "host_remove",
}
NCC_VERSION = "ncc-4.6.6.2"
_STATS = {"hypervisor_cpu_usage_ppm": "20685", "hypervisor_memory_usage_ppm": "278573", "num_iops": "0"}
_EVERY_CLUSTER: Json = {
    "cluster_external_data_services_ipaddress": None,
    "operation_mode": "Normal",
    "encrypted": False,
    "storage_type": "all_flash",
    "is_lts": True,
    "version": VERSION,
    "full_version": f"el8.5-release-fraser-{VERSION}-stable",
    "target_version": VERSION,
    "ncc_version": NCC_VERSION,
    "enable_lock_down": False,
    "enable_shadow_clones": True,
    "global_nfs_white_list": [],
    "http_proxies": [],
    "smtp_server": None,
    "hypervisor_types": ["kKvm"],
    "multicluster": False,
    "is_upgrade_in_progress": False,
    "cluster_arch": "X86_64",
    "fault_tolerance_domain_type": "NODE",
    "stats": _STATS,
}
_REAL_ONLY: Json = {
    "cluster_masquerading_ipaddress": None,
    "cluster_masquerading_port": None,
    "support_verbosity_type": "BASIC_COREDUMP",
    "external_subnet": "127.0.0.0/255.0.0.0",
    "internal_subnet": "192.168.5.0/255.255.255.128",
    "enable_password_remote_login_to_cluster": True,
    "fingerprint_content_cache_percentage": 100,
    "ssd_pinning_percentage_limit": 25,
    "service_centers": [],
    "public_keys": [],
    "cloudcluster": False,
    "has_self_encrypting_drive": False,
    "iscsi_config": None,
    "domain": None,
    "enforce_rackable_unit_aware_placement": False,
    "disable_degraded_node_monitoring": False,
    "common_criteria_mode": False,
    "enable_on_disk_dedup": None,
    "management_servers": None,
}
"""What a real cluster shows beside the rest (a capture of AOS 5.10 in the facts)."""
_NODE_BYTES = 25_600_000_000_000


def cluster_v2(cvm: Cvm, trouble: str | None = None) -> Json:
    """``v2.0/cluster``. ``cluster_status``, the seed's own, is UNCONFIGURED, CREATING, UP or FAILED; the
    personality ``real`` does not know it."""
    cluster = cvm.cluster
    if cluster is None:
        return {"cluster_status": "UNCONFIGURED", "uuid": None, "name": None, "num_nodes": 0}
    nodes = len(cluster.members) - (trouble == "few")
    current = cluster.redundancy_factor if cluster.status == "UP" else 0
    current -= trouble == "redundancy"
    capacity = nodes * _NODE_BYTES
    own: Json = _REAL_ONLY if cvm.personality == REAL else {"cluster_status": cluster.status}
    return {
        **_EVERY_CLUSTER,
        "id": f"{cluster.uuid}::{cluster.incarnation}",
        "uuid": cluster.uuid,
        "cluster_uuid": cluster.uuid,
        "cluster_incarnation_id": cluster.incarnation,
        **own,
        "name": cluster.name,
        "cluster_external_ipaddress": cluster.external_ip,
        "timezone": cluster.timezone,
        "cluster_functions": cluster.functions,
        "num_nodes": nodes,
        "block_serials": [member.serial for member in cluster.members],
        "name_servers": cluster.name_servers,
        "ntp_servers": cluster.ntp_servers,
        "cluster_redundancy_state": {
            "current_redundancy_factor": current,
            "desired_redundancy_factor": cluster.redundancy_factor,
            "redundancy_status": {"kCassandraPrepareDone": True, "kZookeeperPrepareDone": True},
        },
        "usage_stats": {
            "storage.capacity_bytes": str(capacity),
            "storage.free_bytes": str(capacity * 99 // 100),
            "storage.usage_bytes": str(capacity // 100),
        },
        **cluster.settings,
    }


def cluster_v1(cvm: Cvm) -> Json:
    """``v1/cluster``: the same in camel case. It answers before there is a cluster, as the contract says."""
    cluster = cvm.cluster
    if cluster is None:
        return {"uuid": None, "name": "Unnamed", "version": VERSION, "nccVersion": NCC_VERSION, "numNodes": 0}
    current = cluster.redundancy_factor if cluster.status == "UP" else 0
    return {
        "id": f"{cluster.uuid}::{cluster.incarnation}",
        "uuid": cluster.uuid,
        "name": cluster.name,
        "timezone": cluster.timezone,
        "isLTS": True,
        "version": VERSION,
        "nccVersion": NCC_VERSION,
        "clusterRedundancyState": {
            "currentRedundancyFactor": current,
            "desiredRedundancyFactor": cluster.redundancy_factor,
        },
        "clusterExternalIPAddress": cluster.external_ip,
        "clusterExternalDataServicesIPAddress": None,
        "globalNfsWhiteList": [],
        "numNodes": len(cluster.members),
        "blockSerials": [member.uuid[:8] for member in cluster.members],
        "nameServers": cluster.name_servers,
        "ntpServers": cluster.ntp_servers,
        "smtpServer": None,
        "storageType": "all_flash",
        "hypervisorTypes": ["kKvm"],
    }


def host(cluster: Cluster, cvm: Cvm, trouble: str | None) -> Json:
    """One host of ``v2.0/hosts``; ``trouble`` is what is wrong with this one."""
    return {
        "uuid": cvm.uuid,
        "name": cvm.node,
        "service_vmexternal_ip": cvm.address,
        "controller_vm_backplane_ip": cvm.address,
        "hypervisor_address": cvm.hypervisor,
        "hypervisor_key": cvm.hypervisor,
        "hypervisor_type": "kKvm",
        "hypervisor_full_name": "Nutanix 20230302.101026",
        "hypervisor_state": "kAcropolisNormal",
        "serial": cvm.serial,
        "block_serial": cvm.serial,
        "block_model_name": "CommunityEdition",
        "position": {"name": cvm.position},
        "state": "OFFLINE" if trouble == "state" else cvm.moving or "NORMAL",
        "is_degraded": trouble == "degraded" or not cvm.up,
        "metadata_store_status": "kNormalMode",
        "metadata_store_status_message": "Metadata store enabled on the node",
        "removal_status": ["NA"],
        "host_maintenance_mode_reason": None,
        "reboot_pending": False,
        "num_cpu_cores": 48,
        "memory_capacity_in_bytes": 412_316_860_416,
        "num_vms": 1,
        "cluster_uuid": cluster.uuid,
        "stats": _STATS,
        "usage_stats": {"storage.capacity_bytes": str(_NODE_BYTES)},
        "disk_hardware_configs": {},
    }


def listing(entities: list[Json]) -> Json:
    """The frame of every v2.0 list."""
    count = len(entities)
    metadata = {
        "grand_total_entities": count,
        "total_entities": count,
        "filter_criteria": "",
        "sort_criteria": "",
        "page": 1,
        "count": count,
        "start_index": 1 if count else 0,
        "end_index": count,
    }
    return {"metadata": metadata, "entities": entities}


def task(it: PrismTask, now: float) -> Json:
    done = now >= it.ends and it.caught is None
    share = 1.0 if it.ends <= it.started else (now - it.started) / (it.ends - it.started)
    percent = 0 if it.caught == "queued" else 100 if done else max(0, min(99, int(share * 100)))
    running = "Queued" if it.caught == "queued" else "Running"
    status = running if not done else "Failed" if it.error is not None else "Succeeded"
    return {
        "uuid": it.uuid,
        "operation_type": OPERATIONS[it.operation],
        "percentage_complete": percent,
        "progress_status": status,
        "entity_list": [{"entity_id": it.entity, "entity_type": "Cluster"}],
        "create_time_usecs": int(it.started * 1e6),
        "meta_response": {"error_detail": it.error or ""},
    }


def ncc_summary(cluster: Cluster, trouble: str | None, finding: str | None) -> str:
    """The text of a run of the cluster checks; failing ones are told in detail."""
    last = cluster.members[-1]
    failing = [cvm for cvm in cluster.members if (cvm is last and trouble is not None) or not cvm.up]
    count = len(failing) + (finding is not None)
    lines = [f"Run summary for {cluster.name}: {count} of 412 checks failed"]
    for cvm in failing:
        lines += [
            "Detailed information for degraded_node_check:",
            f"Node {cvm.address}:",
            f"FAIL: The node {cvm.address} is degraded.",
            "Refer to KB 3827 for details on degraded_node_check.",
        ]
    if finding is not None:
        lines += ["Detailed information for cluster_services_check:", f"FAIL: {finding}", "Refer to KB 1891."]
    return "\n".join(lines)


def alerts(cluster: Cluster, trouble: str | None, resolved: str | None) -> list[Json]:
    """The alerts that stand or stood; ``resolved`` filters by ``true`` or ``false``."""
    where = cluster.members[-1]
    raised = []
    if cluster.degraded_since is not None:
        over = trouble is None
        message = f"Node {where.address} is in a degraded state."
        raised.append(_alert(where, "Degraded node detected", message, over, cluster.degraded_since))
    if cluster.alert is not None:
        raised.append(_alert(where, "Cluster service unreachable", cluster.alert, False, 0.0))
    return [one for one in raised if resolved in (None, str(one["resolved"]).lower())]


def _alert(where: Cvm, title: str, message: str, over: bool, since: float) -> Json:
    return {
        "id": f"{where.uuid}-{title.split()[0].lower()}",
        "alert_title": title,
        "message": message,
        "severity": "kCritical",
        "resolved": over,
        "acknowledged": False,
        "created_time_stamp_in_usecs": int(since * 1e6),
        "cluster_uuid": where.cluster.uuid if where.cluster is not None else None,
    }

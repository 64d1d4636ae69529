"""What the canned daemon knows: one cluster with a ready, a failed and a working node, and their story."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from daemon.api.views import verb_view
from state_machines import ibm_nutanix

T0 = 1_763_521_928.0  # 2025-11-19 03:12:08 UTC

CAN_NODE = {
    "retry": "it has not failed.",
    "rollback": None,
    "hold": None,
    "resume": "it is not on hold.",
    "replace": None,
}


def entity(name: str, **given: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": name,
        "kind": "node",
        "cluster": "demo",
        "platform": "ibm-nutanix",
        "state": "ready",
        "title": "ready",
        "phase": "ok",
        "step": None,
        "step_index": 9,
        "step_count": 9,
        "progress": None,
        "attempt": 1,
        "protected": False,
        "stop_after": None,
        "since": T0 - 252,
        "deadline": None,
        "waiting_for": None,
        "evidence": None,
        "error": None,
        "wish": None,
        "can": dict(CAN_NODE),
        "addresses": {},
        "resources": [],
    }
    if given.get("kind") != "cluster":
        base["console"] = True
    return base | given


def _owned(number: int, server: str = "present") -> dict[str, Any]:
    node = f"node{number:02}"
    return {
        "addresses": {
            "management": f"127.24.0.{10 + number}",
            "cvm": f"127.24.0.{20 + number}",
            "workload": f"127.24.1.{10 + number}",
        },
        "resources": [
            {
                "kind": "reserved_ip",
                "id": f"0717-ip-{number}",
                "name": f"demo-{node}-mgmt-ip",
                "state": "present",
            },
            {
                "kind": "dns_record",
                "id": f"A:{number}",
                "name": f"{node}.demo.example.com",
                "state": "present",
            },
            {"kind": "vni", "id": f"0717-vni-{number}", "name": f"demo-{node}-mgmt-vni", "state": "present"},
            {"kind": "server", "id": f"0717-srv-{number}", "name": f"demo-{node}-server", "state": server},
        ],
    }


CAN_CLUSTER: dict[str, str | None] = {
    "retry": "it has not failed.",
    "rollback": None,
    "hold": None,
    "resume": "it is not on hold.",
    "destroy": None,
    "protect": None,
    "unprotect": "it is not protected.",
}


def canned_entities() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One cluster; one node ready, one failed, one being installed."""
    error = {
        "code": "boot_script_not_fetched",
        "message": "The server did not fetch its boot script within 45 minutes.",
        "remedy": "Check that the security group lets port 8080 of the jump host through, "
        "then retry from this step.",
        "retry": "now",
        "evidence": "GET /boot/ipxe/0717-srv-2: no request from 127.24.0.12 since 02:24:08",
    }
    cluster = entity(
        "demo",
        kind="cluster",
        state="deploying",
        title="deploying nodes",
        phase="attention",
        step="deploying",
        step_index=2,
        step_count=8,
        since=T0 - 3900,
        deadline=T0 + 5400,
        waiting_for="3 ready nodes",
        evidence="node02: failed",
        can=CAN_CLUSTER,
        addresses={"cluster_ip": "127.24.0.100"},
        uses=[{"kind": "server", "text": "server hours", "seconds": 9000.0, "running": 3, "at": T0}],
    )
    nodes = [
        entity("node01", **_owned(1)),
        entity(
            "node02",
            state="failed",
            title="failed",
            phase="failed",
            step="awaiting_boot",
            step_index=6,
            attempt=2,
            since=T0 - 187,
            error=error,
            can=CAN_NODE | {"retry": None, "hold": "it has failed: retry it or roll it back."},
            **_owned(2),
        ),
        entity(
            "node03",
            state="installing",
            title="installing",
            phase="working",
            step="installing",
            step_index=8,
            progress=0.62,
            since=T0 - 741,
            deadline=T0 + 2859,
            waiting_for="the installer's phase 6 of 8 (controller VM)",
            evidence="phase 5 of 8 reported at 03:09:40",
            **_owned(3),
        ),
    ]
    return [cluster], nodes


def canned_log() -> list[dict[str, Any]]:
    """A dozen lines of every kind and level."""
    told: list[tuple[float, str | None, str, str, str, str]] = [
        (-4000, None, "verb", "info", "ops", "apply: 3 nodes wished"),
        (-3990, None, "transition", "info", "nxd", "pending → preflight"),
        (-3900, None, "transition", "info", "nxd", "preflight → deploying nodes"),
        (-3888, "node01", "call", "debug", "nxd", "POST /v1/bare_metal_servers 201 in 812 ms"),
        (-3887, "node02", "call", "debug", "nxd", "POST /v1/bare_metal_servers 201 in 790 ms"),
        (-3886, "node03", "call", "debug", "nxd", "POST /v1/bare_metal_servers 201 in 845 ms"),
        (-2887, "node02", "transition", "info", "nxd", "creating the server → waiting for boot"),
        (-1500, "node02", "note", "warning", "nxd", "no request from 127.24.0.12 for 20 minutes"),
        (-741, "node03", "transition", "info", "nxd", "waiting for installer → installing"),
        (-252, "node01", "transition", "info", "nxd", "waiting for the CVM → ready"),
        (
            -187,
            "node02",
            "error",
            "error",
            "nxd",
            "The server did not fetch its boot script within 45 minutes.",
        ),
        (-148, "node03", "boot", "info", "node03", "phase 5 of 8: hypervisor installed"),
    ]
    return [
        {
            "revision": 100 + number,
            "time": T0 + offset,
            "cluster": "demo",
            "node": node,
            "kind": kind,
            "level": level,
            "actor": actor,
            "message": message,
            "data": {},
        }
        for number, (offset, node, kind, level, actor, message) in enumerate(told)
    ]


TIMELINE = [
    ("reserving_ips", "reserving addresses", 1, -3900, -3896),
    ("registering_dns", "registering DNS", 1, -3896, -3893),
    ("creating_vnis", "creating interfaces", 1, -3893, -3888),
    ("recording_config", "recording configuration", 1, -3888, -3887),
    ("creating_server", "creating the server", 1, -3887, -2887),
    ("awaiting_boot", "waiting for boot", 2, -2887, -187),
    ("failed", "failed", 2, -187, None),
]


def timeline() -> list[dict[str, Any]]:
    """The stays of every canned entity."""
    return [
        {
            "state": state,
            "title": title,
            "attempt": attempt,
            "started": T0 + started,
            "ended": None if ended is None else T0 + ended,
        }
        for state, title, attempt, started, ended in TIMELINE
    ]


STEPS = [
    ("reserving_ips", "reserving addresses", 300, 4, 6, 24),
    ("registering_dns", "registering DNS", 300, 3, 5, 24),
    ("creating_vnis", "creating interfaces", 600, 5, 8, 24),
    ("recording_config", "recording configuration", 60, 1, 1, 24),
    ("creating_server", "creating the server", 3600, 780, 960, 23),
    ("awaiting_boot", "waiting for boot", 2700, 420, 540, 22),
    ("awaiting_config", "waiting for installer", 900, 45, 60, 22),
    ("installing", "installing", 3600, 1260, 1500, 21),
    ("awaiting_cvm", "waiting for the CVM", 1800, 600, None, 4),
]


def canned_steps() -> dict[str, Any]:
    """The steps of a node with what they took; a cluster was never formed before."""
    keys = ("name", "title", "deadline", "usual", "slow_after", "runs")
    way: list[dict[str, Any]] = [
        dict(zip(keys, told, strict=True)) | {"place": place} for place, told in enumerate(STEPS, 1)
    ]
    for step in way:
        state = ibm_nutanix.NODE.states[str(step["name"])]
        step |= {"short": state.brief, "nature": state.nature}
    return {"ibm-nutanix": {"node": way, "cluster": []}}


def canned_verbs(entities: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The verbs of each platform that there is, as a daemon tells of them."""
    kinds = (ibm_nutanix.NODE, ibm_nutanix.CLUSTER)
    told = {kind.role: [verb_view(verb) for verb in kind.verbs.values()] for kind in kinds}
    return {str(entity.get("platform", "")): told for entity in entities}


SAID: tuple[tuple[int, str, int, str, str, str, int | None, int, str | None], ...] = (
    (-3890, "node02", 1, "POST", "vpc", "/v1/subnets/0717-4f1c/reserved_ips", 500, 43, "3bae07a2-1"),
    (-3883, "node02", 2, "POST", "vpc", "/v1/subnets/0717-4f1c/reserved_ips", 201, 737, "9be4ffee-1"),
    (-3870, "node02", 1, "GET", "vpc", "/v1/bare_metal_servers/0717-56be-srv-of-node02", 200, 420, "b7068047-1"),
    (-3860, "node02", 1, "GET", "vpc", "/v1/bare_metal_servers/0717-56be-srv-of-node02", 200, 430, "b7068047-2"),
    (-3850, "node02", 1, "GET", "vpc", "/v1/bare_metal_servers/0717-56be-srv-of-node02", 200, 460, "b7068047-3"),
    (-3840, "node02", 1, "POST", "dns", "/v1/instances/1/dnszones/2/resource_records", 200, 310, None),
    (-3830, "node01", 1, "GET", "prism", "/PrismGateway/services/rest/v2.0/cluster", None, 5004, None),
    (-3820, "node02", 1, "DELETE", "vpc", "/v1/virtual_network_interfaces/0717-0b7e", 409, 88, "c5c5c5c5-1"),
)  # fmt: skip
"""When, for whom, which try, method, service, path, status, milliseconds, request id."""


def canned_calls() -> list[dict[str, Any]]:
    """The calls of some nodes: polls, a refusal and its second try, one without an answer."""
    calls = []
    for number, (at, target, tries, method, service, path, status, ms, request) in enumerate(SAID, 1):
        call = {
            "id": number, "time": T0 + at, "target": target, "intent": f"{method.lower()} {path.split('/')[2]}",
            "tries": tries, "service": service, "method": method, "server": f"https://{service}.example",
            "path": path, "status": status, "failed": status is None or status >= 400, "ms": float(ms),
        }  # fmt: skip
        if request is not None:
            call["request_id"] = request
        if status is None:
            call["why"] = "No connection within 5 s, the lookup of the name included."
        calls.append(call)
    return calls


NATURES = {
    "awaiting_boot": "waits", "awaiting_config": "waits", "installing": "machine", "awaiting_cvm": "waits",
    "failed": "stopped", "ready": "ready", "active": "well", "pending": "pending", "deploying_nodes": "waits",
}  # fmt: skip


def canned_timeline(entity: dict[str, Any]) -> dict[str, Any]:
    """What an entity went through, with natures and marks."""
    stays: list[dict[str, Any]] = []
    for stay in timeline():
        more = {"nature": NATURES.get(stay["state"], "cloud")}
        if stay["state"] == "failed":
            more["mark"] = "failed"
        elif stays and stay["attempt"] > stays[-1]["attempt"]:
            more["mark"] = "retried"
        stays.append({**stay, **more})
    told = {
        "name": entity["name"],
        "kind": entity["kind"],
        "cluster": entity["cluster"],
        "stays": stays,
        "usual": [],
    }
    if stays and entity["kind"] == "node":
        begin = stays[0]["started"]
        told["usual"] = [
            {"state": "creating_server", "nature": "cloud", "begins": begin, "ends": begin + 600},
            {"state": "installing", "nature": "machine", "begins": begin + 600, "ends": begin + 2400},
        ]
        if entity["phase"] == "working":
            told["ready_at"] = T0 + 1500
    return told

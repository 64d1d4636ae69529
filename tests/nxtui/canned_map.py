"""Maps that a canned daemon tells: one of each platform that is known, and one that is not."""

from __future__ import annotations

from typing import Any

from canned_data import T0


def row(
    sign: str, what: str, value: str = "", seen: float | None = None, fresh: float = 0.0
) -> dict[str, Any]:
    """One line of a box, ``seen`` so many seconds before."""
    told: dict[str, Any] = {"sign": sign, "what": what, "value": value}
    if seen is not None:
        told["seen"] = T0 - seen
        if fresh:
            told["old_at"] = T0 - seen + fresh
    return told


def box(name: str, phase: str, rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": name, "beside": "", "phase": phase, "rails": [], "rows": rows, **more}


def edge(who: str, whom: str, why: str, **more: float) -> dict[str, Any]:
    return {"who": who.split(), "whom": whom, "why": why, **more}


def _node(
    number: int, position: str, state: dict[str, Any], phase: str, cvm: list[dict[str, Any]]
) -> dict[str, Any]:
    return box(
        f"node{number:02}",
        phase,
        [
            state,
            row("ok", "server", "present", 20, 45) if number != 2 else row("unasked", "server", "intended"),
            row("none", "mgmt", f"127.24.0.{10 + number}"),
            row("none", "ahv", f"127.24.0.{50 + number}"),
            *cvm,
            row("none", "workload", f"127.24.1.{10 + number}"),
        ],
        beside=position,
        rails=["management", "workload"],
        address=f"127.24.0.{10 + number}",
    )


def canned_map() -> dict[str, Any]:
    """The cluster of the canned data: one node ready and asked long ago, one failed, one at work."""
    unasked = [row("unasked", "cvm", "127.24.0.103"), row("none", "Prism", "not asked yet")]
    silent = [row("waiting", "cvm", "127.24.0.102"), row("none", "Prism", "no answer", 30, 90)]
    there = [row("ok", "cvm", "127.24.0.101"), row("none", "Prism", "200", 252, 90)]
    address = "127.24.0.100"
    whole = [row("unasked", "formed", "not yet")]
    return {
        "cluster": "demo",
        "title": "deploying nodes",
        "phase": "attention",
        "now": T0,
        "rails": rails(management="subnet 0717-mgmt", workload="subnet 0717-work"),
        "services": [
            box(
                "demo.nutanix.internal",
                "waiting",
                whole,
                beside=address,
                address=address,
                rails=["management"],
            )
        ],
        "members": [
            _node(1, "A", row("ok", "ready", "", 252), "ok", there),
            _node(2, "B", row("failed", "failed: boot", "", 187), "failed", silent),
            _node(3, "C", row("working", "installing", "62 %", 741), "working", unasked),
        ],
        "left": 0,
        "edges": _edges(),
        "notes": notes(objects="11 of 12 present", vpc="r006-4f1c", zone="us-south-1"),
    }


def rails(**about: str) -> list[dict[str, str]]:
    return [{"name": name, "about": text} for name, text in about.items()]


def notes(**told: str) -> list[dict[str, str]]:
    return [{"what": what, "text": text} for what, text in told.items()]


def _edges() -> list[dict[str, Any]]:
    lets = "Check that the security group lets port 8080 through."
    return [
        edge("demo", "node02, node03", "3 ready nodes, node02: failed", since=T0 - 3900, until=T0 + 5400),
        edge("node02", "a person", lets, since=T0 - 187),
        edge("node03", "its machine", "phase 6 of 8", since=T0 - 741, until=T0 + 2859),
        edge("node01", "demo", "deploying nodes", ready_at=T0 + 2100),
    ]


def proxmox() -> dict[str, Any]:
    """Four nodes, of which the third joins; nothing of it is known to nxtui."""
    states = (
        ("ok", "member, first"),
        ("ok", "member"),
        ("working", "joining"),
        ("waiting", "waits for node3"),
    )
    members = [
        box(
            f"node{number}",
            sign,
            [
                row(sign, what, "", 41 if what == "joining" else None),
                row("none", "", f"10.10.1.2{number}"),
                row("ok", "API", "8006", 10, 45),
                *(row("ok" if number < 3 else "unasked", link) for link in ("link0", "link1")),
                row("none", "", f"10.10.2.2{number}"),
            ],
            rails=["management", "ceph"],
            address=f"10.10.1.2{number}",
        )
        for number, (sign, what) in enumerate(states, 1)
    ]
    return canned_map() | {
        "cluster": "sddc-cluster",
        "title": "joining nodes",
        "phase": "working",
        "rails": rails(
            management="vmbr0 10.10.1.0/24 · link0",
            ceph="vmbr1 10.10.2.0/24 · link1 · mtu 9000 · no default route",
        ),
        "services": [],
        "members": members,
        "edges": [edge("node3", "node1's API", "task UPID:node1:clusterjoin"), edge("node4", "node3", "")],
        "notes": notes(
            bmc="node1 on, node2 on, node3 on, node4 on",
            quorum="2 of 2 votes, 4 expected · one join at a time (slot: node3)",
        ),
    }


def lone() -> dict[str, Any]:
    """One Ubuntu server on one rail."""
    member = box("u1", "ok", [row("ok", "installed", "", 99), row("ok", "ssh", "22", 5, 45)], rails=["lan"])
    return canned_map() | {
        "rails": rails(lan="10.0.0.0/24"),
        "services": [],
        "members": [member],
        "edges": [],
        "notes": [],
    }


def hyperv() -> dict[str, Any]:
    """Two virtual machines that hang from their host, and a host beside it."""
    members = [
        box("hv01", "ok", [row("ok", "WinRM", "5986", 5, 45), row("ok", "switch", "vlan 20")], rails=["lan"]),
        box(
            "job-4711",
            "working",
            [row("working", "running"), row("ok", "heartbeat", "", 5, 45)],
            inside="hv01",
            rails=["jobs"],
            address="10.0.20.17",
        ),
        box("job-4712", "failed", [row("failed", "no IP", "", 300, 45)], inside="hv01", rails=["jobs"]),
        box("hv02", "ok", [row("ok", "WinRM", "5986", 5, 45), row("unasked", "switch")], rails=["lan"]),
    ]
    return canned_map() | {
        "rails": rails(lan="10.0.0.0/24", jobs="vlan 20"),
        "services": [],
        "members": members,
        "edges": [],
        "notes": [],
    }


def toy() -> dict[str, Any]:
    """No rail at all, a virtual machine in its host, and words that no platform of ours has."""
    members = [
        box("host1", "ok", [row("ok", "humming", "", 5)]),
        box(
            "vm1",
            "failed",
            [row("failed", "sulks", "", 5), row("attention", "mood", "low", 700, 45)],
            inside="host1",
        ),
    ]
    return canned_map() | {"rails": [], "services": [], "members": members, "edges": [], "notes": []}


def many(count: int, left: int = 0) -> dict[str, Any]:
    """More nodes than there is room for as boxes; one of the last ones failed."""
    told = canned_map()
    members = [
        dict(told["members"][1 if number == count - 3 else 0], name=f"rack-of-cologne-node{number:04}")
        for number in range(1, count + 1)
    ]
    return told | {"members": members, "left": left}

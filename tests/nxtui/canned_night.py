"""The fleet of one night, as a daemon tells it: two clusters that failed and one that is well, and what followed."""

from __future__ import annotations

from typing import Any

from canned_data import CAN_NODE, T0, entity

CAPACITY = {
    "code": "capacity",
    "message": "The bare metal server cannot start as there is no more capacity in this zone for a bare metal server "
    "with the requested profile.",
    "remedy": "Retry later, or change the profile or the zone in the spec. Try again: nxd retry b01.",
    "retry": "later",
}
DISK = {
    "code": "install_failed",
    "message": "installer: disk /dev/nvme2n1: I/O error while writing the CVM image.",
    "remedy": "Look at the node's log and mend what it names. Try again: nxd retry a02.",
    "retry": "later",
}
_FAILED = CAN_NODE | {"retry": None, "hold": "it has failed."}
_CAN_CLUSTER = {
    "retry": None,
    "rollback": None,
    "hold": None,
    "resume": "it is not on hold.",
    "destroy": None,
}


def _ways(error: dict[str, Any], name: str) -> list[dict[str, Any]]:
    first = str(error["remedy"]).partition(". ")[0] + "."
    again = f"Try again, from the step that failed: nxd retry {name}."
    return [
        {"kind": "outside", "text": first},
        {"kind": "verb", "text": again, "verb": "retry", "target": name},
    ]


def failed(
    name: str, cluster: str, step: str, index: int, since: float, share: float, error: dict[str, Any]
) -> Any:
    return entity(
        name,
        cluster=cluster,
        state="failed",
        title="failed",
        phase="failed",
        step=step,
        step_index=index,
        since=T0 - since,
        error=error,
        remedies=_ways(error, name),
        can=_FAILED,
        urgency=0,
        needs_person=True,
        outlook={"share": share},
    )


def _cluster(name: str, **given: Any) -> Any:
    base = entity(
        name, kind="cluster", cluster=name, urgency=6, needs_person=False, can=_CAN_CLUSTER, remedies=[]
    )
    return base | {"title": "active", "state": "active", "outlook": {"share": 1.0}} | given


def _waiting(name: str, since: float, share: float) -> Any:
    return _cluster(
        name,
        state="deploying",
        title="deploying nodes",
        phase="attention",
        step="deploying",
        step_index=2,
        since=T0 - since,
        waiting_for="failed nodes to be tried again",
        evidence="3 nodes failed",
        urgency=0,
        needs_person=True,
        outlook={"share": share},
    )


def _ready(name: str, cluster: str, since: float) -> Any:
    return entity(
        name,
        cluster=cluster,
        since=T0 - since,
        urgency=6,
        needs_person=False,
        outlook={"share": 1.0},
        remedies=[],
    )


def trouble() -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Clusters, nodes and news as they are found at seven past three."""
    clusters = [
        _waiting("cluster-a", 6120, 0.6),
        _waiting("cluster-b", 5760, 0.1),
        _cluster("demo", since=T0 - 27420),
    ]
    nodes = [
        *(failed(f"b0{n}", "cluster-b", "creating_server", 5, 5400, 0.1, CAPACITY) for n in (1, 2, 3)),
        failed("a02", "cluster-a", "installing", 8, 4260, 0.7, DISK),
        _ready("a01", "cluster-a", 3317),
        _ready("a03", "cluster-a", 3211),
        *(_ready(f"node0{n}", "demo", 27000) for n in (1, 2, 3)),
    ]
    troubles = [
        {
            "id": "full",
            "code": "capacity",
            "sentence": "No machine of this kind is left: us-south-1, bx2d-metal-96x384.",
            "subject": "us-south-1, bx2d-metal-96x384",
            "targets": ["b01", "b02", "b03"],
            "clusters": ["cluster-b"],
            "since": T0 - 5400,
            "remedies": _ways(CAPACITY, "b01"),
        },
        {
            "id": "disk",
            "code": "install_failed",
            "sentence": DISK["message"],
            "subject": DISK["message"],
            "targets": ["a02"],
            "clusters": ["cluster-a"],
            "since": T0 - 4260,
            "remedies": _ways(DISK, "a02"),
        },
    ]
    said = "Nothing moves by itself: 4 nodes and 2 clusters wait for a person."
    return clusters, nodes, {"troubles": troubles, "next": {"sentence": said}}


def on_the_way() -> tuple[list[Any], list[Any], dict[str, Any]]:
    """The same a quarter of an hour later: all is tried again."""
    clusters, nodes, _ = trouble()
    for one, ready_at in ((clusters[0], 2800.0), (clusters[1], 3200.0)):
        one |= {"phase": "working", "urgency": 4, "needs_person": False, "waiting_for": "ready nodes"}
        one["outlook"] = one["outlook"] | {"ready_at": T0 + ready_at}
    for number, node in enumerate(nodes[:4]):
        node |= {"state": "installing", "title": "installing", "phase": "working", "step": "installing"}
        node |= {
            "step_index": 8,
            "attempt": 2,
            "error": None,
            "remedies": [],
            "urgency": 4,
            "needs_person": False,
        }
        ready_at = T0 + 2200 + 60.0 * number
        node["outlook"] = {"share": 0.4, "ready_at": ready_at, "by95": ready_at + 90, "runs": 5}
        node |= {
            "since": T0 - 367,
            "deadline": T0 + 3600,
            "waiting_for": "phase 5 of 8",
            "evidence": "a report",
        }
        node["can"] = dict(CAN_NODE)
    nodes[3] |= _owned("a02")
    said = {"sentence": "Next: b01 ends “installing”.", "at": T0 + 1500}
    return clusters, nodes, {"troubles": [], "next": said}


def _owned(name: str) -> dict[str, Any]:
    """The addresses of a node, and the objects it has."""
    places = {"mgmt": "0.14", "ahv": "0.54", "cvm": "0.104", "workload": "1.13"}
    kinds = {"reserved_ip": 4, "dns_record": 4, "vni": 2, "server": 1}
    return {
        "addresses": {what: f"127.24.{place}" for what, place in places.items()},
        "resources": [
            {"kind": kind, "id": f"{kind}-{at}", "name": f"demo-{name}-{kind}-{at}", "state": "present"}
            for kind, count in kinds.items()
            for at in range(1, count + 1)
        ],
    }


def all_well() -> tuple[list[Any], list[Any], dict[str, Any]]:
    """And when it is over."""
    clusters = [_cluster(name, since=T0 - since) for name, since in (("cluster-a", 385), ("cluster-b", 11))]
    nodes = [_ready(f"{kind}0{n}", f"cluster-{kind}", 900) for kind in "ab" for n in (1, 2, 3)]
    said = "Nothing waits for you: 6 nodes and 2 clusters stand as they should."
    return clusters, nodes, {"troubles": [], "next": {"sentence": said}}


def went(name: str, cluster: str, *stays: tuple[str, float, str]) -> Any:
    """A timeline of stays: nature, when it began before now, and its mark."""
    ends: list[float | None] = [T0 - began for _, began, _ in stays[1:]]
    told = []
    for number, ((nature, began, mark), ended) in enumerate(zip(stays, [*ends, None], strict=True)):
        stay = {"state": f"s{number}", "title": nature, "attempt": 1, "started": T0 - began, "ended": ended}
        told.append(stay | {"nature": nature} | ({"mark": mark} if mark else {}))
    return {"name": name, "kind": "node", "cluster": cluster, "stays": told, "usual": []}


def that_night() -> dict[str, Any]:
    """What the nodes and the clusters went through that are well again."""
    found = {}
    for n in (1, 2, 3):
        found[f"a0{n}"] = went(f"a0{n}", "cluster-a", ("cloud", 9600.0, ""), ("waits", 9000.0, ""),
                               ("machine", 8700.0, ""), ("ready", 7000.0 - n, ""))  # fmt: skip
        found[f"b0{n}"] = went(f"b0{n}", "cluster-b", ("cloud", 9300.0, ""), ("stopped", 8760.0, "failed"),
                               ("cloud", 3180.0, "retried"), ("machine", 2500.0, ""),
                               ("ready", 300.0 - n, ""))  # fmt: skip
    found["a02"] = went("a02", "cluster-a", ("cloud", 9600.0, ""), ("machine", 8900.0, ""),
                        ("stopped", 7600.0, "failed"),
                        ("waits", 3200.0, "retried"), ("machine", 3000.0, ""), ("ready", 900.0, ""))  # fmt: skip
    for name, began, ended in (("cluster-a", 9600.0, 385.0), ("cluster-b", 9300.0, 11.0)):
        found[name] = went(name, name, ("waits", began, ""), ("well", ended, "")) | {"kind": "cluster"}
    return found


def states() -> list[Any]:
    """The states of a node on its way."""
    from state_machines.ibm_nutanix import NODE

    return [state for state in NODE.states.values() if state.work]


def at(daemon: Any, night: Any) -> None:
    """The daemon as it is at one moment of the night."""
    daemon.clusters, daemon.nodes, daemon.news = night
    if not daemon.news["troubles"] and all(node["phase"] == "ok" for node in daemon.nodes):
        daemon.timelines = that_night()
        daemon.looks.last_audit = {"findings": [], "looked": T0 - 6, "seconds": 18.4}
    told = {
        "verb": "retry",
        "does": "try again",
        "consent": "plan",
        "makes": [],
        "loses": [],
        "then": "",
        "tells": "",
    }
    daemon.offers = [told | {"begins_at": "creating the server", "takes": 2760.0}]

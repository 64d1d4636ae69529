"""Foundation on a CVM: plain HTTP without a login; it forms a cluster of nodes that are installed already.

Paths and bodies are those that public clients send (the Terraform provider's and Ansible's Foundation
modules). Discovery by IPv6 finds nobody, because there is no IPv6 in a VPC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daemon.sim.nutanix.cvm import Cvm, FoundationSession
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.refusals import Json, Refusal
from daemon.sim.service.service import NO_ROUTE, Reply
from daemon.sim.world.world import World

BASE = "/foundation"
VERSION = "foundation-5.6.1-8c4d61fc"
SUCCESS = "All operations completed successfully"


@dataclass(frozen=True)
class FoundationCall:
    """One request to Foundation on one CVM."""

    world: World
    fleet: NutanixFleet
    cvm: Cvm
    query: dict[str, str]
    body: Any


Work = Callable[[FoundationCall], Reply]


def _version(asked: FoundationCall) -> Reply:
    return Reply(200, text=VERSION)


def _discover(asked: FoundationCall) -> Reply:
    return Reply(200, [])


def _image_nodes(asked: FoundationCall) -> Reply:
    """Form the clusters that are described, of nodes that are not to be imaged."""
    body = asked.body if isinstance(asked.body, dict) else {}
    nodes = [node for block in body.get("blocks", []) for node in block.get("nodes", [])]
    if any(node.get("image_now", True) for node in nodes):
        raise wrong("Only nodes that are imaged already can be used here: set image_now to false.")
    clusters = body.get("clusters", [])
    if len(clusters) != 1 or not clusters[0].get("cluster_init_now"):
        raise wrong("One cluster with cluster_init_now is expected.")
    if asked.cvm.session is not None and not asked.cvm.session.stopped(asked.world.clock.now()):
        raise wrong("Foundation is in the middle of a session.")
    try:
        session = asked.fleet.found(asked.cvm, clusters[0])
    except Refusal as refusal:
        raise wrong(refusal.message) from None
    return Reply(200, {"session_id": session.session_id})


def _progress(asked: FoundationCall) -> Reply:
    session, wanted = asked.cvm.session, asked.query.get("session_id")
    if wanted is not None and (session is None or session.session_id != wanted):
        raise wrong(f"Invalid session id '{wanted}' provided")
    return Reply(200, _progress_of(session, asked.world.clock.now()))


def _progress_of(session: FoundationSession | None, now: float) -> Json:
    idle: Json = {
        "session_id": None,
        "imaging_stopped": True,
        "abort_session": False,
        "aggregate_percent_complete": 0.0,
        "action": "",
        "results": None,
        "clusters": [],
        "nodes": [],
    }
    if session is None:
        return idle
    percent = session.percent(now)
    done = percent >= 100
    status = session.error or (SUCCESS if done else "Creating cluster")
    cluster: Json = {
        "cluster_name": session.cluster,
        "cluster_members": session.members,
        "status": status,
        "messages": [session.error] if session.error else [],
        "percent_complete": percent,
        "time_elapsed": max(0.0, now - session.started),
        "time_total": session.ends - session.started,
    }
    return {
        **idle,
        "session_id": session.session_id,
        "imaging_stopped": session.stopped(now),
        "aggregate_percent_complete": percent,
        "clusters": [cluster],
    }


def _reset(asked: FoundationCall) -> Reply:
    session = asked.cvm.session
    if session is not None and not session.stopped(asked.world.clock.now()):
        raise wrong("Cannot reset in middle of session")
    asked.cvm.session = None
    return Reply(200, {})


def nothing_here(asked: FoundationCall) -> Reply:
    """What every path answers that is not in the table."""
    raise Refusal(NO_ROUTE, "", "The simulated Foundation has no such path.")


def wrong(message: str) -> Refusal:
    """Foundation's one way to refuse: a 500."""
    return Refusal(500, "", message)


ROUTES: tuple[tuple[str, str, Work], ...] = (
    ("GET", "/version", _version),
    ("GET", "/discover_nodes", _discover),
    ("POST", "/image_nodes", _image_nodes),
    ("GET", "/progress", _progress),
    ("POST", "/reset_state", _reset),
)

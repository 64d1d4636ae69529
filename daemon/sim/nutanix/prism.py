"""What Prism on port 9440 does with each request; its routes are a table.

The personality ``seed`` answers before the cluster exists, and creates it. The personality ``real`` answers
only when there is a cluster, and knows nothing of ``POST v2.0/clusters`` and of ``cluster_status``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daemon.sim.nutanix import members
from daemon.sim.nutanix import prism_views as views
from daemon.sim.nutanix.cvm import FACTORY_PASSWORDS, REAL, Cluster, Cvm
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.nutanix.forming import check_server
from daemon.sim.refusals import Json, Refusal, bad_request
from daemon.sim.service.service import NO_ROUTE, Reply
from daemon.sim.service.shapes import TEXT, Field, Shape, check_shape
from daemon.sim.world.world import World

BASE = "/PrismGateway/services/rest"
SHORTEST_PASSWORD = 8
"""The real rule also asks for kinds of characters; which ones is not documented, so only this is checked."""

CREATE: Shape = {
    "name": Field(str, required=True),
    "external_ip": TEXT,
    "redundancy_factor": Field(int, required=True),
    "cluster_functions": Field(str, many=True),
    "timezone": TEXT,
    "nodes": Field(
        shape={
            "cvm_ip": Field(str, required=True),
            "hypervisor_ip": Field(str, required=True),
            "node_position": Field(str, required=True),
        },
        many=True,
        required=True,
    ),
}
EXPAND: Shape = {"nodes": CREATE["nodes"]}
PASSWORD: Shape = {"oldPassword": TEXT, "newPassword": Field(str, required=True)}
EULA: Shape = {name: Field(str, required=True) for name in ("username", "companyName", "jobTitle")}
NCC: Shape = {"sendEmail": Field(bool)}


@dataclass(frozen=True)
class PrismCall:
    """One authenticated request to one CVM, or to the cluster's own address."""

    world: World
    fleet: NutanixFleet
    cvm: Cvm
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    received: float = 0.0
    number: int = 0

    def did(self, what: str, of: str) -> None:
        """Note that the change it asks for took effect."""
        self.fleet.operations.done(what, of, self.received, self.number)

    @property
    def cluster(self) -> Cluster:
        """The cluster of this CVM; refused if there is none yet or it is not up."""
        cluster = self.cvm.cluster
        if cluster is None or cluster.status != "UP":
            raise Refusal(422, "", "The cluster is not up.")
        return cluster


PrismHandler = Callable[[PrismCall], Reply]


def _create(call: PrismCall) -> Reply:
    if call.cvm.personality == REAL:
        return nothing_here(call)
    body = check_shape(call.body, CREATE)
    cluster, task = call.fleet.create(call.cvm, body)
    call.did("create", cluster.name)
    return Reply(200, {"task_uuid": task.uuid, "cluster_uuid": cluster.uuid})


def _clusters(call: PrismCall) -> Reply:
    known = [views.cluster_v2(call.cvm)] if call.cvm.cluster is not None else []
    return Reply(200, views.listing(known))


def _cluster_v1(call: PrismCall) -> Reply:
    return Reply(200, views.cluster_v1(call.cvm))


def _cluster_v2(call: PrismCall) -> Reply:
    cluster = call.cvm.cluster
    trouble = None if cluster is None else call.fleet.trouble(cluster)
    return Reply(200, views.cluster_v2(call.cvm, trouble))


def _edit(view: Callable[[Cvm], Json]) -> PrismHandler:
    """Change the cluster's name and settings; only what the GET of the same address shows may be named."""

    def handler(call: PrismCall) -> Reply:
        cluster = call.cluster
        if not isinstance(call.body, dict):
            raise bad_request("The body must be a JSON object.")
        unknown = sorted(set(call.body) - set(view(call.cvm)))
        if unknown:
            raise Refusal(422, "", f"Unknown properties: {', '.join(unknown)}.")
        name = call.body.get("name", cluster.name)
        if not isinstance(name, str) or not name:
            raise Refusal(422, "", "The name must be a string.")
        if name != cluster.name:
            cluster.name = name
            call.did("rename", name)
        data_services = "cluster_external_data_services_ipaddress"
        if data_services in call.body:
            cluster.settings[data_services] = call.body[data_services]
        return Reply(200, view(call.cvm))

    return handler


def _hosts(call: PrismCall) -> Reply:
    cluster = call.cvm.cluster
    if cluster is None:
        return Reply(200, views.listing([]))
    trouble = call.fleet.trouble(cluster)
    shown = cluster.members[:-1] if trouble == "few" else cluster.members
    last = cluster.members[-1]
    return Reply(
        200, views.listing([views.host(cluster, cvm, trouble if cvm is last else None) for cvm in shown])
    )


def _host(call: PrismCall) -> Reply:
    cvm = members.host_of(call.cluster, call.path["host"])
    return Reply(200, views.host(call.cluster, cvm, None))


def _expand(call: PrismCall) -> Reply:
    body = check_shape(call.body, EXPAND)
    task = members.expand(call.world, call.fleet, call.cluster, body["nodes"])
    for node in body["nodes"]:
        call.did("expand", call.fleet.cvms[node["cvm_ip"]].node)
    return Reply(200, {"task_uuid": task.uuid})


def _remove_host(call: PrismCall) -> Reply:
    host = members.host_of(call.cluster, call.path["host"])
    task = members.remove(call.world, call.fleet, call.cluster, host)
    call.did("remove", host.node)
    return Reply(200, {"task_uuid": task.uuid})


def _password(call: PrismCall) -> Reply:
    body = check_shape(call.body, PASSWORD)
    new = body["newPassword"]
    old = body.get("oldPassword", FACTORY_PASSWORDS[call.cvm.personality])
    if not hmac.compare_digest(old.encode(), call.cvm.password.encode()):
        raise Refusal(422, "", "The old password is not correct.")
    if len(new) < SHORTEST_PASSWORD or new == call.cvm.password:
        message = (
            f"The new password must have at least {SHORTEST_PASSWORD} characters and differ from the old."
        )
        raise Refusal(422, "", message)
    call.fleet.change_password(call.cvm, new)
    call.did("password", call.cvm.node if call.cvm.cluster is None else call.cvm.cluster.name)
    return Reply(200, {"value": True})


def _servers(attribute: str, add: bool) -> PrismHandler:
    def handler(call: PrismCall) -> Reply:
        asked = call.body
        if not isinstance(asked, list) or not asked or not all(isinstance(s, str) and s for s in asked):
            raise Refusal(422, "", "The body must be a list of addresses.")
        for server in asked if add else ():
            check_server(server)
        known = getattr(call.cluster, attribute)
        others = [server for server in known if server not in asked]
        setattr(call.cluster, attribute, [*others, *asked] if add else others)
        if add:
            call.did(attribute, call.cluster.name)
        else:
            call.fleet.operations.over(call.cluster.name, attribute)
        return Reply(200, {"value": True})

    return handler


def _start_ncc(call: PrismCall) -> Reply:
    check_shape(call.body, NCC)
    cluster = call.cluster
    task = call.fleet.begin_task("checks", "cluster.ncc", cluster)
    finding = call.world.strike("cluster checks", cluster.name)
    said = None if finding is None else str(finding.what.get("message", "A check found something."))
    task.summary = views.ncc_summary(cluster, call.fleet.trouble(cluster), said)
    return Reply(200, {"taskUuid": task.uuid})


def _ncc(call: PrismCall) -> Reply:
    task = call.fleet.tasks.get(call.path["task"])
    if task is None or task.summary is None or task.vanished:
        raise Refusal(404, "", f"There is no run of checks {call.path['task']}.")
    done = call.world.clock.now() >= task.ends
    return Reply(200, {"runSummary": task.summary if done else ""})


def _task(call: PrismCall) -> Reply:
    task = call.fleet.tasks.get(call.path["task"])
    if task is None or task.vanished:
        raise Refusal(404, "", f"Task with uuid {call.path['task']} not found.")
    return Reply(200, views.task(task, call.world.clock.now()))


def _alerts(call: PrismCall) -> Reply:
    cluster = call.cvm.cluster
    if cluster is None:
        return Reply(200, views.listing([]))
    trouble = call.fleet.trouble(cluster)
    strike = call.world.strike("cluster alert", cluster.name)
    if strike is not None:
        cluster.alert = str(strike.what.get("message", "An alert."))
    return Reply(200, views.listing(views.alerts(cluster, trouble, call.query.get("resolved"))))


def _eulas(call: PrismCall) -> Reply:
    accepted = call.cluster.eula
    entity: Json = {"id": "nutanix-eula", "content": "Licence terms", "enabled": True}
    return Reply(200, views.listing([{**entity, "userDetailsList": [accepted] if accepted else None}]))


def _accept(call: PrismCall) -> Reply:
    call.cluster.eula = check_shape(call.body, EULA)
    return Reply(200, {"value": True})


def _pulse(call: PrismCall) -> Reply:
    if not isinstance(call.body, dict) or not isinstance(call.body.get("enable"), bool):
        raise Refusal(422, "", "The body must say whether to enable Pulse.")
    call.cluster.pulse = call.body
    return Reply(200, call.body)


def _get_pulse(call: PrismCall) -> Reply:
    return Reply(200, call.cluster.pulse)


def nothing_here(call: PrismCall) -> Reply:
    """What a real Prism answers where it has nothing."""
    raise Refusal(404, "", "The requested resource does not exist.")


def no_route(call: PrismCall) -> Reply:
    """What every path answers that is not in the table: not what a real Prism says of an object that is not there."""
    raise Refusal(NO_ROUTE, "", f"The simulated Prism has no /{call.path.get('anything', '')}.")


PASSWORD_PATH = "/v1/utils/change_default_system_password"

ROUTES: tuple[tuple[str, str, PrismHandler, str], ...] = (
    ("GET", "/v1/cluster", _cluster_v1, "prism.read"),
    ("PATCH", "/v1/cluster", _edit(views.cluster_v1), "prism.write"),
    ("PUT", "/v1/cluster", _edit(views.cluster_v1), "prism.write"),
    ("GET", "/v2.0/cluster", _cluster_v2, "prism.read"),
    ("PATCH", "/v2.0/cluster", _edit(views.cluster_v2), "prism.write"),
    ("PUT", "/v2.0/cluster", _edit(views.cluster_v2), "prism.write"),
    ("GET", "/v2.0/clusters", _clusters, "prism.read"),
    ("POST", "/v2.0/clusters", _create, "prism.write"),
    ("GET", "/v2.0/hosts", _hosts, "prism.read"),
    ("GET", "/v2.0/hosts/{host}", _host, "prism.read"),
    ("DELETE", "/v2.0/hosts/{host}", _remove_host, "prism.write"),
    ("POST", "/v2.0/cluster/expand", _expand, "prism.write"),
    ("POST", PASSWORD_PATH, _password, "prism.password"),
    ("POST", "/v1/cluster/name_servers/add_list", _servers("name_servers", True), "prism.write"),
    ("POST", "/v1/cluster/name_servers/remove_list", _servers("name_servers", False), "prism.write"),
    ("POST", "/v1/cluster/ntp_servers/add_list", _servers("ntp_servers", True), "prism.write"),
    ("POST", "/v1/cluster/ntp_servers/remove_list", _servers("ntp_servers", False), "prism.write"),
    ("POST", "/v1/ncc/checks", _start_ncc, "prism.write"),
    ("GET", "/v1/ncc/{task}", _ncc, "prism.read"),
    ("GET", "/v2.0/tasks/{task}", _task, "prism.read"),
    ("GET", "/v2.0/alerts", _alerts, "prism.read"),
    ("GET", "/v1/eulas", _eulas, "prism.read"),
    ("POST", "/v1/eulas/accept", _accept, "prism.write"),
    ("GET", "/v1/pulse", _get_pulse, "prism.read"),
    ("PUT", "/v1/pulse", _pulse, "prism.write"),
)

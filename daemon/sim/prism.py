"""Prism on port 9440, personality ``seed``: it answers before the cluster exists, and creates it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from daemon.sim import prism_views as views
from daemon.sim.certificates import Certificate
from daemon.sim.nutanix import FACTORY_PASSWORD, Cluster, Cvm, Fleet
from daemon.sim.refusals import Json, Refusal, bad_request, prism_envelope
from daemon.sim.service import Answer, respond
from daemon.sim.shapes import TEXT, Field, Shape, check_shape
from daemon.sim.world import World

PORT = 9440
BASE = "/PrismGateway/services/rest"
USER = "admin"
SHORTEST_PASSWORD = 8
"""The real rule also asks for kinds of characters; which ones is not documented, so only this is checked."""

_UNAUTHORIZED = "<html><head><title>Unauthorized</title></head><body>401 Unauthorized</body></html>"

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
PASSWORD: Shape = {"oldPassword": TEXT, "newPassword": Field(str, required=True)}
EULA: Shape = {name: Field(str, required=True) for name in ("username", "companyName", "jobTitle")}
NCC: Shape = {"sendEmail": Field(bool)}


@dataclass(frozen=True)
class PrismCall:
    """One authenticated request to one CVM, or to the cluster's own address."""

    world: World
    fleet: Fleet
    cvm: Cvm
    path: dict[str, str]
    query: dict[str, str]
    body: Any

    @property
    def cluster(self) -> Cluster:
        """The cluster of this CVM; refused if there is none yet or it is not up."""
        cluster = self.cvm.cluster
        if cluster is None or cluster.status != "UP":
            raise Refusal(422, "", "The cluster is not up.")
        return cluster


PrismHandler = Callable[[PrismCall], Answer]


def _create(call: PrismCall) -> Answer:
    body = check_shape(call.body, CREATE)
    cluster, task = call.fleet.create(call.cvm, body)
    return Answer(200, {"task_uuid": task.uuid, "cluster_uuid": cluster.uuid})


def _clusters(call: PrismCall) -> Answer:
    known = [views.cluster_v2(call.cvm)] if call.cvm.cluster is not None else []
    return Answer(200, views.listing(known))


def _cluster_v1(call: PrismCall) -> Answer:
    return Answer(200, views.cluster_v1(call.cvm))


def _cluster_v2(call: PrismCall) -> Answer:
    return Answer(200, views.cluster_v2(call.cvm))


def _edit(view: Callable[[Cvm], Json]) -> PrismHandler:
    """Change the cluster's name and settings; only what the GET of the same address shows may be named."""

    def handler(call: PrismCall) -> Answer:
        cluster = call.cluster
        if not isinstance(call.body, dict):
            raise bad_request("The body must be a JSON object.")
        unknown = sorted(set(call.body) - set(view(call.cvm)))
        if unknown:
            raise Refusal(422, "", f"Unknown properties: {', '.join(unknown)}.")
        name = call.body.get("name", cluster.name)
        if not isinstance(name, str) or not name:
            raise Refusal(422, "", "The name must be a string.")
        cluster.name = name
        data_services = "cluster_external_data_services_ipaddress"
        if data_services in call.body:
            cluster.settings[data_services] = call.body[data_services]
        return Answer(200, view(call.cvm))

    return handler


def _hosts(call: PrismCall) -> Answer:
    cluster = call.cvm.cluster
    if cluster is None:
        return Answer(200, views.listing([]))
    bad = call.fleet.degraded(cluster)
    return Answer(200, views.listing([views.host(cluster, cvm, cvm is bad) for cvm in cluster.members]))


def _password(call: PrismCall) -> Answer:
    body = check_shape(call.body, PASSWORD)
    new = body["newPassword"]
    if not hmac.compare_digest(
        body.get("oldPassword", FACTORY_PASSWORD).encode(), call.cvm.password.encode()
    ):
        raise Refusal(422, "", "The old password is not correct.")
    if len(new) < SHORTEST_PASSWORD or new == call.cvm.password:
        message = (
            f"The new password must have at least {SHORTEST_PASSWORD} characters and differ from the old."
        )
        raise Refusal(422, "", message)
    if call.cvm.cluster is not None:
        call.cvm.cluster.password = new
    else:
        call.cvm.own_password = new
    return Answer(200, {"value": True})


def _servers(attribute: str, add: bool) -> PrismHandler:
    def handler(call: PrismCall) -> Answer:
        asked = call.body
        if not isinstance(asked, list) or not asked or not all(isinstance(s, str) and s for s in asked):
            raise Refusal(422, "", "The body must be a list of addresses.")
        known = getattr(call.cluster, attribute)
        others = [server for server in known if server not in asked]
        setattr(call.cluster, attribute, [*others, *asked] if add else others)
        return Answer(200, {"value": True})

    return handler


def _start_ncc(call: PrismCall) -> Answer:
    check_shape(call.body, NCC)
    cluster = call.cluster
    task = call.fleet.begin_task("ncc_checks", "cluster.ncc", cluster.uuid)
    task.summary = views.ncc_summary(cluster, call.fleet.degraded(cluster))
    return Answer(200, {"taskUuid": task.uuid})


def _ncc(call: PrismCall) -> Answer:
    task = call.fleet.tasks.get(call.path["task"])
    if task is None or task.summary is None:
        raise Refusal(404, "", f"There is no run of checks {call.path['task']}.")
    done = call.world.clock.now() >= task.ends
    return Answer(200, {"runSummary": task.summary if done else ""})


def _task(call: PrismCall) -> Answer:
    task = call.fleet.tasks.get(call.path["task"])
    if task is None:
        raise Refusal(404, "", f"Task with uuid {call.path['task']} not found.")
    return Answer(200, views.task(task, call.world.clock.now()))


def _alerts(call: PrismCall) -> Answer:
    cluster = call.cvm.cluster
    if cluster is None:
        return Answer(200, views.listing([]))
    degraded = call.fleet.degraded(cluster)
    return Answer(200, views.listing(views.alerts(cluster, degraded, call.query.get("resolved"))))


def _eulas(call: PrismCall) -> Answer:
    accepted = call.cluster.eula
    entity: Json = {"id": "nutanix-eula", "content": "Licence terms", "enabled": True}
    return Answer(200, views.listing([{**entity, "userDetailsList": [accepted] if accepted else None}]))


def _accept(call: PrismCall) -> Answer:
    call.cluster.eula = check_shape(call.body, EULA)
    return Answer(200, {"value": True})


def _pulse(call: PrismCall) -> Answer:
    if not isinstance(call.body, dict) or not isinstance(call.body.get("enable"), bool):
        raise Refusal(422, "", "The body must say whether to enable Pulse.")
    call.cluster.pulse = call.body
    return Answer(200, call.body)


def _get_pulse(call: PrismCall) -> Answer:
    return Answer(200, call.cluster.pulse)


PASSWORD_PATH = "/v1/utils/change_default_system_password"

_ROUTES: tuple[tuple[str, str, PrismHandler, str], ...] = (
    ("GET", "/v1/cluster", _cluster_v1, "prism.read"),
    ("PATCH", "/v1/cluster", _edit(views.cluster_v1), "prism.write"),
    ("PUT", "/v1/cluster", _edit(views.cluster_v1), "prism.write"),
    ("GET", "/v2.0/cluster", _cluster_v2, "prism.read"),
    ("PATCH", "/v2.0/cluster", _edit(views.cluster_v2), "prism.write"),
    ("PUT", "/v2.0/cluster", _edit(views.cluster_v2), "prism.write"),
    ("GET", "/v2.0/clusters", _clusters, "prism.read"),
    ("POST", "/v2.0/clusters", _create, "prism.write"),
    ("GET", "/v2.0/hosts", _hosts, "prism.read"),
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


class Prism:
    """One application behind the port 9440 of every CVM and every cluster; it is the fleet's ``Doors``."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet
        self._listeners: dict[str, asyncio.Server] = {}
        app = web.Application()
        for method, path, handler, lasts in _ROUTES:
            app.router.add_route(method, BASE + path, self._handler(method, path, handler, lasts))
        app.router.add_route("*", "/{anything:.*}", self._handler("*", "", _nothing_here, "prism.read"))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        await self._runner.setup()

    async def close(self) -> None:
        for address in list(self._listeners):
            self.close_door(address)
        await self._runner.cleanup()

    async def open_door(self, address: str, certificate: Certificate) -> str | None:
        server = self._runner.server
        if server is None:
            return "Prism is closed"
        try:
            listener = await asyncio.get_running_loop().create_server(
                server, address, PORT, ssl=certificate.context, backlog=128
            )
        except OSError as error:
            return f"{address}:{PORT} cannot be bound ({error.strerror})"
        self._listeners[address] = listener
        return None

    def close_door(self, address: str) -> None:
        listener = self._listeners.pop(address, None)
        if listener is None or self._runner.server is None:
            return
        listener.close()
        for connection in self._runner.server.connections:
            transport = connection.transport
            if transport is not None and transport.get_extra_info("sockname")[0] == address:
                transport.abort()

    def _handler(
        self, method: str, path: str, handler: PrismHandler, lasts: str
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        moment = f"prism {method} {BASE}{path}"

        async def handle(request: web.Request) -> web.StreamResponse:
            text = await request.text()

            async def answer() -> Answer:
                cvm = self._cvm_at(request)
                self._strike(moment, cvm, text)
                open_to_all = path == PASSWORD_PATH and "Authorization" not in request.headers
                if not open_to_all and not _authorized(request.headers.get("Authorization"), cvm):
                    return Answer(401, html=_UNAUTHORIZED)
                body = _body(request, text)
                await self._world.take(lasts)
                query = dict(request.query)
                call = PrismCall(self._world, self._fleet, cvm, dict(request.match_info), query, body)
                return handler(call)

            template = BASE + path
            return await respond("prism", prism_envelope, self._world, request, template, text, answer)

        return handle

    def _cvm_at(self, request: web.Request) -> Cvm:
        """The CVM that answers at the address the request came to: that one, or any member behind a VIP."""
        transport = request.transport
        address = transport.get_extra_info("sockname")[0] if transport is not None else ""
        cvm = self._fleet.cvms.get(address)
        if cvm is not None:
            return cvm
        for cluster in self._fleet.clusters.values():
            if cluster.external_ip == address and cluster.vip_open:
                return next(member for member in cluster.members if member.up)
        raise Refusal(503, "", "The service is shutting down.")

    def _strike(self, moment: str, cvm: Cvm, text: str) -> None:
        name = cvm.cluster.name if cvm.cluster is not None else ""
        try:
            body = json.loads(text)
            name = body.get("name", name) if isinstance(body, dict) else name
        except ValueError:
            pass  # what is not JSON has no name to strike at; the handler refuses it
        step = self._world.faults.strike(moment, str(name), self._world.clock.now())
        if step is not None and step.answer is not None:
            raise replace(step.answer)


def _nothing_here(call: PrismCall) -> Answer:
    raise Refusal(404, "", "The requested resource does not exist.")


def _body(request: web.Request, text: str) -> Any:
    if request.method in ("GET", "DELETE"):
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise bad_request("The body is not valid JSON.") from None


def _authorized(header: str | None, cvm: Cvm) -> bool:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except (ValueError, binascii.Error):
        return False
    return user == USER and hmac.compare_digest(password.encode(), cvm.password.encode())

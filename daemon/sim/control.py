"""The control address of the simulated world: what is in it, what was asked of it, what shall go wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aiohttp import web

from daemon.sim.durations import DURATIONS, critical_path
from daemon.sim.faults import STEPS
from daemon.sim.machine import MachineRoom
from daemon.sim.nutanix import Cluster, Fleet
from daemon.sim.refusals import Json, SimError
from daemon.sim.things import PROVIDER, Record, ReservedIp, Server, Thing, Vni
from daemon.sim.world import World

MADE_BY_CLIENTS: tuple[type[Thing], ...] = (ReservedIp, Vni, Server, Record)


class Control:
    """Answers about one world. Its own requests are not journalled, and take no time."""

    def __init__(self, world: World, room: MachineRoom, fleet: Fleet) -> None:
        self._world = world
        self._room = room
        self._fleet = fleet

    def build(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self.healthz),
                web.get("/inventory", self.inventory),
                web.get("/calls", self.calls),
                web.get("/counts", self.counts),
                web.get("/durations", self.durations),
                web.get("/critical-path", self.critical_path),
                web.get("/faults", self.faults),
                web.post("/faults", self.add_faults),
                web.get("/nodes", self.nodes),
                web.post("/nodes/{name}/revive", self.revive),
                web.post("/nodes/{name}/kill-cvm", self.kill_cvm),
                web.get("/clusters", self.clusters),
                web.post("/clusters/{name}/heal", self.heal),
            ]
        )
        return app

    async def healthz(self, request: web.Request) -> web.Response:
        clock = self._world.clock
        return web.json_response({"ok": True, "now": clock.now(), "speed": clock.speed})

    async def inventory(self, request: web.Request) -> web.Response:
        """Every object there is or was. ``?existing=1`` leaves out what is gone; ``?kind=`` filters."""
        kind = request.query.get("kind")
        objects = [
            self._thing(thing)
            for thing in self._world.everything()
            if kind in (None, thing.kind) and not ("existing" in request.query and thing.deleted)
        ]
        return web.json_response({"now": self._world.clock.now(), "objects": objects})

    async def calls(self, request: web.Request) -> web.Response:
        journal = self._world.journal
        return web.json_response({"calls": journal.after(_number(request, "after", 0)), "last": journal.last})

    async def counts(self, request: web.Request) -> web.Response:
        """Made in total and existing now, per kind, without the provider's own; and installations."""
        made: Counter[str] = Counter()
        existing: Counter[str] = Counter()
        for thing in self._world.everything():
            if thing.maker is not PROVIDER:
                made[thing.kind] += 1
                existing[thing.kind] += thing.deleted is None
        kinds = [kind.kind for kind in MADE_BY_CLIENTS]
        machines = self._room.view()
        return web.json_response(
            {
                "created": {kind: made[kind] for kind in kinds},
                "existing": {kind: existing[kind] for kind in kinds},
                "installs": self._room.installs,
                "cvms": len(self._fleet.cvms),
                "clusters": len(self._fleet.clusters),
                "machines_running": sum(machine["doing"] == "running" for machine in machines),
                "calls": self._world.journal.last,
            }
        )

    async def durations(self, request: web.Request) -> web.Response:
        return web.json_response(dict(DURATIONS))

    async def critical_path(self, request: web.Request) -> web.Response:
        return web.json_response(critical_path(_number(request, "nodes", 1)))

    async def faults(self, request: web.Request) -> web.Response:
        faults = self._world.faults
        known = {name: {"scope": step.scope, "meaning": step.meaning} for name, step in STEPS.items()}
        return web.json_response({"waiting": faults.waiting(), "struck": faults.struck, "known": known})

    async def add_faults(self, request: web.Request) -> web.Response:
        body = await _json(request)
        texts = body.get("fail")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            return _wrong(400, 'Send {"fail": ["NODE:STEP", ...]}.')
        try:
            self._world.faults.add(texts)
        except SimError as error:
            return _wrong(400, str(error))
        return await self.faults(request)

    async def nodes(self, request: web.Request) -> web.Response:
        return web.json_response({"nodes": self._room.view()})

    async def revive(self, request: web.Request) -> web.Response:
        """Reset a machine; it boots a virtual minute later."""
        machine = self._room.machine(request.match_info["name"])
        if machine is None:
            return _wrong(404, f"There is no one machine called {request.match_info['name']}.")
        self._room.revive(machine)
        return web.json_response({"server": machine.server.name, "doing": machine.doing})

    async def kill_cvm(self, request: web.Request) -> web.Response:
        """Take a node's controller VM down; it comes back when the server is restarted."""
        machine = self._room.machine(request.match_info["name"])
        if machine is None or machine.cvm is None:
            return _wrong(404, f"There is no controller VM on {request.match_info['name']}.")
        self._fleet.switch_off(machine.cvm)
        machine.doing = "running without its controller VM"
        return web.json_response({"server": machine.server.name, "cvm": machine.cvm.address})

    async def clusters(self, request: web.Request) -> web.Response:
        return web.json_response({"clusters": [_cluster(c) for c in self._fleet.clusters.values()]})

    async def heal(self, request: web.Request) -> web.Response:
        """End a degradation at once."""
        cluster = self._fleet.cluster_named(request.match_info["name"])
        if cluster is None:
            return _wrong(404, f"There is no cluster called {request.match_info['name']}.")
        cluster.degraded_until = 0.0
        return web.json_response(_cluster(cluster))

    def _thing(self, thing: Thing) -> Json:
        view: Json = {
            "kind": thing.kind,
            "id": thing.id,
            "name": thing.name,
            "state": thing.status if isinstance(thing, Server) and thing.deleted is None else thing.state,
            "created": thing.created,
            "deleted": thing.deleted,
            "by_provider": thing.maker is PROVIDER,
            "agent": thing.maker.agent,
            "request_id": thing.maker.request_id,
        }
        if isinstance(thing, ReservedIp):
            view |= {"subnet": thing.subnet_id, "address": thing.address, "target": thing.target_id}
        elif isinstance(thing, Vni):
            view |= {"server": thing.server_id, "addresses": thing.ip_ids}
        elif isinstance(thing, Server):
            view |= {"profile": thing.profile, "vnis": [a.vni_id for a in thing.attachments]}
        elif isinstance(thing, Record):
            view |= {"type": thing.type, "ttl": thing.ttl, "rdata": thing.rdata}
        return view


def _cluster(cluster: Cluster) -> Json:
    return {
        "uuid": cluster.uuid,
        "name": cluster.name,
        "status": cluster.status,
        "external_ip": cluster.external_ip,
        "vip_answers": cluster.vip_open,
        "factory_password": cluster.password == "admin",
        "members": [{"cvm": m.address, "node": m.node, "up": m.up, "lost": m.lost} for m in cluster.members],
        "fingerprint": cluster.members[0].certificate.fingerprint if cluster.members[0].certificate else None,
    }


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdigit() else default


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _wrong(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)

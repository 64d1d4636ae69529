"""The control address of the simulated world: what is in it, what was asked of it, what shall go wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

from daemon.sim.active_scenarios import ActiveScenarios
from daemon.sim.faults.rules import STEP_FAULTS, rule_from_json
from daemon.sim.faults.triggers import LIFE, REQUEST
from daemon.sim.machines.machines import Machines
from daemon.sim.nutanix.cvm import FACTORY_PASSWORDS, REAL, SEED, Cluster
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.refusals import Json, SimError
from daemon.sim.scenarios.listed import assign, scenarios
from daemon.sim.world.behaviour import BY_NAME, CHECK_ORDERINGS, Behaviour
from daemon.sim.world.clock import WorldClock
from daemon.sim.world.durations import DURATIONS, critical_path
from daemon.sim.world.objects import PROVIDER, CloudObject, DnsRecord, ReservedIp, Server, Vni
from daemon.sim.world.world import World

FARTHEST = 10_000_000.0
"""Virtual seconds that time can be moved on by at once: four months."""
MADE_BY_CLIENTS: tuple[type[CloudObject], ...] = (ReservedIp, Vni, Server, DnsRecord)


class Control:
    """Answers about one world. Its own requests are not journalled, and take no time."""

    def __init__(
        self,
        world: World,
        machines: Machines,
        fleet: NutanixFleet,
        active_scenarios: ActiveScenarios,
        clock: WorldClock,
    ) -> None:
        self._clock = clock
        self._world = world
        self._machines = machines
        self._fleet = fleet
        self._active_scenarios = active_scenarios

    def build(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self.healthz),
                web.post("/clock", self.move_clock),
                web.post("/capacity", self.capacity),
                web.post("/behaviour", self.behaviour),
                web.get("/inventory", self.inventory),
                web.get("/calls", self.calls),
                web.get("/counts", self.counts),
                web.get("/durations", self.durations),
                web.get("/critical-path", self.critical_path),
                web.get("/faults", self.faults),
                web.post("/faults", self.add_faults),
                web.get("/scenarios", self.scenarios),
                web.post("/scenarios", self.begin_scenarios),
                web.post("/mend", self.mend),
                web.get("/nodes", self.nodes),
                web.post("/nodes/{name}/revive", self.revive),
                web.post("/nodes/{name}/kill-cvm", self.kill_cvm),
                web.post("/nodes/{name}/console", self.connect_console),
                web.get("/clusters", self.clusters),
                web.post("/clusters/{name}/heal", self.heal),
                web.post("/clusters/{name}/personality", self.personality),
            ]
        )
        return app

    async def healthz(self, request: web.Request) -> web.Response:
        clock = self._world.clock
        return web.json_response({"ok": True, "now": clock.now(), "speed": clock.speed})

    async def move_clock(self, request: web.Request) -> web.Response:
        """``{"advance": SECONDS}``: so much later it is now, for the world alone."""
        seconds = (await _json(request)).get("advance")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= FARTHEST:
            return _wrong(400, f'Send {{"advance": SECONDS}}, from 0 to {FARTHEST:g}.')
        await self._clock.advance(seconds)
        return web.json_response({"now": self._clock.now(), "speed": self._clock.speed})

    async def capacity(self, request: web.Request) -> web.Response:
        """``{"profile": …, "zone": …, "servers": N}``: how many servers of a profile a zone holds from now on."""
        said = await _json(request)
        place, servers = (said.get("profile"), said.get("zone")), said.get("servers")
        catalogue = self._world.catalogue
        known = place[0] in catalogue["profile"] and place[1] in catalogue["zone"]
        if not known or not isinstance(servers, int) or isinstance(servers, bool) or servers < 0:
            return _wrong(
                400, 'Send {"profile": PROFILE, "zone": ZONE, "servers": N} with names that there are.'
            )
        self._world.capacity[str(place[0]), str(place[1])] = servers
        return web.json_response({"profile": place[0], "zone": place[1], "servers": servers})

    async def behaviour(self, request: web.Request) -> web.Response:
        """``{"order": "name" | "holding" | "drawn", "replays": CHANCE, "seed": N}``: from now on."""
        said = await _json(request)
        order, replays, seed = said.get("order", BY_NAME), said.get("replays", 0.0), said.get("seed", 1)
        fine = isinstance(replays, int | float) and isinstance(seed, int) and not isinstance(replays, bool)
        if not fine or set(said) - {"order", "replays", "seed"}:
            return _wrong(
                400, f'Send {{"order": one of {CHECK_ORDERINGS}, "replays": from 0 to 1, "seed": N}}.'
            )
        try:
            self._world.behaviour = Behaviour(order, replays, seed)
        except SimError as error:
            return _wrong(400, str(error))
        return web.json_response({"order": order, "replays": replays, "seed": seed})

    async def inventory(self, request: web.Request) -> web.Response:
        """Every object there is or was. ``?existing=1`` leaves out what is gone; ``?kind=`` filters."""
        kind = request.query.get("kind")
        objects = [
            self._object(item)
            for item in self._world.everything()
            if kind in (None, item.kind) and not ("existing" in request.query and item.deleted)
        ]
        return web.json_response({"now": self._world.clock.now(), "objects": objects})

    async def calls(self, request: web.Request) -> web.Response:
        journal = self._world.journal
        return web.json_response({"calls": journal.after(_number(request, "after", 0)), "last": journal.last})

    async def counts(self, request: web.Request) -> web.Response:
        """Made in total and existing now, per kind, without what the provider or a stranger made; and
        installations."""
        made: Counter[str] = Counter()
        existing: Counter[str] = Counter()
        for item in self._world.made_by_clients():
            made[item.kind] += 1
            existing[item.kind] += item.deleted is None
        kinds = [kind.kind for kind in MADE_BY_CLIENTS]
        machines = self._machines.view()
        return web.json_response(
            {
                "created": {kind: made[kind] for kind in kinds},
                "existing": {kind: existing[kind] for kind in kinds},
                "installs": self._machines.installs,
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
        known = {name: {"scope": step.scope, "meaning": step.meaning} for name, step in STEP_FAULTS.items()}
        triggers = {"SERVICE METHOD PATH": dict(REQUEST), **{name: dict(can) for name, can in LIFE.items()}}
        return web.json_response(
            {"waiting": faults.waiting(), "struck": faults.struck, "known": known, "triggers": triggers}
        )

    async def add_faults(self, request: web.Request) -> web.Response:
        """``{"fail": ["NODE:STEP", …]}``, ``{"rules": [{…}, …]}``, or both; all of them or none."""
        body = await _json(request)
        texts, rules = body.get("fail", []), body.get("rules", [])
        fine = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        if not body or not fine or not isinstance(rules, list):
            return _wrong(
                400, 'Send {"fail": ["NODE:STEP", ...]} or {"rules": [{"trigger": ..., "action": ...}]}.'
            )
        try:
            read = [rule_from_json(rule) for rule in rules]
            self._world.faults.add(texts)
            self._world.faults.add_rules(read)
        except SimError as error:
            return _wrong(400, str(error))
        return await self.faults(request)

    async def scenarios(self, request: web.Request) -> web.Response:
        known = [scenario.view() for scenario in scenarios().values()]
        return web.json_response({"playing": self._active_scenarios.view(), "known": known})

    async def begin_scenarios(self, request: web.Request) -> web.Response:
        """``{"scenarios": ["NAME", "NAME@TARGET", …]}``; all of them or none."""
        names = (await _json(request)).get("scenarios")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return _wrong(400, 'Send {"scenarios": ["NAME", "NAME@TARGET", ...]}.')
        try:
            castings = [assign(name) for name in names]
        except SimError as error:
            return _wrong(400, str(error))
        for casting in castings:
            self._active_scenarios.begin(casting)
        return web.json_response({"playing": self._active_scenarios.view()})

    async def mend(self, request: web.Request) -> web.Response:
        """``{"scenario": "NAME@TARGET"}`` ends that one; nothing ends all scenarios and every rule."""
        self._active_scenarios.mend((await _json(request)).get("scenario"))
        return web.json_response({"playing": self._active_scenarios.view()})

    async def nodes(self, request: web.Request) -> web.Response:
        return web.json_response({"nodes": self._machines.view()})

    async def revive(self, request: web.Request) -> web.Response:
        """Reset a machine; it boots a virtual minute later."""
        machine = self._machines.machine(request.match_info["name"])
        if machine is None:
            return _wrong(404, f"There is no one machine called {request.match_info['name']}.")
        self._machines.revive(machine)
        return web.json_response({"server": machine.server.name, "doing": machine.doing})

    async def kill_cvm(self, request: web.Request) -> web.Response:
        """Take a node's controller VM down; it comes back when the server is restarted."""
        machine = self._machines.machine(request.match_info["name"])
        if machine is None or machine.cvm is None:
            return _wrong(404, f"There is no controller VM on {request.match_info['name']}.")
        self._fleet.switch_off(machine.cvm)
        machine.doing = "running without its controller VM"
        return web.json_response({"server": machine.server.name, "cvm": machine.cvm.address})

    async def connect_console(self, request: web.Request) -> web.Response:
        """``{"socket": PATH}``: the serial line of a machine that stands elsewhere is behind this Unix socket."""
        name, path = request.match_info["name"], (await _json(request)).get("socket")
        machine = self._machines.machine(name)
        if machine is None:
            return _wrong(404, f"There is no one machine called {name}.")
        if not isinstance(path, str) or not path.startswith("/"):
            return _wrong(400, 'Send {"socket": "/PATH/OF/A/UNIX/SOCKET"}.')
        if self._machines.simulated:
            return _wrong(409, f"{name} is simulated, and says by itself what its console shows.")
        self._machines.connect(machine, Path(path))
        return web.json_response({"server": machine.server.name, "socket": path})

    async def clusters(self, request: web.Request) -> web.Response:
        found = [_cluster(cluster) for cluster in self._fleet.clusters.values()]
        return web.json_response({"clusters": found, "operations": self._fleet.operations.view()})

    async def heal(self, request: web.Request) -> web.Response:
        """End a degradation at once."""
        cluster = self._fleet.cluster_named(request.match_info["name"])
        if cluster is None:
            return _wrong(404, f"There is no cluster called {request.match_info['name']}.")
        cluster.health_until = 0.0
        return web.json_response(_cluster(cluster))

    async def personality(self, request: web.Request) -> web.Response:
        """``{"personality": "real"}``: how the CVMs behave that come up from now on for this cluster."""
        personality = (await _json(request)).get("personality")
        if personality not in (SEED, REAL):
            return _wrong(400, f'Send {{"personality": "{SEED}"}} or {{"personality": "{REAL}"}}.')
        self._fleet.dress(request.match_info["name"], personality)
        return web.json_response({"personalities": self._fleet.personalities})

    def _object(self, item: CloudObject) -> Json:
        view: Json = {
            "kind": item.kind,
            "id": item.id,
            "name": item.name,
            "state": item.status if isinstance(item, Server) and item.deleted is None else item.state,
            "created": item.created,
            "deleted": item.deleted,
            "by_provider": item.maker is PROVIDER,
            "agent": item.maker.agent,
            "request_id": item.maker.request_id,
        }
        if isinstance(item, ReservedIp):
            view |= {"subnet": item.subnet_id, "address": item.address, "target": item.target_id}
        elif isinstance(item, Vni):
            view |= {"server": item.server_id, "addresses": item.ip_ids}
        elif isinstance(item, Server):
            view |= {"profile": item.profile, "vnis": [a.vni_id for a in item.attachments]}
        elif isinstance(item, DnsRecord):
            view |= {"type": item.type, "ttl": item.ttl, "rdata": item.rdata}
        return view


def _cluster(cluster: Cluster) -> Json:
    return {
        "uuid": cluster.uuid,
        "name": cluster.name,
        "status": cluster.status,
        "external_ip": cluster.external_ip,
        "vip_answers": cluster.vip_open,
        "factory_password": cluster.password in FACTORY_PASSWORDS.values(),
        "members": [
            {"cvm": m.address, "node": m.node, "uuid": m.uuid, "up": m.up, "lost": m.lost}
            for m in cluster.members
        ],
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

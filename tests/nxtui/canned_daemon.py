"""A small daemon with canned data that speaks docs/api.md on a real Unix socket, and does what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web
from canned_data import (
    T0,
    canned_calls,
    canned_entities,
    canned_log,
    canned_steps,
    canned_timeline,
    canned_verbs,
    timeline,
)
from canned_looks import CannedLooks, kept, of_its_age

from daemon.wire.actor import KEY_FIELD


class CannedDaemon:
    """The socket API over data that a test may change; counts what it was asked for."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.id = "daemon-1"
        self.api = 1
        self.environment = "demo"
        self.revision = 200
        self.now = T0
        self.beat: float | None = 1.0
        self.verbs: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        """By which key of SSH whoever gave each verb had logged in, as the request says."""
        self.screens: dict[str, dict[str, Any]] = {}
        self.specs: list[dict[str, Any]] = []
        self.refuse: dict[str, Any] | None = None
        self.lacks: tuple[str, ...] = ()
        """Ends or beginnings of paths that a daemon as old as this one does not know."""
        self.unfit: set[str] = set()
        """Nodes whose servers failed: a retry deletes them."""
        self.plan_gate = asyncio.Event()
        self.plan_gate.set()
        self.pieces_gate = asyncio.Event()
        self.pieces_gate.set()
        self.connections = 0
        self.steps: dict[str, Any] | None = canned_steps()
        self.steps_asked = 0
        self.steps_gate = asyncio.Event()
        self.steps_gate.set()
        self.clusters, self.nodes = canned_entities()
        self.events = canned_log()
        self.news: dict[str, Any] = {}
        """The causes of trouble and what comes next, as a daemon tells them that knows of them."""
        self.offers: list[dict[str, Any]] | None = None
        self.calls: list[dict[str, Any]] | None = canned_calls()
        """None: this daemon is too old to tell any."""
        self.looks = CannedLooks(lambda: self.now)
        self.timelines: dict[str, dict[str, Any]] = {}
        """Those that are others than usual."""
        self.timelines_asked: list[list[str]] = []
        self._readers: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._runner: web.AppRunner | None = None

    def call(self, **more: Any) -> dict[str, Any]:
        """Make one more call like the last one, and tell it."""
        assert self.calls is not None
        call = {**self.calls[-1], "id": self.calls[-1]["id"] + 1, "time": self.now, **more}
        self.calls.append(call)
        for reader in self._readers:
            reader.put_nowait({"revision": self.revision, "now": self.now, "type": "call", "call": call})
        return call

    async def _get_calls(self, request: web.Request) -> web.Response:
        if self.calls is None:
            said = {"code": "request", "message": "GET /v1/calls: Not Found.", "remedy": "", "retry": "never"}
            return web.json_response({"error": said}, status=404)
        query = request.query
        found = [one for one in self.calls if one["id"] > int(query.get("after", 0))]
        found = [one for one in found if query.get("target") in (None, one["target"])]
        limit = int(query.get("limit", 1000))
        found = found[-limit:] if query.get("tail") == "1" else found[:limit]
        if query.get("bodies") == "1":
            found = [{**one, "query": "version=2025-01-01", **self._bodies(one)} for one in found]
        return web.json_response({"calls": found})

    async def _get_timelines(self, request: web.Request) -> web.Response:
        if self.calls is None:
            said = {
                "code": "request",
                "message": "GET /v1/timelines: Not Found.",
                "remedy": "",
                "retry": "never",
            }
            return web.json_response({"error": said}, status=404)
        names = request.query["names"].split(",")
        self.timelines_asked.append(names)
        known = {one["name"]: one for one in (*self.clusters, *self.nodes)}
        found = [self.timelines.get(name) or canned_timeline(known[name]) for name in names if name in known]
        return web.json_response({"now": self.now, "timelines": found})

    def _bodies(self, call: dict[str, Any]) -> dict[str, str]:
        if call["method"] == "GET":
            return {}
        sent = '{"address":"127.24.0.13","name":"demo-node02-mgmt-ip","token":"***"}'
        answered = '{"errors":[{"code":"internal_error"}]}' if call["failed"] else '{"id":"0717-9"}'
        return {"sent": sent, "answered": answered}

    # life

    async def start(self) -> None:
        """Listen."""
        app = web.Application(middlewares=[of_its_age(self)])
        app.add_routes(
            [
                web.get("/v1/snapshot", self._get_snapshot),
                web.get("/v1/events", self._get_events),
                web.get("/v1/log", self._get_log),
                web.get("/v1/calls", self._get_calls),
                web.get("/v1/timelines", self._get_timelines),
                *self.looks.routes(),
                web.get("/v1/nodes", self._get_all),
                web.get("/v1/clusters", self._get_all),
                web.get("/v1/nodes/{name}", self._get_one),
                web.get("/v1/clusters/{name}", self._get_one),
                web.get("/v1/healthz", self._get_health),
                web.get("/v1/steps", self._get_steps),
                web.get("/v1/offers", self._get_offers),
                web.post("/v1/plans", self._post_plan),
                web.post("/v1/verbs", self._post_verb),
                web.post("/v1/specs", self._post_spec),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        self.socket.unlink(missing_ok=True)
        await web.UnixSite(self._runner, str(self.socket)).start()

    async def stop(self) -> None:
        """Die: streams break, the socket goes away."""
        for reader in self._readers:
            reader.put_nowait(None)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.socket.unlink(missing_ok=True)

    def say(self, **line: Any) -> None:
        """Send a line to everybody who follows."""
        self.revision += 1
        for reader in self._readers:
            reader.put_nowait({"revision": self.revision, "now": self.now} | line)

    def log(self, message: str, node: str | None = None, level: str = "info") -> None:
        """Write a line of the log."""
        event = {
            "revision": self.revision + 1,
            "time": self.now,
            "cluster": "demo",
            "node": node,
            "kind": "note",
            "level": level,
            "actor": "nxd",
            "message": message,
            "data": {},
        }
        self.events.append(event)
        self.say(type="event", event=event)

    def node(self, name: str) -> dict[str, Any]:
        """The node as the daemon has it."""
        return next(node for node in self.nodes if node["name"] == name)

    def plan(self, verb: str, target: str) -> dict[str, Any]:
        """What a rollback would delete: what is there, the server first; or what a replacement would do, and a retry of
        a node whose server failed."""
        if verb == "retry" and target not in self.unfit:
            return kept(target)
        if verb in ("replace", "retry"):
            name = f"demo-{target}-server"
            items = [
                {"action": "delete", "owner": target, "kind": "server", "name": name, "id": "0717-srv"},
                {"action": "create", "owner": target, "kind": "server", "name": f"{name}-2", "id": None},
            ]
            tells = "deletes 1 server for good · makes 1 server · about 46m00s"
            return {
                "digest": f"sha256:{verb}-{target}", "target": target, "verb": verb, "items": items, "tells": tells
            }  # fmt: skip
        owners = [n for n in self.nodes if target in (n["name"], n["cluster"])]
        items = [
            {"action": "delete", "owner": n["name"], "kind": r["kind"], "name": r["name"], "id": r["id"]}
            for n in owners
            for r in reversed(n["resources"])
        ]
        tells = f"deletes {len(items)} objects for good · never done yet, time unknown"
        return {
            "digest": f"sha256:{verb}-{target}",
            "target": target,
            "verb": verb,
            "items": items,
            "tells": tells,
        }

    def fewer(self) -> dict[str, Any]:
        """What a spec with one node less and one setting changed would do."""
        change = {"action": "change", "owner": "demo", "kind": "setting", "name": "gate", "id": None}
        is_absent = self.plan("apply", "node03")["items"]
        stages = [
            {"step": "removing", "title": "removing node03", "usual": 1500.0, "deadline": 14_400.0},
            {"step": "releasing", "title": "deleting its objects", "usual": 420.0, "deadline": None},
        ]
        return {
            "digest": "sha256:fewer",
            "target": "demo",
            "verb": "apply",
            "items": [change, *is_absent],
            "stages": stages,
        }

    # answers

    def snapshot(self) -> dict[str, Any]:
        """Everything."""
        daemon = {
            "id": self.id,
            "version": "0.1.0",
            "api": self.api,
            "environment": self.environment,
            "started": T0 - 9000,
        }
        return {
            "daemon": daemon,
            "revision": self.revision,
            "now": self.now,
            "speed": 1.0,
            "clusters": self.clusters,
            "nodes": self.nodes,
            "verbs": canned_verbs(self.clusters + self.nodes),
            **({} if self.looks.rates is None else {"rates": self.looks.rates}),
            **self.news,
        }

    def state(self, first: int | None) -> Iterator[dict[str, Any]]:
        """The first line of a stream, or its first lines if it was asked for in pieces."""
        whole = self.snapshot()
        if first is None:
            yield {"type": "snapshot", "snapshot": whole}
            return
        urgent = {"failed": 0, "attention": 1}
        nodes = sorted(
            self.nodes, key=lambda node: (urgent.get(node.get("phase", ""), 2), node.get("name", ""))
        )
        piece, left = nodes[:first], nodes[first:]
        yield {"type": "snapshot", "left": len(left), "snapshot": whole | {"nodes": piece}}
        while left:
            first *= 10
            piece, left = left[:first], left[first:]
            yield {"type": "nodes", "left": len(left), "nodes": piece}

    async def _json(self, body: Any, status: int = 200) -> web.Response:
        return web.json_response(body, status=status)

    async def _error(self, status: int, code: str, message: str, **more: Any) -> web.Response:
        error = {"code": code, "message": message, "remedy": "Look at it again.", "retry": "never"}
        return await self._json({"error": error} | more, status)

    async def _get_snapshot(self, request: web.Request) -> web.Response:
        return await self._json(self.snapshot())

    async def _get_all(self, request: web.Request) -> web.Response:
        return await self._json(self.nodes if request.path.endswith("nodes") else self.clusters)

    async def _get_health(self, request: web.Request) -> web.Response:
        return await self._json({"ok": True, "daemon": self.snapshot()["daemon"], "problems": []})

    async def _get_steps(self, request: web.Request) -> web.Response:
        await self.steps_gate.wait()
        self.steps_asked += 1
        if self.steps is None:
            return await self._error(404, "unknown", "There is no such thing.")
        return await self._json({"steps": self.steps})

    async def _get_offers(self, request: web.Request) -> web.Response:
        if self.offers is None:
            return await self._error(404, "unknown", "There is no such thing.")
        return await self._json({"target": request.query["target"], "offers": self.offers})

    async def _get_log(self, request: web.Request) -> web.Response:
        asked = request.query
        after = int(asked.get("after", 0))
        found = [
            e
            for e in self.events
            if e["revision"] > after
            and asked.get("node") in (None, e["node"])
            and asked.get("cluster") in (None, e["cluster"])
        ]
        limit = int(asked.get("limit", 1000))
        piece = found[-limit:] if asked.get("tail") == "1" else found[:limit]
        return await self._json({"events": piece, "revision": self.revision})

    async def _get_one(self, request: web.Request) -> web.Response:
        kind = self.nodes if "/nodes/" in request.path else self.clusters
        for entity in kind:
            if entity["name"] == request.match_info["name"]:
                screen = (
                    {} if entity["name"] not in self.screens else {"screen": self.screens[entity["name"]]}
                )
                self.looks.shown.append(entity["name"])
                boots = self.looks.boots.get(entity["name"])
                more = screen if boots is None else {**screen, "boots": boots}
                return await self._json({"entity": entity, "timeline": timeline(), **more})
        return await self._error(404, "unknown", "There is no such thing.")

    async def _get_events(self, request: web.Request) -> web.StreamResponse:
        after, first = request.query.get("after"), request.query.get("first")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        self.connections += 1
        reader: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._readers.add(reader)

        async def write(line: dict[str, Any]) -> None:
            await response.write(json.dumps(line).encode() + b"\n")

        with contextlib.suppress(ConnectionError):
            base = {"revision": self.revision, "now": self.now}
            for line in self.state(None if first is None else int(first)):
                await write(base | line)
                await self.pieces_gate.wait()
            for event in self.events:
                if after is not None and event["revision"] > int(after):
                    await write({"type": "event", **base, "revision": event["revision"], "event": event})
            while True:
                try:
                    line = await asyncio.wait_for(reader.get(), self.beat)
                except TimeoutError:
                    line = {"type": "heartbeat", "revision": self.revision, "now": self.now}
                if line is None:
                    if request.transport is not None:
                        request.transport.abort()
                    break
                await write(line)
                if line["type"] == "lagged":
                    break
        self._readers.discard(reader)
        return response

    async def _post_plan(self, request: web.Request) -> web.Response:
        asked = await request.json()
        await self.plan_gate.wait()
        if self.refuse is not None:
            return await self._json({"error": self.refuse}, 409)
        if "spec" in asked:
            wrong = [number for number, line in enumerate(asked["spec"].splitlines(), 1) if "bad" in line]
            if wrong:
                problem = {"line": wrong[0], "column": 7, "message": "there is no profile of that name"}
                return await self._error(400, "spec", "The spec is wrong.", problems=[problem])
            if "fewer" in asked["spec"]:
                return await self._json(self.fewer())
            items = [
                {"action": "create", "owner": owner, "kind": kind, "name": f"demo-{owner}-{kind}", "id": None}
                for owner in ("node01", "node02")
                for kind in ("reserved_ip", "vni", "server")
            ]
            return await self._json(
                {"digest": "sha256:spec", "target": "demo", "verb": "apply", "items": items}
            )
        return await self._json(self.plan(asked["verb"], asked["target"]))

    async def _post_spec(self, request: web.Request) -> web.Response:
        self.specs.append(await request.json())
        return await self._json({"cluster": "demo", "changed": True, "revision": self.revision})

    async def _post_verb(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if self.refuse is not None:
            return await self._json({"error": self.refuse}, 409)
        self.verbs.append(asked)
        self.keys.append(request.headers.get(KEY_FIELD))
        return await self._json({"accepted": True, "revision": self.revision, "along": []})

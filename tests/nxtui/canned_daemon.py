"""A small daemon with canned data that speaks docs/api.md on a real Unix socket, and does what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

from aiohttp import web

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
        waiting_for="1 of 3 nodes failed, 2 more are needed",
        evidence="node02: failed",
        can={
            "retry": "it has not failed.",
            "rollback": None,
            "hold": None,
            "resume": "it is not on hold.",
            "destroy": None,
            "protect": None,
            "unprotect": "it is not protected.",
        },
        addresses={"cluster_ip": "127.24.0.100"},
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
        self.specs: list[dict[str, Any]] = []
        self.refuse: dict[str, Any] | None = None
        self.plan_gate = asyncio.Event()
        self.plan_gate.set()
        self.connections = 0
        self.clusters, self.nodes = canned_entities()
        self.events = canned_log()
        self._readers: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._runner: web.AppRunner | None = None

    # life

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/v1/snapshot", self._get_snapshot),
                web.get("/v1/events", self._get_events),
                web.get("/v1/log", self._get_log),
                web.get("/v1/nodes", self._get_all),
                web.get("/v1/clusters", self._get_all),
                web.get("/v1/nodes/{name}", self._get_one),
                web.get("/v1/clusters/{name}", self._get_one),
                web.get("/v1/healthz", self._get_health),
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
        """What a rollback would delete: what is there, the server first."""
        owners = [n for n in self.nodes if target in (n["name"], n["cluster"])]
        items = [
            {"action": "delete", "owner": n["name"], "kind": r["kind"], "name": r["name"], "id": r["id"]}
            for n in owners
            for r in reversed(n["resources"])
        ]
        return {"digest": f"sha256:{verb}-{target}", "target": target, "verb": verb, "items": items}

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
        }

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
                stays = [
                    {
                        "state": state,
                        "title": title,
                        "attempt": attempt,
                        "started": T0 + started,
                        "ended": None if ended is None else T0 + ended,
                    }
                    for state, title, attempt, started, ended in TIMELINE
                ]
                return await self._json({"entity": entity, "timeline": stays})
        return await self._error(404, "unknown", "There is no such thing.")

    async def _get_events(self, request: web.Request) -> web.StreamResponse:
        after = request.query.get("after")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        self.connections += 1
        reader: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._readers.add(reader)

        async def write(line: dict[str, Any]) -> None:
            await response.write(json.dumps(line).encode() + b"\n")

        with contextlib.suppress(ConnectionError):
            base = {"revision": self.revision, "now": self.now}
            await write({"type": "snapshot", **base, "snapshot": self.snapshot()})
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
            problem = {"line": 3, "column": 7, "message": "there is no profile of that name"}
            if "bad" in asked["spec"]:
                return await self._error(400, "spec", "The spec is wrong.", problems=[problem])
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
        return await self._json({"accepted": True, "revision": self.revision})

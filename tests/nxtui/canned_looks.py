"""What a canned daemon answers to who looks further: the spec in force, drafts, a preflight, an audit, a password."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from canned_data import T0
from canned_map import canned_map

IN_FORCE = """# The spec of demo as it is in force.
platform: ibm_nutanix
cluster: demo
gate: all
ibm:
  zone: us-south-1
  profile: bx2d-metal-96x384
nutanix:
  dns_servers: [161.26.0.7, 161.26.0.8]
nodes:
  - name: node01
    position: A
  - name: node02
    position: B
  - name: node03
    position: C
"""


def canned_spec() -> dict[str, Any]:
    return {
        "cluster": "demo",
        "spec": IN_FORCE,
        "marks": [
            {"line": 4, "text": "in force: 3", "differs": True},
            {"line": 11, "text": "ready", "phase": "ok", "address": "127.24.0.11"},
            {"line": 13, "text": "failed, try 2", "phase": "failed", "address": "127.24.0.12"},
            {"line": 15, "text": "installing", "phase": "working", "address": "127.24.0.13"},
        ],
        "applied": {"time": T0 - 4000, "by": "ops", "revision": 101},
    }


def canned_checks() -> list[dict[str, Any]]:
    found = [
        ("VPC", "it is there"),
        ("addresses", "5 ranges are free"),
        ("image", "it is there"),
        ("DNS zone", "it answers"),
    ]
    return [
        {
            "name": "security groups",
            "result": "failed",
            "detail": "No rule lets TCP 2020, 2036 in.",
            "remedy": "Allow them from the management subnet.",
        },
        {
            "name": "capacity",
            "result": "unknown",
            "detail": "no call tells what us-south-1 has left of this profile",
            "remedy": "",
        },
        *({"name": name, "result": "passed", "detail": detail, "remedy": ""} for name, detail in found),
    ]


def stray(number: int, kind: str = "server") -> dict[str, Any]:
    return {
        "finding": "unknown", "kind": kind, "name": f"demo-node0{number}-host-bms-2", "id": f"0717-91c{number}",
        "owner": None, "command": f"ibmcloud is bare-metal-server-delete 0717-91c{number}",
        "about": {"state": "running", "created": T0 - 9000},
    }  # fmt: skip


def canned_audit() -> dict[str, Any]:
    lost = {
        "finding": "missing", "kind": "dns_record", "name": "node03-cvm.nutanix.internal", "id": "A:3",
        "owner": "node03", "command": "nxd rollback node03 --wait, then nxd retry node03", "about": {},
    }  # fmt: skip
    agree = [
        {"kind": "reserved_ip", "count": 12, "text": "12 addresses"},
        {"kind": "server", "count": 3, "text": "3 servers"},
    ]
    return {"findings": [lost, stray(1), stray(2, "vni")], "looked": T0 - 2, "seconds": 18.4, "agree": agree}


def canned_boots(failed: bool = True) -> list[dict[str, Any]]:
    """A boot that got through four of eight phases: it failed in the fifth, or is in it."""
    titles = (
        "Installer started",
        "Configuration read",
        "Hardware checked",
        "Downloading packages",
        "Installing the hypervisor",
    )
    begins = (0, 20, 50, 74, 501)
    phases = [
        {
            "phase": number, "title": title, "began": T0 - 1400 + begins[number - 1],
            "ended": T0 - 1400 + begins[number] if number < 5 else (T0 - 187 if failed else None),
            "usual": (20.0, 30.0, 24.0, 427.0, 365.0)[number - 1],
        }
        for number, title in enumerate(titles, 1)
    ]  # fmt: skip
    points = [
        [T0 - 1400 + at, share]
        for at, share in ((20, 0.12), (50, 0.25), (74, 0.37), (290, 0.45), (501, 0.5), (800, 0.6))
    ]
    return [
        {
            "boot": 2, "began": T0 - 1400, "ended": T0 - 187 if failed else None, "failed": failed,
            "phases": phases, "points": points, "usual_share": 0.71, "of": 8,
        } | ({} if failed else {"to_come": {"first": 6, "last": 8, "usual": 1005.0}})
    ]  # fmt: skip


def kept(target: str) -> dict[str, Any]:
    """The plan of a retry that deletes no object."""
    again = {
        "after": "installing",
        "does": ["restarts the machine and installs it again, unless that is done or still reports"],
        "wipes": [f"what is on its disks ({target})"],
        "then": "ready; demo goes on once all its nodes are",
        "takes": 2520.0,
    }
    ways = (("awaiting_boot", "waiting for boot", 292.0), ("awaiting_config", "waiting for installer", 91.0),
            ("installing", "installing", 1489.0), ("awaiting_cvm", "waiting for the CVM", 648.0))  # fmt: skip
    return {
        "digest": f"sha256:retry-{target}", "target": target, "verb": "retry", "items": [], "sums": [],
        "stages": [{"step": s, "title": t, "usual": usual, "deadline": None} for s, t, usual in ways],
        "tells": "begins at waiting for boot · about 42m00s", "again": again,
    }  # fmt: skip


def canned_offers() -> list[dict[str, Any]]:
    """What two verbs of a failed node would come to."""
    usual = {"consent": "plan", "loses": [], "makes": [], "does": "tries it again"}
    return [
        {**usual, "verb": "retry", "begins_at": "waiting for boot", "takes": 2520.0,
         "then": "ready; demo goes on once all its nodes are", "tells": "begins at waiting for boot · about 42m00s"},
        {**usual, "verb": "hold", "begins_at": None, "takes": None, "then": "", "tells": "",
         "refused": "it has failed: retry it or roll it back."},
    ]  # fmt: skip


def of_its_age(daemon: Any) -> Any:
    """What a daemon answers that lacks what came later, or that does not know a cluster."""

    def no(message: str) -> web.Response:
        error = {"code": "unknown", "message": message, "remedy": "", "retry": "never"}
        return web.json_response({"error": error}, status=404)

    @web.middleware
    async def handle(request: web.Request, handler: Any) -> Any:
        if any(request.path.startswith(one) or request.path.endswith(one) for one in daemon.lacks):
            return no(f"{request.method} {request.path}: Not Found.")
        _, _, room, *rest = request.path.split("/")
        if room in ("clusters", "specs") and rest and rest[0] not in [one["name"] for one in daemon.clusters]:
            return no(f"There is no {rest[0]}.")
        return await handler(request)

    return handle


class CannedLooks:
    """Data that a test may change, and what was asked."""

    def __init__(self, now: Any) -> None:
        self._now = now
        self.map: dict[str, Any] | None = canned_map()
        self.maps_asked = 0
        self.spec: dict[str, Any] = canned_spec()
        self.drafts: dict[str, str] = {}
        self.checks = canned_checks()
        self.preflights: list[str] = []
        self.audit = canned_audit()
        self.last_audit: dict[str, Any] | None = {"findings": []}
        """None: this daemon is too old to tell it."""
        self.rates: dict[str, Any] | None = {
            "minutes": [2, 0, 4, 9, 16, 14, 12, 8, 8, 6, 5, 4],
            "server_errors": 2,
        }
        """None: this daemon is too old to count its calls."""
        self.deleted: list[list[str]] = []
        self.logins = 0
        self.typed = b""
        """What a console was sent; it says the same, and ends with an ``x``."""
        self.shown: list[str] = []
        """Names whose detail was asked for."""
        self.boots: dict[str, list[dict[str, Any]]] = {}

    def nothing_fails(self) -> None:
        """The next preflight finds nothing that bars an apply."""
        self.checks = [one for one in self.checks if one["result"] != "failed"]

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/v1/clusters/{name}/map", self._get_map),
            web.get("/v1/clusters/{name}/login", self._get_login),
            web.get("/v1/nodes/{name}/console", self._get_console),
            web.get("/v1/specs/{name}", self._get_spec),
            web.get("/v1/drafts/{name}", self._get_draft),
            web.post("/v1/drafts", self._post_draft),
            web.post("/v1/preflights", self._post_preflight),
            web.get("/v1/audit", self._get_audit),
            web.get("/v1/audit/last", self._get_last_audit),
            web.post("/v1/audit/deletions", self._post_deletions),
        ]

    def _unknown(self, path: str) -> web.Response:
        said = {"code": "unknown", "message": f"GET {path}: Not Found.", "remedy": "", "retry": "never"}
        return web.json_response({"error": said}, status=404)

    async def _get_map(self, request: web.Request) -> web.Response:
        self.maps_asked += 1
        if self.map is None:
            return self._unknown(request.path)
        return web.json_response({**self.map, "now": self._now()})

    async def _get_last_audit(self, request: web.Request) -> web.Response:
        return self._unknown(request.path) if self.last_audit is None else web.json_response(self.last_audit)

    async def _get_login(self, request: web.Request) -> web.Response:
        self.logins += 1
        return web.json_response(
            {"url": "https://127.24.0.100:9440", "user": "admin", "password": "Nx-open-1001"}
        )

    async def _get_console(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["name"] != "node01":
            error = {"code": "busy", "message": "ops has it open.", "remedy": "", "retry": "later"}
            return web.json_response({"error": error}, status=409)
        socket = web.WebSocketResponse(heartbeat=0.5, compress=False)
        await socket.prepare(request)
        await socket.send_json({"type": "opened", "message": "This is node01.", "end": None})
        await socket.send_bytes(b"\x1b]0;title\x07" + b"line\r\n" * 20_000 + b"login: ")
        async for message in socket:
            self.typed += message.data
            await socket.send_bytes(message.data.replace(b"\r", b"\r\n"))
            if b"x" in message.data:
                await socket.send_json({"type": "ended", "message": "The other side ended.", "end": "ended"})
                await socket.close()
        return socket

    async def _get_spec(self, request: web.Request) -> web.Response:
        kept = {"name": "demo", "time": T0 - 600, "by": "ops"}
        return web.json_response({**self.spec, **({"draft": kept} if "demo" in self.drafts else {})})

    async def _get_draft(self, request: web.Request) -> web.Response:
        text = self.drafts.get(request.match_info["name"])
        if text is None:
            return self._unknown(request.path)
        return web.json_response({"name": "demo", "time": T0 - 600, "by": "ops", "spec": text})

    async def _post_draft(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.drafts[body["name"]] = body["spec"]
        return web.json_response({"name": body["name"], "time": T0, "by": "ops"})

    async def _post_preflight(self, request: web.Request) -> web.Response:
        self.preflights.append((await request.json())["spec"])
        return web.json_response({"checks": self.checks})

    async def _get_audit(self, request: web.Request) -> web.Response:
        return web.json_response(self.audit)

    async def _post_deletions(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["meant"] is True
        self.deleted.append(body["ids"])
        self.audit["findings"] = [one for one in self.audit["findings"] if one["id"] not in body["ids"]]
        return web.json_response({"left": []})

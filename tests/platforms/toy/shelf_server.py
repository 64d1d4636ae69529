"""The shelf: a small HTTP server that keeps boxes, fills each while it is looked at, and can be made to misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.platforms.toy.box_machine import BoxMachine

LOOKS = 3
"""After so many looks a box is full."""


@dataclass
class ShelfState:
    """What stands on the shelf, and what goes wrong there."""

    boxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    """The name of every box that was ever put there."""
    asked: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Names whose boxes break instead of being filled."""
    torn: set[str] = field(default_factory=set)
    """Names whose boxes tear while they fold themselves."""
    machines: dict[str, list[BoxMachine]] = field(default_factory=dict)
    """Name of a box → its machine, each time that it was switched on."""
    switched: list[str] = field(default_factory=list)
    blinked: list[str] = field(default_factory=list)
    """The name of each box whose lamp has blinked, as often as it did."""
    power_after: float = 0.02
    """Seconds after which an order takes effect."""
    down: bool = False
    key: str = "open-sesame-1001"
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(
        self, name: str, colour: str, mac: str = "52:54:00:00:00:99", boot: str = ""
    ) -> dict[str, Any] | None:
        if any(box["name"] == name for box in self.boxes.values()):
            return None
        self.made.append(name)
        box = {
            "id": f"box-{len(self.made)}",
            "name": name,
            "colour": colour,
            "state": "empty",
            "looks": 0,
            "power": "off",
            "coming": [],
            "mac": mac,
            "boot": boot,
        }
        self.boxes[str(box["id"])] = box
        return box

    def look(self, id_: str) -> dict[str, Any] | None:
        box = self.boxes.get(id_)
        if box is not None:
            box["looks"] += box["power"] == "on"
            self._heed(box)
            if box["name"] in self.broken:
                box["state"] = "broken"
            elif box["looks"] >= LOOKS:
                box["state"] = "full"
        return box

    def _heed(self, box: dict[str, Any]) -> None:
        """An order takes effect a little after it was accepted."""
        for when, state in list(box["coming"]):
            if when <= time.monotonic():
                if state == "on" != box["power"]:
                    self._boot(box)
                box["power"] = state
                box["coming"].remove((when, state))

    def _boot(self, box: dict[str, Any]) -> None:
        """The machine in the box begins, if it was told where its script is."""
        name = str(box["name"])
        if box["boot"]:
            machine = BoxMachine(box["boot"], box["mac"], name in self.torn)
            self.machines.setdefault(name, []).append(machine)
            machine.start()

    def mend(self, name: str) -> None:
        """The box does not tear any more."""
        self.torn.discard(name)
        for machine in self.machines[name]:
            machine.torn = False

    def answer(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if self.down:
            return 503, {"error": "closed"}
        if method != "GET" and key != self.key:
            return 401, {"error": f"the key {key} opens nothing"}
        id_ = path.removeprefix("/boxes").strip("/")
        if method == "GET":
            found = self.look(id_) if id_ else list(self.boxes.values())
            return (404, None) if found is None else (200, found)
        if method == "POST" and id_.endswith("/blink"):
            self.blinked.append(self.boxes[id_.removesuffix("/blink")]["name"])
            return 200, {}
        if method == "POST" and id_:
            box = self.boxes.get(id_.removesuffix("/power"))
            if box is None:
                return 404, None
            self.switched.append(body["state"])
            box["coming"].append((time.monotonic() + self.power_after, body["state"]))
            return 202, {}
        if method == "POST":
            box = self.put(body["name"], body["colour"], body["mac"], body["boot"])
            return (409, {"error": "this name is taken"}) if box is None else (201, box)
        taken = self.boxes.pop(id_, None)
        for machine in self.machines.get(taken["name"], ()) if taken else ():
            machine.gone.set()
        return (204, None) if taken else (404, None)


@contextmanager
def shelf_server() -> Iterator[ShelfState]:
    """A shelf on a port of its own."""
    state = ShelfState()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or the body waits 40 ms until the head is acknowledged

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            with state.lock:
                status, said = state.answer(self.command, self.path, body, self.headers.get("X-Key", ""))
            content = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for machine in (one for each in state.machines.values() for one in each):
            machine.gone.set()
            machine.join()

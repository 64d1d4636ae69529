"""One machine before the real boot server: book, ports, steps and engine, with a cloud that shows a running server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from cryptography.fernet import Fernet
from msgspec.structs import replace

from daemon.boot.book import BootBook
from daemon.clock import ManualClock
from daemon.engine.engine import Engine
from daemon.engine.pace import Pace
from daemon.memory.bus import Bus
from daemon.memory.journal import Journal
from daemon.memory.mirror import Mirror
from daemon.platforms import boot_tables, load
from daemon.secrets.box import SecretBox
from daemon.settings.reading import Settings, load_settings
from daemon.store.memory import MemoryStore
from daemon.store.ops import AddCommand, Command, Event, PutRecord, PutResource, PutSecret, Resource
from daemon.store.sqlite import SqliteStore
from pxe.app import app_runner, boot_server
from pxe.images import Images
from state_machines.ibm_nutanix import CLUSTER, NODE
from state_machines.record import Record

SOURCE = "127.35.0.10"
PATIENCE = 10.0
_KERNEL = re.compile(r"^kernel .*$", re.MULTILINE)


def _token() -> dict[str, Any]:
    """What the metadata service gives, as the SDK reads it."""
    now = 4_000_000_000
    parts = ({"alg": "HS256", "typ": "JWT"}, {"iat": now - 3600, "exp": now, "sub": "test"})
    packed = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return {
        "access_token": ".".join((*packed, "c2ln")),
        "expires_in": 3600,
        "expires_at": "2096-10-02T07:06:40Z",
    }


POWER: dict[str, str] = {}
"""Server → how it stands, if it does not run."""


class _Cloud(BaseHTTPRequestHandler):
    """Gives tokens, shows servers, and obeys their power buttons: a server that starts has to be seen to run."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the body waits 40 ms until the head is acknowledged

    def _any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, servers, rest = self.path.partition("?")[0].partition("/bare_metal_servers/")
        id_, _, button = rest.partition("/")
        if button:
            POWER[id_] = {"stop": "stopped", "start": "starting"}[button]
        found = {"id": id_, "status": POWER.get(id_, "running")} if servers else _token()
        content = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _any

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    """The address of the cloud."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cloud)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Bay:
    """The node ``n01`` of a cluster, its server ordered: what its machine asks and says, and what comes of it."""

    def __init__(self, settings: Settings, path: Path | None) -> None:
        self.settings = settings
        self.clock = ManualClock()
        self._path = path
        self.store: MemoryStore | SqliteStore = MemoryStore("bay")
        self.server = self.clock.new_id()
        self.box = SecretBox(Fernet.generate_key())
        self.boot_token = "boot-token"
        self._stack = AsyncExitStack()

    async def sow(self, nodes: int = 1) -> None:
        """Write down the cluster, and the first node as it stands when its server was just ordered."""
        await self._open()
        spec = yaml.safe_load((resources.files("daemon.demo") / "three-node.yaml").read_text())
        names = [f"n{number:02}" for number in range(1, nodes + 1)]
        spec = {**spec, "cluster": "bay", "nodes": names, "on_failure": "hold"}
        spec["nutanix"] = {"timezone": "UTC", "storage": {"boot_drive": "/dev/nvme0n1"}, **spec["nutanix"]}
        now = self.clock.now()
        records = [Record("bay", CLUSTER.name, "bay", "held", now, version=1, step="deploying", spec=spec)]
        for number, name in enumerate(names):
            about = {"position": "A", "first": not number}
            record = Record(name, NODE.name, "bay", "pending", now, 1, "pending", spec=about)
            records.append(record)
        facts = {"round": 1, "powered": 1, "ordered": 1, "server": 1, "recorded": True}
        deadline = now + 2700
        records[1] = replace(
            records[1], state="awaiting_boot", step="awaiting_boot", facts=facts, deadline=deadline
        )
        lease = await self.store.acquire("sown")
        ops: list[Any] = [PutRecord(record) for record in records[: 1 + nodes]]
        for number, name in enumerate(names):
            ops.append(_address(name, "mgmt", f"127.35.{number // 200}.{10 + number % 200}"))
            ops.append(_address(name, "cvm", f"127.36.{number // 200}.{10 + number % 200}"))
        data = {"attempt": 1, "vnis": []}
        ops.append(
            PutResource(Resource("n01", "bay", "server", "n01-server", "present", self.server, 1, data))
        )
        for name, word in (("boot_token", self.boot_token), ("install_token.1", "install-token")):
            ops.append(PutSecret(f"n01/{name}", "bay", self.box.seal(word)))
        await self.store.commit(lease, ops)
        await self.store.close()

    async def _open(self) -> None:
        if self._path is not None:
            self.store = SqliteStore(self._path, "bay")
        await self.store.open()

    async def start(self) -> None:
        """A daemon takes up what the store holds."""
        stack = self._stack
        await self._open()
        stack.push_async_callback(self.store.close)
        lease = await self.store.acquire("bay")
        mirror = Mirror(await self.store.load())
        self.journal = Journal(self.store, lease, mirror, Bus(), self.clock)
        self.platform = load("ibm_nutanix", self.settings, self.clock)
        stack.push_async_callback(self.platform.close)
        self.engine = Engine(self.journal, {"ibm_nutanix": self.platform}, self.box, Pace())
        tables = boot_tables(["ibm_nutanix"])
        self.book = BootBook(self.journal, self.engine, self.box, tables)
        ports = []
        for app in boot_server(self.book, Images({}), tables):
            runner = app_runner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            ports.append(runner.addresses[0][1])
        self.boot_url, self.config_url = (f"http://127.0.0.1:{port}" for port in ports)
        connector = aiohttp.TCPConnector(local_addr=(SOURCE, 0))
        self._http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        work = asyncio.create_task(self.engine.run(), name="engine")

        async def end_work() -> None:
            work.cancel()
            await asyncio.wait([work])

        stack.push_async_callback(end_work)
        await self.idle()

    async def stop(self) -> None:
        """The daemon dies; the store stays."""
        await self._stack.aclose()

    @property
    def node(self) -> Record:
        return self.journal.mirror.records["n01"]

    async def idle(self) -> None:
        """Until nothing happens any more while time stands still."""
        quiet = 0
        async with asyncio.timeout(PATIENCE):
            while quiet < 5:
                turns = [t for t in asyncio.all_tasks() if t.get_name().startswith("turn:n01")]
                quiet = 0 if turns else quiet + 1
                await asyncio.sleep(0.001 if turns else 0)

    def runs(self) -> None:
        """The cloud says that the server runs."""
        POWER.pop(self.server, None)

    async def wait(self, seconds: float) -> None:
        """Time passes, and whatever is due happens."""
        self.clock.advance(seconds)
        await asyncio.sleep(0.01)
        await self.idle()

    async def tell(self, verb: str, **args: str) -> None:
        """A person gives the node a verb."""
        command = Command(self.clock.new_id(), "n01", "bay", verb, "ada", self.clock.now(), args)
        await self.journal.commit(AddCommand(command))
        self.engine.poke("n01")
        await self.idle()

    async def log(self) -> list[Event]:
        return await self.store.events(record="n01", limit=10_000)

    async def script(self) -> tuple[int, str]:
        """The status and the text of the boot script."""
        url = f"{self.boot_url}/boot/ipxe/n01?token={self.boot_token}"
        async with self._http.get(url) as answer:
            found = answer.status, await answer.text()
        await self.idle()
        return found

    async def config(self, token: str) -> tuple[int, Any]:
        """The status and the configuration, if it is given."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self._http.get(f"{self.config_url}/server-config", headers=headers) as answer:
            found = answer.status, await answer.json() if answer.status == 200 else None
        await self.idle()
        return found

    async def say(self, token: str, **report: Any) -> int:
        """Post a report; the status."""
        headers = {"Authorization": f"Bearer {token}"}
        body = {"message": "said", **report}
        async with self._http.post(f"{self.config_url}/server-status", headers=headers, json=body) as answer:
            status = answer.status
        await self.idle()
        return status


def _address(owner: str, role: str, address: str) -> PutResource:
    data = {"role": role, "address": address, "subnet": "s"}
    return PutResource(
        Resource(owner, "bay", "reserved_ip", f"{owner}-{role}", "present", f"ip-{address}", 1, data)
    )


def arguments(script: str) -> dict[str, str]:
    """What a boot script hands the kernel; empty for one that boots from disk."""
    line = _KERNEL.search(script)
    return dict(word.split("=", 1) for word in line[0].split() if "=" in word) if line else {}


Build = Callable[..., Any]


@pytest.fixture
def build(cloud: str, boot_images: Path) -> Build:
    """Sets a bay up, and takes it down again; for a test that runs a loop of its own."""
    environ = {
        "NXD_ENVIRONMENT": "lab",
        "NXD_STATE_DIR": "/nowhere",
        "NXD_IMAGES_DIR": str(boot_images),
        "NXD_IBM_REGION": "us-south",
        "NXD_BOOT_URL": "http://127.0.0.1:8080",
        "NXD_CONFIG_URL": "http://127.0.0.1:8081",
        "NXD_IBM_TRUSTED_PROFILE": "Profile-1",
        "NXD_IBM_VPC_URL": f"{cloud}/v1",
        "NXD_IBM_METADATA_URL": cloud,
        "NXD_RATES_VPC_PER_SECOND": "100000000",
    }
    settings = load_settings(None, environ)

    @asynccontextmanager
    async def set_up(nodes: int = 1, path: Path | None = None) -> AsyncIterator[Bay]:
        bay = Bay(settings, path)
        try:
            await bay.sow(nodes)
            await bay.start()
            yield bay
        finally:
            await bay.stop()

    return set_up


@pytest.fixture
async def bay(build: Build, tmp_path: Path) -> AsyncIterator[Bay]:
    """A bay whose store is a database on disk, as in the product."""
    async with build(path=tmp_path / "nxd.db") as one:
        yield one


@pytest.fixture
def read() -> Callable[[str], dict[str, str]]:
    """Reads what a boot script hands the kernel."""
    return arguments

"""A simulated world for each test, with the real SDKs as its clients, and a boot server for its machines."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import aiohttp
import asyncssh
import pytest
from aiohttp import web

from daemon.sim.run import SimOptions, SimUrls, serve
from daemon.sim.world import initial as f
from tests import loopback
from tests.daemon.sim.scene import A_LOOK, SLOW, SPEED

DEADLINE = 20.0

BOOT_SCRIPT = """#!ipxe
echo Starting {node}
:retry_dhcp
dhcp || goto retry_dhcp
sleep 2
set base-url {base}
kernel --timeout 60000 ${{base-url}}/images/vmlinuz initrd=initrd.img node_id={node} mgmt_ip={address} \
config_url={base}/server-config status_url={base}/server-status nxd_token=secret-{node} || goto error
initrd --timeout 60000 ${{base-url}}/images/initrd.img || goto error
boot || goto error
:error
imgfree
sleep 10
goto retry_dhcp
"""
DISK_SCRIPT = "#!ipxe\nsanboot --no-describe --drive 0x80 || exit 1\n"


@dataclass
class Sim:
    """A running world and its clients."""

    urls: SimUrls
    http: aiohttp.ClientSession
    vpc: Any
    dns: Any
    speed: float

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method of a synchronous SDK in a thread; its DetailedResponse."""
        return await asyncio.to_thread(method, *args, **kwargs)

    async def refused(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[int, str, str]:
        """The status, code and message with which a call is refused."""
        from ibm_cloud_sdk_core import ApiException

        with pytest.raises(ApiException) as caught:
            await self.call(method, *args, **kwargs)
        error = caught.value.http_response.json()["errors"][0]
        return caught.value.status_code, error["code"], error["message"]

    async def control(self, path: str) -> Any:
        async with self.http.get(self.urls.control_url + path) as response:
            return await response.json()

    async def tell(self, path: str, body: Any = None) -> Any:
        async with self.http.post(self.urls.control_url + path, json=body) as response:
            return await response.json()

    async def until(self, condition: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Wait until ``condition`` gives something true, and return it."""
        async with asyncio.timeout(DEADLINE) as limit:
            while not (found := await condition()):
                if self.speed <= SLOW:
                    await self.tell("/clock", {"advance": A_LOOK})
                await asyncio.sleep(0.01)
                assert not limit.expired(), what
        return found

    async def gone(self, method: Callable[..., Any], *args: Any) -> None:
        """Wait until reading an object is a 404, and nothing else."""
        from ibm_cloud_sdk_core import ApiException

        async def is_gone() -> bool:
            try:
                await self.call(method, *args)
            except ApiException as error:
                assert error.status_code == 404
                return True
            return False

        await self.until(is_gone, "the object is gone")

    # shortcuts for what most tests need

    async def address(self, name: str, address: str | None = None, subnet: str = f.MANAGEMENT) -> Any:
        return (
            await self.call(self.vpc.create_subnet_reserved_ip, subnet, name=name, address=address)
        ).get_result()

    async def interface(self, name: str, ip_id: str, **more: Any) -> Any:
        return (
            await self.call(
                self.vpc.create_virtual_network_interface, name=name, primary_ip={"id": ip_id}, **more
            )
        ).get_result()

    async def server(self, name: str, vni_id: str, script: str = "", **more: Any) -> Any:
        return (
            await self.call(self.vpc.create_bare_metal_server, server_prototype(name, vni_id, script, **more))
        ).get_result()

    async def status(self, server_id: str, wanted: str) -> Any:
        """Wait until a server has a status, and return the server."""

        async def has_it() -> Any:
            server = (await self.call(self.vpc.get_bare_metal_server, server_id)).get_result()
            return server if server["status"] == wanted else None

        return await self.until(has_it, f"server {wanted}")

    @asynccontextmanager
    async def visit(
        self, address: str, password: str = "nutanix/4u", user: str = "nutanix"
    ) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """An SSH connection by password alone, whatever this machine's own settings say."""
        async with asyncssh.connect(
            address,
            self.urls.ssh_port,
            username=user,
            password=password,
            known_hosts=None,
            config=None,
            client_keys=None,
            agent_path=None,
            connect_timeout=10,
        ) as connection:
            yield connection

    async def run(
        self, address: str, line: str, password: str = "nutanix/4u", **more: Any
    ) -> tuple[int | None, str]:
        """The exit status of a command in a controller VM's shell, and all that it said."""
        async with self.visit(address, password) as connection:
            done = await connection.run(line, **more)
        return done.exit_status, f"{done.stdout}{done.stderr}"

    def ip(self, last: int) -> str:
        """An address of the management network by its last number."""
        return f"{self.urls.management.rsplit('.', 1)[0]}.{last}"


def server_prototype(name: str, vni_id: str, script: str = "", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "profile": {"name": "bx2d-metal-96x384"},
        "zone": {"name": "us-south-1"},
        "vpc": {"id": f.VPC},
        "initialization": {
            "image": {"id": f.IMAGE_IPXE},
            "keys": [{"id": f.KEY}],
            "user_data": script,
        },
        "primary_network_attachment": {"name": "mgmt", "virtual_network_interface": {"id": vni_id}},
        **more,
    }


@pytest.fixture
def networks() -> tuple[str, str]:
    """Two networks that no other test process uses."""
    return loopback.networks()


@pytest.fixture
def speed() -> float:
    """How fast time passes. A test that must see a passing state asks for a slow world."""
    return SPEED


@pytest.fixture
def options(networks: tuple[str, str], speed: float) -> SimOptions:
    """What the test's world is made with; a class may override it."""
    return SimOptions(speed=speed, management=networks[0], workload=networks[1])


@cache
def _sdks() -> tuple[Any, Any]:
    """The SDKs of the VPC and the DNS service. Each reads the certificates of the world when it is made, which takes
    longer than most tests."""
    from ibm_cloud_networking_services import DnsSvcsV1
    from ibm_cloud_sdk_core.authenticators import NoAuthAuthenticator
    from ibm_vpc import VpcV1

    nobody = NoAuthAuthenticator()
    return VpcV1(version="2026-10-06", authenticator=nobody), DnsSvcsV1(authenticator=nobody)


@pytest.fixture
async def sim(options: SimOptions) -> AsyncIterator[Sim]:
    from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator

    stop = asyncio.Event()
    ready: asyncio.Future[SimUrls] = asyncio.get_running_loop().create_future()
    world = asyncio.create_task(serve(options, ready.set_result, stop))
    either: set[asyncio.Future[Any]] = {world, ready}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if world.done():
        world.result()
    urls = ready.result()
    vpc, dns = _sdks()
    vpc.authenticator = dns.authenticator = VPCInstanceAuthenticator(
        iam_profile_id=f.TRUSTED_PROFILE, url=urls.metadata_url
    )
    vpc.set_service_url(urls.vpc_url)
    dns.set_service_url(urls.dns_url)
    async with aiohttp.ClientSession() as http:
        yield Sim(urls, http, vpc, dns, options.speed)
    vpc.get_http_client().close()
    dns.get_http_client().close()
    stop.set()
    await world


@dataclass
class BootServer:
    """Serves scripts, images and configurations, and remembers who asked and what was reported."""

    url: str
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    scripts: list[tuple[str, str]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    config_calls: list[tuple[str, str]] = field(default_factory=list)
    reports: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refuse_next: int = 0
    image_status: int = 200
    disk_script: str = DISK_SCRIPT
    without: tuple[str, str | None] | None = None
    """A section, or a key of a section, that the configurations lack."""

    def node(
        self, name: str, address: str, cvm_ip: str, ahv_ip: str, position: str, cvm_ips: list[str]
    ) -> str:
        """Prepare everything for a node; its user data."""
        self.configs[name] = {
            "node_id": name,
            "server_info": {"server_id": name, "mgmt_ip": address},
            "cluster_config": {"cluster_name": "east", "cvm_ips": cvm_ips},
            "node_config": {"cvm_ip": cvm_ip, "ahv_ip": ahv_ip, "node_position": position},
            "storage_config": {"boot_disk": "/dev/sda"},
            "network_config": {"gateway": "127.0.0.1"},
        }
        if self.without is not None:
            section, key = self.without
            self.configs[name].pop(section) if key is None else self.configs[name][section].pop(key)
        return f"{self.url}/boot/ipxe/{name}?ip=${{net0/ip}}"

    def phases(self, name: str) -> list[Any]:
        return [report["phase"] for report in self.reports.get(name, []) if report["phase"] != -1]

    async def _script(self, request: web.Request) -> web.Response:
        if self.refuse_next:
            self.refuse_next -= 1
            raise web.HTTPServiceUnavailable
        node = request.match_info["node"]
        self.scripts.append((node, request.remote or ""))
        if request.query["ip"] != request.remote:
            raise web.HTTPNotFound
        if 8 in self.phases(node):
            return web.Response(text=self.disk_script)
        return web.Response(text=BOOT_SCRIPT.format(node=node, base=self.url, address=request.remote))

    async def _image(self, request: web.Request) -> web.Response:
        self.images.append(request.match_info["name"])
        return web.Response(body=b"\x7fELF" * 50_000, status=self.image_status)

    async def _config(self, request: web.Request) -> web.Response:
        node = request.headers["Authorization"].removeprefix("Bearer secret-")
        self.config_calls.append((node, request.remote or ""))
        return web.json_response(self.configs[node])

    async def _status(self, request: web.Request) -> web.Response:
        if self.refuse_next:
            self.refuse_next -= 1
            raise web.HTTPServiceUnavailable
        node = request.headers["Authorization"].removeprefix("Bearer secret-")
        self.reports.setdefault(node, []).append(await request.json())
        return web.Response(status=204)


@pytest.fixture
async def boot() -> AsyncIterator[BootServer]:
    app = web.Application()
    server = BootServer("")
    app.router.add_get("/boot/ipxe/{node}", server._script)
    app.router.add_get("/images/{name}", server._image)
    app.router.add_get("/server-config", server._config)
    app.router.add_post("/server-status", server._status)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = "http://{}:{}".format(*runner.addresses[0][:2])
    yield server
    await runner.cleanup()


@dataclass
class Node:
    name: str
    server_id: str
    vni_id: str
    address: str
    cvm_ip: str
    ahv_ip: str
    position: str


@dataclass
class Nodes:
    """Orders nodes as a deployment would: addresses, interface, server."""

    sim: Sim
    boot: BootServer

    async def order(self, count: int) -> list[Node]:
        cvm_ips = [self.sim.ip(101 + n) for n in range(count)]
        return [await self._one(n, cvm_ips) for n in range(count)]

    async def _one(self, n: int, cvm_ips: list[str]) -> Node:
        name, position = f"node0{n + 1}", "ABCDEFGH"[n]
        address, ahv_ip, cvm_ip = self.sim.ip(10 + n), self.sim.ip(51 + n), cvm_ips[n]
        ip = await self.sim.address(f"test-{name}-mgmt-ip", address)
        await self.sim.address(f"test-{name}-ahv-ip", ahv_ip)
        await self.sim.address(f"test-{name}-cvm-ip", cvm_ip)
        vni = await self.sim.interface(f"test-{name}-mgmt-vni", ip["id"], allow_ip_spoofing=True)
        user_data = self.boot.node(name, address, cvm_ip, ahv_ip, position, cvm_ips)
        server = await self.sim.server(f"test-{name}-server-bms", vni["id"], user_data)
        return Node(name, server["id"], vni["id"], address, cvm_ip, ahv_ip, position)

    async def doing(self, name: str, words: str) -> Any:
        """Wait until a machine does what ``words`` begin to say."""

        async def does() -> Any:
            for node in (await self.sim.control("/nodes"))["nodes"]:
                if f"-{name}-" in node["server"] and node["doing"].startswith(words):
                    return node
            return None

        return await self.sim.until(does, f"{name} {words}")


@pytest.fixture
def nodes(sim: Sim, boot: BootServer) -> Nodes:
    return Nodes(sim, boot)


@dataclass
class PrismClient:
    """Speaks to Prism at one address, and keeps the fingerprint of its certificate."""

    http: aiohttp.ClientSession
    address: str
    password: str = "admin"

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON of an answer, or its text if it is not JSON."""
        url = f"https://{self.address}:9440/PrismGateway/services/rest{path}"
        word = base64.b64encode(f"admin:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {word}"} if self.password else {}
        async with self.http.request(method, url, json=body, ssl=False, headers=headers) as response:
            if response.content_type == "application/json":
                return response.status, await response.json()
            return response.status, await response.text()

    def at(self, address: str) -> PrismClient:
        return replace(self, address=address)

    def fingerprint(self) -> str:
        pem = ssl.get_server_certificate((self.address, 9440))
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.fixture
def prism(sim: Sim) -> Callable[[str], PrismClient]:
    return lambda address: PrismClient(sim.http, address)

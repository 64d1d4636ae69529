"""The machines behind the servers: they test themselves, boot what they are told, and become CVMs."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import deque
from dataclasses import dataclass, field

import aiohttp

from daemon.sim.installer import Installed, Installer, InstallFailed, read_arguments
from daemon.sim.ipxe import FetchError, Outcome, Script
from daemon.sim.nutanix import Cvm, Fleet
from daemon.sim.refusals import Json
from daemon.sim.things import ReservedIp, Server, Subnet, Vni
from daemon.sim.world import World

CONSOLE_LINES = 400
_FIRST_RETRY = 10.0
_LONGEST_RETRY = 60.0


@dataclass
class Machine:
    """One machine: what is on its disk, what it is doing, and what its console showed."""

    server: Server
    console: deque[str] = field(default_factory=lambda: deque(maxlen=CONSOLE_LINES))
    doing: str = "off"
    boots: int = 0
    scripts: int = 0
    installs: int = 0
    installed: Installed | None = None
    booted_before: bool = False
    cvm: Cvm | None = None
    task: asyncio.Task[None] | None = None


class MachineRoom:
    """Every machine, by the id of its server; it is the ``Iron`` of the world."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet
        self._machines: dict[str, Machine] = {}
        self.installs: dict[str, int] = {}

    def machine(self, name: str) -> Machine | None:
        """The machine of the server with this name, or of the only one whose name holds it as a word."""
        exact = [m for m in self._machines.values() if m.server.name == name]
        loose = [m for m in self._machines.values() if f"-{name}-" in f"-{m.server.name}-"]
        found = exact or loose
        return found[0] if len(found) == 1 else None

    def view(self) -> list[Json]:
        return [
            {
                "server": m.server.name,
                "id": m.server.id,
                "doing": m.doing,
                "boots": m.boots,
                "scripts": m.scripts,
                "installs": m.installs,
                "cvm": m.cvm.address if m.cvm is not None else None,
                "console": list(m.console),
            }
            for m in self._machines.values()
        ]

    # the power buttons

    def power_on(self, server: Server) -> None:
        machine = self._machines.setdefault(server.id, Machine(server))
        self.power_off(server)
        run = Run(self._world, self._fleet, machine, self.installs)
        machine.task = self._world.spawn(run.power_on(), f"machine {server.name}")

    def power_off(self, server: Server) -> None:
        machine = self._machines.get(server.id)
        if machine is None:
            return
        if machine.task is not None:
            machine.task.cancel()
            machine.task = None
        if machine.cvm is not None:
            self._fleet.switch_off(machine.cvm)
        machine.doing = "off"

    def wipe(self, server: Server) -> None:
        self.power_off(server)
        machine = self._machines.get(server.id)
        if machine is None:
            return
        if machine.cvm is not None:
            self._fleet.lose(machine.cvm)
        machine.installed, machine.cvm, machine.booted_before = None, None, False

    def scrap(self, server: Server) -> None:
        self.wipe(server)
        self._machines.pop(server.id, None)

    def revive(self, machine: Machine) -> None:
        """Boot a machine again a minute from now, as if somebody had pressed reset."""

        def reset() -> None:
            if machine.server.status == "running":
                self.power_on(machine.server)

        self._world.later("machine.revive", reset)


class Run:
    """One time under power: everything from the self test to the moment somebody cuts the power."""

    def __init__(self, world: World, fleet: Fleet, machine: Machine, installs: dict[str, int]) -> None:
        self._world = world
        self._fleet = fleet
        self._machine = machine
        self._server = machine.server
        self._installs = installs
        vni = world.get(Vni, self._server.primary.vni_id)
        ip = world.get(ReservedIp, vni.ip_ids[0])
        self._vni = vni
        self._address = ip.address
        self._subnet = world.get(Subnet, ip.subnet_id)
        self.disk_boots = machine.installed is not None
        self.settings = self._settings()

    async def power_on(self) -> None:
        """Boot, again after each installation, until the machine runs or stands still."""
        connector = aiohttp.TCPConnector(local_addr=(self._address, 0), force_close=True)
        agent = {"User-Agent": "iPXE/1.21.1"}
        async with aiohttp.ClientSession(connector=connector, headers=agent) as self._session:
            while await self._boot():
                pass

    async def _boot(self) -> bool:
        """One boot; True if the machine boots again by itself."""
        machine = self._machine
        machine.boots += 1
        self.disk_boots = machine.installed is not None
        machine.doing = "self test"
        await self._world.take("machine.self_test")
        if self._strikes("boot"):
            machine.doing = "stands still before its boot script"
            return False
        outcome = await self._script()
        if outcome.kind == "boot" and outcome.kernel is not None:
            return await self._install(outcome.kernel.args)
        if outcome.kind == "reboot":
            return True
        from_disk = outcome.kind in ("disk", "exit", "failed") and self.disk_boots
        if not from_disk:
            machine.doing = f"stands still after its boot script ({outcome.kind})"
            self.say("No bootable device.")
            return False
        await self._from_disk()
        return False

    async def _script(self) -> Outcome:
        """Run the server's user data: the address of a script, or a script itself."""
        image = self._world.catalogue["image"][self._server.image_id]
        data = self._server.user_data.strip()
        if image["user_data_format"] != "ipxe" or not data:
            return Outcome("exit")
        if data.startswith("#!ipxe"):
            return await Script(self, data).run()
        self._machine.doing = "fetching its boot script"
        await self.dhcp()
        url = data
        for name, value in self.settings.items():
            url = url.replace(f"${{{name}}}", value)
        wait = _FIRST_RETRY
        while True:
            try:
                text = await self.fetch_text(url, 60.0)
                break
            except FetchError as error:
                self.say(f"{url}... {error}")
            # That the stock image keeps trying is a guess; nothing says what it does.
            await self.sleep(wait)
            wait = min(_LONGEST_RETRY, wait * 2)
        self._machine.scripts += 1
        self._machine.doing = "in its boot script"
        return await Script(self, text, url).run()

    async def _install(self, arguments: str) -> bool:
        """Run the installer; True if the machine reboots into what was installed."""
        machine = self._machine
        await self._world.take("machine.images")
        if self._strikes("config"):
            machine.doing = "stands still: the installer died at its start"
            return False
        machine.doing = "installing"
        machine.installs += 1
        self._installs[self._server.name] = self._installs.get(self._server.name, 0) + 1
        machine.installed, machine.booted_before = None, False
        if machine.cvm is not None:
            self._fleet.lose(machine.cvm)
            machine.cvm = None
        try:
            installer = Installer(
                self._world, self._server.name, self._address, read_arguments(arguments), self._session
            )
            machine.installed = await installer.run()
        except InstallFailed as failure:
            machine.doing = f"stands still: {failure}"
            self.say(str(failure))
            return False
        return True

    async def _from_disk(self) -> None:
        """Start the hypervisor and its controller VM; they stay up until the power goes."""
        machine, installed = self._machine, self._machine.installed
        if installed is None:
            return
        machine.doing = "starting the installed system"
        await self._world.take("machine.next_boot" if machine.booted_before else "machine.first_boot")
        if self._strikes("cvm"):
            machine.doing = "stands still: the controller VM does not start"
            return
        machine.booted_before = True
        why_not = self._unreachable(installed.cvm_ip)
        if why_not is None:
            if machine.cvm is None:
                machine.cvm = Cvm(installed.cvm_ip, installed.ahv_ip, installed.position, self._server.name)
            why_not = await self._fleet.switch_on(machine.cvm)
        machine.doing = "running" if why_not is None else f"running, but unreachable: {why_not}"
        self.say(machine.doing)

    def _unreachable(self, address: str) -> str | None:
        """Why the network would not carry the CVM's address through this server's card, if it would not."""
        if ipaddress.IPv4Address(address) not in self._subnet.network:
            return f"{address} is not in the subnet {self._subnet.network}"
        key = self._world.addresses[self._subnet.id].get(address)
        if key is None:
            return f"{address} is not a reserved address of the subnet"
        if key not in self._vni.ip_ids and not self._vni.allow_ip_spoofing:
            return f"the interface {self._vni.name} neither holds {address} nor allows IP spoofing"
        return None

    def _strikes(self, instant: str) -> bool:
        moment = f"machine {instant}"
        return self._world.faults.strike(moment, self._server.name, self._world.clock.now()) is not None

    def _settings(self) -> dict[str, str]:
        settings = {
            "hostname": self._server.name,
            "uuid": self._server.id.partition("-")[2],
            "serial": self._server.id[-12:],
            "manufacturer": "IBM",
            "product": self._server.profile,
            "platform": "efi",
            "buildarch": "x86_64",
        }
        for device in ("net0/", "netX/", ""):
            settings[device + "ip"] = self._address
            settings[device + "mac"] = self._vni.mac.lower()
            settings[device + "netmask"] = str(self._subnet.network.netmask)
            settings[device + "gateway"] = str(self._subnet.network[1])
        return settings

    # what a script does with the machine

    def say(self, text: str) -> None:
        self._machine.console.append(text)

    async def sleep(self, seconds: float) -> None:
        await self._world.clock.sleep(seconds)

    async def dhcp(self) -> bool:
        await self._world.take("machine.dhcp")
        return True

    async def fetch_text(self, url: str, idle: float | None) -> str:
        return (await self._fetch(url, idle, keep=True))[0].decode("utf-8", "replace")

    async def fetch_image(self, url: str, idle: float | None) -> int:
        return (await self._fetch(url, idle, keep=False))[1]

    async def _fetch(self, url: str, idle: float | None, keep: bool) -> tuple[bytes, int]:
        """Fetch a file whole: the status must be 200 and the size the one that was announced."""
        kept, size = bytearray(), 0
        limits = aiohttp.ClientTimeout(total=None, sock_connect=idle, sock_read=idle)
        try:
            async with self._session.get(url, timeout=limits) as response:
                if response.status != 200:
                    raise FetchError(f"HTTP status {response.status}")
                async for chunk in response.content.iter_chunked(1 << 18):
                    size += len(chunk)
                    if keep:
                        kept += chunk
                announced = response.content_length
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(f"{type(error).__name__}: {error}") from None
        if announced is None and not keep:
            raise FetchError("no Content-Length: a short read could not be told from a whole one")
        if announced is not None and announced != size:
            raise FetchError(f"{size} bytes came of {announced}")
        return bytes(kept), size

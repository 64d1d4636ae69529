"""A machine under power: it tests itself, boots what it is told, and becomes a CVM, or does not."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from dataclasses import dataclass, field

import aiohttp

from daemon.sim.faults.rules import Strike
from daemon.sim.machines.agent import A_DATA_DRIVE, FIRST_PROGRAM, INITRD, Agent, parts_of, without
from daemon.sim.machines.installer import Installed, Installer, InstallFailed, Rebooted, read_arguments
from daemon.sim.machines.installer_run import InstallerRun
from daemon.sim.machines.ipxe import FetchError, Outcome, Script
from daemon.sim.nutanix.cvm import Cvm
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.world.consoles import SerialConsole
from daemon.sim.world.objects import ReservedIp, Server, Subnet, Vni
from daemon.sim.world.world import World

_FIRST_RETRY = 10.0
_LONGEST_RETRY = 60.0
_AGENT = {"User-Agent": "iPXE/1.21.1"}
_TOKEN = re.compile(r"(?<=token=)[^&]*")
_FETCH_AGAIN = 60.0
_LOOK = 5.0


@dataclass
class Machine:
    """One machine: what is on its disk, what it is doing, and what its console showed."""

    server: Server
    console: SerialConsole = field(default_factory=SerialConsole)
    doing: str = "off"
    boots: int = 0
    scripts: int = 0
    installs: int = 0
    installed: Installed | None = None
    booted_before: bool = False
    cvm: Cvm | None = None
    old_token: str = ""
    """The token of the installation before."""
    task: asyncio.Task[None] | None = None
    line: asyncio.Task[None] | None = None
    """Its serial line, if it stands elsewhere."""


class Run:
    """One time under power: everything from the self test to the moment somebody cuts the power."""

    def __init__(self, world: World, fleet: NutanixFleet, machine: Machine, installs: dict[str, int]) -> None:
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
        self._elsewhere = str(self._subnet.network[-6])
        self.disk_boots = machine.installed is not None
        self.settings = self._settings()

    async def power_on(self) -> None:
        """Boot, again after each installation, until the machine runs or stands still."""
        async with session_from(self._address) as self._session, session_from(self._elsewhere) as self._other:
            while await self._boot():
                pass
            if self._machine.cvm is not None and self._machine.cvm.up:
                await self._live(self._machine.cvm)

    async def _live(self, cvm: Cvm) -> None:
        """What a machine that is finished does of itself, if a rule says so."""
        if self._strike("running") is not None:
            await self._world.clock.sleep(_FETCH_AGAIN)
            try:
                await self.fetch_text(self._url(), 60.0)
            except FetchError as error:
                self.say(str(error))
        dying = self._strike("cvm-death")
        if dying is not None:
            while cvm.cluster is None:
                await self.sleep(_LOOK)
            await self._world.hold(dying, 0.0)
            self._fleet.switch_off(cvm)
            self._machine.doing = "running without its controller VM"
            await dying.over.wait()
            await self._fleet.switch_on(cvm)
            self._machine.doing = "running"

    async def _boot(self) -> bool:
        """One boot; True if the machine boots again by itself."""
        machine = self._machine
        machine.boots += 1
        self.disk_boots = machine.installed is not None
        machine.doing = "self test"
        await self._world.take("machine.self_test")
        if self._strike("boot") is not None:
            machine.doing = "stands still before its boot script"
            return False
        outcome = await self._script()
        if outcome.kind == "boot" and outcome.kernel is not None:
            return await self._install(outcome.kernel.args, [image.name for image in outcome.initrds])
        if outcome.kind == "reboot":
            return True
        if outcome.kind not in ("disk", "failed") or not self.disk_boots:
            # A UEFI firmware goes on to its next entry after an error only; after a success it opens its menu.
            machine.doing = f"stands still after its boot script ({outcome.kind})"
            self.say("Boot manager menu" if outcome.kind == "exit" else "No bootable device.")
            return False
        await self._from_disk()
        return False

    async def _script(self) -> Outcome:
        """Run the server's user data: the address of a script, or a script itself."""
        image = self._world.catalogue["image"][self._server.image_id]
        data = self._server.user_data.strip()
        if image["user_data_format"] != "ipxe" or not data:
            return Outcome("failed")
        if data.startswith("#!ipxe"):
            return await Script(self, data).run()
        self._machine.doing = "fetching its boot script"
        while not await self.dhcp():
            await self.sleep(_FIRST_RETRY)
        strike = self._strike("script")
        action = strike.action if strike is not None else ""
        url = self._url()
        asks = self._session
        if action == "stranger":
            await self._ask_in_vain(url)
        elif action == "twice":
            await self._fetch_script(url, asks)
        elif action == "elsewhere":
            asks = self._other
        elif action == "wrong_token":
            url = _TOKEN.sub("not-the-one-you-gave-me", url)
        text = await self._fetch_script(url, asks)
        self._machine.scripts += 1
        if action == "shell":
            return Outcome("shell")
        self._machine.doing = "in its boot script"
        return await Script(self, text, url).run()

    def _url(self) -> str:
        """The address of the script, its iPXE settings filled in."""
        url = self._server.user_data.strip()
        for name, value in self.settings.items():
            url = url.replace(f"${{{name}}}", value)
        return url

    async def _fetch_script(self, url: str, session: aiohttp.ClientSession) -> str:
        """The script, asked for until it comes; that the stock image keeps trying is a guess."""
        wait = _FIRST_RETRY
        while True:
            try:
                return (await self._fetch(url, 60.0, True, session))[0].decode("utf-8", "replace")
            except FetchError as error:
                self.say(f"{url}... {error}")
            await self.sleep(wait)
            wait = min(_LONGEST_RETRY, wait * 2)

    async def _ask_in_vain(self, url: str) -> None:
        """Somebody at another address tries this machine's script."""
        try:
            await self._fetch(url, 60.0, True, self._other)
            self.say("a stranger was given the script")
        except FetchError as error:
            self.say(f"a stranger was refused: {error}")

    async def _install(self, arguments: str, initrds: list[str]) -> bool:
        """Run the installer; True if the machine reboots into what was installed."""
        machine = self._machine
        await self._world.take("machine.images")
        with_agent = FIRST_PROGRAM in arguments.split()
        if with_agent and INITRD not in initrds:
            machine.doing = "stands still: Kernel panic - not syncing: No working init found."
            self.say("Kernel panic - not syncing: No working init found.")
            return False
        strike = self._strike("config")
        if strike is not None and strike.action == "never":
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
            given = read_arguments(arguments)
            await self._haunt(given["status_url"], given["nxd_token"])
            name, odd = self._server.name, self._strike("installer")
            installer_run = InstallerRun(self._world.seed, name, machine.installs, odd.action if odd else "")
            session, other = self._session, self._other
            agent = self._agent() if with_agent else None
            installer = Installer(
                self._world, name, self._address, given, session, other, installer_run, agent
            )
            machine.installed = await installer.run(strike)
        except Rebooted:
            self.say("the power was gone for a moment")
            return True
        except InstallFailed as failure:
            machine.doing = f"stands still: {failure}"
            self.say(str(failure))
            return False
        if self._strike("disk") is not None:
            machine.installed = None
        return True

    def _agent(self) -> Agent:
        """nxd's agent on this machine, and what a rule does to it."""
        parts, strike = parts_of(self._server.profile, self._vni.mac.lower()), self._strike("agent")
        if strike is not None and strike.action == "disk":
            parts = without(parts, A_DATA_DRIVE)
        return Agent(parts, heartbeats=strike is not None and strike.action == "heartbeats")

    async def _haunt(self, url: str, token: str) -> None:
        """The installer of the installation before is heard again, if a rule says so; its token is old."""
        old, self._machine.old_token = self._machine.old_token, token
        if old and self._strike("ghost") is not None:
            report = {"seq": 9000, "phase": "error", "message": "I am the installation before"}
            headers = {"Authorization": f"Bearer {old}"}
            try:
                async with self._session.post(url, json=report, headers=headers) as response:
                    self.say(f"the installation before was answered {response.status}")
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                self.say(f"the installation before was not answered: {error}")

    async def _from_disk(self) -> None:
        """Start the hypervisor and its controller VM; they stay up until the power goes."""
        machine, installed = self._machine, self._machine.installed
        if installed is None:
            return
        machine.doing = "starting the installed system"
        await self._world.take("machine.next_boot" if machine.booted_before else "machine.first_boot")
        strike = self._strike("cvm")
        if strike is not None and strike.action == "never":
            machine.doing = "stands still: the controller VM does not start"
            return
        machine.booted_before = True
        why_not = self._unreachable(installed.cvm_ip)
        if why_not is None:
            if machine.cvm is None:
                machine.cvm = Cvm(
                    installed.cvm_ip,
                    installed.ahv_ip,
                    installed.position,
                    self._server.name,
                    installed.cluster_name,
                )
            why_not = await self._fleet.switch_on(machine.cvm, strike)
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

    def _strike(self, instant: str) -> Strike | None:
        return self._world.strike(f"machine {instant}", self._server)

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
        if self._strike("dhcp") is not None:
            self.say("Configuring (net0)... No configuration methods succeeded")
            return False
        return True

    async def fetch_text(self, url: str, idle: float | None) -> str:
        return (await self._fetch(url, idle, True, self._session))[0].decode("utf-8", "replace")

    async def fetch_image(self, url: str, idle: float | None) -> int:
        strike = self._strike("image")
        if strike is not None and strike.action == "missing":
            url += ".nowhere"
        size = (await self._fetch(url, idle, False, self._session))[1]
        if strike is not None and strike.action == "corrupt":
            raise FetchError("the checksum is not that of the image")
        if strike is not None:
            raise FetchError(f"{size // 2} bytes came of {size}")
        return size

    async def _fetch(
        self, url: str, idle: float | None, keep: bool, session: aiohttp.ClientSession
    ) -> tuple[bytes, int]:
        """Fetch a file whole: the status must be 200 and the size the one that was announced."""
        kept, size = bytearray(), 0
        limits = aiohttp.ClientTimeout(total=None, sock_connect=idle, sock_read=idle)
        try:
            async with session.get(url, timeout=limits) as response:
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


def session_from(address: str) -> aiohttp.ClientSession:
    """A client whose requests come from this address, each on a connection of its own."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), force_close=True)
    return aiohttp.ClientSession(connector=connector, headers=_AGENT)

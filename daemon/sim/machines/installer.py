"""The installer that runs on a machine: it asks for its configuration and tells of its phases until done."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from daemon.sim.faults.rules import Strike
from daemon.sim.machines.agent import HEARTBEAT, WHOLE, Agent, NotWhole, amiss, read_settings, seen
from daemon.sim.machines.installer_run import InstallerRun
from daemon.sim.machines.pin import trust_of
from daemon.sim.refusals import Json
from daemon.sim.world.durations import DURATIONS
from daemon.sim.world.world import World

LONG_PHASES = frozenset({4, 5, 6})
HALF = 50

MESSAGES = {
    1: "Installer started",
    2: "Configuration read",
    3: "Hardware checked",
    4: "Downloading packages",
    5: "Installing the hypervisor",
    6: "Installing the controller VM",
    7: "Installation verified",
    8: "Rebooting into the installed system",
}
LAST_PHASE = max(MESSAGES)
HARDWARE_PHASE = 3
"""Until this phase it is nxd's agent that speaks, where it was appended."""

DISK_ERROR = "disk /dev/nvme2n1: I/O error while writing the CVM image"

BOOT, PIN = "nxd_boot", "nxd_pin"
ARGUMENTS = ("node_id", "mgmt_ip", "config_url", "status_url", "nxd_token")
SECTIONS: dict[str, tuple[str, ...]] = {
    "server_info": (),
    "cluster_config": ("cluster_name", "cvm_ips"),
    "node_config": ("cvm_ip", "ahv_ip", "node_position"),
    "storage_config": (),
    "network_config": (),
}

_FIRST_RETRY = 5.0
_LONGEST_RETRY = 60.0
_TIMEOUT = aiohttp.ClientTimeout(total=30)
_WRONG = {"Authorization": "Bearer not-the-one-you-gave-me"}
_MALFORMED = (
    "",
    "{",
    "[]",
    "\u2603",
    '{"seq": "one", "phase": 3}',
    '{"seq": 5, "phase": 99, "message": "?"}',
)


class Rebooted(Exception):
    """The machine lost its power for a moment, in the middle."""


class InstallFailed(Exception):
    """The installation cannot go on; the text says why."""


@dataclass(frozen=True)
class Installed:
    """What is on the disks afterwards."""

    node_id: str
    cvm_ip: str
    ahv_ip: str
    position: str
    cluster_name: str
    cvm_ips: tuple[str, ...]


def read_arguments(line: str) -> dict[str, str]:
    """The installer's own words on the kernel's command line, the boot and the pin if they are given; raises
    InstallFailed naming missing ones."""
    given = dict(word.split("=", 1) for word in line.split() if "=" in word)
    missing = [name for name in ARGUMENTS if not given.get(name)]
    if missing:
        raise InstallFailed(f"The kernel arguments lack {', '.join(missing)}.")
    if not given.get(BOOT, "1").isdigit():
        raise InstallFailed(f"The kernel argument {BOOT} is {given[BOOT]!r} and no number.")
    try:
        trust_of(given.get(PIN, ""))
    except ValueError:
        raise InstallFailed(f"The kernel argument {PIN} is {given[PIN]!r} and no pin of a key.") from None
    return {name: given[name] for name in (*ARGUMENTS, BOOT, PIN) if name in given}


def read_configuration(config: Any) -> Installed:
    """Check a configuration document; raises InstallFailed naming what is missing or wrong."""
    for section, keys in SECTIONS.items():
        if not isinstance(config, dict) or not isinstance(config.get(section), dict):
            raise InstallFailed(f"The configuration lacks the section {section}.")
        for key in keys:
            if not config[section].get(key):
                raise InstallFailed(f"The configuration lacks {section}.{key}.")
    if type(config.get("boot", 1)) is not int:
        raise InstallFailed(f"The configuration holds {config['boot']!r} where the boot's number belongs.")
    node, cluster = config["node_config"], config["cluster_config"]
    for address in (node["cvm_ip"], node["ahv_ip"], *cluster["cvm_ips"]):
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            raise InstallFailed(f"The configuration holds {address!r} where an address belongs.") from None
    if node["cvm_ip"] not in cluster["cvm_ips"]:
        raise InstallFailed("cluster_config.cvm_ips does not hold this node's own cvm_ip.")
    return Installed(
        node_id=str(config.get("node_id", "")),
        cvm_ip=node["cvm_ip"],
        ahv_ip=node["ahv_ip"],
        position=str(node["node_position"]),
        cluster_name=str(cluster["cluster_name"]),
        cvm_ips=tuple(cluster["cvm_ips"]),
    )


class Installer:
    """One installation on one machine. ``name`` is the server's; ``session`` speaks from its address, and
    ``other`` from another one. ``agent`` is nxd's, which works before it."""

    def __init__(
        self,
        world: World,
        name: str,
        address: str,
        arguments: dict[str, str],
        session: aiohttp.ClientSession,
        other: aiohttp.ClientSession,
        installer_run: InstallerRun,
        agent: Agent | None = None,
    ) -> None:
        self._world = world
        self._installer_run = installer_run
        self._agent = agent
        self._settings: dict[str, str] = {}
        """The configuration as the agent reads it."""
        self._name = name
        self._address = address
        self._arguments = arguments
        self._session = session
        self._other = other
        self._headers = {"Authorization": f"Bearer {arguments['nxd_token']}"}
        self._trust = trust_of(arguments.get(PIN, ""))
        self._seq = 0
        self._boot = int(arguments.get(BOOT, 0))
        """The boot that its reports name: that of its arguments, then that of its configuration; 0: none."""

    async def run(self, at_config: Strike | None = None) -> Installed:
        """Install, telling each phase; raises InstallFailed after having told why, or Rebooted."""
        if self._agent is None or not self._agent.heartbeats:
            return await self._install(at_config)
        heart = self._world.spawn(self._beat(), f"heartbeat of {self._name}")
        try:
            return await self._install(at_config)
        finally:
            heart.cancel()

    async def _beat(self) -> None:
        """Tell every minute that the machine is alive."""
        while True:
            await self._world.clock.sleep(HEARTBEAT)
            await self._report({"phase": "heartbeat", "message": "alive"})

    async def _install(self, at_config: Strike | None) -> Installed:
        try:
            if self._arguments["mgmt_ip"] != self._address:
                raise InstallFailed(
                    f"mgmt_ip is {self._arguments['mgmt_ip']}, but this machine has {self._address}."
                )
            await self._phase(1)
            config = await self._configuration(at_config)
            installed = read_configuration(config)
            self._boot = config.get("boot", self._boot)
            for phase in range(2, LAST_PHASE + 1):
                if phase == HARDWARE_PHASE:
                    await self._look_at_hardware()
                await self._phase(phase)
        except InstallFailed as failure:
            await self._report({"phase": "error", "message": str(failure)})
            raise
        return installed

    async def _look_at_hardware(self) -> None:
        """The agent tells what it sees, and goes on only with a machine that is as it has to be."""
        if self._agent is None:
            return
        for line in seen(self._agent.parts, self._settings):
            await self._report({"phase": -1, "message": line})
        if wrong := amiss(self._agent.parts, self._settings):
            raise InstallFailed(wrong)

    async def _phase(self, phase: int) -> None:
        of_agent = self._agent is not None and phase <= HARDWARE_PHASE
        for line in () if of_agent else self._installer_run.lines(phase):
            await self._report({"phase": -1, "message": line})
        strike = self._world.strike(f"machine phase {phase}", self._name)
        if phase not in LONG_PHASES:
            await self._world.take(f"phase.{phase}")
            await self._suffer(strike)
            await self._report({"phase": phase, "message": MESSAGES[phase]})
            return
        done = 0
        for percent in self._installer_run.percents():
            pause = DURATIONS[f"phase.{phase}"] * (percent - done) / 100
            if percent:
                await self._world.clock.sleep(pause * self._world.clock.uniform(0.98, 1.02))
            if done < HALF <= percent:
                await self._suffer(strike)
            done = percent
            await self._report({"phase": phase, "message": MESSAGES[phase], "percent": percent})

    async def _suffer(self, strike: Strike | None) -> None:
        """What a rule does to the machine in the middle of a phase."""
        if strike is None:
            return
        if strike.action == "fail":
            raise InstallFailed(DISK_ERROR)
        if strike.action == "reboot":
            raise Rebooted
        await self._world.hold(strike)

    async def _configuration(self, strike: Strike | None) -> Any:
        session, headers = self._session, self._headers
        match strike.action if strike is not None else "":
            case "late":
                await self._world.clock.sleep((strike.seconds if strike is not None else None) or 600.0)
            case "twice":
                await self._ask(session, headers)
            case "elsewhere":
                session = self._other
            case "wrong_token":
                headers = _WRONG
        wait = _FIRST_RETRY
        while (config := await self._ask(session, headers)) is None:
            await self._world.clock.sleep(wait)
            wait = min(_LONGEST_RETRY, wait * 2)
        return config

    async def _ask(self, session: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
        """The configuration, or None while it is not given or its server is away."""
        url = self._arguments["config_url"] + ("?format=env" if self._agent is not None else "")
        try:
            async with session.get(url, headers=headers, timeout=_TIMEOUT, ssl=self._trust) as response:
                if response.status != 200:
                    return None
                if self._agent is None:
                    return await response.json(content_type=None)
                self._settings = read_settings(await response.text())
                return json.loads(self._settings[WHOLE])
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError, KeyError, NotWhole):
            return None

    async def _report(self, report: Json) -> None:
        """Number a report and send it, in the way a rule may have it."""
        self._seq += 1
        if self._seq == self._installer_run.dies_at:
            raise Rebooted
        body = {"seq": self._seq, **report}
        if self._boot and self._installer_run.names_boot:
            body = {"boot": self._boot, **body}
        delivery = self._installer_run.delivery(report["phase"] in (LAST_PHASE, "error"))
        word = {-1: "log"}.get(report["phase"], report["phase"])
        strike = self._world.strike(f"machine report {word}", self._name)
        match strike.action if strike is not None else "":
            case "lose":
                return
            case "late":
                assert strike is not None
                self._world.spawn(self._later(body, strike), f"late report of {self._name}")
                return
            case "" if delivery.late:
                self._world.spawn(self._after(body, delivery.late), f"late report of {self._name}")
                return
            case "garbage":
                for malformed in _MALFORMED:
                    await self._taken(malformed, self._session, self._headers)
            case "wrong_token":
                await self._taken(json.dumps(body), self._session, _WRONG)
            case "elsewhere":
                await self._taken(json.dumps(body), self._other, self._headers)
        await self._post(body)
        if delivery.twice or (strike is not None and strike.action == "twice"):
            await self._post(body)
        if strike is not None and strike.action == "stale":
            await self._post({**body, "seq": 1, "phase": 1, "message": MESSAGES[1]})

    async def _later(self, body: Json, strike: Strike) -> None:
        await self._world.hold(strike, 120.0)
        await self._after(body, 0.0)

    async def _after(self, body: Json, seconds: float) -> None:
        """Send a report late; once, since its installation may be over, and it with its sessions."""
        await self._world.clock.sleep(seconds)
        if not self._session.closed:
            await self._taken(json.dumps(body), self._session, self._headers)

    async def _post(self, body: Json) -> None:
        """Send one report, again and again until it is taken; its number stays the same."""
        wait = _FIRST_RETRY
        while not await self._taken(json.dumps(body), self._session, self._headers):
            await self._world.clock.sleep(wait)
            wait = min(_LONGEST_RETRY, wait * 2)

    async def _taken(self, text: str, session: aiohttp.ClientSession, headers: dict[str, str]) -> bool:
        typed = {**headers, "Content-Type": "application/json"}
        try:
            async with session.post(
                self._arguments["status_url"], data=text, headers=typed, timeout=_TIMEOUT, ssl=self._trust
            ) as response:
                return 200 <= response.status < 300
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False

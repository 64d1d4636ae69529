"""The commands of a controller VM beside `cluster`: `genesis`, `ncli`, `passwd` and a few of every system."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping

from daemon.sim.nutanix.cvm import Cluster
from daemon.sim.nutanix.prism import SHORTEST_PASSWORD
from daemon.sim.nutanix.prism_views import NCC_VERSION
from daemon.sim.ssh.shell import Command, ShellSession
from daemon.sim.ssh.shell_cluster import cluster

USER = "nutanix"
UNCONFIGURE = (".node_unconfigure", "~/.node_unconfigure", "/home/nutanix/.node_unconfigure")
_GENESIS = "genesis: [8201, 8240, 8267, 8268]"


async def _genesis(desk: ShellSession) -> int:
    """``genesis status`` and ``genesis restart``; at a restart a node that is marked leaves its cluster."""
    match list(desk.words):
        case ["status"]:
            desk.screen.say(_GENESIS)
            return 0
        case ["restart"]:
            desk.screen.say("Stopping Genesis pids [8201, 8240, 8267, 8268]")
            await desk.world.take("genesis.restart")
            if desk.cvm.to_unconfigure:
                desk.cvm.to_unconfigure = False
                desk.fleet.withdraw(desk.cvm)
            desk.screen.changed()
            desk.screen.say("Genesis started on pids [8201, 8240, 8267, 8268]")
            return 0
    desk.screen.complain("Usage: genesis start|stop|restart|status")
    return 1


async def _touch(desk: ShellSession) -> int:
    for word in desk.words:
        if word in UNCONFIGURE:
            desk.cvm.to_unconfigure = True
    desk.screen.changed()
    return 0


async def _passwd(desk: ShellSession) -> int:
    """Change the password of the user ``nutanix``; in a cluster, on every member (a guess)."""
    cvm, screen = desk.cvm, desk.screen
    screen.say(f"Changing password for user {USER}.")
    old = await screen.ask("Current password: ", secret=True)
    if not hmac.compare_digest(old.encode(), cvm.shell_password.encode()):
        screen.complain("passwd: Authentication token manipulation error")
        return 10
    new = await screen.ask("New password: ", secret=True)
    if len(new) < SHORTEST_PASSWORD or new == old:
        screen.complain(
            f"BAD PASSWORD: The password is shorter than {SHORTEST_PASSWORD} characters or the same"
        )
        return 10
    if await screen.ask("Retype new password: ", secret=True) != new:
        screen.complain("Sorry, passwords do not match.")
        return 10
    for member in [cvm] if cvm.cluster is None else cvm.cluster.members:
        member.shell_password, member.shell_expired = new, False
    screen.changed()
    screen.say("passwd: all authentication tokens updated successfully.")
    return 0


Ncli = Callable[[ShellSession, Cluster, Mapping[str, str]], Awaitable[str]]
"""Does what an ncli command says, and returns what it prints; KeyError names a parameter that is missing."""


async def _info(desk: ShellSession, of: Cluster, given: Mapping[str, str]) -> str:
    lines = {
        "Cluster Id": f"{of.uuid}::{of.incarnation}",
        "Cluster Uuid": of.uuid,
        "Cluster Name": of.name,
        "Cluster Version": desk.cvm.version,
        "Cluster Full Version": f"el8.5-release-fraser-{desk.cvm.version}-stable",
        "External IP address": of.external_ip or "",
        "Node Count": str(len(of.members)),
        "NCC Version": NCC_VERSION,
        "Name Servers": ", ".join(of.name_servers),
        "NTP Servers": ", ".join(of.ntp_servers),
        "Support Verbosity Level": "BASIC_COREDUMP",
    }
    return "\n".join(f"    {key:<26}: {value}" for key, value in lines.items())


async def _edit(desk: ShellSession, of: Cluster, given: Mapping[str, str]) -> str:
    of.name = given["new-name"]
    return await _info(desk, of, given)


async def _external(desk: ShellSession, of: Cluster, given: Mapping[str, str]) -> str:
    await desk.fleet.move_vip(of, given["external-ip-address"])
    return await _info(desk, of, given)


def _servers(attribute: str, add: bool) -> Ncli:
    async def change(desk: ShellSession, of: Cluster, given: Mapping[str, str]) -> str:
        asked = [word for word in given["servers"].replace(",", " ").split() if word]
        others = [server for server in getattr(of, attribute) if server not in asked]
        setattr(of, attribute, [*others, *asked] if add else others)
        return await _info(desk, of, given)

    return change


async def _reset(desk: ShellSession, of: Cluster, given: Mapping[str, str]) -> str:
    if given["user-name"] != "admin":
        return f"Error: User with username {given['user-name']} does not exist."
    if len(given["password"]) < SHORTEST_PASSWORD:
        return f"Error: The password must have at least {SHORTEST_PASSWORD} characters."
    desk.fleet.change_password(desk.cvm, given["password"])
    return f"    User Name                 : {given['user-name']}"


NCLI: Mapping[tuple[str, str], Ncli] = {
    ("cluster", "info"): _info,
    ("cluster", "edit-params"): _edit,
    ("cluster", "set-external-ip-address"): _external,
    ("cluster", "add-to-name-servers"): _servers("name_servers", True),
    ("cluster", "remove-from-name-servers"): _servers("name_servers", False),
    ("cluster", "add-to-ntp-servers"): _servers("ntp_servers", True),
    ("cluster", "remove-from-ntp-servers"): _servers("ntp_servers", False),
    ("user", "reset-password"): _reset,
}


async def _ncli(desk: ShellSession) -> int:
    """One ncli command. That it needs no password on a CVM is known; its words when it fails are guesses."""
    await desk.world.take("prism.write")
    of = desk.cvm.cluster
    if of is None or of.status != "UP":
        desk.screen.say("Error: Could not connect to Prism Gateway: Connection refused")
        return 1
    command = NCLI.get((desk.words[0], desk.words[1])) if len(desk.words) > 1 else None
    if command is None:
        desk.screen.say(f"Error: Unknown command {' '.join(desk.words)!r}.")
        return 1
    given = dict(word.split("=", 1) for word in desk.words[2:] if "=" in word)
    try:
        said = await command(desk, of, given)
    except KeyError as missing:
        said = f"Error: The parameter {missing.args[0]} is required."
    desk.screen.changed()
    desk.screen.say(said)
    return int(said.startswith("Error:"))


async def _hostname(desk: ShellSession) -> int:
    desk.screen.say(host_name(desk))
    return 0


async def _whoami(desk: ShellSession) -> int:
    desk.screen.say(USER)
    return 0


async def _echo(desk: ShellSession) -> int:
    desk.screen.say(" ".join(desk.words))
    return 0


async def _true(desk: ShellSession) -> int:
    return 0


def host_name(desk: ShellSession) -> str:
    """How a CVM calls itself."""
    return f"NTNX-{desk.cvm.serial}-{desk.cvm.position}-CVM"


COMMANDS: Mapping[str, Command] = {
    "cluster": cluster,
    "genesis": _genesis,
    "ncli": _ncli,
    "passwd": _passwd,
    "touch": _touch,
    "hostname": _hostname,
    "whoami": _whoami,
    "echo": _echo,
    "true": _true,
}

"""Port 22 of the controller VMs: who may log in, what a session says, and how all of that can go wrong.

A CVM that nobody visits costs a listening socket; its key is made for its first visitor.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
import struct
from contextlib import suppress
from typing import Any

import asyncssh

from daemon.sim.faults.rules import Strike
from daemon.sim.nutanix.cvm import Cvm
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.ssh.shell import Shell, ShellSession, without_secrets
from daemon.sim.ssh.shell_commands import COMMANDS, USER, host_name
from daemon.sim.world.world import World

BACKLOG = 16
SESSIONS = 1
"""Sessions on one connection at a time (``MaxSessions`` of the public images)."""
_EXPIRED = "Password change required but no TTY available."
_NOISE = "Nutanix Controller VM\nAll activity is monitored.\n"
_BROKEN = (OSError, asyncssh.Error, ConnectionError)


class Sshd:
    """Every CVM's port 22, or the one that stands for it."""

    def __init__(self, world: World, fleet: NutanixFleet, port: int) -> None:
        self._world = world
        self._fleet = fleet
        self._port = port
        self._listening: dict[str, socket.socket] = {}
        self._visits: dict[str, set[asyncssh.SSHServerConnection]] = {}

    def open(self, cvm: Cvm) -> str | None:
        """Take connections at a CVM's address from now on; or why that cannot be."""
        try:
            listening = socket.create_server((cvm.address, self._port), backlog=BACKLOG)
        except OSError as error:
            return f"{cvm.address}:{self._port} cannot be bound ({error.strerror})"
        listening.setblocking(False)
        self._listening[cvm.address] = listening
        asyncio.get_running_loop().add_reader(listening, self._accept, cvm, listening)
        return None

    def shut(self, address: str) -> None:
        """Take no more connections at an address; those that there are go on."""
        listening = self._listening.pop(address, None)
        if listening is not None:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()

    def close(self, address: str) -> None:
        """Take no more connections at an address, and cut those that there are."""
        self.shut(address)
        for visit in self._visits.pop(address, set()):
            visit.abort()

    async def end(self) -> None:
        """Close every port, and wait until every visitor has gone."""
        visits = [visit for there in self._visits.values() for visit in there]
        for address in {*self._listening, *self._visits}:
            self.close(address)
        for visit in visits:
            await visit.wait_closed()

    def _accept(self, cvm: Cvm, listening: socket.socket) -> None:
        with suppress(OSError):  # whoever it was may have gone
            connection = listening.accept()[0]
            connection.setblocking(False)
            self._world.spawn(self._meet(cvm, connection), f"visitor of {cvm.address}")

    async def _meet(self, cvm: Cvm, connection: socket.socket) -> None:
        names = names_of(cvm)
        strike = self._world.strike("ssh connect", *names)
        try:
            if strike is not None:
                await self._turn_away(cvm, connection, strike)
                return
            visit = await asyncssh.run_server(
                connection,
                server_factory=lambda: SshSession(self._world, self._fleet, cvm),
                server_host_keys=[self._host_key(cvm)],
                login_timeout=120,
                agent_forwarding=False,
                x11_forwarding=False,
            )
        except _BROKEN:
            return  # it has gone, or it does not speak SSH
        finally:
            if strike is not None or asyncio.current_task() is None:
                connection.close()
        there = self._visits.setdefault(cvm.address, set())
        there.add(visit)
        try:
            await visit.wait_closed()
        finally:
            there.discard(visit)
            visit.abort()

    async def _turn_away(self, cvm: Cvm, connection: socket.socket, strike: Strike) -> None:
        """The first of the refused is reset, because the network has taken its connection already."""
        if strike.action == "hang":
            await self._world.hold(strike)
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        if strike.action == "refused":
            self.shut(cvm.address)
            await self._world.hold(strike)
            if cvm.up and cvm.address not in self._listening:
                self.open(cvm)

    def _host_key(self, cvm: Cvm) -> asyncssh.SSHKey:
        """The node's own key, the same until it is imaged again; or another one, if a rule says so."""
        changed = self._world.strike("ssh host-key", *names_of(cvm)) is not None
        if cvm.host_key is None or changed:
            cvm.host_key = asyncssh.generate_private_key("ssh-ed25519")
        key: asyncssh.SSHKey = cvm.host_key
        return key


class SshSession(asyncssh.SSHServer):
    """One connection: its login and its sessions."""

    def __init__(self, world: World, fleet: NutanixFleet, cvm: Cvm) -> None:
        self._world = world
        self._fleet = fleet
        self._cvm = cvm
        self._open = 0
        self._agent = ""
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Only ``nutanix`` has a shell; its password is not Prism's."""
        if self._connection is not None:
            self._agent = str(self._connection.get_extra_info("client_version", ""))
        await self._world.take("ssh.login")
        strike = self._world.strike("ssh login", *names_of(self._cvm))
        match None if strike is None else strike.action:
            case "refuse":
                return False
            case "hang":
                assert strike is not None
                await self._world.hold(strike)
            case "expired":
                self._cvm.shell_expired = True
        right = hmac.compare_digest(password.encode(), self._cvm.shell_password.encode())
        return username == USER and right

    def session_requested(self) -> asyncssh.SSHServerSession[str]:
        """One session at a time, as the images' sshd has it."""
        if self._open >= SESSIONS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed")
        self._open += 1
        return asyncssh.SSHServerProcess(self._session, None, 3, False)

    def _session(self, process: asyncssh.SSHServerProcess[str]) -> None:
        """The session is the world's, not the connection's: what was begun goes on when the visitor leaves."""
        self._world.spawn(self._serve(process), f"session at {self._cvm.address}")

    async def _serve(self, process: asyncssh.SSHServerProcess[str]) -> None:
        screen = Terminal(process, self._connection)
        try:
            status = await self._answer(process, screen)
            await screen.end(self._world, status)
        except _BROKEN:
            return  # the visitor has gone in the middle
        finally:
            self._open -= 1

    async def _answer(self, process: asyncssh.SSHServerProcess[str], screen: Terminal) -> int:
        """Do what the session is for; its exit status."""
        desk = ShellSession(self._world, self._fleet, self._cvm, screen)
        if self._cvm.shell_expired and not screen.person:
            screen.complain(_EXPIRED)
            return 1
        try:
            if process.command is not None:
                return await self._line(desk, screen, process.command, login=False)
            return await self._prompt(desk, screen)
        except asyncssh.BreakReceived:
            return 130

    async def _prompt(self, desk: ShellSession, screen: Terminal) -> int:
        """A person, or a script, at the prompt, until it leaves."""
        status = 0
        prompt = f"{USER}@{host_name(desk)}:{self._cvm.address}:~$ " if screen.person else ""
        if self._cvm.shell_expired:
            screen.say(
                "WARNING: Your password has expired.\nYou must change your password now and login again!"
            )
            return await self._line(desk, screen, "passwd", login=True)
        while (line := await screen.read(prompt)) is not None:
            if line.strip() in ("exit", "logout"):
                return status
            if line.strip():
                status = await self._line(desk, screen, line, login=True)
        return status

    async def _line(self, desk: ShellSession, screen: Terminal, line: str, login: bool) -> int:
        journal, clock = self._world.journal, self._world.clock
        record = journal.open(
            "ssh", "RUN", without_secrets(line), self._cvm.address, clock.now(), self._agent, ""
        )
        record.status = RUNNING

        async def before(name: str, text: str) -> int | None:
            strike = self._world.strike(f"ssh command {without_secrets(text)}", *names_of(self._cvm))
            return None if strike is None else await self._strike(screen, strike)

        try:
            status = await Shell(desk, COMMANDS, before, login).run(line)
        finally:
            record.lasted = clock.now() - record.at
        record.status = status
        return status

    async def _strike(self, screen: Terminal, strike: Strike) -> int | None:
        """What happens to a command before it does anything, or what will when it has."""
        match strike.action:
            case "fail":
                screen.complain(str(strike.what.get("message", "Killed")))
                return int(strike.what.get("status", 1))
            case "close":
                screen.cut()
                return 255
            case "hang":
                screen.held = strike
                screen.changed()
                return 255
            case "slow":
                await self._world.hold(strike, 0.0)
            case "noise":
                screen.say(_NOISE)
            case "close_after" | "hang_after":
                screen.held = strike
        return None


class Terminal:
    """The client's side of a session; after a rule has muted it, it says nothing more."""

    def __init__(
        self, process: asyncssh.SSHServerProcess[str], connection: asyncssh.SSHServerConnection | None
    ) -> None:
        self._process = process
        self._connection = connection
        self._muted = False
        self.held: Strike | None = None
        """What comes over the session as soon as its command has made its change."""
        self.person = process.term_type is not None

    def say(self, text: str) -> None:
        self._write(self._process.stdout, text)

    def complain(self, text: str) -> None:
        self._write(self._process.stderr, text)

    async def ask(self, prompt: str, secret: bool = False) -> str:
        if secret:
            self._echo(False)
        line = await self.read(prompt)
        if secret:
            self._echo(True)
        return line or ""

    def _echo(self, on: bool) -> None:
        """Whether a person sees what is typed; a script's input is shown to nobody."""
        channel = self._process.channel
        if self.person and isinstance(channel, asyncssh.SSHLineEditorChannel):
            channel.set_echo(on)
            if on:
                self.say("")

    async def read(self, prompt: str) -> str | None:
        """A line of standard input without its end; None when there is none."""
        if prompt and not self._muted:
            self._process.stdout.write(prompt)
        try:
            line = await self._process.stdin.readline()
        except asyncssh.TerminalSizeChanged:
            return await self.read("")
        return line.rstrip("\r\n") if line else None

    def changed(self) -> None:
        if self.held is None or self._muted:
            return
        self._muted = True
        if self.held.action == "close_after":
            self.cut()

    def cut(self) -> None:
        """End the connection without a word."""
        self._muted = True
        if self._connection is not None:
            self._connection.abort()

    async def end(self, world: World, status: int) -> None:
        """Say how the command ended, or nothing at all."""
        self.changed()
        if self._muted:
            if self.held is not None and self.held.action != "close_after":
                await world.hold(self.held)
            self.cut()
            return
        self._process.exit(status)

    def _write(self, stream: Any, text: str) -> None:
        if not self._muted:
            stream.write(f"{text}\n")


RUNNING = -1
"""The status in the journal of a command that is not over."""


def names_of(cvm: Cvm) -> tuple[str, ...]:
    """Whom a rule may name: the cluster that a CVM belongs to, or is meant for, and its node."""
    return (cvm.cluster.name if cvm.cluster is not None else cvm.cluster_name, cvm.node)

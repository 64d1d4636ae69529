"""The shell of a controller VM: reads a command line as a real one would, and runs the few commands it knows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from daemon.sim.nutanix.cvm import Cvm
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.world.world import World

NEEDS_PROFILE = True
"""Whether a command that is sent without a login shell is found by its full path, or after
``source /etc/profile``, only. Public scripts write one or the other; that it must be so is inferred."""

PLACES: Mapping[str, tuple[str, ...]] = {
    "cluster": ("/usr/local/nutanix/cluster/bin", "/home/nutanix/cluster/bin", "~/cluster/bin"),
    "genesis": ("/usr/local/nutanix/cluster/bin", "/home/nutanix/cluster/bin", "~/cluster/bin"),
    "ncli": ("/home/nutanix/prism/cli", "~/prism/cli"),
}
"""Where the commands stand that an ordinary PATH does not reach."""

_SECRET = re.compile(r"(?i)(password=)(\"[^\"]*\"|'[^']*'|\S+)")
_SYNTAX = frozenset({"|", "||", "&", "<", ">", ">>", "(", ")", ";;"})


class SessionOutput(Protocol):
    """The client's side of a session."""

    def say(self, text: str) -> None:
        """A line, or several, on the client's standard output."""

    def complain(self, text: str) -> None:
        """The same on its standard error."""

    async def ask(self, prompt: str, secret: bool = False) -> str:
        """A line from its standard input, without its end; empty if there is none."""

    def changed(self) -> None:
        """What the command was for has happened; what follows is talk."""


@dataclass
class ShellSession:
    """What a command works with."""

    world: World
    fleet: NutanixFleet
    cvm: Cvm
    screen: SessionOutput
    words: Sequence[str] = ()


Command = Callable[[ShellSession], Awaitable[int]]
"""Does what ``words`` say, and returns the exit status."""

Before = Callable[[str, str], Awaitable[int | None]]
"""Is told the name and the text of each command; an exit status ends it before it did anything."""


@dataclass
class Shell:
    """One session's shell, which knows ``commands`` by name. ``login`` ones have the whole PATH."""

    desk: ShellSession
    commands: Mapping[str, Command]
    before: Before
    login: bool
    piped: list[str] = field(default_factory=list)
    """Lines that ``echo`` passes on to the next command."""

    async def run(self, line: str) -> int:
        """Run a line: commands joined by ``;`` and ``&&``, and ``echo … |`` before one. The last exit status."""
        try:
            tokens = list(_lexer(line))
        except ValueError as error:
            self.desk.screen.complain(f"-bash: syntax error: {error}")
            return 2
        status, joint = 0, ";"
        for statement, joint_after in _statements(tokens):
            if joint != "&&" or status == 0:
                status = await self._statement(statement)
            joint = joint_after
        return status

    async def _statement(self, tokens: list[str]) -> int:
        self.piped = []
        if "|" in tokens and tokens[0] == "echo":
            cut = tokens.index("|")
            self.piped, tokens = [" ".join(tokens[1:cut])], tokens[cut + 1 :]
        wrong = next((token for token in tokens if token in _SYNTAX), None)
        if wrong is not None:
            self.desk.screen.complain(f"-bash: the simulated shell does not know {wrong!r}")
            return 2
        return await self._command(tokens) if tokens else 0

    async def _command(self, tokens: list[str]) -> int:
        name = self._found(tokens[0])
        if (name, *tokens[1:]) in (("source", "/etc/profile"), (".", "/etc/profile")):
            self.login = True
            return 0
        command = self.commands.get(name)
        if command is None:
            self.desk.screen.complain(f"-bash: {tokens[0]}: command not found")
            return 127
        told = await self.before(name, " ".join([name, *tokens[1:]]))
        if told is not None:
            return told
        desk = self.desk
        screen = _Piped(desk.screen, self.piped) if self.piped else desk.screen
        return await command(ShellSession(desk.world, desk.fleet, desk.cvm, screen, tokens[1:]))

    def _found(self, word: str) -> str:
        """The command's own name, if the shell finds it there; else the word as it was."""
        place, slash, name = word.rpartition("/")
        if slash:
            return name if place in PLACES.get(name, ("/usr/bin", "/bin")) else word
        return f"{word} " if word in PLACES and NEEDS_PROFILE and not self.login else word


class _Piped:
    """A screen whose standard input is what ``echo`` passed on."""

    def __init__(self, screen: SessionOutput, lines: list[str]) -> None:
        self._screen = screen
        self._lines = lines
        self.say = screen.say
        self.complain = screen.complain
        self.changed = screen.changed

    async def ask(self, prompt: str, secret: bool = False) -> str:
        self._screen.say(prompt)
        return self._lines.pop(0) if self._lines else ""


def without_secrets(line: str) -> str:
    """A command line with its passwords blacked out."""
    return _SECRET.sub(r"\1***", line)


def _lexer(line: str) -> shlex.shlex:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    return lexer


def _statements(tokens: list[str]) -> list[tuple[list[str], str]]:
    """The statements of a line, each with what joins it to the next."""
    found: list[tuple[list[str], str]] = []
    begun: list[str] = []
    for token in tokens:
        if token in (";", "&&"):
            found.append((begun, token))
            begun = []
        else:
            begun.append(token)
    return [*found, (begun, ";")]

"""Runs iPXE scripts: enough of the real language for boot scripts, with its real rules for failing.

A command that fails ends the script, unless ``||`` follows. An unknown command fails like any other. The
machine behind the script is a ``Firmware``: it fetches, waits and prints.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

_STATEMENT = re.compile(r"\s*(\|\||&&)\s*")
_SETTING = re.compile(r"\$\{([^${}]*)\}")
_PAUSE_AT_GOTO = 1.0
"""Virtual seconds between two rounds of a loop, so that an endless one does not stop the world."""


class FetchError(Exception):
    """A file could not be fetched whole; the text is what the console shows."""


class Firmware(Protocol):
    """What a script can do with the machine it runs on. Seconds are virtual, timeouts real."""

    settings: dict[str, str]
    disk_boots: bool

    def say(self, text: str) -> None:
        """Print a line on the console."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def dhcp(self) -> bool:
        """Configure the network card; whether it worked."""

    async def fetch_text(self, url: str, idle: float | None) -> str:
        """A small file, or FetchError."""

    async def fetch_image(self, url: str, idle: float | None) -> int:
        """Download a file whole and return its size, or FetchError."""


@dataclass
class LoadedImage:
    """A downloaded file and, for a kernel, its command line."""

    name: str
    url: str
    args: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a script ended. ``kernel`` and ``initrds`` are set for ``boot`` only."""

    kind: Literal["boot", "disk", "exit", "failed", "shell", "reboot", "poweroff"]
    kernel: LoadedImage | None = None
    initrds: tuple[LoadedImage, ...] = ()


class _Ended(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.kind)
        self.outcome = outcome


@dataclass
class Script:
    """One script on one machine. ``url`` is where it came from; relative addresses start there."""

    firmware: Firmware
    text: str
    url: str = ""
    images: list[LoadedImage] = field(default_factory=list)
    kernel: LoadedImage | None = None
    _line: int = 0

    async def run(self) -> Outcome:
        """Run to the end; falling off the last line is an ``exit``."""
        lines = self.text.splitlines()
        if not lines or not lines[0].startswith("#!ipxe"):
            self.firmware.say("Exec format error: the script does not begin with #!ipxe")
            return Outcome("failed")
        try:
            while self._line < len(lines):
                line = lines[self._line].strip()
                self._line += 1
                if line and line[0] not in "#:" and not await self._statement(line, lines):
                    self.firmware.say(f"Could not execute line {self._line}: {line}")
                    return Outcome("failed")
        except _Ended as ended:
            return ended.outcome
        return Outcome("exit")

    async def _statement(self, line: str, lines: list[str]) -> bool:
        """Run the commands of a line from left to right, as ``||`` and ``&&`` allow."""
        parts = _STATEMENT.split(line)
        succeeded = await self._command(parts[0], lines)
        for operator, command in zip(parts[1::2], parts[2::2], strict=True):
            if succeeded == (operator == "&&"):
                succeeded = await self._command(command, lines)
        return succeeded

    async def _command(self, text: str, lines: list[str]) -> bool:
        words = self._expand(text).split()
        if not words:
            return True
        if words[0] == "goto":
            return await self._goto(words[1:], lines)
        command = _COMMANDS.get(words[0])
        if command is None:
            self.firmware.say(f"{words[0]}: command not found")
            return False
        return await command(self, words[1:])

    def _expand(self, text: str) -> str:
        """Replace every ``${setting}`` by its value, an unknown one by nothing."""
        while True:
            expanded = _SETTING.sub(lambda match: self._setting(match[1]), text)
            if expanded == text:
                return expanded
            text = expanded

    def _setting(self, name: str) -> str:
        name, _, style = name.partition(":")
        value = self.firmware.settings.get(name, "")
        if style == "hexhyp":
            return value.replace(":", "-")
        return urllib.parse.quote(value, safe="") if style == "uristring" else value

    async def _goto(self, words: list[str], lines: list[str]) -> bool:
        label = f":{words[0]}" if words else ""
        for number, line in enumerate(lines):
            if label and line.strip() == label:
                if number < self._line:
                    await self.firmware.sleep(_PAUSE_AT_GOTO)
                self._line = number + 1
                return True
        self.firmware.say(f"goto: no such label {label}")
        return False

    # commands

    async def _echo(self, words: list[str]) -> bool:
        self.firmware.say(" ".join(words))
        return True

    async def _set(self, words: list[str]) -> bool:
        if words:
            self.firmware.settings[words[0]] = " ".join(words[1:])
        return bool(words)

    async def _clear(self, words: list[str]) -> bool:
        return bool(words) and self.firmware.settings.pop(words[0], None) is not None

    async def _isset(self, words: list[str]) -> bool:
        return bool(words)

    async def _iseq(self, words: list[str]) -> bool:
        return len(words) == 2 and words[0] == words[1]

    async def _dhcp(self, words: list[str]) -> bool:
        return await self.firmware.dhcp()

    async def _sleep(self, words: list[str]) -> bool:
        if not words or not words[-1].isdigit():
            return False
        await self.firmware.sleep(float(words[-1]))
        return True

    async def _kernel(self, words: list[str]) -> bool:
        image = await self._download(words)
        self.kernel = image or self.kernel
        return image is not None

    async def _initrd(self, words: list[str]) -> bool:
        return await self._download(words) is not None

    async def _download(self, words: list[str]) -> LoadedImage | None:
        options, words = _options(words)
        if not words:
            return None
        url = urllib.parse.urljoin(self.url, words[0])
        name = options.get("--name") or urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1]
        try:
            size = await self.firmware.fetch_image(url, _timeout(options))
        except FetchError as error:
            self.firmware.say(f"{url}... {error}")
            return None
        self.firmware.say(f"{url}... ok ({size} bytes)")
        image = LoadedImage(name, url, " ".join(words[1:]))
        self.images.append(image)
        return image

    async def _imgargs(self, words: list[str]) -> bool:
        for image in self.images:
            if words and image.name == words[0]:
                image.args = " ".join(words[1:])
                return True
        return False

    async def _imgfree(self, words: list[str]) -> bool:
        self.images.clear()
        self.kernel = None
        return True

    async def _boot(self, words: list[str]) -> bool:
        named = next((image for image in self.images if words and image.name == words[0]), None)
        kernel = named or self.kernel
        if kernel is None:
            self.firmware.say("boot: no image is selected")
            return False
        others = tuple(image for image in self.images if image is not kernel)
        raise _Ended(Outcome("boot", kernel, others))

    async def _chain(self, words: list[str]) -> bool:
        options, words = _options(words)
        if not words:
            return False
        url = urllib.parse.urljoin(self.url, words[0])
        try:
            text = await self.firmware.fetch_text(url, _timeout(options))
        except FetchError as error:
            self.firmware.say(f"{url}... {error}")
            return False
        outcome = await Script(self.firmware, text, url).run()
        if outcome.kind == "exit":
            return True
        if outcome.kind == "failed":
            return False
        raise _Ended(outcome)

    async def _sanboot(self, words: list[str]) -> bool:
        if self.firmware.settings.get("platform") == "efi":
            self.firmware.say("Boot from SAN device failed: No such device")
            return False
        if not self.firmware.disk_boots:
            self.firmware.say("sanboot: the drive holds no operating system")
            return False
        raise _Ended(Outcome("disk"))

    async def _exit(self, words: list[str]) -> bool:
        raise _Ended(Outcome("exit" if not words or words[0] == "0" else "failed"))

    async def _shell(self, words: list[str]) -> bool:
        raise _Ended(Outcome("shell"))

    async def _reboot(self, words: list[str]) -> bool:
        raise _Ended(Outcome("reboot"))

    async def _poweroff(self, words: list[str]) -> bool:
        raise _Ended(Outcome("poweroff"))

    async def _nothing(self, words: list[str]) -> bool:
        return True


_COMMANDS: dict[str, Callable[[Script, list[str]], Awaitable[bool]]] = {
    "echo": Script._echo,
    "set": Script._set,
    "clear": Script._clear,
    "isset": Script._isset,
    "iseq": Script._iseq,
    "dhcp": Script._dhcp,
    "ifconf": Script._dhcp,
    "sleep": Script._sleep,
    "kernel": Script._kernel,
    "initrd": Script._initrd,
    "module": Script._initrd,
    "imgfetch": Script._initrd,
    "imgargs": Script._imgargs,
    "imgfree": Script._imgfree,
    "imgstat": Script._nothing,
    "ifopen": Script._nothing,
    "ifstat": Script._nothing,
    "route": Script._nothing,
    "boot": Script._boot,
    "chain": Script._chain,
    "sanboot": Script._sanboot,
    "exit": Script._exit,
    "shell": Script._shell,
    "reboot": Script._reboot,
    "poweroff": Script._poweroff,
}

_WITH_VALUE = ("--name", "--timeout", "-n", "-t", "--drive", "-d")


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Split the leading options of a command from its arguments."""
    options: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        name, equals, value = rest.pop(0).partition("=")
        if not equals and name in _WITH_VALUE and rest:
            value = rest.pop(0)
        options[{"-n": "--name", "-t": "--timeout"}.get(name, name)] = value
    return options, rest


def _timeout(options: dict[str, str]) -> float | None:
    """The inactivity timeout in seconds; without one a stalled download hangs for ever, as in iPXE."""
    text = options.get("--timeout", "")
    return int(text) / 1000 if text.isdigit() and int(text) else None

"""A real terminal that a test can look at and type into: a tmux server of its own."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

MOVING = re.compile(r"\d+(?:h\d+m|m\d+s|[hms])\b|\d\d:\d\d:\d\d|\d\d:(?=[│╭╰])")
"""Times that go on while a test runs."""


def still(screen: str) -> str:
    """A screen without what moves: times as one sign, and every run of blanks as one."""
    lines = (re.sub(r" +", " ", MOVING.sub("…", line)).rstrip() for line in screen.splitlines())
    return "\n".join(lines) + "\n"


class Terminal:
    """A tmux server of its own with one pane, of 80 by 24 unless told."""

    def __init__(self) -> None:
        self._name = f"nxtui-test-{uuid.uuid4().hex[:12]}"

    async def tmux(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "-L",
            self._name,
            "-f",
            "/dev/null",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return (await process.communicate())[0].decode()

    async def start(self, command: str, columns: int = 80, rows: int = 24) -> None:
        await self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), command)

    async def screen(self, colours: bool = False) -> str:
        return await self.tmux("capture-pane", "-p", *(["-e"] if colours else []))

    async def press(self, *keys: str) -> None:
        await self.tmux("send-keys", *keys)

    async def shows(self, condition: Callable[[str], Any], what: str, within: float = 20.0) -> str:
        end = time.monotonic() + within
        while True:
            screen = await self.screen()
            if condition(screen):
                return screen
            assert time.monotonic() < end, f"waited in vain for {what}:\n{screen}"
            await asyncio.sleep(0.05)

    async def at_rest(self, condition: Callable[[str], Any], what: str) -> str:
        """The screen that meets the condition, once three looks in a row saw nothing but times move."""
        looks: list[str] = []
        while len(looks) < 3 or len(set(looks[-3:])) > 1:
            looks.append(still(await self.shows(condition, what)))
            await asyncio.sleep(0.2)
        return looks[-1]

    async def close(self) -> None:
        await self.tmux("kill-server")

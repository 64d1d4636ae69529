"""`make picture`: films a night with nxtui for the README: a node fails, is found, understood and tried again.

Everything in it is real: the window in a terminal, the daemon, the simulated world. It needs tmux.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "nxtui"))

from film import Frame, cast, svg
from terminals import Terminal, still

from daemon.demo.setup import Demo, DemoOptions

ROOT = Path(__file__).parents[2]
SIZE = (100, 28)
SPEED = 240.0
SUBNETS = ("127.28.0.0/24", "127.28.1.0/24")
DOCS = ROOT / "docs"
TITLE = "nxtui: a node fails, is found, understood and tried again"
TRIES = 10
"""Looks at a screen that does not stand still."""
SLOWLY = 0.9
"""Seconds of the film between two pictures while nobody presses a key."""
READING = 2.2
"""Seconds for which a viewer can read what a key led to."""


class Camera:
    """Looks at a terminal and keeps what was seen, in the time of the film."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.frames: list[Frame] = []
        self.now = 0.0

    async def take(self, lasts: float) -> None:
        """One picture, which stays for so long."""
        lines = (await self._settled()).split("\n")[: SIZE[1]]
        frame = Frame(round(self.now, 3), tuple(lines + [""] * (SIZE[1] - len(lines))))
        if not self.frames or self.frames[-1].lines != frame.lines:
            self.frames.append(frame)
        self.now += lasts

    async def _settled(self) -> str:
        """The screen once it stands still for two looks; a clock in it may move on."""
        screen = await self.terminal.screen(colours=True)
        for _ in range(TRIES):
            await asyncio.sleep(0.06)
            before, screen = screen, await self.terminal.screen(colours=True)
            if still(before) == still(screen):
                break
        return screen

    async def press(self, *keys: str, shows: str) -> None:
        """Press keys and let what they lead to be read."""
        if keys:
            await self.terminal.press(*keys)
        await self.terminal.shows(lambda screen: shows in screen, shows)
        await self.take(READING)

    async def watch(self, until: str, every: float) -> None:
        """Look on until something is on the screen; ``every`` is in real seconds."""
        end = time.monotonic() + 120
        while until not in await self.terminal.screen():
            assert time.monotonic() < end, f"waited in vain for {until}:\n{await self.terminal.screen()}"
            await self.take(SLOWLY)
            await asyncio.sleep(every)
        await self.take(READING)


async def night(camera: Camera) -> int:
    """What the operator does; answers the number of the picture that tells most."""
    await camera.press(shows="No nodes yet")
    await camera.press("a", "s", shows="three-node.yaml")
    await camera.press("three", "Enter", shows="correct")
    await camera.press("Enter", shows="y apply")
    await camera.press("y", shows="deploying nodes")
    await camera.watch("TROUBLE", 1.2)
    await camera.press("!", shows="r  tries it again")
    best = len(camera.frames) - 1
    await camera.press("Enter", shows="WHAT TO DO")
    await camera.press("r", shows="y retry")
    await camera.press("y", shows="will be tried again")
    await camera.press("Escape", shows="› fleet")
    await camera.watch("ALL IS WELL", 1.8)
    await camera.press("L", shows="following")
    await camera.press("q", shows="goes on working")
    return best


async def film(stage: Demo, directory: Path) -> tuple[Camera, int]:
    """Play the night in a terminal of its own."""
    terminal = Terminal()
    camera = Camera(terminal)
    environment = "env -u COLUMNS -u LINES -u NO_COLOR COLORTERM=truecolor LC_ALL=C.UTF-8"
    settings = f"NXTUI_CONFIG={os.devnull} NXD_KEYMAP= PYTHONPATH={ROOT}"
    window = f"{environment} {settings} {sys.executable} -m nxtui.main --socket {stage.socket}"
    try:
        await terminal.start(f"cd {directory} && {window}; exec cat", *SIZE)
        return camera, await night(camera)
    finally:
        await terminal.close()


def main() -> None:
    """Set the stage, film the night, write the film into docs/."""
    with tempfile.TemporaryDirectory(prefix="nxd") as name:
        directory = Path(name)
        specs = directory / "specs"
        specs.mkdir()
        spec = (resources.files("daemon.demo") / "three-node.yaml").read_text()
        (specs / "three-node.yaml").write_text(spec)
        stage = Demo(directory / "stage")
        stage.set_up(DemoOptions(SPEED, ("node02:install",), 1, *SUBNETS))
        try:
            camera, best = asyncio.run(film(stage, specs))
        finally:
            stage.stop()
    (DOCS / "night.cast").write_text(cast(camera.frames, *SIZE, TITLE))
    (DOCS / "night.svg").write_text(svg(camera.frames, *SIZE, READING, TITLE, best))


if __name__ == "__main__":
    main()

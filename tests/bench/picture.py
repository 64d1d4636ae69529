"""`make picture`: photographs nxtui in front of a real daemon and the simulated world, for the README."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from importlib import resources
from pathlib import Path

from daemon.client import Client
from daemon.demo.stage import Rehearsal, Stage
from nxtui.app import NxTui

SIZE = (120, 30)
SPEED = 240.0
SUBNETS = ("127.28.0.0/24", "127.28.1.0/24")
TARGET = Path(__file__).parents[2] / "docs" / "fleet.svg"


def main() -> None:
    """Let one node of three fail, wait until the others are far along, and take the picture."""
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage(Path(directory) / "stage")
        stage.set_up(Rehearsal(SPEED, ("node02:install",), 1, *SUBNETS))
        try:
            with Client(stage.socket) as client:
                client.apply((resources.files("daemon.demo") / "three-node.yaml").read_text())
                while not any(node["state"] == "failed" for node in client.nodes()):
                    time.sleep(0.05)
            TARGET.write_text(asyncio.run(photograph(stage.socket)))
        finally:
            stage.stop()


async def photograph(socket: Path) -> str:
    """The screen as SVG, without the web fonts that the format asks for."""
    app = NxTui(socket)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(2)
        drawn = app.export_screenshot(title="nxtui")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


if __name__ == "__main__":
    main()

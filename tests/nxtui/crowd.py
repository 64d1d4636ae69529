"""The canned daemon as a process of its own with as many nodes as one likes; its standard input moves them.

``python crowd.py SOCKET NODES [well]``, where all are active with ``well``; then lines: ``tick CHANGES HERTZ`` (0
stops), ``log LINES``, ``say`` (one line of the log that names the moment). It prints ``ready`` once it listens.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from canned_daemon import CannedDaemon
from canned_data import entity
from canned_map import canned_map

PER_CLUSTER = 50
WORDS = ("installing", "waiting for boot", "creating the server", "waiting for the CVM")


class Crowd(CannedDaemon):
    """Nodes by the thousand, some of which change."""

    def __init__(self, socket: Path, count: int, well: bool = False) -> None:
        super().__init__(socket)
        error = self.node("node02")["error"]
        pattern = self.clusters[0]
        names = [f"cluster{number:04}" for number in range(max(1, count // PER_CLUSTER))]
        self.clusters = [dict(pattern, name=name, cluster=name) for name in names]
        self.nodes = [
            entity(
                f"node{number:05}",
                cluster=names[number % len(names)],
                phase="failed" if number % 97 == 1 else "working",
                state="installing",
                title="installing",
                step="installing",
                step_index=number % 9,
                progress=0.5,
                error=error if number % 97 == 1 else None,
                since=self.now - number,
                deadline=self.now + 3600,
                waiting_for="the installer's phase 6 of 8 (controller VM)",
            )
            for number in range(count)
        ]
        if well:
            for one in (*self.clusters, *self.nodes):
                one.update(phase="ok", state="active", title="active", error=None, waiting_for=None)
                one.update(deadline=None, progress=1.0)
        self.events = []
        self.map = self._map(names[0])
        self.calls = self._calls(count)
        self._turn = 0
        self._ticking: asyncio.Task[None] | None = None

    def _calls(self, count: int) -> list[dict[str, Any]]:
        """Ten thousand calls, of one node after the other."""
        like = (self.calls or [])[-1]
        return [
            {
                **like,
                "id": number,
                "target": f"node{number % count:05}",
                "path": f"/v1/virtual_network_interfaces/{number}",
            }
            for number in range(1, 10_001)
        ]

    def _map(self, cluster: str) -> dict[str, Any]:
        """A cluster's picture with so many members that they are lines of a table."""
        told = canned_map()
        pattern = told["members"]
        mine = [node["name"] for node in self.nodes if node["cluster"] == cluster]
        members = [{**pattern[at % len(pattern)], "name": name} for at, name in enumerate(mine)]
        return {**told, "cluster": cluster, "members": members, "edges": []}

    def change(self, count: int) -> None:
        """Let the first ``count`` working nodes say something else."""
        self._turn += 1
        working = [node for node in self.nodes[:40] if node["phase"] == "working"][:count]
        for node in working:
            node.update(title=WORDS[self._turn % len(WORDS)], progress=(self._turn % 100) / 100)
            self.say(type="change", entity=node)

    async def tick(self, count: int, hertz: float) -> None:
        while True:
            await asyncio.sleep(1 / hertz)
            self.now += 1 / hertz
            self.change(count)

    def obey(self, words: list[str]) -> None:
        """One line of the standard input."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        if words[0] == "tick" and float(words[2]) > 0:
            self._ticking = asyncio.get_running_loop().create_task(self.tick(int(words[1]), float(words[2])))
        elif words[0] == "log":
            for number in range(int(words[1])):
                self.log(
                    f"line {number} of {words[1]}: the installer reports phase {number % 8}", node="node00000"
                )


async def serve(socket: Path, count: int, well: bool) -> None:
    """Listen until the standard input ends."""
    crowd: Any = Crowd(socket, count, well)
    await crowd.start()
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        crowd.obey(line.decode().split())
    await crowd.stop()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["well"]))

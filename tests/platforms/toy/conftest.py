"""A daemon whose only platform is toyland, beside a shelf of its own."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client, DaemonRefused, DaemonUnreachable
from tests.daemon.cli.conftest import ROOT, Place, free_ports
from tests.platforms.toy.shelf_server import ShelfState, shelf_server

HERE = Path(__file__).parent
SPEC = HERE / "row.yaml"


@dataclass
class Toyplace(Place):
    """A place whose `nxd` finds this folder among what is installed."""

    installed: bool = True
    more: dict[str, str] = field(default_factory=dict)
    """Variables of every process that is started from here on."""

    def environ(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        paths = [str(ROOT), *([str(HERE)] if self.installed else [])]
        return {**super().environ(more), "PYTHONPATH": ":".join(paths), **self.more, **(more or {})}

    def asks(self, ask: Callable[[Client], Any]) -> Any:
        """What the daemon answers, None while nobody does."""
        with contextlib.suppress(DaemonUnreachable, DaemonRefused), Client(self.socket) as client:
            return ask(client)

    def is_active(self) -> bool:
        """Whether every record there is is active; the spec is applied first if nobody has done so."""
        told = self.asks(lambda client: client.snapshot())
        if told is not None and not told["clusters"]:
            self.asks(lambda client: client.apply(SPEC.read_text()))
            return False
        return told is not None and {one["state"] for one in (*told["clusters"], *told["nodes"])} == {
            "active"
        }


@pytest.fixture
def shelf() -> Iterator[ShelfState]:
    with shelf_server() as state:
        yield state


@pytest.fixture
def toy(shelf: ShelfState) -> Iterator[Toyplace]:
    boot, config = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        settings: dict[str, Any] = {
            "platforms": ["toyland"],
            "environment": "lab",
            "state_dir": f"{directory}/state",
            "socket": f"{directory}/nxd.sock",
            "boot": {"listen": f"127.0.0.1:{boot}", "url": f"http://127.0.0.1:{boot}"},
            "config": {"listen": f"127.0.0.1:{config}", "url": f"http://127.0.0.1:{config}"},
            "retry": {"first_seconds": 0.1, "max_seconds": 0.5},
            "clock": {"speed": 5},
            "toyland": {"url": shelf.url},
        }
        place = Toyplace(Path(directory), settings)
        place.write()
        yield place
        place.end()

"""A window on the canned daemon, with a pilot in it and clocks that stand still."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nxtui.app import NxTui

sys.path.insert(0, str(Path(__file__).parent))  # this folder is no package

import canned_daemon
import canned_data
from canned_data import T0
from terminals import Terminal


class Hands:
    """The two clocks of a window; they stand still until a test moves them."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return T0 + self.seconds - 1000.0


def frame(app: NxTui) -> str:
    """The screen as text: what Textual would send to a terminal, without its colours."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


async def until(condition: Callable[[], Any], what: str | Callable[[], str], within: float = 8.0) -> None:
    """Wait for a condition, however fast or slow this machine is. ``what`` is said, or made, when it was in vain."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() >= end:
            pytest.fail(f"waited {within} s in vain for {what if isinstance(what, str) else what()}")
        await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are shown in the zone of the terminal: here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def socket() -> Iterator[Path]:
    """A path short enough for a Unix socket, the same length every time."""
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        yield Path(directory) / "nxd.sock"


@pytest.fixture
async def daemon(socket: Path) -> AsyncIterator[Any]:
    """The canned daemon, listening."""
    canned = canned_daemon.CannedDaemon(socket)
    await canned.start()
    yield canned
    await canned.stop()


@pytest.fixture
def hands() -> Hands:
    """Clocks for a window."""
    return Hands()


class Window:
    """A window on the canned daemon with a pilot in it."""

    def __init__(self, app: NxTui, pilot: Any, hands: Hands, daemon: Any) -> None:
        self.app = app
        self.pilot = pilot
        self.hands = hands
        self.daemon = daemon

    async def press(self, *keys: str) -> None:
        """Press the keys; a question is given the moment in which it takes none."""
        for key in keys:
            await self._awake()
            await self.pilot.press(key)

    async def _awake(self) -> None:
        await until(lambda: getattr(self.app.screen, "is_awake", True), "the question to take keys")

    async def settled(self) -> None:
        """What stands beside the rows of a large fleet is asked for when they are there: wait until it is told."""
        asks = ("beside", "pane", "history", "last-calls", "audit", "small-map")
        await self.pilot.pause()
        await until(
            lambda: all(one.is_finished for one in self.app.workers if one.group in asks), "what was asked"
        )
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        names = {
            ":": "colon",
            " ": "space",
            "!": "exclamation_mark",
            "-": "minus",
            ",": "comma",
            "_": "underscore",
        }
        await self.pilot.press(*(names.get(char, char) for char in text))

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        await until(condition, what)
        await self.pilot.pause()

    async def far(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for something that a real daemon needs some time for."""
        await until(condition, what, within=60.0)
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        """Wait until the text is on the screen."""
        await until(lambda: text in frame(self.app), lambda: f"{text!r} on the screen:\n{frame(self.app)}")
        await self._awake()
        await self.pilot.pause()
        await self.settled()

    async def seen(self, text: str) -> str:
        """The frame, once the text is on the screen."""
        await self.shows(text)
        return frame(self.app)

    @property
    def frame(self) -> str:
        return frame(self.app)


@pytest.fixture
def window(daemon: Any, hands: Hands) -> Callable[..., Any]:
    """Opens a window: ``async with window(size=(80, 24)) as w``; by then it shows the fleet."""

    @contextlib.asynccontextmanager
    async def opened(
        size: tuple[int, int] = (80, 24), wait: bool = True, app: NxTui | None = None, **options: Any
    ) -> AsyncIterator[Window]:
        app = app or NxTui(daemon.socket, monotonic=hands.monotonic, wall=hands.wall, **options)
        async with app.run_test(size=size, notifications=True) as pilot:
            window = Window(app, pilot, hands, daemon)
            if wait:
                await window.until(lambda: app.fleet.nodes and app.fleet.log.end, "the first snapshot")
                await window.settled()
            yield window
            assert not app.faults

    return opened


@pytest.fixture
def golden(socket: Path) -> Callable[[str, str], None]:
    """Holds a frame against ``frames/NAME.txt``; NXD_UPDATE_FRAMES=1 writes it instead."""

    def check(name: str, text: str) -> None:
        text = text.replace(str(socket.parent), "/run/nxd".ljust(len(str(socket.parent)), "_"))
        file = Path(__file__).parent / "frames" / f"{name}.txt"
        if os.environ.get("NXD_UPDATE_FRAMES") == "1":
            file.write_text(text, encoding="utf-8")
        assert file.is_file(), f"{file.name} is not there: make it with NXD_UPDATE_FRAMES=1"
        assert text == file.read_text(encoding="utf-8"), f"the screen differs from {file.name}:\n{text}"

    return check


@pytest.fixture
def entity() -> Callable[..., Any]:
    """Makes an entity; what is given replaces what is usual."""
    return canned_data.entity


@pytest.fixture
def nodes() -> list[dict[str, Any]]:
    """The canned nodes."""
    return canned_data.canned_entities()[1]


@pytest.fixture
def cluster() -> dict[str, Any]:
    """The canned cluster."""
    return canned_data.canned_entities()[0][0]


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Makes the first line of a stream."""

    def make() -> dict[str, Any]:
        canned = canned_daemon.CannedDaemon(tmp_path / "none")
        base = {"type": "snapshot", "revision": canned.revision, "now": canned.now}
        return base | {"snapshot": canned.snapshot()}

    return make


@pytest.fixture
def looking_at() -> Callable[..., Any]:
    """Opens a window on any socket, with the real clocks: ``async with looking_at(socket) as w``."""

    @contextlib.asynccontextmanager
    async def opened(
        socket: Path, size: tuple[int, int] = (140, 45), **options: Any
    ) -> AsyncIterator[Window]:
        app = NxTui(socket, **options)
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Window(app, pilot, Hands(), None)

    return opened


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    terminal = Terminal()
    yield terminal
    await terminal.close()

"""The window's speed on a real pseudo-terminal: first frame, keys, ticks, logs, loss and return.

Run as a command it is the process that ``log_load`` watches: a window whose log is filled on F12.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from figures import ROUNDS, Figure, python, resident_mb, side_by_side, wall
from screen import Screen

CROWD = Path(__file__).parents[1] / "nxtui" / "crowd.py"
SMALL = (24, 80)
LARGE = (45, 140)
KEY = (10.5, 20.0)
"""Milliseconds from a key to what it paints, 95 of 100: the goal, and what has to be kept."""
FIRST = (1.5, 1.8)
"""The first rows, against the bare import of the framework: the same."""
LINES = 100_000
BATCH = 1000
PRESSES = 60
TICKS = 24
HERTZ = 4
CHANGES = 5
IDLE = 20.0


class Daemon:
    """The canned daemon in a process of its own."""

    def __init__(self, socket: Path, nodes: int, more: Sequence[str] = ()) -> None:
        self.socket = socket
        self._words = [str(nodes), *more]
        self.start()

    def start(self) -> None:
        """Listen; returns when it does."""
        command = [sys.executable, str(CROWD), str(self.socket), *self._words]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._child.stdout is not None
        assert self._child.stdout.readline() == b"ready\n"

    def tell(self, order: str) -> None:
        """Give it one order."""
        assert self._child.stdin is not None
        self._child.stdin.write(order.encode() + b"\n")
        self._child.stdin.flush()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._child.kill()
        self._child.communicate()


@contextmanager
def crowd(nodes: int, *more: str) -> Iterator[Daemon]:
    """A daemon with so many nodes, all of them ``well`` if asked for; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        daemon = Daemon(Path(directory) / "nxd.sock", nodes, more)
        try:
            yield daemon
        finally:
            daemon.kill()


def window(daemon: Daemon) -> list[str]:
    """The command that looks at it."""
    return [sys.executable, "-m", "nxtui.main", "--socket", str(daemon.socket)]


def figures() -> list[Figure]:
    """Every figure of the window."""
    return [*first_frames(), *keys(), *history(), *band(), *ticks(), *idle(), *log_load(), *loss()]


def first_frames() -> list[Figure]:
    """From the start to the first picture and to the first rows, against the bare import of the framework."""
    found: list[Figure] = []
    for nodes in (10, 10_000):
        with crowd(nodes) as daemon:
            _first_frame(daemon, [])
            rows: list[float] = []
            first, imported = side_by_side(
                partial(_first_frame, daemon, rows), lambda: wall(python("import textual.app"))
            )
        told = statistics.median(rows)
        found += [
            Figure(f"tui.first_frame_{nodes}", first * 1000, "ms"),
            _over_import(f"tui.first_frame_{nodes}_over_import", first / imported),
            _over_import(f"tui.first_rows_{nodes}_over_import", told / imported),
        ]
    return [*found, Figure("tui.all_rows_10000", _all_rows(10_000) * 1000, "ms")]


def _over_import(name: str, value: float) -> Figure:
    return Figure(name, value, "x import textual.app", FIRST[0], least=FIRST[1])


def _first_frame(daemon: Daemon, rows: list[float]) -> float:
    """Seconds to the first picture; those to the first rows are added to ``rows``."""
    with Screen(window(daemon)) as screen:
        first = screen.until(b"NODE") - screen.begun
        rows.append(screen.until(b"node0") - screen.begun)
    return first


def _all_rows(nodes: int) -> float:
    """Seconds until the last of many nodes is known, which are told in pieces."""
    times = []
    with crowd(nodes) as daemon:
        _first_frame(daemon, [])
        for _ in range(ROUNDS):
            with Screen(window(daemon)) as screen:
                screen.until(b"node0")
                times.append(screen.until(f"{nodes - len(range(1, nodes, 97))}◐".encode()) - screen.begun)
    return statistics.median(times)


def keys() -> list[Figure]:
    """From a key to the first byte that is painted for it, at a thousand nodes and at ten thousand."""
    with (
        crowd(1000) as few,
        crowd(10_000) as many,
        Screen(window(few), LARGE) as one,
        Screen(window(many), LARGE) as other,
    ):
        for screen in (one, other):
            screen.until(b"LIVE")
            screen.settle(0.3)
        pairs = [(one.paints_after(b"j"), other.paints_after(b"j")) for _ in range(PRESSES)]
    return [
        _key("tui.key_to_paint_p95_1000", [pair[0] for pair in pairs]),
        _key("tui.key_to_paint_p95_10000", [pair[1] for pair in pairs]),
        Figure(
            "tui.key_to_paint_10000_over_1000",
            statistics.median(pair[1] for pair in pairs) / statistics.median(pair[0] for pair in pairs),
            "ratio of medians",
            1.5,
        ),
    ]


def history() -> list[Figure]:
    """A key on the timeline of ten thousand nodes, among ten thousand calls, and on the map of fifty nodes."""
    with crowd(10_000) as daemon, Screen(window(daemon), LARGE) as screen:
        screen.until(b"LIVE")
        screen.settle(0.3)
        screen.press(b"T")
        screen.settle(1.0)
        timeline = [screen.paints_after(b"j") for _ in range(PRESSES)]
        screen.press(b"C")
        screen.settle(1.0)
        screen.press(b".")
        screen.settle(1.0)
        calls = [screen.paints_after(b"kj"[at % 2 : at % 2 + 1]) for at in range(PRESSES)]
        screen.press(b"M")
        screen.settle(1.0)
        drawn = [screen.paints_after(b"jk"[at % 2 : at % 2 + 1]) for at in range(PRESSES)]
    return [
        _key("tui.timeline_key_p95_10000", timeline),
        _key("tui.calls_key_p95", calls),
        _key("tui.map_key_p95", drawn),
    ]


def band() -> list[Figure]:
    """From `a` to the verbs of ten thousand nodes' worst."""
    with crowd(10_000) as daemon, Screen(window(daemon), LARGE) as screen:
        screen.until(b"LIVE")
        times = []
        for _ in range(PRESSES // 3):
            screen.settle(0.3)
            pressed = screen.press(b"a")
            times.append(screen.until(b"act on") - pressed)
            screen.press(b"\x1b")
    return [Figure("tui.band_p95_10000", _p95(times) * 1000, "ms", 20)]


def _key(name: str, seconds: list[float]) -> Figure:
    return Figure(name, _p95(seconds) * 1000, "ms", KEY[0], least=KEY[1])


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95) - 1]


def ticks() -> list[Figure]:
    """What five changing nodes of ten thousand cost, four times a second."""
    return [*_ticks("", LARGE, 4.5, 6144), *_ticks("_80x24", SMALL, 3, 4096)]


def _ticks(of: str, size: tuple[int, int], most_cpu: float, most_bytes: float) -> list[Figure]:
    with crowd(10_000) as daemon, Screen(window(daemon), size) as screen:
        screen.until(b"LIVE")
        screen.settle(0.3)
        daemon.tell(f"tick {CHANGES} {HERTZ}")
        screen.during(2.0)
        used, begun = screen.cpu(), time.perf_counter()
        drawn = screen.during(TICKS / HERTZ)
        share = (screen.cpu() - used) / (time.perf_counter() - begun)
    return [
        Figure(f"tui.tick_cpu{of}", share * 100, "% of a core", most_cpu),
        Figure(f"tui.tick_bytes{of}", drawn / TICKS, "bytes per tick", most_bytes),
    ]


def idle() -> list[Figure]:
    """What a window costs while nothing happens and nobody works: it draws its clock."""
    with crowd(10_000, "well") as daemon, Screen(window(daemon), SMALL) as screen:
        screen.until(b"LIVE")
        screen.during(5.0)
        used, begun = screen.cpu(), time.perf_counter()
        drawn = screen.during(IDLE)
        taken = time.perf_counter() - begun
        share = (screen.cpu() - used) / taken
    return [
        Figure("tui.idle_cpu", share * 100, "% of a core", 0.3),
        Figure("tui.idle_bytes", drawn / taken, "bytes a second, for the clock"),
    ]


def log_load() -> list[Figure]:
    """A log of a hundred thousand lines, from the decoding to the last line on the screen."""
    times, sizes = [], []
    for _ in range(3):
        with Screen([sys.executable, __file__], LARGE) as screen:
            screen.until(b"following")
            screen.settle(0.3)
            before = resident_mb(screen.pid)
            pressed = screen.press(b"\x1b[24~")
            times.append(screen.until(f"line {LINES} ".encode()) - pressed)
            screen.settle(0.3)
            sizes.append(resident_mb(screen.pid) - before)
    return [
        Figure("tui.log_100000_lines", statistics.median(times), "s", 1),
        Figure("tui.log_100000_memory", statistics.median(sizes), "MB", 60),
    ]


def loss() -> list[Figure]:
    """How long the screen is wrong about a daemon that was killed, and about one that is back."""
    shown, back = [], []
    with crowd(1000) as daemon, Screen(window(daemon), LARGE) as screen:
        screen.until(b"LIVE")
        for _ in range(3):
            screen.settle(0.3)
            killed = time.perf_counter()
            daemon.kill()
            shown.append(screen.until(b"LOST") - killed)
            daemon.start()
            listening = time.perf_counter()
            back.append(screen.until(b"LIVE") - listening)
    return [
        Figure("tui.loss_shown", max(shown), "s", 2),
        Figure("tui.caught_up", max(back), "s", 1),
    ]


def _fill_a_log() -> None:
    """A window without a daemon; F12 lets a hundred thousand lines arrive as the feed would bring them."""
    from textual import events

    from daemon.client.asking import line_of
    from nxtui.app import NxTui
    from nxtui.main import collect_rarely

    class Filled(NxTui):
        def on_mount(self) -> None:
            self.call_after_refresh(self.open_log, None)

        async def on_key(self, event: events.Key) -> None:
            if event.key == "f12":
                self.run_worker(self._fill())

        async def _fill(self) -> None:
            import asyncio

            for start in range(0, LINES, BATCH):
                self.post_message(self.LinesReceived([line_of(text) for text in told[start : start + BATCH]]))
                await asyncio.sleep(0)

    told = [_line(number).encode() for number in range(1, LINES + 1)]
    filled = Filled(Path(os.devnull))
    filled.after_first_frame = collect_rarely
    filled.run()


def _line(revision: int) -> str:
    """A line of the stream."""
    level = ("debug", "info", "info", "warning")[revision % 4]
    return (
        f'{{"type":"event","revision":{revision},"now":1763521928.0,"event":{{"revision":{revision},'
        f'"time":{1763521928.0 + revision / 10},"cluster":"demo","node":"node{revision % 50:02}",'
        f'"kind":"log","level":"{level}","actor":"nxd","message":"line {revision} of the installer: '
        f'wrote block {revision * 7919 % 65536} of the image to the disk","data":{{}}}}}}'
    )


if __name__ == "__main__":
    _fill_a_log()

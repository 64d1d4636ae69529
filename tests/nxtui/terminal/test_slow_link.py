"""A link of a quarter of a second that loses packets: each key is answered by its own echo in one round trip."""

from __future__ import annotations

import asyncio
import math
import os
import random
import select
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from pseudo_terminal import SEQUENCE, PseudoTerminal

pytestmark = pytest.mark.e2e

ROUND_TRIP, LOST, AGAIN = 0.25, 0.05, 0.3
"""Seconds there and back, how many packets of a hundredth are lost, and after how long one is sent again."""
EVERY = 0.15
"""Seconds from one key to the next one: no key waits for the answer of another."""
OWN = 0.2
"""Seconds that the window itself takes for a key, on a machine that has other work: less than another round trip."""

KEYS: Sequence[tuple[str, str]] = (
    ("j", "❯"),
    ("k", "❯"),
    ("a", "act on"),
    ("\x1b", "LOG"),
    ("/", "state:failed"),
    ("x", "x"),
    ("\x1b", "LOG"),
    ("T", "timeline"),
    ("\x1b", "LOG"),
    ("M", "› map"),
    ("\x1b", "LOG"),
    ("C", "REQUEST"),
    ("\x1b", "LOG"),
    ("?", "Keys"),
    ("\x1b", "LOG"),
)
"""Keys, and what each of them must show: the cursor, the band, the line, the screen."""


class SlowLink:
    """Carries packets one way, in their order, as TCP does: one that is lost keeps those behind it waiting."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._last = 0.0

    def arrival(self, sent: float) -> float:
        """When a packet that was sent then is there."""
        lost = AGAIN if self._chance.random() < LOST else 0.0
        self._last = max(self._last, sent + ROUND_TRIP / 2 + lost)
        return self._last


class FarTerminal:
    """A terminal at the other end of two such links, one for each way. It answers no question of the window."""

    def __init__(self, window: PseudoTerminal, seed: int) -> None:
        self._window = window
        self._there, self._back = SlowLink(seed), SlowLink(seed + 1)
        self.shown: list[tuple[float, str]] = []
        """What was drawn, with the moment at which it was seen."""

    def _read(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            if select.select([self._window.parent], [], [], left)[0]:
                drawn = os.read(self._window.parent, 65536)
                seen = self._back.arrival(time.monotonic())
                self.shown.append((seen, SEQUENCE.sub(b"", drawn).decode(errors="replace")))

    def type(self, keys: Sequence[str]) -> list[tuple[float, float]]:
        """Press the keys, one after the other; answers when each was pressed, and when it arrived."""
        began = time.monotonic()
        sent = [began + EVERY * number for number in range(len(keys))]
        times = [(moment, self._there.arrival(moment)) for moment in sent]
        for key, (_, arrives) in zip(keys, times, strict=True):
            self._read(arrives)
            self._window.write(key)
        self._read(time.monotonic() + ROUND_TRIP)
        return times

    def seen(self, echo: str, after: float) -> float:
        """When a text is seen that was drawn after a moment."""
        for seen, drawn in self.shown:
            if seen - ROUND_TRIP / 2 > after and echo in drawn:
                return seen
        pytest.fail(f"{echo!r} was not seen: {[drawn for seen, drawn in self.shown if seen > after][:3]}")


def _took(socket: Path, home: Path) -> list[float]:
    """Seconds that each key waited for its echo, beyond what its own packets took."""
    with PseudoTerminal("--socket", str(socket), home=home, environment={"ESCDELAY": "25"}) as window:
        window.until("node03")
        window.until("LIVE")
        window.settle()
        far = FarTerminal(window, seed=5)
        times = far.type([key for key, _ in KEYS])
        arrivals = [arrived for _, arrived in times]
        assert max(arrived - sent for sent, arrived in times) > AGAIN, "no packet was lost"
        return [
            far.seen(echo, arrived) - arrived - ROUND_TRIP / 2
            for (_, echo), arrived, following in zip(KEYS, arrivals, [*arrivals[1:], math.inf], strict=True)
            if following - arrived > EVERY / 2  # of keys that come together the last one is answered
        ]


async def test_each_key_is_answered_by_its_own_echo_in_one_round_trip(daemon: Any, tmp_path: Path) -> None:
    waited = await asyncio.to_thread(_took, daemon.socket, tmp_path)
    assert median(waited) < OWN, waited
    assert len(waited) > len(KEYS) // 2 and max(waited) < OWN + AGAIN, waited

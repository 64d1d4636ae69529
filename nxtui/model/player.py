"""Plays a recording: lets its time pass, faster or slower, stops it, and goes to any moment of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from daemon.display.durations import lasting
from daemon.wire import Detail, Nature, StreamLine
from nxtui.model.recording import Recording, Scene
from nxtui.model.scrub import BEFORE, ScrubMark, marks, quiet
from nxtui.model.times import clock

TICK = 0.1
"""Seconds between two looks at the clock."""

AIM = 60.0
"""Seconds in which a whole recording is played at the first speed."""

SLOWEST, FASTEST = 0.5, 16384.0
JUMPS = 100
"""Jumps from the beginning to the end."""


class Player:
    """Tells ``hear`` what a window that had watched would have been told until ``moment``, with each step of it."""

    def __init__(
        self,
        recording: Recording,
        hear: Callable[[list[StreamLine]], object],
        monotonic: Callable[[], float],
        natures: Mapping[str, Nature] = MappingProxyType({}),
    ) -> None:
        self.recording = recording
        self.moment = recording.start
        self.shown = recording.start
        """The moment of which everything on the screen is: whoever hears of another one draws all of it anew."""
        self.playing = True
        self.speed = 1.0
        while self.speed * AIM < recording.end - recording.start and self.speed < FASTEST:
            self.speed *= 2
        self._hear = hear
        self._monotonic = monotonic
        self._natures = natures
        self._scene = Scene(recording.daemon)
        self._next = 0
        self.skips = False
        """Whether quiet stretches are jumped over."""
        self.marks = marks(recording)
        self.quiet = quiet(recording)

    def told(self) -> tuple[float, str]:
        """The recorded moment that is shown, and the words for it."""
        shown, start, end = self.shown, self.recording.start, self.recording.end
        passed, whole = shown - start, end - start
        state = "" if self.playing else " end" if shown >= end else " paused"
        return shown, f"{clock(shown)} {lasting(passed)}/{lasting(whole)} ×{self.speed:g}{state}"

    async def run(self) -> None:
        """Play until it is cancelled; at the end the last moment stays."""
        self.seek(self.recording.start)
        before = self._monotonic()
        while True:
            await asyncio.sleep(TICK)
            now = self._monotonic()
            if self.playing:
                self._advance(self.moment + (now - before) * self.speed)
                if self.skips:
                    self.skip_quiet()
            before = now

    def skip_quiet(self) -> bool:
        """Go to the end of the quiet stretch that is shown; False if none is."""
        for begin, end in self.quiet:
            if begin <= self.moment < end - BEFORE:
                self.seek(end - BEFORE)
                return True
        return False

    def to_mark(self, by: int) -> ScrubMark | None:
        """Stop a little before the next mark, or the one before, and play on through it slowly; None if there is
        none."""
        ahead = [one for one in self.marks if one.time > self.moment + BEFORE]
        behind = [one for one in self.marks if one.time < self.moment]
        mark = (ahead[0] if ahead else None) if by > 0 else (behind[-1] if behind else None)
        if mark is not None:
            self.seek(mark.time - BEFORE)
            self.speed, self.playing = 1.0, True
        return mark

    def toggle(self) -> None:
        """Stop, or go on; from the end it begins anew."""
        if not self.playing and self.moment >= self.recording.end:
            self.seek(self.recording.start)
        self.playing = not self.playing

    def pace(self, factor: float) -> None:
        """Faster or slower."""
        self.speed = min(FASTEST, max(SLOWEST, self.speed * factor))

    def jump(self, times: int) -> None:
        """On or back by hundredths of the whole."""
        step = max(1.0, (self.recording.end - self.recording.start) / JUMPS)
        self.seek(self.moment + times * step)

    def seek(self, moment: float) -> None:
        """Show how everything stood at a moment, as near as the recording has it."""
        moment = min(max(moment, self.recording.start), self.recording.end)
        if moment >= self.moment and self._next:
            self._advance(moment)
            return
        self._scene, self._next = Scene(self.recording.daemon), 0
        self._lines_until(moment)
        self.moment = moment
        self._hear([self._scene.snapshot(moment), *self._scene.told_events(moment)])

    def _advance(self, moment: float) -> None:
        self.moment = min(moment, self.recording.end)
        self._hear(self._lines_until(self.moment))
        if self.moment >= self.recording.end:
            self.playing = False

    def _lines_until(self, moment: float) -> list[StreamLine]:
        told: list[StreamLine] = []
        lines = self.recording.lines
        while self._next < len(lines) and lines[self._next][0] <= moment:
            told += self._scene.take(lines[self._next][1])
            self._next += 1
        return told

    async def detail(self, name: str) -> Detail:
        """The timeline of an entity up to the moment that is shown. Raises KeyError if it is not there."""
        return Detail(entity=self._scene.entities[name], timeline=self._scene.timeline(name, self._natures))

"""Writes a stretch of a replay as an asciicast (version 2): what this window shows of it, moment by moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

from nxtui.model.recording import Recording
from nxtui.model.times import clock

if TYPE_CHECKING:
    from nxtui.app import NxTui

LONGEST = 60.0
"""Seconds that a cast lasts at most; time passes as much faster in it."""
STEP = 0.2
"""Seconds between two of its pictures at least."""
IDLE = 2.0
"""Seconds for which a player shows one picture at most."""
NO_REPLAY = "R plays back what was; :export cast writes a stretch of that."


def pictures(recording: Recording, begin: float, end: float) -> list[tuple[float, float]]:
    """The pictures of a cast: when each comes, in its seconds, and the recorded moment that it shows. There is one
    wherever something was told, and one at either end."""
    speed = max(1.0, (end - begin) / LONGEST)
    last = ceil((end - begin) / speed / STEP)
    told = {ceil((time - begin) / speed / STEP) for time, _ in recording.lines if begin <= time <= end}
    return [(round(at * STEP, 3), min(end, begin + at * STEP * speed)) for at in sorted({0, last} | told)]


def as_cast(frames: Sequence[tuple[float, Sequence[str]]], size: tuple[int, int], start: float) -> str:
    """Pictures as an asciicast, each its lines with their colours; of one that follows only what differs."""
    width, height = size
    head = {"version": 2, "width": width, "height": height, "timestamp": int(start), "idle_time_limit": IDLE,
            "title": "nxtui --replay", "env": {"TERM": "xterm-256color"}}  # fmt: skip
    told, before = [json.dumps(head)], list[str]()
    for at, lines in frames:
        changed = [y for y, line in enumerate(lines) if y >= len(before) or before[y] != line]
        text = "".join(f"\x1b[{y + 1};1H{lines[y]}\x1b[0m" for y in changed)
        if text:
            told.append(json.dumps([at, "o", text if before else f"\x1b[2J\x1b[?25l{text}"]))
        before = list(lines)
    return "\n".join(told) + "\n"


async def export_cast(nx: NxTui) -> None:
    """Ask for the stretch, draw it picture by picture in this window, and ask for the name of the file."""
    from nxtui.screens.pick import PickList

    player = nx.player
    if player is None:
        nx.say(NO_REPLAY)
        return
    start, here, end = player.recording.start, player.moment, player.recording.end
    stretches = {"whole": (start, end), "on": (here, end), "until": (start, here)}
    words = {"whole": "all of it", "on": "from here on", "until": "until here"}
    entries = [
        (key, f"{clock(begin)} - {clock(over)}", words[key]) for key, (begin, over) in stretches.items()
    ]
    chosen = await nx.questions.pick(PickList("Write which stretch as a cast?", entries, "type to narrow"))
    if chosen is None:
        return
    begin, over = stretches[chosen]
    player.playing = False
    frames = []
    for at, moment in pictures(player.recording, begin, over):
        player.seek(moment)
        await _drawn(nx)
        if nx.player is not player:
            nx.say("Nothing was written: the replay was left.", "warning")
            return
        frames.append((at, _picture(nx)))
    player.seek(here)
    await nx.questions.save("replay", "cast", as_cast(frames, nx.size, begin))


async def _drawn(nx: NxTui) -> None:
    """Wait until what was told is on the screen."""
    for part in (nx, nx.screen):
        drawn = asyncio.Event()
        part.call_after_refresh(drawn.set)
        await drawn.wait()


def _picture(nx: NxTui) -> list[str]:
    """The lines of the screen, with the sequences of their colours."""
    strips = nx.screen._compositor.render_strips(nx.size)
    return [strip.render(nx.console) for strip in strips]

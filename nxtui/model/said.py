"""What this window said: the last of it stands on one line, and all of it can be read again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]

KEPT = 500
"""Messages remembered; the oldest make room."""

NEW = 10.0
"""Seconds for which a message is new; no news takes the place of a failure that is."""

ANSWERING = 3.0
"""Seconds for which the answer to a key stands before a failure that is new."""


@dataclass
class Saying:
    """One message. ``time`` is the moment as people tell it, ``received`` the same on the clock that only goes on;
    ``about`` names the node or cluster that it is about; ``is_news``: it answers no key; ``times`` counts how often it
    was said in a row."""

    time: float
    received: float
    level: Level
    text: str
    about: str = ""
    is_news: bool = False
    times: int = 1
    first: float = 0.0
    """When it was said first in a row, on the same clock as ``received``."""

    def __post_init__(self) -> None:
        self.first = self.received


class Said:
    """Every message of one window, the newest last."""

    def __init__(self) -> None:
        self.all: deque[Saying] = deque(maxlen=KEPT)

    def add(self, saying: Saying) -> None:
        """Remember a message; one that repeats the last counts there."""
        last = self.all[-1] if self.all else None
        if last is not None and (last.level, last.text) == (saying.level, saying.text):
            last.time, last.received, last.times = saying.time, saying.received, last.times + 1
        else:
            self.all.append(saying)

    def current(self, moment: float) -> Saying | None:
        """What stands on the line: the last answer to a key for a moment, else the last failure until it has stood
        there for as long as it is new, else the last message."""
        hidden, begun = 0.0, moment
        for one in reversed(self.all):
            age = moment - one.received
            if one.level == "error":
                return one if age - hidden < NEW else self.all[-1]
            if not one.is_news:
                if age < ANSWERING:
                    return one
                hidden += max(0.0, min(one.received + ANSWERING, begun) - one.first)
                begun = one.first
            if age - hidden >= NEW:
                break
        return self.all[-1] if self.all else None

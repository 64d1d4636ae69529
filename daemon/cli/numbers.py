"""The numbers at the command line: each has a range that is told, in the help and to whoever leaves it."""

from __future__ import annotations

import re
from typing import Any

import click

from daemon.wire import LAST_REVISION

YEAR = 365 * 86_400
_WHOLE = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")


class Whole(click.IntRange):
    """A whole number in a range."""

    def __init__(self, lowest: int, highest: int) -> None:
        super().__init__(lowest, highest)
        self.words = f"a whole number from {lowest} to {highest}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _in_range(value, _WHOLE, self.min, self.max)
        return self.fail(f"{value!r} is not {self.words}.", param, ctx) if found is None else int(found)


class NumberOption(click.FloatRange):
    """A number in a range, perhaps with a fraction."""

    def __init__(self, lowest: float, highest: float) -> None:
        super().__init__(lowest, highest)
        self.words = f"a number from {lowest:.15g} to {highest:.15g}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _in_range(value, _NUMBER, self.min, self.max)
        return self.fail(f"{value!r} is not {self.words}.", param, ctx) if found is None else float(found)


def _in_range(value: Any, looks: re.Pattern[str], lowest: Any, highest: Any) -> int | float | None:
    """The number, if it looks like one and is within the range."""
    if isinstance(value, str):
        if not looks.fullmatch(value):
            return None
        value = float(value) if "." in value else int(value)
    return value if isinstance(value, (int, float)) and lowest <= value <= highest else None


SECONDS = NumberOption(0, YEAR)
"""How long somebody waits."""
PORT = Whole(0, 65535)
"""A port; 0 is any that is free."""
REVISION = Whole(0, LAST_REVISION)

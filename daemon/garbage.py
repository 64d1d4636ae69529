"""Tells Python's garbage collector that what was loaded stays, and that there is little to find in the rest."""

from __future__ import annotations

import gc

OFTEN = (50_000, 20, 50)
"""New objects before the youngest are looked through, and how many such rounds before the older ones are. Python's
700 costs a busy engine a fifth of its time: its garbage forms no cycles and goes by itself."""


def seldom() -> None:
    """Search less often from now on: good for a start too, which makes much that stays."""
    gc.set_threshold(*OFTEN)


def settle() -> None:
    """Leave what exists now out of every search."""
    gc.freeze()

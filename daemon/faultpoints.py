"""Named points at which a crash test kills the daemon: one at each arrow of the sequence of a step.

`NXD_CRASH=after_intent#3` ends the process with SIGKILL at the third passage of that point. Without the
variable a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

POINTS: tuple[str, ...] = (
    "before_intent",
    "after_intent",
    "after_call",
    "before_commit",
    "after_commit",
    "before_delete",
    "after_delete",
)
"""Every point, in the order in which a step passes them."""

_wanted, _, _count = os.environ.get("NXD_CRASH", "").partition("#")
_left = int(_count or 1)


def point(name: str) -> None:
    """Die here, if this is the passage that was asked for."""
    global _left
    if name != _wanted:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

"""The retry ladder of a failed installation."""

from __future__ import annotations

from daemon.life.ladder import Ladder
from daemon.platforms.base import Climb

LADDER = Ladder(
    (Climb("retry", "restart"), Climb("retry", "reinitialise"), Climb("replace", "replace")),
    states=("awaiting_boot", "awaiting_config", "installing", "awaiting_cvm"),
    curable=("install_failed", "deadline", "server_failed"),
)
"""Restart the machine; reinitialise the same server (same addresses, no new bill); order another server."""

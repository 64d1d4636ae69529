"""The signs of phases: one cell wide each, and always beside a word."""

from __future__ import annotations

from daemon.wire import Phase

PHASES: dict[Phase, str] = {
    "waiting": "○",
    "working": "◐",
    "ok": "✓",
    "attention": "▲",
    "failed": "✗",
    "releasing": "↩",
    "released": "∅",
}
PHASES_IN_ASCII: dict[Phase, str] = {
    "waiting": ".",
    "working": "o",
    "ok": "+",
    "attention": "!",
    "failed": "x",
    "releasing": "<",
    "released": "-",
}
IN_ASCII: dict[str, str] = {sign: PHASES_IN_ASCII[phase] for phase, sign in PHASES.items()}
"""What stands for the sign of a phase where there is no more than ASCII."""

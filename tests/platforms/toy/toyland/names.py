"""What boxes, rows and the environment may be called: their names fit on a label."""

from __future__ import annotations

from daemon.spec.names import NameRule
from daemon.spec.values import matching

NAMES = NameRule(12, matching("[a-z]{1,8}", "a word of at most 8 small letters, as fits on a label"))

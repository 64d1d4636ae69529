"""The installer has as many phases for whoever listens as for whoever speaks."""

from __future__ import annotations

from daemon.platforms.ibm_nutanix.installer_reports import LAST_PHASE, PHASES
from daemon.sim.machines.installer import MESSAGES
from daemon.sim.world.durations import DURATIONS


def test_every_phase_has_words_a_message_and_a_duration() -> None:
    phases = list(range(1, LAST_PHASE + 1))
    assert list(PHASES) == list(MESSAGES) == phases
    assert [name for name in DURATIONS if name.startswith("phase.")] == [f"phase.{one}" for one in phases]

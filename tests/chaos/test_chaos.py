"""A short, seeded part of `make chaos`, so that no change lands that it would have caught at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_dozens_of_kills_leak_nothing_double_nothing_and_leave_nobody_stuck() -> None:
    environ = {**os.environ, "KILLS": "48", "SEED": "3"}
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run.py"))], capture_output=True, text=True, env=environ
    )
    counts = json.loads(run.stdout.splitlines()[-1])
    assert run.returncode == 0, run.stdout + run.stderr
    assert {name: counts[name] for name in ("leaked", "doubled", "stuck", "lost_events")} == dict.fromkeys(
        ("leaked", "doubled", "stuck", "lost_events"), 0
    )
    assert counts["kills"] >= 48
    assert counts["deployments"] >= 2

"""What is loaded when: nobody waits for a module that he does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house_rules import SDKS

ROOT = Path(__file__).parents[1]

HEAVY = {
    "textual",
    "aiohttp",
    "asyncio",
    "pydantic",
    "httpx",
    "rich",
    *SDKS,
}  # more than a command's work takes
COMMAND = """
import sys, daemon.cli
sys.argv = ["nxd", *{}]
try:
    daemon.cli.main()
except SystemExit:
    pass
"""


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("code", "never"),
    [
        pytest.param("import state_machines.ibm_nutanix", {"asyncio", "aiosqlite", *HEAVY}, id="the-tables"),
        pytest.param("import nxtui.main, nxtui.app", {"aiohttp", *SDKS}, id="the-terminal-ui"),
        pytest.param(COMMAND.format(["--help"]), {"h11", *HEAVY}, id="nxd-help"),
        pytest.param(COMMAND.format(["--socket", "/nowhere", "status"]), HEAVY, id="nxd-status"),
    ],
)
def test_nobody_loads_what_he_does_not_need(code: str, never: set[str]) -> None:
    report = "\nimport sys; print(*sys.modules, file=sys.stderr)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code + report],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    loaded = set(run.stderr.splitlines()[-1].split())
    assert {"daemon", "state_machines", "nxtui"} & loaded
    assert loaded & never == set()

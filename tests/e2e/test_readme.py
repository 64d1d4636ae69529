"""What the README tells a newcomer to type does what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon" / "cli"))  # that folder is no package

from shapes_fit import misfits

from daemon.cli.shapes import SHAPES

ROOT = Path(__file__).parents[2]


@pytest.mark.e2e
def test_the_demo_grows_by_a_node_as_the_readme_shows(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("### Grow it")[2]
    block = re.search(r"```console\n(.*?)```", section, re.DOTALL)
    assert block
    lines = [line.removeprefix("$ ") for line in block[1].splitlines()]
    assert len(lines) == 7 and lines[-1].endswith("demo --stop")
    shown = ("login demo", "audit", "preflight demo.yaml", "show demo", "status")
    lines[-1:-1] = [f".venv/bin/nxd {words} --json > {words.split()[0]}.json" for words in shown]
    lines.insert(-1, ".venv/bin/nxd status")
    typed = "\n".join(lines).replace("--headless", "--headless --speed 1000")
    program = typed.replace(".venv/bin/nxd", f"{shlex.quote(sys.executable)} -m daemon.cli")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NXD_", "XDG_"))}
    try:
        ended = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", program],
            env={**environment, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=110,
        )
    finally:
        stop = [sys.executable, "-m", "daemon.cli", "demo", "--stop"]
        subprocess.run(
            stop,
            env={**environment, "HOME": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            timeout=30,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    for words in shown:
        name = words.split()[0]
        assert misfits(json.loads((tmp_path / f"{name}.json").read_text()), SHAPES[name]) == []
    assert "1 server of bx2d-metal-96x384" in ended.stdout
    (joined,) = [line for line in ended.stdout.splitlines() if line.startswith("node04\t")]
    assert joined.split("\t")[1:5] == ["node", "demo", "ok", "active"]

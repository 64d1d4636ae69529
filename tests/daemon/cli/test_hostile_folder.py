"""A command is typed in any folder: what lies there is never run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daemon.demo.setup import Demo, DemoOptions

ROOT = Path(__file__).parents[3]


@pytest.mark.e2e
def test_a_demo_runs_no_code_of_the_folder_it_is_typed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, ran = tmp_path / "folder", tmp_path / "ran"
    for name in ("daemon/__init__.py", "yaml.py", "click.py"):
        trap = folder / name
        trap.parent.mkdir(parents=True, exist_ok=True)
        trap.write_text(f"open({str(ran)!r}, 'a').write(__name__)\nraise SystemExit(9)\n")
    monkeypatch.chdir(folder)
    stage = Demo(tmp_path / "demo")
    try:
        stage.set_up(DemoOptions(60.0))
    finally:
        stage.stop()
    assert not ran.exists(), ran.read_text()


def test_every_child_of_the_product_is_started_without_the_folder_of_the_terminal() -> None:
    started = [
        (path.name, words)
        for room in ("daemon", "nxtui", "pxe", "state_machines", "packaging")
        for path in (ROOT / room).rglob("*.py")
        for words in re.findall(r"sys\.executable,[^\]]*", path.read_text())
    ]
    assert len(started) >= 3
    isolated = ('sys.executable, "-P"', 'sys.executable, "-I"')  # the second is the first, and more
    assert [one for one in started if not one[1].startswith(isolated)] == []

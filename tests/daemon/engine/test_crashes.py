"""A record that the daemon dies of again and again is held, and the others run on."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.engine.crashes import CrashLog
from daemon.engine.engine import Engine
from state_machines.outcome import Done, Wait


def crash_log(path: Path) -> CrashLog:
    """That of a daemon whose state directory is the one of the path."""
    return CrashLog(os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY), path.name)


def die_while(path: Path, *running: str, ended: tuple[str, ...] = ()) -> None:
    """A process that is killed while steps of these records run, after those of others have ended."""
    program = f"""
        import os, signal
        from daemon.engine.crashes import CrashLog
        log = CrashLog(os.open({str(path.parent)!r}, os.O_RDONLY), {path.name!r})
        for name in {ended!r}:
            log.begin(name)
            log.end(name)
        for name in {running!r}:
            log.begin(name)
        log.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env={**os.environ, "PYTHONPATH": "."}
    )
    assert died.returncode == -signal.SIGKILL


@pytest.mark.e2e
def test_only_deaths_in_a_row_count_and_only_against_what_was_running(tmp_path: Path) -> None:
    path = tmp_path / "running"
    die_while(path, "node01", "node02")
    die_while(path, "node01", ended=("node02",))
    assert crash_log(path).counts == {"node01": 2}
    die_while(path, "node03", ended=("node01",))
    assert crash_log(path).counts == {"node03": 1}


def test_a_record_that_goes_on_at_once_is_running_all_the_time(tmp_path: Path) -> None:
    log = crash_log(tmp_path / "running")
    for _ in range(3):
        log.begin("node01")
        log.end("node01")
    log.begin("node01")
    log.begin("node02")
    log.end("node02")
    log.flush()
    assert (tmp_path / "running").read_text() == "+node01\n+node02\n-node02\n"
    shutil.copy(tmp_path / "running", tmp_path / "copy")
    assert crash_log(tmp_path / "copy").counts == {"node01": 1}
    log.close()


def test_those_who_come_next_are_marked_with_the_first_unless_they_are_under_suspicion(
    tmp_path: Path,
) -> None:
    path = tmp_path / "running"
    path.write_text("+suspect\n")
    log = crash_log(path)
    log.begin("node01", ["node02", "suspect", "node03"])
    log.begin("node02", ["node03"])
    assert path.read_text() == "!suspect 1\n+node01\n+node02\n+node03\n"
    log.end("suspect")
    assert log.suspects("suspect", 1), "none of its steps has ended since"
    log.close()
    assert crash_log(path).counts == {"suspect": 1}, "a turn that never began counts against nobody"


def test_suspects_look_at_nobody_else_so_that_ten_thousand_of_them_start_at_once(tmp_path: Path) -> None:
    path = tmp_path / "running"
    names = [f"node{number:05}" for number in range(10_000)]
    path.write_text("".join(f"+{name}\n" for name in names))
    log, looked = crash_log(path), 0

    def others() -> Iterator[str]:
        nonlocal looked
        for name in names:
            looked += 1
            yield name

    for name in names:
        log.begin(name, others())
    assert looked == 0
    log.close()


def test_a_daemon_that_ends_in_order_counts_against_nobody(tmp_path: Path) -> None:
    log = crash_log(tmp_path / "running")
    log.begin("node01")
    log.end("node01")
    log.close()
    assert crash_log(tmp_path / "running").counts == {}


@pytest.mark.e2e
async def test_a_record_the_daemon_died_of_three_times_is_held_and_the_others_run_on(
    house: Any, tmp_path: Path
) -> None:
    await house.sow("node01", "node02")
    for name in ("node01", "node02"):
        house.toy.script[name, "making"] = [Wait("the test", "it goes on", 10.0), Done()]
        await house.tell(name, "start")
    await house.stop()
    for _ in range(3):
        die_while(tmp_path / "running", "node01", ended=("node02",))
    await house.prepare()
    house.engine = Engine(
        house.journal, {"toy": house.toy}, house.box, house.pace, crash_log(tmp_path / "running")
    )
    await house.run()
    await house.pass_time(10)
    assert (house.record("node01").state, house.record("node01").error["code"]) == ("held", "deadly")
    assert house.record("node02").state == "ready"
    await house.tell("node01", "resume")
    await house.pass_time(10)
    assert house.record("node01").state == "ready"


async def test_while_a_step_runs_its_record_is_marked_and_no_longer(house: Any, tmp_path: Path) -> None:
    marks = tmp_path / "running"
    seen: list[str] = []

    async def step(ctx: Any) -> Done:
        seen.append(marks.read_text())
        return Done()

    await house.sow("node01")
    house.toy.script["making"] = step
    await house.stop()
    await house.prepare()
    house.engine = Engine(house.journal, {"toy": house.toy}, house.box, house.pace, crash_log(marks))
    await house.run()
    await house.tell("node01", "start")
    assert seen == ["+node01\n"]
    assert marks.read_text().endswith("-node01\n")


@pytest.mark.e2e
@pytest.mark.parametrize("suspects", [True, False])
async def test_after_two_deaths_suspects_run_one_after_the_other_and_after_one_all_at_once(
    house: Any, tmp_path: Path, suspects: bool
) -> None:
    names = [f"node{number:02}" for number in range(1, 6)]
    await house.sow(*names)
    for _ in range(2 if suspects else 1):
        die_while(tmp_path / "running", *names)
    at_once: list[int] = []
    running: set[str] = set()

    async def step(ctx: Any) -> Done:
        running.add(ctx.record.name)
        at_once.append(len(running))
        for _ in range(20):
            await asyncio.sleep(0)
        running.discard(ctx.record.name)
        return Done()

    house.toy.script["making"] = step
    await house.stop()
    await house.prepare()
    house.engine = Engine(
        house.journal, {"toy": house.toy}, house.box, house.pace, crash_log(tmp_path / "running")
    )
    await house.run()
    for name in names:
        await house.ask(name, "start")
    await house.idle()
    assert len(at_once) == len(names)
    assert (max(at_once) == 1) is suspects

"""What the host itself may do to the daemon: a full disk, a disk that lies, a locked database, a clock that jumps,
an API that hangs, an end in the middle of everything. Nothing new is called while nothing can be written, reads
go on, health says so, and all goes on when the cause is gone.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client, DaemonRefused, DaemonUnreachable
from daemon.demo.setup import Demo
from tests import commands
from tests.e2e.deployments import mend, plant, run_to, spec, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

UNIT = Path(__file__).parents[2] / "packaging" / "systemd" / "nxd.service"
SPEED = 1200.0
JUMP = 50 * 3600.0
"""Daemon seconds that the clock jumps: at this speed an hour is over too soon to tell that somebody waited for it."""
MADE = {"reserved_ip": 13, "vni": 6, "server": 3, "record": 13}

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
struct orders { double ahead; int broken; };
static volatile struct orders *told;
__attribute__((constructor)) static void read_orders(void) {
    int file = open(getenv("HOST_FAULTS"), O_RDONLY);
    void *page = mmap(0, 4096, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) told = page;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(which, now);
    if (which == CLOCK_REALTIME && told) {
        double moved = now->tv_sec + now->tv_nsec / 1e9 + told->ahead;
        now->tv_sec = (time_t)moved;
        now->tv_nsec = (long)((moved - (time_t)moved) * 1e9);
    }
    return answer;
}
static int sync_with(const char *name, int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    if (told && told->broken) { errno = EIO; return -1; }
    return real(file);
}
int fsync(int file) { return sync_with("fsync", file); }
int fdatasync(int file) { return sync_with("fdatasync", file); }
"""
"""Stands before the C library: the wall clock is ahead by so much, and syncing a file fails, while it is told so."""


def calls(one: Any) -> list[dict[str, Any]]:
    """The calls that change something, as the simulated cloud received them."""
    return [call for call in all_calls(one) if call["method"] != "GET"]


def all_calls(one: Any) -> list[dict[str, Any]]:
    """Every call, a mere look too."""
    found = one._ask("/calls")["calls"]
    return [call for call in found if call["service"] in ("vpc", "dns", "prism")]


def states(stage: Demo) -> set[str]:
    with Client(stage.socket) as client:
        return {entity["state"] for entity in (*client.clusters(), *client.nodes())}


def healthy(stage: Demo) -> bool:
    with Client(stage.socket) as client:
        return client.health()["ok"]


def hold_still(one: Any) -> None:
    """While nothing can be written: no call that changes anything, reads go on, verbs are refused, health is red."""
    until(lambda: not healthy(one.stage), "health says what is wrong", 30)
    time_to_finish = len(calls(one))
    until(lambda: quiet(one), "what was on its way is done", 20)
    assert len(calls(one)) - time_to_finish < 12, "it went on calling"
    before, looks = len(calls(one)), len(all_calls(one))
    with Client(one.stage.socket) as client:
        problems = " ".join(client.health()["problems"])
        assert "database" in problems
        snapshot = client.snapshot()
        assert snapshot["nodes"], "reads go on"
        assert snapshot["unwritten"]["since"] <= snapshot["now"], "and say of when they are"
        assert client.log(limit=5)["events"], "the log can be read"
        with pytest.raises(DaemonRefused) as refused:
            client.verb("hold", "node01")
    for words in (["status"], ["show", "node01"]):
        said = nxd(one, *words)
        assert "The daemon cannot write since 20" in said.stderr and "of then" in said.stderr, said
        assert said.stdout and said.returncode == 0, "what is known is shown all the same"
    assert refused.value.status == 503
    assert refused.value.error["code"] == "database"
    assert len(calls(one)) == before, "something was called that nobody could write down"
    assert len(all_calls(one)) == looks, "it looked at what it could do nothing about"


def nxd(one: Any, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as a script runs it."""
    return commands.run(("--socket", str(one.stage.socket), *words))


def quiet(one: Any) -> bool:
    """Whether no new call that changes something comes for as long as many retries would take."""
    before = len(all_calls(one))
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        time.sleep(0.05)
    return len(all_calls(one)) == before


def in_order(one: Any) -> None:
    """All of it is there, once, and the log has no gap."""
    run_to(one.stage, "active")
    assert "cannot write" not in nxd(one, "status").stderr
    counts = one.counts()
    assert counts["created"] == counts["existing"] == MADE
    with Client(one.stage.socket) as client:
        log = client.log(limit=10_000)
    assert [event["revision"] for event in log["events"]] == list(range(1, log["revision"] + 1))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB where the state directory of the first rig will be."""
    state = tmp_path / "stage0" / "state"
    state.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(state)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield state
    subprocess.run(["umount", "-l", str(state)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free on a disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


def test_on_a_full_disk_nothing_is_called_and_all_goes_on_when_there_is_space(
    small_disk: Path, rig: Callable[..., Any]
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec())
    until(lambda: "creating_vnis" in states(one.stage), "interfaces are made", 30)
    filler = fill(small_disk)
    hold_still(one)
    filler.unlink()
    until(lambda: healthy(one.stage), "health is green again", 60)
    in_order(one)


def test_a_daemon_that_starts_on_a_full_disk_says_so(small_disk: Path, rig: Callable[..., Any]) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec())
    one.stage.kill_daemon()
    with closing(sqlite3.connect(small_disk / "nxd.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # no room is left in the log
    filler = fill(small_disk)
    child = one.stage.spawn_daemon()
    code = child.wait(30)
    said = (one.stage.directory / "serve.log").read_text().strip().splitlines()[-1]
    filler.unlink()
    assert code == 1, said
    assert "cannot be written" in said, said
    one.refused.append("cannot be written")
    one.stage.start_daemon()
    in_order(one)


class Host:
    """A host under orders: its wall clock, and whether it can sync a file."""

    def __init__(self, directory: Path) -> None:
        self._orders = directory / "orders"
        self._orders.write_bytes(bytes(4096))
        self.library = directory / "host.so"

    def set(self, ahead: float = 0.0, broken: bool = False) -> None:
        """From now on."""
        with self._orders.open("r+b") as file:
            file.write(struct.pack("di", ahead, broken))

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs to live on this host."""
        return {"LD_PRELOAD": str(self.library), "HOST_FAULTS": str(self._orders)}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler to build the host that fails")
    made = Host(tmp_path)
    source = tmp_path / "host.c"
    source.write_text(SHIM)
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made.library), str(source), "-ldl"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made


@pytest.fixture
def hosted(rig: Callable[..., Any], host: Host, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A rig whose daemon, and only that, lives on the host under orders."""
    one = rig()
    one.stage.stop_daemon()
    for name, value in host.environ.items():
        monkeypatch.setenv(name, value)
    one.stage.start_daemon()
    return one


def test_when_the_disk_cannot_sync_nothing_is_called_until_it_can(hosted: Any, host: Host) -> None:
    with Client(hosted.stage.socket) as client:
        client.apply(spec())
    until(lambda: "creating_vnis" in states(hosted.stage), "interfaces are made", 30)
    host.set(broken=True)
    hold_still(hosted)
    host.set(broken=False)
    until(lambda: healthy(hosted.stage), "health is green again", 60)
    in_order(hosted)


@pytest.mark.parametrize("ahead", [JUMP, -JUMP], ids=["forward", "back"])
def test_when_the_clock_jumps_nothing_is_lost_and_nobody_waits_for_it_to_come_back(
    hosted: Any, host: Host, ahead: float
) -> None:
    with Client(hosted.stage.socket) as client:
        client.apply(spec())
    until(lambda: "creating_server" in states(hosted.stage), "servers are ordered", 30)
    host.set(ahead=ahead / SPEED)
    begun = time.monotonic()
    end = begun + 30
    while states(hosted.stage) != {"active"} and time.monotonic() < end:
        retry_what_failed(hosted.stage)
        time.sleep(0.1)
    in_order(hosted)
    hosted.stage.kill_daemon()
    host.set(ahead=-ahead / SPEED)
    hosted.stage.start_daemon()
    with Client(hosted.stage.socket) as client:
        client.verb("destroy", "demo", meant=True)
    until(lambda: not states(hosted.stage), "everything is gone", 60)
    assert hosted.counts()["existing"] == dict.fromkeys(MADE, 0)


def retry_what_failed(stage: Demo) -> None:
    with Client(stage.socket) as client:
        for entity in (*client.clusters(), *client.nodes()):
            if entity["state"] == "failed":
                assert entity["error"] is not None and entity["error"]["code"] == "deadline", entity["error"]
                with suppress(DaemonRefused):
                    client.verb("retry", entity["name"], meant=True)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the writing lock of the database."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_database_that_somebody_else_locks_stops_the_calls_and_loses_nothing(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec())
    until(lambda: "creating_vnis" in states(one.stage), "interfaces are made", 30)
    with locked(one.stage.directory / "state" / "nxd.db"):
        hold_still(one)
    until(lambda: healthy(one.stage), "health is green again", 60)
    in_order(one)


@pytest.mark.parametrize("cause", ["locked", "full"])
def test_a_time_in_which_nothing_can_be_written_fails_no_installation_at_its_deadline(
    small_disk: Path, rig: Callable[..., Any], cause: str
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(spec(on_failure="rollback"))
    until(lambda: "installing" in states(one.stage), "nodes are installed", 30)
    if cause == "locked":
        with locked(small_disk / "nxd.db"):
            time.sleep(16)  # 5 h 20 min of the nodes'
    else:
        filler = fill(small_disk)
        time.sleep(16)
        filler.unlink()
    in_order(one)
    with Client(one.stage.socket) as client:
        said = [event["message"] for event in client.log(limit=10_000)["events"]]
    assert sum("took nothing for" in line for line in said) == 1 and "its deadline" not in " ".join(said)


def test_a_second_daemon_on_the_same_state_refuses_and_the_first_works_on(rig: Callable[..., Any]) -> None:
    one = rig()
    first = one.stage.processes()["serve"]
    with Client(one.stage.socket) as client:
        client.apply(spec())
    second = one.stage.spawn_daemon()
    one.stage._remember("processes", {**one.stage.processes(), "serve": first})
    assert second.wait(30) != 0
    one.refused.append("Another nxd works on")
    assert "Another nxd works on" in (one.stage.directory / "serve.log").read_text()
    in_order(one)


def test_an_api_that_hangs_takes_its_threads_and_nothing_else(
    rig: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NXD_IBM_READ_TIMEOUT", "2")
    monkeypatch.setenv("NXD_IBM_CONNECTIONS", "4")
    monkeypatch.setenv("NXD_DEADLINES_FACTOR", "500")
    one = rig()
    plant(one, {"trigger": "vpc POST *", "action": "hang", "count": 40})
    with Client(one.stage.socket) as client:
        client.apply(spec())
        slowest = 0.0
        end = time.monotonic() + 12
        while time.monotonic() < end:
            asked = time.monotonic()
            client.snapshot()
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.05)
        assert slowest < 1.0, f"the socket answered after {slowest:.1f} s"
        shown = client.nodes()
        assert all(node["waiting_for"] or node["error"] for node in shown), "it says what it waits for"
    mend(one)
    in_order(one)


def test_sigterm_in_the_middle_of_everything_ends_it_cleanly_within_the_units_limit(
    rig: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    limit = float(unit["Service"]["TimeoutStopSec"])
    monkeypatch.setenv("NXD_IBM_READ_TIMEOUT", "3")
    monkeypatch.setenv("NXD_DEADLINES_FACTOR", "500")
    one = rig()
    plant(one, {"trigger": "vpc POST /virtual_network_interfaces", "action": "hang_after", "count": 3})
    with Client(one.stage.socket) as client:
        client.apply(spec())
        reader = client.stream()
        next(reader)
        until(lambda: "creating_vnis" in states(one.stage), "interfaces are made, and hang", 30)
        child = one.stage._children[one.stage.processes()["serve"]]
        begun = time.monotonic()
        os.kill(child.pid, signal.SIGTERM)
        code = child.wait(limit)
        took = time.monotonic() - begun
        with suppress(DaemonUnreachable):
            for _ in reader:
                pass
    assert code == 0, (one.stage.directory / "serve.log").read_text()[-2000:]
    assert took < limit / 2, f"it took {took:.1f} s of {limit:.0f}"
    assert not one.stage.socket.exists()
    one.stage.start_daemon()
    in_order(one)

"""nxd is a well-behaved service: its unit is sound and hardened, and it tells the service manager the truth."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from oracle import broken

from tests.loopback import free_ports

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "packaging" / "systemd" / "nxd.service"
STOCK = ("sysinit", "basic", "shutdown", "network", "network-online", "multi-user")
"""Targets of a stock system that the unit leans on."""

SINCE_254 = ("RestartSteps", "RestartMaxDelaySec")
"""Keys of the unit that an older systemd passes over with a warning."""

EXPOSURE = 20
"""How exposed the unit may be by systemd's own measure, in tenths: 20 of 100."""

PATIENCE = 30.0
"""Seconds a daemon may take to start or to stop on a busy machine."""


@pytest.fixture
def analyze() -> str:
    tool = shutil.which("systemd-analyze")
    if tool is None and os.environ.get("CI"):
        pytest.fail("systemd-analyze is missing: install the package systemd")
    if tool is None:
        pytest.skip("systemd-analyze is not installed, so the unit cannot be checked here")
    return tool


def plain_system(root: Path, unit: str) -> None:
    """A system with the unit, what it starts, and the stock targets."""
    targets = root / "usr/lib/systemd/system"
    targets.mkdir(parents=True)
    for name in STOCK:
        (targets / f"{name}.target").write_text(f"[Unit]\nDescription={name}\n", encoding="utf-8")
    installed = root / "etc/systemd/system/nxd.service"
    installed.parent.mkdir(parents=True)
    installed.write_text(unit, encoding="utf-8")
    program = root / "opt/nxd/bin/nxd"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)


def verify(analyze: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [analyze, "verify", f"--root={root}", "/etc/systemd/system/nxd.service"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def too_new(line: str) -> bool:
    """Whether a systemd before 254 passes over a key that it does not know yet."""
    return "Unknown key" in line and any(f"'{key}'" in line for key in SINCE_254)


@pytest.mark.e2e
def test_systemd_finds_nothing_to_say_about_the_unit(analyze: str, tmp_path: Path) -> None:
    plain_system(tmp_path, UNIT.read_text(encoding="utf-8"))
    checked = verify(analyze, tmp_path)
    said = [line for line in (checked.stdout + checked.stderr).splitlines() if not too_new(line)]
    assert (checked.returncode, said) == (0, [])


@pytest.mark.e2e
def test_systemd_would_name_a_mistake_in_the_unit(analyze: str, tmp_path: Path) -> None:
    plain_system(tmp_path, UNIT.read_text(encoding="utf-8").replace("Type=notify", "Type=notifying"))
    checked = verify(analyze, tmp_path)
    assert "notifying" in checked.stdout + checked.stderr


@pytest.mark.e2e
def test_the_unit_leaves_little_to_attack(analyze: str) -> None:
    command = [analyze, "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(UNIT)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_unit_is_the_service_that_was_promised() -> None:
    unit = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT, encoding="utf-8")
    wanted = {
        "Type": "notify",
        "ExecStart": "/opt/nxd/bin/nxd serve",
        "Environment": "NXD_CONFIG=/etc/nxd/nxd.yaml",
        "User": "nxd",
        "StateDirectory": "nxd",
        "RuntimeDirectory": "nxd",
        "RuntimeDirectoryMode": "0750",
        "Restart": "on-failure",
        "TimeoutStopSec": "30",
        "KillSignal": "SIGTERM",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "NoNewPrivileges": "yes",
    }
    assert {key: unit["Service"].get(key) for key in wanted} == wanted
    assert "PrivateUsers" not in unit["Service"], "it would hide the peer's user, who is the actor in the log"


def write_settings(home: Path) -> Path:
    boot, config = free_ports(2)
    file = home / "nxd.yaml"
    file.write_text(
        f"""environment: test
state_dir: {home}/state
socket: {home}/nxd.sock
boot:
  listen: 127.0.0.1:{boot}
  url: http://10.240.0.5:{boot}
config:
  listen: 127.0.0.1:{config}
  url: http://10.240.0.5:{config}
ibm:
  trusted_profile: Profile-00000000-0000-4000-8000-000000000000
""",
        encoding="utf-8",
    )
    return file


@contextmanager
def started(home: Path, settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`nxd serve` as systemd would start it, with its log in ``home``; ended in any case."""
    notify = str(home / "notify")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NXD_CONFIG": str(settings), "NOTIFY_SOCKET": notify}
    with (home / "log").open("wb") as log:
        daemon = subprocess.Popen([sys.executable, "-m", "daemon.cli", "serve"], env=env, stderr=log)
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.kill()
        daemon.wait()
    assert broken((home / "log").read_text(errors="replace")) == []


@contextmanager
def service_manager(home: Path) -> Iterator[socket.socket]:
    """The socket on which systemd listens to a service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(home / "notify"))
        manager.settimeout(0.2)
        yield manager


def hear(manager: socket.socket, word: str, daemon: subprocess.Popen[bytes], log: Path) -> None:
    """Listen until the daemon says that word. Fails when it ends before, or is silent for too long."""
    heard: list[str] = []
    until = time.monotonic() + PATIENCE
    while word not in heard:
        ended = daemon.poll() is not None
        try:
            heard += manager.recv(4096).decode().splitlines()
        except TimeoutError:
            assert not ended, f"nxd ended with {daemon.returncode}: {log.read_text(encoding='utf-8')}"
            assert time.monotonic() < until, f"{word} did not come in {PATIENCE:g} s; heard {heard}"


@pytest.mark.e2e
def test_the_daemon_says_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with service_manager(tmp_path) as manager, started(tmp_path, write_settings(tmp_path)) as daemon:
        hear(manager, "READY=1", daemon, log)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "nxd.sock"))
        daemon.send_signal(signal.SIGTERM)
        hear(manager, "STOPPING=1", daemon, log)
        assert daemon.wait(PATIENCE) == 0
    assert not (tmp_path / "nxd.sock").exists()
    lines = log.read_text(encoding="utf-8").splitlines()
    assert any("action=ready" in line for line in lines) and any("action=stopping" in line for line in lines)
    assert len(lines) < 20, (
        f"a start and a stop are {len(lines)} lines of log, such as {lines[len(lines) // 2]!r}"
    )


def restarted_after(code: int) -> bool:
    """Whether the unit tries again after this exit code."""
    (prevented,) = re.findall(
        r"^RestartPreventExitStatus=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE
    )
    return code != 0 and str(code) not in prevented.split()


@pytest.mark.e2e
def test_a_daemon_with_wrong_settings_is_never_ready_and_is_not_restarted(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("environment: test\n", ""), encoding="utf-8"
    )
    with service_manager(tmp_path) as manager:
        with started(tmp_path, settings) as daemon:
            code = daemon.wait(PATIENCE)
        with pytest.raises(TimeoutError):
            manager.recv(4096)
    assert code == 2
    assert not restarted_after(code)
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert said.startswith("environment is missing: ") and "Traceback" not in said


@pytest.mark.e2e
@pytest.mark.parametrize("trouble", ["port", "address", "directory"])
def test_what_may_pass_by_itself_is_tried_again_and_then_works(tmp_path: Path, trouble: str) -> None:
    settings = write_settings(tmp_path)
    text = settings.read_text(encoding="utf-8")
    with ExitStack() as stack:
        if trouble == "port":
            port = int(re.findall(r"listen: 127.0.0.1:(\d+)", text)[0])
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        elif trouble == "address":
            settings.write_text(text.replace("listen: 127.0.0.1", "listen: 192.0.2.77", 1), encoding="utf-8")
        else:
            (tmp_path / "state").mkdir()
            lock = stack.enter_context((tmp_path / "state" / "nxd.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        with started(tmp_path, settings) as daemon:
            code = daemon.wait(PATIENCE)
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert restarted_after(code), (code, said)
    assert code == 1 and "Traceback" not in said
    settings.write_text(text, encoding="utf-8")
    with service_manager(tmp_path) as manager, started(tmp_path, settings) as daemon:
        hear(manager, "READY=1", daemon, tmp_path / "log")


@pytest.mark.e2e
def test_a_damaged_database_is_not_started_again_and_again(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "nxd.db").write_bytes(b"garbage" * 1000)
    with started(tmp_path, settings) as daemon:
        code = daemon.wait(PATIENCE)
    assert (code, restarted_after(code)) == (4, False)


PACKAGING = ROOT / "packaging"


@pytest.fixture
def other_root(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("only root can make users and directories under another root")
    (tmp_path / "etc").mkdir()
    return tmp_path


def make(root: Path, tool: str, *arguments: str) -> None:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    made = subprocess.run([path, f"--root={root}", *arguments], capture_output=True, text=True, timeout=30)
    assert made.returncode == 0, made.stderr


@pytest.mark.e2e
def test_the_user_the_group_and_the_directories_of_the_unit_exist_after_an_installation(
    other_root: Path,
) -> None:
    unit = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT, encoding="utf-8")
    make(other_root, "systemd-sysusers", str(PACKAGING / "sysusers.d" / "nxd.conf"))
    users = [line.split(":") for line in (other_root / "etc/passwd").read_text().splitlines()]
    groups = [line.split(":")[0] for line in (other_root / "etc/group").read_text().splitlines()]
    (user,) = [one for one in users if one[0] == unit["Service"]["User"]]
    assert unit["Service"]["Group"] in groups and user[6].endswith("nologin")
    make(other_root, "systemd-tmpfiles", "--create", str(PACKAGING / "tmpfiles.d" / "nxd.conf"))
    state, images = other_root / "var/lib/nxd", other_root / "var/lib/nxd/images"
    assert (oct(state.stat().st_mode & 0o777), oct(images.stat().st_mode & 0o777)) == ("0o700", "0o755")
    assert state.stat().st_uid == int(user[2])


def test_the_readme_installs_whatever_is_packaged() -> None:
    steps = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in PACKAGING.rglob("nxd.*"):
        assert str(path.relative_to(ROOT)) in steps, f"README.md does not install {path.name}"
    for order in ("systemd-sysusers", "systemd-tmpfiles --create", "usermod -aG nxd"):
        assert order in steps

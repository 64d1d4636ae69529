"""A jump host of OpenSSH on loopback whose one account gets a captive session, and the canned daemon behind it."""

from __future__ import annotations

import os
import shutil
import socket as sockets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CAPTIVE = Path(sys.executable).with_name("nxtui-captive")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where there is no OpenSSH server, what needs it says so."""
    lacking = pytest.mark.skip(reason="no sshd is installed (apt-get install openssh-server)")
    for item in items:
        if SSHD is None and "jump" in getattr(item, "fixturenames", ()):
            item.add_marker(lacking)


@dataclass
class Jump:
    """The jump host: ``ssh`` is the command up to the host's name."""

    ssh: list[str]
    port: int
    settings: Path

    def run(self, *said: str, options: tuple[str, ...] = (), given: str = "", env: Any = None) -> Any:
        """A command over SSH, to its end."""
        return subprocess.run(
            [*self.ssh[:-1], *options, "--", self.ssh[-1], *said],
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **(env or {})},
        )


def _free_port() -> int:
    with sockets.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _configured(directory: Path, settings: Path) -> tuple[Path, Path, int]:
    """What the manual says, on a port of its own; the file, the key that opens the account, and the port."""
    for name in ("host", "key"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)]
        subprocess.run(made, check=True, stdin=subprocess.DEVNULL)
    port, config = _free_port(), directory / "sshd_config"
    config.write_text(
        f"""
        ListenAddress 127.0.0.1
        Port {port}
        HostKey {directory}/host
        PidFile none
        AuthorizedKeysFile {directory}/key.pub
        StrictModes no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin yes
        Subsystem sftp internal-sftp
        ForceCommand {CAPTIVE} --settings {settings}
        DisableForwarding yes
        PermitUserRC no
        PermitUserEnvironment no
        AcceptEnv LANG LC_*
        ExposeAuthInfo yes
        """
    )
    return config, directory / "key", port


@pytest.fixture
def settings(tmp_path: Path, socket: Path) -> Path:
    """The settings of captive sessions."""
    file = tmp_path / "captive.yaml"
    file.write_text(f"socket: {socket}\n")
    return file


@pytest.fixture
def jump(tmp_path: Path, settings: Path, daemon: Any) -> Iterator[Jump]:
    assert SSHD is not None
    config, key, port = _configured(tmp_path, settings)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd shuts its own child in
    with (tmp_path / "sshd.log").open("w") as log:
        child = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            sockets.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            if child.poll() is not None:
                pytest.skip(f"sshd does not run here: {(tmp_path / 'sshd.log').read_text()[-300:]}")
            time.sleep(0.05)
    strange = (
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        "IdentitiesOnly=yes",
    )
    options = [word for one in strange for word in ("-o", one)]
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    ssh = ["ssh", "-F", "none", *options, "-i", str(key), "-p", str(port), f"{user}@127.0.0.1"]
    one = Jump(ssh, port, settings)
    try:
        if one.run("nothing").returncode == 255:
            pytest.skip(f"sshd lets {user} not in here: {(tmp_path / 'sshd.log').read_text()[-300:]}")
        yield one
    finally:
        child.terminate()
        child.wait()

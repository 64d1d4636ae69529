"""The network between the boot server and real machines: a bridge, a tap for each machine, and a DHCP server.

It is made in the network namespace that these tests run in, and nowhere else.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

SERVER = "10.240.0.1"
"""Where the daemon serves machines: the subnet's gateway, which the cloud gives to nobody."""
MANAGEMENT = "10.240.0.0/24"
BRIDGE = "machines"
FREE = ("10.240.0.200", "10.240.0.250")
"""What a machine is given that no node is known for."""


def ip(*words: str) -> None:
    """Change the network of this namespace."""
    subprocess.run(["ip", *words], check=True)


class Network:
    """The bridge and its DHCP server, from ``open`` to ``close``."""

    def __init__(self, directory: Path) -> None:
        self._hosts, self._options = directory / "dhcp", directory / "dhcp-options"
        self._log = directory / "dhcp.log"
        self._dnsmasq: subprocess.Popen[bytes] | None = None
        self._taps: list[str] = []

    def open(self) -> None:
        """Make it."""
        ip("link", "set", "lo", "up")
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{SERVER}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        self._hosts.mkdir()
        self._options.mkdir()
        words = [
            "dnsmasq",
            "--keep-in-foreground",
            "--no-resolv",
            "--no-hosts",
            "--port=0",
            f"--interface={BRIDGE}",
        ]
        words += ["--bind-interfaces", f"--dhcp-range={FREE[0]},{FREE[1]},255.255.255.0,1h", "--user=root"]
        words += [
            f"--dhcp-optsdir={self._options}",
            f"--dhcp-hostsdir={self._hosts}",
            f"--dhcp-leasefile={self._hosts.parent / 'leases'}",
        ]
        words += ["--conf-file=/dev/null", f"--log-facility={self._log}", "--log-dhcp"]
        self._dnsmasq = subprocess.Popen(words, stdin=subprocess.DEVNULL)

    def plug_in(self, mac: str, address: str, url: str) -> str:
        """A tap for the machine of this MAC, which is given this address from now on, and told to boot from there if
        its firmware asks."""
        name = f"tap{len(self._taps)}"
        ip("tuntap", "add", name, "mode", "tap")
        ip("link", "set", name, "master", BRIDGE)
        ip("link", "set", name, "up")
        self._taps.append(name)
        for folder, line in (
            (self._options, f"tag:{name},option:bootfile-name,{url}"),
            (self._hosts, f"{mac},set:{name},{address}"),
        ):
            (folder / name).write_text(f"{line}\n")
            self._wait_for(str(folder / name))
        return name

    def _wait_for(self, said: str) -> None:
        """Until the DHCP server has read it."""
        ends = time.monotonic() + 20
        while said not in self._log.read_text():
            assert time.monotonic() < ends, f"dnsmasq did not read {said}: {self._log.read_text()[-500:]}"
            time.sleep(0.05)

    def close(self) -> None:
        """Take it away."""
        if self._dnsmasq is not None:
            self._dnsmasq.terminate()
            self._dnsmasq.wait(10)
        for name in self._taps:
            ip("link", "del", name)
        ip("link", "del", BRIDGE)

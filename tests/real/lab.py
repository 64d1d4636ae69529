"""A real machine for each node of a daemon whose cloud is simulated."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from daemon.client import Client
from daemon.demo.setup import Demo, DemoOptions
from pxe.images import fingerprint
from tests.certificates import secured
from tests.real.disk import write_partition
from tests.real.initrd import kernel, write_initrd
from tests.real.machine import RealMachine
from tests.real.network import MANAGEMENT, SERVER, Network

SPEED = 60.0
"""A server that takes seven minutes to be made takes seven seconds; the machines themselves take their own time."""
DEADLINES = {state: "24h" for state in ("awaiting_boot", "awaiting_config", "installing", "awaiting_cvm")}
STORAGE = {"boot_drive": "/dev/vda", "data_drives": ["/dev/vdb"]}
HARDWARE = {"memory_gib": 0, "boot_drive_gb": 2, "data_drive_gb": 1}
"""What the machines are like; the least memory of a Nutanix node would be too much for them."""
DAEMON = {"NXD_POLL_SECONDS": "10"}


class Lab:
    """The network, the simulated cloud, the daemon, and a machine for each node."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.network = Network(directory)
        self.stage = Demo(directory / "stage")
        self.machines: dict[str, RealMachine] = {}

    def open(self) -> None:
        """Make it; the daemon serves the installer that stands in for the vendor's."""
        self.network.open()
        self.stage.set_up(
            DemoOptions(
                SPEED, (), 1, management=MANAGEMENT, workload="127.24.1.0/24", listen=SERVER, machines=False
            )
        )
        self._write_images()

    def close(self) -> None:
        """End everything that was started."""
        for machine in self.machines.values():
            machine.cut_power()
        self.stage.stop()
        self.network.close()

    def secure(self) -> None:
        """Give the daemon's configuration port a certificate, and the installer a program that knows it by its key."""
        self.stage.stop_daemon()
        secured(self.stage.config, self.directory / "tls")
        self._write_images("wget")
        self.stage.start_daemon()

    def _write_images(self, *programs: str) -> None:
        images = self.stage.directory / "images"
        write_partition(images / "payload", self.directory)
        (images / "vmlinuz-foundation").write_bytes(kernel().read_bytes())
        url = yaml.safe_load(self.stage.config.read_text())["boot"]["url"]
        write_initrd(images / "initrd-foundation.img", f"{url}/pxe/images/payload", self.directory, programs)
        names = ("vmlinuz-foundation", "initrd-foundation.img", "payload")
        for name in names:
            (images / name).chmod(0o644)
        (images / "images.json").write_text(json.dumps({name: fingerprint(images / name) for name in names}))

    def client(self) -> Client:
        """A connection to the daemon."""
        return Client(self.stage.socket)

    def deploy(
        self,
        *names: str,
        before: Callable[[], object] = lambda: None,
        firmware: Sequence[str] = (),
        **least: int,
    ) -> list[RealMachine]:
        """Ask for a cluster of these nodes, and the machine of each, switched on when its server runs; ``before`` that
        something may happen. ``firmware`` is that of each, "bios" where none is said; ``least`` is what a machine must
        have more than these have."""
        self.order(*names, **least)
        for name, its in zip(names, firmware or ["bios"] * len(names), strict=True):
            self._plug_in(name, its)
        before()
        for name in names:
            self.machines[name].power_on()
        return [self.machines[name] for name in names]

    def order(self, *names: str, **least: int) -> None:
        """Ask for a cluster of these nodes, and wait until the machine of each would boot."""
        document = yaml.safe_load(
            (Path(__file__).parents[2] / "daemon" / "demo" / "three-node.yaml").read_text()
        )
        document["nodes"] = [{"name": name} for name in names]
        document["nutanix"]["redundancy_factor"] = 1 if len(names) < 3 else 2
        document["deadlines"] = DEADLINES
        document["nutanix"] |= {"storage": STORAGE, "hardware": HARDWARE | least}
        with self.client() as client:
            client.apply(yaml.safe_dump(document))
        for name in names:
            self.reaches(name, "awaiting_boot")

    def _plug_in(self, name: str, firmware: str) -> None:
        machine = self._build(name, self.entity(name)["addresses"]["mgmt"], self.user_data(name), firmware)
        self._tell(f"/nodes/{name}/console", {"socket": str(machine.line)})

    def plug_in_another(self, name: str, address: str) -> RealMachine:
        """A machine that was given the user data of this node too, at another address."""
        return self._build(f"another {name}", address, self.user_data(name), "bios")

    def _build(self, name: str, address: str, url: str, firmware: str) -> RealMachine:
        mac = f"52:54:00:00:05:{len(self.machines) + 1:02x}"
        tap = self.network.plug_in(mac, address, url)
        machine = self.machines[name] = RealMachine(self.directory, name, tap, mac, url, firmware)
        return machine

    def _tell(self, path: str, body: Any) -> None:
        """Say something to the simulated cloud."""
        url = self.stage.urls()["control_url"] + path
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()

    def user_data(self, name: str) -> str:
        """What the cloud hands the server of a node."""
        control = self.stage.urls()["control_url"]
        with urllib.request.urlopen(f"{control}/nodes") as answer:
            machines = json.load(answer)["nodes"]
        return next(str(one["user_data"]).strip() for one in machines if f"-{name}-" in f"-{one['server']}-")

    def entity(self, name: str) -> Any:
        """A node as the daemon tells of it."""
        with self.client() as client:
            return client.show(name)["entity"]

    def restart_daemon(self) -> None:
        """End the daemon with SIGKILL, and start it again."""
        self.stage.kill_daemon()
        self.stage.start_daemon()

    def log(self, name: str) -> str:
        """The lines of a node's log."""
        with self.client() as client:
            return "\n".join(line["message"] for line in client.log(node=name)["events"])

    def screen(self, name: str, seconds: float = 60.0) -> list[str]:
        """What the console of a node showed last before it failed, once it is kept."""
        ends = time.monotonic() + seconds
        with self.client() as client:
            while "screen" not in (found := client.show(name)):
                assert time.monotonic() < ends, found
                time.sleep(0.2)
        return found["screen"]["lines"]

    def fails(self, name: str, seconds: float = 180.0) -> str:
        """Wait until a node has failed; why."""
        ends = time.monotonic() + seconds
        while (found := self.entity(name))["error"] is None:
            assert time.monotonic() < ends, (found["state"], found["waiting_for"], found["evidence"])
            time.sleep(0.2)
        return f"{found['error']['message']} {found['error']['evidence']}"

    def reaches(self, name: str, *states: str, seconds: float = 180.0) -> None:
        """Wait until a node is in one of these states."""
        ends = time.monotonic() + seconds
        while (found := self.entity(name))["state"] not in states:
            assert found["state"] != "failed", found["error"]
            assert time.monotonic() < ends, (found["state"], found["waiting_for"], found["evidence"])
            time.sleep(0.2)


def here() -> bool:
    """Whether these tests were started by ``tests/real/run``, in a network of their own."""
    return os.environ.get("REAL") == "1"

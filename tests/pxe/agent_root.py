"""A folder that stands for a machine: its disks, cards, memory and processor as the kernel shows them, and the agent as
it is unpacked from its initrd."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pxe.agent.archive import agent_initrd
from tests.pxe.conftest import INSTALL_TOKEN

DISKS = {"nvme0n1": 960, "nvme1n1": 960, "nvme2n1": 3200, "nvme3n1": 3200}
"""What a machine has, in GB."""
HERE = "127.0.0.1"
"""Its address, and that of the boot server."""
MAC = "52:54:00:12:34:56"
MEMORY_GIB = 384
NEEDS = {
    "boot_drives": ["/dev/nvme0n1"],
    "boot_drive_gb": 32,
    "data_drives": ["/dev/nvme2n1", "/dev/nvme3n1"],
    "data_drive_gb": 200,
    "memory_gib": 32,
    "network_cards": 1,
    "virtualization": True,
}
"""What is demanded of it."""
PROGRAMS = (
    "cat", "cut", "dash", "dd", "head", "ip", "mkdir", "mount", "mv", "rmdir", "sed", "seq", "sh", "sha256sum", "sleep",
    "tail", "tee", "timeout", "tr", "wc",
)  # fmt: skip
"""What an initrd with curl or wget has beside it, as docs/agent.md lists it."""


def unpacked(content: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Path, mode and content of each entry, read as the kernel's documentation says."""
    packed, at = gzip.decompress(content), 0
    while True:
        assert packed[at : at + 6] == b"070701"
        fields = [int(packed[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = packed[at + 110 : at + 110 + length].rstrip(b"\0").decode()
        begins = at + 110 + length + -(110 + length) % 4
        if name == "TRAILER!!!":
            return
        yield name, mode, packed[begins : begins + size]
        at = begins + size + -size % 4


def put(path: Path, text: str, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def kernel_arguments(url: str, **changes: str) -> dict[str, str]:
    """What the boot script says to the kernel of a machine whose configuration is at ``url``."""
    return {
        "node_id": "lab-node01",
        "mgmt_ip": HERE,
        "config_url": f"{url}/server-config",
        "status_url": f"{url}/server-status",
        "nxd_token": INSTALL_TOKEN,
        "nxd_boot": "3",
        "nxd_mac": MAC.replace(":", "-"),
        **changes,
    }


class AgentRoot:
    """One machine in a folder. ``shell`` runs the agent: dash, which finds curl; dash with GNU ``wget``; busybox
    alone; or ``both``, a busybox that has GNU's wget beside it."""

    def __init__(self, root: Path, shell: str, arguments: dict[str, str]) -> None:
        self.root = root
        self._shell = "busybox" if shell in ("busybox", "both") else "dash"
        for name, mode, content in unpacked(agent_initrd().content):
            if mode & 0o040000:
                (root / name).mkdir(parents=True)
            else:
                (root / name).write_bytes(content)
                (root / name).chmod(mode & 0o777)
        words = " ".join(f"{name}={value}" for name, value in arguments.items())
        put(root / "proc" / "cmdline", f"console=ttyS0 quiet {words}\n")
        put(root / "proc" / "mounts", "rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n")
        put(root / "proc" / "meminfo", f"MemTotal:  {MEMORY_GIB * 1048576 - 4000000} kB\nMemFree: 1 kB\n")
        self.has_processor("fpu vmx sse2")
        for name, gigabytes in DISKS.items():
            self.has_disk(name, gigabytes)
        card = root / "sys" / "class" / "net" / "eth0"
        put(card / "address", f"{MAC}\n")
        put(card / "carrier", "1\n")
        (card / "device").mkdir()
        (root / "sys" / "class" / "net" / "lo").mkdir()
        put(root / "dev" / "null", "")
        self._give_programs(shell)

    def _give_programs(self, shell: str) -> None:
        """What it finds in its path."""
        root = self.root
        self._path = os.environ["PATH"]
        if shell == "wget":
            self._path = str(root / "programs")
            (root / "programs").mkdir()
            for name in (*PROGRAMS, "wget"):
                if found := shutil.which(name):
                    (root / "programs" / name).symlink_to(found)
        if self._shell == "busybox":
            self._path = str(root / "applets")
            (root / "applets").mkdir()
            busybox = shutil.which("busybox")
            assert busybox is not None
            self._busybox = busybox
        if shell == "both":
            found = shutil.which("wget")
            assert found is not None
            (root / "programs").mkdir()
            (root / "programs" / "wget").symlink_to(found)
            self._path += f":{root / 'programs'}"

    def has_processor(self, flags: str) -> None:
        put(
            self.root / "proc" / "cpuinfo", f"processor\t: 0\nmodel name\t: a CPU\nflags\t\t: {flags}\n\n" * 2
        )

    def has_disk(self, name: str, gigabytes: int, partitions: int = 0) -> Path:
        folder = self.root / "sys" / "block" / name
        put(folder / "size", f"{gigabytes * 1_000_000_000 // 512}\n")
        put(folder / "ro", "0\n")
        (folder / "holders").mkdir(exist_ok=True)
        for number in range(1, partitions + 1):
            put(folder / f"{name}p{number}" / "partition", f"{number}\n")
        return folder

    async def run(self, program: str, *words: str, seconds: float = 60.0, **more: str) -> tuple[int, str]:
        """The status and the words of one of the agent's programs; what it leaves running is ended."""
        if self._shell == "busybox" and not any((self.root / "applets").iterdir()):
            await self._install_applets()
        environ = {
            "NXD_ROOT": str(self.root), "PATH": self._path, "NXD_FIRST_PAUSE": "0", "NXD_HEARTBEAT": "600", **more,
        }  # fmt: skip
        command = [self._busybox, "sh"] if self._shell == "busybox" else ["/bin/dash"]
        process = await asyncio.create_subprocess_exec(
            *command,
            str(self.root / "nxd" / program),
            *words,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=(out := (self.root / "console").open("wb")),
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(seconds):
                status = await process.wait()
        finally:
            out.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        return status, (self.root / "console").read_text()

    async def _install_applets(self) -> None:
        process = await asyncio.create_subprocess_exec(
            self._busybox, "--install", "-s", str(self.root / "applets")
        )
        assert await process.wait() == 0

    def environment(self, words: str) -> str:
        """What an installer's script makes of these words after it has read its environment."""
        script = f'. "{self.root}/nxd/environment"; echo "{words}"'
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout

    def has(self, name: str) -> bool:
        return (self.root / name).exists()

    def kept(self, name: str) -> str:
        """What the agent has written into its folder."""
        return (self.root / "nxd" / name).read_text()

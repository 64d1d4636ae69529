"""A real machine: QEMU with a real iPXE, a disk and a serial console."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

IPXE = "/usr/lib/ipxe/ipxe.lkrn"
DISK_BYTES, DATA_BYTES = 2_100_000_000, 1_100_000_000
"""Of the disks that are installed and used, of which hardly anything is written."""
BEGUN, ENDED = 1, 2
"""The sectors of the disk in which the installer counts."""
PATIENCE = 180.0
"""Real seconds in which a machine does whatever it does, on two busy cores without hardware for virtual machines."""

FIRST_STAGE = """#!ipxe
:again
dhcp net0 || goto later
chain --replace --autofree --timeout 60000 {url} || goto later
exit 1
:later
sleep 2
goto again
"""
"""What the cloud's own image does: it asks for the address in the server's user data, again and again."""


class RealMachine:
    """One machine; ``url`` is its user data."""

    def __init__(self, directory: Path, name: str, tap: str, mac: str, url: str) -> None:
        self._directory = directory / name
        self._directory.mkdir()
        self._tap, self._mac = tap, mac
        self.disk = self._directory / "disk"
        self._data = self._directory / "data"
        for path, size in ((self.disk, DISK_BYTES), (self._data, DATA_BYTES)):
            with path.open("wb") as file:
                file.truncate(size)
        self._script = self._directory / "embedded.ipxe"
        self._script.write_text(FIRST_STAGE.format(url=url))
        self.forgets = False
        """Whether its disk takes everything that is written, and keeps nothing of it."""
        self._serial = self._directory / "serial.log"
        self._serial.touch()
        self._qemu: subprocess.Popen[bytes] | None = None

    def power_on(self) -> None:
        """Let the current in."""
        assert self._qemu is None
        words = ["qemu-system-x86_64", "-machine", "pc,accel=tcg,graphics=off", "-m", "256", "-smp", "1"]
        words += ["-display", "none", "-monitor", "none", "-nodefaults"]
        words += ["-chardev", f"file,id=console,path={self._serial},append=on", "-serial", "chardev:console"]
        words += ["-netdev", f"tap,id=n0,ifname={self._tap},script=no,downscript=no"]
        words += ["-device", f"virtio-net-pci,netdev=n0,mac={self._mac},romfile="]
        if self.forgets:
            forgetful = f"driver=null-co,node-name=forgets,read-zeroes=on,size={DISK_BYTES // 512 * 512}"
            words += ["-blockdev", forgetful, "-device", "virtio-blk-pci,drive=forgets"]
        else:
            words += ["-drive", f"file={self.disk},format=raw,if=virtio,cache=writethrough"]
        words += ["-drive", f"file={self._data},format=raw,if=virtio"]
        words += ["-kernel", IPXE, "-initrd", str(self._script)]
        self._qemu = subprocess.Popen(words, stdin=subprocess.DEVNULL)

    def cut_power(self) -> None:
        """Take the current away, in the middle of whatever it does."""
        if self._qemu is not None:
            self._qemu.kill()
            self._qemu.wait()
            self._qemu = None

    def console(self) -> str:
        """Everything that the console has shown, without the breaks of its lines at 80 characters."""
        return self._serial.read_bytes().decode("utf-8", "replace").replace("\r", "").replace("\0", "")

    def shows(self, said: str, times: int = 1, seconds: float = PATIENCE) -> None:
        """Wait until the console has shown it so often."""
        ends = time.monotonic() + seconds
        while self.console().count(said) < times:
            assert self._qemu is not None
            assert self._qemu.poll() is None, "QEMU ended by itself"
            assert time.monotonic() < ends, f"waited in vain for {said!r}:\n{self.console()[-3000:]}"
            time.sleep(0.1)

    def argument(self, name: str) -> str:
        """A word of the kernel's command line, as the kernel shows it on the console."""
        found = re.search(rf"Command line:.*?{name}=(\S+)", self.console())
        assert found is not None
        return found[1]

    def counted(self, sector: int) -> int:
        """What the installer counted in this sector of the disk."""
        with self.disk.open("rb") as file:
            file.seek(512 * sector)
            return int(file.read(512).strip(b" \0") or b"0")

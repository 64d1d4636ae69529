"""A real machine: QEMU with a real iPXE, a disk and a serial console."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

from tests.real.firmware import FIRMWARE, Board

DISK_BYTES, DATA_BYTES = 2_100_000_000, 1_100_000_000
"""Of the disks that are installed and used, of which hardly anything is written."""
BEGUN, ENDED = 1, 2
"""The sectors of the disk in which the installer counts."""
PATIENCE = 180.0
"""Real seconds in which a machine does whatever it does, on two busy cores without hardware for virtual machines."""


class RealMachine:
    """One machine; ``url`` is its user data."""

    def __init__(self, directory: Path, name: str, tap: str, mac: str, url: str, firmware: str) -> None:
        self._firmware = firmware
        self._directory = directory / name
        self._directory.mkdir()
        self._tap = tap
        self._board = Board(f"virtio-net-pci,netdev=n0,mac={mac}", self._directory, url)
        self.disk = self._directory / "disk"
        self._data = self._directory / "data"
        for path, size in ((self.disk, DISK_BYTES), (self._data, DATA_BYTES)):
            with path.open("wb") as file:
                file.truncate(size)
        self.forgets = False
        """Whether its disk takes everything that is written, and keeps nothing of it."""
        self._serial = self._directory / "serial.log"
        self.line = self._directory / "serial"
        """The Unix socket of its serial port, while it has power."""
        self._serial.touch()
        self._qemu: subprocess.Popen[bytes] | None = None

    def power_on(self) -> None:
        """Let the current in."""
        assert self._qemu is None
        words = ["qemu-system-x86_64", "-smp", "1", "-display", "none", "-monitor", "none", "-nodefaults"]
        words += FIRMWARE[self._firmware](self._board)
        line = f"socket,id=console,path={self.line},server=on,wait=off"
        words += ["-chardev", f"{line},logfile={self._serial},logappend=on", "-serial", "chardev:console"]
        words += ["-netdev", f"tap,id=n0,ifname={self._tap},script=no,downscript=no"]
        if self.forgets:
            words += [
                "-blockdev",
                f"driver=null-co,node-name=boot,read-zeroes=on,size={DISK_BYTES // 512 * 512}",
            ]
        else:
            words += ["-drive", f"file={self.disk},format=raw,if=none,id=boot,cache=writethrough"]
        words += ["-device", "virtio-blk-pci,drive=boot,bootindex=2"]
        words += ["-drive", f"file={self._data},format=raw,if=virtio"]
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

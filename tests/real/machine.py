"""A real machine: QEMU with a real iPXE, a disk and a serial console."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Literal

IPXE = "/usr/lib/ipxe/ipxe.lkrn"
OVMF = Path("/usr/share/OVMF")
Firmware = Literal["bios", "uefi"]
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

    def __init__(
        self, directory: Path, name: str, tap: str, mac: str, url: str, firmware: Firmware = "bios"
    ) -> None:
        self._firmware = firmware
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
        words = ["qemu-system-x86_64", "-smp", "1", "-display", "none", "-monitor", "none", "-nodefaults"]
        words += self._bios() if self._firmware == "bios" else self._uefi()
        words += ["-chardev", f"file,id=console,path={self._serial},append=on", "-serial", "chardev:console"]
        words += ["-netdev", f"tap,id=n0,ifname={self._tap},script=no,downscript=no"]
        if self.forgets:
            forgetful = f"driver=null-co,node-name=forgets,read-zeroes=on,size={DISK_BYTES // 512 * 512}"
            words += ["-blockdev", forgetful, "-device", "virtio-blk-pci,drive=forgets"]
        else:
            words += ["-drive", f"file={self.disk},format=raw,if=virtio,cache=writethrough"]
        words += ["-drive", f"file={self._data},format=raw,if=virtio"]
        self._qemu = subprocess.Popen(words, stdin=subprocess.DEVNULL)

    def _bios(self) -> list[str]:
        """SeaBIOS and iPXE as a kernel, with the script that the cloud's own image has."""
        card = f"virtio-net-pci,netdev=n0,mac={self._mac},romfile="
        return ["-machine", "pc,accel=tcg,graphics=off", "-m", "256", "-device", card,
                "-kernel", IPXE, "-initrd", str(self._script)]  # fmt: skip

    def _uefi(self) -> list[str]:
        """OVMF and iPXE in the ROM of the network card, which is told by DHCP where its script is."""
        kept = self._directory / "variables"
        if not kept.exists():
            shutil.copy(OVMF / "OVMF_VARS_4M.fd", kept)
        card = f"virtio-net-pci,netdev=n0,mac={self._mac},bootindex=0"
        code = f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF / 'OVMF_CODE_4M.fd'}"
        return ["-machine", "q35,accel=tcg,smm=off", "-m", "768", "-vga", "none", "-device", card,
                "-drive", code, "-drive", f"if=pflash,format=raw,unit=1,file={kept}"]  # fmt: skip

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

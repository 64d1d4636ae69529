"""What an installed disk holds: it says so on the serial port, whichever firmware boots it.

The first sector is code for a BIOS and a table with one partition; the partition is the FAT of an EFI system partition,
with a program where a firmware looks for one.
"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

GREETING = "BOOTED FROM DISK"
PARTITION_SECTOR = 2048
"""One MiB from the beginning, where the installer writes its payload."""
PARTITION_KIB = 1440
_SAID = f"\r\n{GREETING}\r\n\0".encode()
_BIOS_TO_SERIAL = bytes.fromhex("fa31c08ed8be227cac84c0741288c3bafd03eca82074fbbaf80388d8eeebe9f4ebfd")
"""Sixteen-bit code that sends the text behind it to the first serial port, and halts."""
_EFI_TO_SERIAL = bytes.fromhex("fc488d351c000000ac84c0741488c366bafd03eca82074f766baf80388d8eeebe7f4ebfd")
"""The same in sixty-four bits, wherever it was loaded."""
_EFI_SYSTEM = 0xEF
_TEXT_AT, _PAGE = 0x200, 0x1000


def boot_sector() -> bytes:
    """The first sector: code, and the table of partitions behind it."""
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", _EFI_SYSTEM, b"\xfe\xff\xff", PARTITION_SECTOR,
                        PARTITION_KIB * 2)  # fmt: skip
    return (_BIOS_TO_SERIAL + _SAID).ljust(446, b"\0") + entry.ljust(64, b"\0") + b"\x55\xaa"


def efi_program() -> bytes:
    """A program for 64-bit UEFI firmware: one section, nothing imported, nothing to relocate."""
    code = (_EFI_TO_SERIAL + _SAID).ljust(_TEXT_AT, b"\0")
    dos = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, 0xF0, 0x0022)
    optional = struct.pack("<HBBIIIII", 0x20B, 0, 0, len(code), 0, 0, _PAGE, _PAGE)
    optional += struct.pack("<QIIHHHHHHIIIIHH", 0x400000, _PAGE, 0x200, 0, 0, 0, 0, 0, 0, 0, 2 * _PAGE, _TEXT_AT,
                            0, 10, 0)  # fmt: skip
    optional += struct.pack("<QQQQII", 0, 0, 0, 0, 0, 16)
    section = struct.pack(
        "<8sIIIIIIHHI", b".text", len(code), _PAGE, len(code), _TEXT_AT, 0, 0, 0, 0, 0x60000020
    )
    return (dos + coff + optional.ljust(0xF0, b"\0") + section).ljust(_TEXT_AT, b"\0") + code


def write_partition(target: Path, directory: Path) -> None:
    """Write the EFI system partition; ``directory`` is where it is put together."""
    program = directory / "BOOTX64.EFI"
    program.write_bytes(efi_program())
    words = ["-i", str(target)]
    subprocess.run(["mformat", "-C", "-f", str(PARTITION_KIB), *words, "::"], check=True)
    subprocess.run(["mmd", *words, "::/EFI", "::/EFI/BOOT"], check=True)
    subprocess.run(["mcopy", *words, str(program), "::/EFI/BOOT/BOOTX64.EFI"], check=True)

"""The ways in which a machine comes to iPXE: how QEMU is told, for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).parents[2] / "build" / "real"
DEBIAN = Path("/usr/lib/ipxe")
NEWER = BUILT / "ipxe" / "usr" / "lib" / "ipxe"
"""The iPXE of the next release of Debian, unpacked there by ``tests/real/run``."""
OVMF = Path("/usr/share/OVMF")

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


@dataclass(frozen=True, slots=True)
class Board:
    """What of a machine its firmware has to know: its network card, the folder for what it keeps, its user data."""

    card: str
    directory: Path
    url: str


def _lkrn(ipxe: Path) -> Callable[[Board], list[str]]:
    """SeaBIOS, and iPXE as a kernel with the script that the cloud's own image has."""

    def words(board: Board) -> list[str]:
        script = board.directory / "embedded.ipxe"
        script.write_text(FIRST_STAGE.format(url=board.url))
        return ["-machine", "pc,accel=tcg,graphics=off", "-m", "256", "-device", f"{board.card},romfile=",
                "-kernel", str(ipxe / "ipxe.lkrn"), "-initrd", str(script)]  # fmt: skip

    return words


def _bios_rom(board: Board) -> list[str]:
    """SeaBIOS, and iPXE in the ROM of the network card, which is told by DHCP where its script is."""
    return ["-machine", "pc,accel=tcg,graphics=off", "-m", "256", "-device", f"{board.card},bootindex=1"]


def _ovmf(board: Board) -> list[str]:
    """OVMF, which leaves the network to iPXE: its own tries take minutes before it comes to the disk."""
    kept = board.directory / "variables"
    if not kept.exists():
        shutil.copy(OVMF / "OVMF_VARS_4M.fd", kept)
    code = f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF / 'OVMF_CODE_4M.fd'}"
    own = [word for way in ("IPv4PXESupport", "IPv6PXESupport")
           for word in ("-fw_cfg", f"name=opt/org.tianocore/{way},string=n")]  # fmt: skip
    return ["-machine", "q35,accel=tcg,smm=off", "-m", "768", "-vga", "none", *own,
            "-drive", code, "-drive", f"if=pflash,format=raw,unit=1,file={kept}"]  # fmt: skip


def _uefi_rom(board: Board) -> list[str]:
    """OVMF, and iPXE in the ROM of the network card, which is told by DHCP where its script is."""
    return [*_ovmf(board), "-device", f"{board.card},bootindex=1"]


def _uefi_program(ipxe: Path) -> Callable[[Board], list[str]]:
    """OVMF, and iPXE as a program on a drive of its own, as an installation medium has it."""

    def words(board: Board) -> list[str]:
        folder = board.directory / "medium"
        (folder / "EFI" / "BOOT").mkdir(parents=True, exist_ok=True)
        shutil.copy(ipxe / "ipxe.efi", folder / "EFI" / "BOOT" / "BOOTX64.EFI")
        return [*_ovmf(board), "-device", f"{board.card},romfile=",
                "-drive", f"file=fat:rw:{folder},format=raw,if=none,id=medium",
                "-device", "usb-ehci", "-device", "usb-storage,drive=medium,bootindex=1"]  # fmt: skip

    return words


FIRMWARE: Mapping[str, Callable[[Board], list[str]]] = {
    "bios": _lkrn(DEBIAN),
    "bios-rom": _bios_rom,
    "bios-newer": _lkrn(NEWER),
    "uefi-rom": _uefi_rom,
    "uefi-program": _uefi_program(DEBIAN),
    "uefi-newer": _uefi_program(NEWER),
}

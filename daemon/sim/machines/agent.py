"""What nxd's agent sees and says on a simulated machine, before its installer: the words of ``pxe/agent``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

INITRD, FIRST_PROGRAM = "nxd-agent.img", "rdinit=/nxd/init"
"""What is appended to the installer's initrd, and the kernel argument that runs it first."""
WHOLE = "NXD_CONFIG"
END = "NXD_END"
OFFERS_VIRTUALIZATION = "VT-x (vmx)"

_SETTING = re.compile(r"NXD_[A-Z0-9_]*='.*'")
_KEPT_BY_KERNEL = 0.98
"""How much of the memory is left to programs."""
_PROFILE_MEMORY = re.compile(r"-(\d+)x(\d+)$")
_MADE_BY_UDEV = "/dev/disk/"
_GIB = 1024 * 1024
"""In KiB, as the kernel counts."""
_NEEDED_TENTHS = 9


A_DATA_DRIVE = "nvme2n1"
HEARTBEAT = 60.0
"""Seconds between two heartbeats."""


class NotWhole(Exception):
    """What was received is not the configuration, or was cut short."""


@dataclass(frozen=True)
class MachineParts:
    """What a machine is made of: its disks in GB, its one network card, its memory in KiB."""

    mac: str
    memory: int
    disks: Mapping[str, int] = field(
        default_factory=lambda: {
            "nvme0n1": 960, "nvme1n1": 960, **{f"nvme{number}n1": 3200 for number in range(2, 10)}
        }
    )  # fmt: skip
    card: str = "eth0"


@dataclass(frozen=True)
class Agent:
    """The agent on one machine. ``heartbeats``: it tells that it is alive, which costs a rehearsal of many machines
    more than it shows; so only where a rule asks for it."""

    parts: MachineParts
    heartbeats: bool = False


def parts_of(profile: str, mac: str) -> MachineParts:
    """A machine as its profile describes it: `bx2d-metal-96x384` has 384 GiB."""
    sizes = _PROFILE_MEMORY.search(profile)
    gib = int(sizes[2]) if sizes else 384
    return MachineParts(mac, int(gib * _GIB * _KEPT_BY_KERNEL))


def without(parts: MachineParts, disk: str) -> MachineParts:
    """The same machine with a disk less."""
    return replace(parts, disks={name: size for name, size in parts.disks.items() if name != disk})


def read_settings(text: str) -> dict[str, str]:
    """The configuration as settings of a shell. Raises NotWhole."""
    lines = text.splitlines()
    if not lines or lines[-1] != f"{END}='yes'" or not all(map(_SETTING.fullmatch, lines)):
        raise NotWhole
    try:
        pairs = [shlex.split(line) for line in lines]
    except ValueError:
        raise NotWhole from None
    if any(len(words) != 1 for words in pairs):
        raise NotWhole
    return dict(words[0].split("=", 1) for words in pairs)


def seen(parts: MachineParts, settings: Mapping[str, str]) -> tuple[str, ...]:
    """The lines of the log that tell what the machine is made of, and which drives cannot be looked at."""
    return (
        f"disks: {_disks(parts)}",
        *(
            f"the {use} drive {device} is left to the installer: such names are made by udev, which does not run yet"
            for use, device in _drives(_needs(settings))
            if device.startswith(_MADE_BY_UDEV)
        ),
        f"network cards: {_cards(parts)}",
        f"memory: {(parts.memory + _GIB // 2) // _GIB} GiB",
        f"virtualization: {OFFERS_VIRTUALIZATION}",
    )


def amiss(parts: MachineParts, settings: Mapping[str, str]) -> str:
    """Why the machine cannot be installed; nothing when it can."""
    return "; ".join(_amiss(parts, _needs(settings)))


def _needs(settings: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix("NXD_HARDWARE_CONFIG_"): value for key, value in settings.items()}


def _drives(needs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What each drive is for, and its name."""
    for use in ("boot", "data"):
        for device in needs.get(f"{use.upper()}_DRIVES", "").split():
            yield use, device


def _amiss(parts: MachineParts, needs: Mapping[str, str]) -> Iterator[str]:
    for use, device in _drives(needs):
        if device.startswith(_MADE_BY_UDEV):
            continue
        least = int(needs.get(f"{use.upper()}_DRIVE_GB", "0"))
        size = parts.disks.get(device.removeprefix("/dev/"))
        if size is None:
            yield f"the {use} drive {device} is not there: this machine has {_disks(parts)}"
        elif size < least:
            yield f"the {use} drive {device} has {size} GB, and {least} are needed"
    cards = int(needs.get("NETWORK_CARDS", "0"))
    if cards > 1:
        yield f"{cards} network cards are needed: this machine has {_cards(parts)}"
    gib = int(needs.get("MEMORY_GIB", "0"))
    if parts.memory * 10 < gib * _GIB * _NEEDED_TENTHS:
        yield f"it has {parts.memory // 1024} MiB of memory, and {gib} GiB are needed"


def _disks(parts: MachineParts) -> str:
    return ", ".join(f"{name} {size} GB" for name, size in parts.disks.items()) or "no disk"


def _cards(parts: MachineParts) -> str:
    return f"{parts.card} {parts.mac} (link)"

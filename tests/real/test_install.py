"""A real iPXE, a real kernel and a real disk are installed by the daemon, once for each round, whatever happens."""

from __future__ import annotations

import random
import subprocess

import pytest

from tests.real.initrd import GREETING
from tests.real.lab import Lab
from tests.real.machine import BEGUN, ENDED, RealMachine
from tests.real.network import BRIDGE, SERVER, ip

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

STRANGER = "10.240.0.99"
"""An address of this network that is no machine's."""
CUTS = random.Random(7).sample((1, 2, 4, 5, 6, 7), 3)
"""The phases in which a machine loses its power."""


def stays_installed(machine: RealMachine, cycles: int) -> None:
    """Whoever cuts its power finds it booting from its disk, and the disk as it was."""
    begun = machine.counted(BEGUN)
    for _ in range(cycles):
        greeted = machine.console().count(GREETING)
        machine.cut_power()
        machine.power_on()
        machine.shows(GREETING, times=greeted + 1)
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (begun, 1)


def asked(url: str, address: str, *words: str) -> str:
    """The status that curl gets from there."""
    command = [
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--max-time",
        "20",
        "--interface",
        address,
    ]
    return subprocess.run([*command, *words, url], capture_output=True, text=True).stdout


def test_three_machines_at_once_are_each_installed_once_and_boot_from_their_disks_from_then_on(
    lab: Lab,
) -> None:
    ip("addr", "add", f"{STRANGER}/24", "dev", BRIDGE)
    names = ("node01", "node02", "node03")
    machines = lab.deploy(*names)
    url = lab.user_data("node01")
    unknown = url.replace("node01", "node99")
    assert asked(url, STRANGER) == asked(unknown, STRANGER) == "404", (
        "a machine's token, from another address"
    )
    assert f"turned away {STRANGER}" in lab.log("node01")
    for machine in machines:
        machine.shows(GREETING, seconds=400)
    for name in names:
        lab.reaches(name, "awaiting_cvm")
    assert [(one.counted(BEGUN), one.counted(ENDED)) for one in machines] == [(1, 1)] * 3
    used = f"Authorization: Bearer {machines[0].argument('nxd_token')}"
    for address in (STRANGER, SERVER):
        assert asked(machines[0].argument("config_url"), address, "-H", used) == "404", "a used token"
    stays_installed(machines[0], 3)


def test_machines_that_lose_their_power_under_a_daemon_that_dies_are_installed_to_the_end_once(
    lab: Lab,
) -> None:
    """One loses its power in some phases; all lose the daemon in the middle of their downloads and installations."""
    names = ("node01", "node02", "node03")
    unlucky, *others = lab.deploy(*names)
    others[0].shows("Starting Nutanix Foundation")
    lab.restart_daemon()
    for phase in sorted(CUTS):
        unlucky.shows(f"phase {phase}", times=unlucky.console().count(f"phase {phase}") + 1)
        unlucky.cut_power()
        lab.restart_daemon()
        unlucky.power_on()
    for machine in (unlucky, *others):
        machine.shows(GREETING)
    for name in names:
        lab.reaches(name, "awaiting_cvm")
    assert [(one.counted(BEGUN), one.counted(ENDED)) for one in others] == [(1, 1)] * 2
    assert unlucky.counted(ENDED) == 1
    assert unlucky.counted(BEGUN) == 1 + sum(phase > 3 for phase in CUTS), "each begins the disk anew"
    assert "started over: it had been in phase" in lab.log("node01")
    stays_installed(unlucky, 1)


def test_a_machine_with_uefi_firmware_is_installed_once_and_told_to_boot_from_its_disk_from_then_on(
    lab: Lab,
) -> None:
    """Its disk holds nothing that this firmware boots: what counts is that it is not installed again."""
    (machine,) = lab.deploy("node01", firmware="uefi")
    told = "Server node01 is installed, booting from its disk"
    machine.shows(told, seconds=300)
    lab.reaches("node01", "awaiting_cvm")
    assert "EFI stub" in machine.console() and "nxd: handing over to /init" in machine.console()
    machine.cut_power()
    machine.power_on()
    machine.shows(told, times=2)
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (1, 1)


def test_a_machine_that_is_not_as_it_has_to_be_says_so_and_its_disk_is_left_alone(lab: Lab) -> None:
    (machine,) = lab.deploy("node01", boot_drive_gb=3, network_cards=2)
    said = "the boot drive /dev/vda has 2 GB, and 3 are needed; 2 network cards are needed: this machine has eth0"
    assert said in lab.fails("node01")
    machine.shows("this machine is not installed")
    assert "INSTALLER" not in machine.console()
    assert machine.counted(BEGUN) == 0
    assert "disks: vda 2 GB, vdb 1 GB" in lab.log("node01")


def test_a_disk_that_keeps_nothing_of_what_it_took_fails_the_installation(lab: Lab) -> None:
    (machine,) = lab.deploy("node01", before=lambda: setattr(lab.machines["node01"], "forgets", True))
    assert "the disk does not hold what was written" in lab.fails("node01")
    machine.shows("/dev/vda does not hold what was written to it at 1 MiB")


def test_an_altered_image_is_not_given_out_and_the_machine_goes_on_once_it_is_well_again(lab: Lab) -> None:
    initrd = lab.stage.directory / "images" / "initrd-foundation.img"
    sound = initrd.read_bytes()
    (machine,) = lab.deploy("node01", before=lambda: initrd.write_bytes(sound[:-1] + b"\xff"))
    machine.shows("Boot failed, retrying")
    assert "INSTALLER" not in machine.console()
    initrd.write_bytes(sound)
    machine.shows(GREETING)
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (1, 1)

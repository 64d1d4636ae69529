"""A real iPXE, a real kernel and a real disk are installed by the daemon, once for each round, whatever happens."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.keyboard import Keyboard
from tests.real.disk import GREETING
from tests.real.firmware import FIRMWARE
from tests.real.lab import Lab
from tests.real.machine import BEGUN, ENDED, RealMachine
from tests.real.network import BRIDGE, SERVER, ip

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

STRANGER = "10.240.0.99"
"""An address of this network that is no machine's."""
TWIN = "10.240.0.98"
"""That of a machine with the user data of another."""
MOMENTS = {
    "script": "Starting Nutanix Foundation",
    "kernel": "/images/vmlinuz-foundation...",
    "initrd": "/images/initrd-foundation.img...",
    "agent": "/nxd-agent.img...",
    **{f"phase {number}": f"nxd: phase {number}" for number in (1, 2, 3)},
    "payload": "INSTALLER: boot",
    **{f"phase {number}": f"INSTALLER: phase {number}" for number in (4, 5, 6, 7, 8)},
}
"""What the console shows when a machine comes to these moments of its way, in their order."""
POWER_CUTS = {
    "node01": ("script", "phase 1", "phase 4", "phase 7"),
    "node02": ("kernel", "agent", "phase 2", "payload", "phase 5"),
    "node03": ("initrd", "phase 3", "phase 6", "phase 8"),
}
"""The moments in which machines lose their power: together all of them."""
WRITES = ("phase 4", "phase 5", "phase 6", "phase 7")
"""Moments in which the disk is begun, and nobody was told of an end."""
EITHER = ("phase 3", "payload")
"""Moments right before the disk is begun, or right after it."""


def stays_installed(machine: RealMachine, cycles: int) -> None:
    """Whoever cuts its power finds it booting from its disk, and the disk as it was."""
    for _ in range(cycles):
        stays_as_it_is(machine)
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (1, 1)


def stays_as_it_is(machine: RealMachine) -> None:
    """Its power is cut once; it boots from its disk, and the disk is as it was."""
    before, greeted = (machine.counted(BEGUN), machine.counted(ENDED)), machine.console().count(GREETING)
    machine.cut_power()
    machine.power_on()
    machine.shows(GREETING, times=greeted + 1)
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == before


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


def loses_power(machine: RealMachine, moments: tuple[str, ...]) -> None:
    """It comes to each of these moments, loses its power there, and is switched on again."""
    for moment in moments:
        said = MOMENTS[moment]
        machine.shows(said, times=machine.console().count(said) + 1, seconds=400)
        machine.cut_power()
        machine.power_on()


def test_machines_that_lose_their_power_at_every_moment_are_installed_to_the_end_and_never_again(
    lab: Lab,
) -> None:
    assert {moment for cuts in POWER_CUTS.values() for moment in cuts} == set(MOMENTS)
    machines = dict(zip(POWER_CUTS, lab.deploy(*POWER_CUTS), strict=True))
    with ThreadPoolExecutor(len(machines)) as each:
        for done in [each.submit(loses_power, machines[name], cuts) for name, cuts in POWER_CUTS.items()]:
            done.result()
    for name, machine in machines.items():
        machine.shows(GREETING, seconds=400)
        lab.reaches(name, "awaiting_cvm")
        cuts, begun, ended = POWER_CUTS[name], machine.counted(BEGUN), machine.counted(ENDED)
        print(
            f"{name}: power cut at {', '.join(cuts)}; the disk was begun {begun} times, ended {ended} times"
        )
        least = 1 + sum(moment in WRITES for moment in cuts)
        assert least <= begun <= least + sum(moment in EITHER for moment in cuts), (
            "only what was cut is begun anew"
        )
        assert ended == 1 or (ended == 0 and "phase 8" in cuts), "the count comes after the last report"
        stays_as_it_is(machine)
    assert "started over: it had been in phase" in lab.log("node01")


def test_a_machine_whose_daemon_dies_at_every_moment_is_installed_once(lab: Lab) -> None:
    (machine,) = lab.deploy("node01")
    for said in MOMENTS.values():
        machine.shows(said, seconds=400)
        lab.restart_daemon()
    machine.shows(GREETING, seconds=400)
    lab.reaches("node01", "awaiting_cvm")
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (1, 1)
    stays_installed(machine, 1)


@pytest.mark.parametrize("family", ["bios", "uefi"])
def test_every_firmware_installs_its_machine_once_and_boots_its_disk_from_then_on(
    lab: Lab, family: str
) -> None:
    each = [name for name in FIRMWARE if name.startswith(family)]
    names = [f"node{number:02}" for number in range(1, len(each) + 1)]
    machines = lab.deploy(*names, firmware=each)
    for name, machine in zip(names, machines, strict=True):
        machine.shows(GREETING, seconds=400)
        lab.reaches(name, "awaiting_cvm")
        assert "nxd: handing over to /init" in machine.console()
        assert ("EFI stub" in machine.console()) == (family == "uefi")
    with ThreadPoolExecutor(len(machines)) as at_once:
        for done in [at_once.submit(stays_installed, machine, 1) for machine in machines]:
            done.result()


def test_a_machine_knows_the_daemon_by_its_key_and_is_installed_over_https(lab: Lab) -> None:
    lab.secure()
    (machine,) = lab.deploy("node01")
    machine.shows(GREETING, seconds=400)
    lab.reaches("node01", "awaiting_cvm")
    assert machine.argument("config_url").startswith("https://")
    assert machine.argument("status_url").startswith("https://")
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (1, 1)


def test_a_second_machine_with_the_token_of_another_is_turned_away_and_disturbs_nobody(lab: Lab) -> None:
    (machine,) = lab.deploy("node01", before=lambda: lab.plug_in_another("node01", TWIN).power_on())
    twin = lab.machines["another node01"]
    machine.shows(GREETING, seconds=400)
    lab.reaches("node01", "awaiting_cvm")
    assert f"turned away {TWIN}" in lab.log("node01")
    assert "Starting Nutanix" not in twin.console() and twin.counted(BEGUN) == 0
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (1, 1)


def test_a_machine_that_is_not_as_it_has_to_be_says_so_and_its_disk_is_left_alone(lab: Lab) -> None:
    (machine,) = lab.deploy("node01", boot_drive_gb=3, network_cards=2)
    said = "the boot drive /dev/vda has 2 GB, and 3 are needed; 2 network cards are needed: this machine has eth0"
    assert said in lab.fails("node01")
    machine.shows("this machine is not installed")
    assert "INSTALLER" not in machine.console()
    assert machine.counted(BEGUN) == 0
    assert "disks: vda 2 GB, vdb 1 GB" in lab.log("node01")


def test_a_disk_that_keeps_nothing_of_what_it_took_fails_the_installation_and_its_console_is_there_to_see(
    lab: Lab,
) -> None:
    (machine,) = lab.deploy("node01", before=lambda: setattr(lab.machines["node01"], "forgets", True))
    assert "the disk does not hold what was written" in lab.fails("node01")
    machine.shows("/dev/vda does not hold what was written to it at 1 MiB")
    assert any("INSTALLER: boot 1 of node01" in line for line in lab.screen("node01")), (
        "kept with the failure"
    )
    terminal = Keyboard(lab.stage, "console", "node01")
    try:
        terminal.shows("type something")
        terminal.press(b"hello\r")
        terminal.shows("INSTALLER: somebody typed hello")
        terminal.press(b"\x1d")
        assert terminal.ended() == 0
    finally:
        terminal.close()


def altered(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-512])


def test_a_damaged_image_is_not_given_out_and_the_machine_goes_on_once_it_is_well_again(lab: Lab) -> None:
    initrd = lab.stage.directory / "images" / "initrd-foundation.img"
    sound = initrd.read_bytes()
    (machine,) = lab.deploy("node01", before=lambda: altered(initrd))
    machine.shows("Boot failed, retrying")
    cut_short(initrd)
    machine.shows("Boot failed, retrying", times=machine.console().count("Boot failed, retrying") + 2)
    assert "INSTALLER" not in machine.console()
    initrd.write_bytes(sound)
    machine.shows(GREETING)
    assert (machine.counted(BEGUN), machine.counted(ENDED)) == (1, 1)

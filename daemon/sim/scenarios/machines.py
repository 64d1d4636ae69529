"""Scenarios of the machines: how they boot, what their installers report, and who else speaks for them."""

from __future__ import annotations

from typing import Any

from daemon.sim.faults.rules import Rule
from daemon.sim.scenarios.scenario import Scenario

BOOT_WAIT = "node:awaiting_boot"
CONFIG_WAIT = "node:awaiting_config"
INSTALLING = "node:installing"
CVM_WAIT = "node:awaiting_cvm"


def _boot(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "boot", sentence, f"iPXE/boot: {source}", rules, **more)


def _boot_fails(name: str, sentence: str, source: str, at: str, *rules: Rule, **more: Any) -> Scenario:
    return _boot(name, sentence, source, *rules, ending="fails", at=at, code="deadline", **more)


BOOT = (
    _boot_fails(
        "machine-never-boots",
        "A machine runs and never asks for its boot script.",
        "server runs but never fetches iPXE (Bare metal)",
        BOOT_WAIT,
        Rule("machine boot", "never"),
    ),
    _boot(
        "dhcp-fails-first",
        "The network card gets no address, five times.",
        "DHCP fails first n times",
        Rule("machine dhcp", "fail", count=5),
    ),
    _boot_fails(
        "script-from-elsewhere",
        "A machine asks for its script from an address that is not its own.",
        "script fetched from unexpected source IP",
        BOOT_WAIT,
        Rule("machine script", "elsewhere"),
    ),
    _boot(
        "script-by-stranger",
        "Somebody with a machine's token asks for its script from another address, before the machine does.",
        "script fetched from unexpected source IP",
        Rule("machine script", "stranger"),
    ),
    _boot(
        "script-twice",
        "A machine asks for its script twice.",
        "script fetched twice",
        Rule("machine script", "twice"),
    ),
    _boot(
        "script-after-completion",
        "A machine asks for its script again when it is finished.",
        "script fetched after completion (reinstall loop)",
        Rule("machine running", "fetch"),
    ),
    _boot_fails(
        "script-wrong-token",
        "A machine asks for its script with a wrong token.",
        "wrong query arg",
        BOOT_WAIT,
        Rule("machine script", "wrong_token"),
    ),
    _boot(
        "image-missing-on-server",
        "Two downloads of boot images are a 404.",
        "404/5xx on kernel, initrd, squashfs",
        Rule("machine image", "missing", count=2),
    ),
    _boot(
        "image-short-read",
        "Two downloads of boot images end early.",
        "short read on kernel, initrd, squashfs",
        Rule("machine image", "short", count=2),
    ),
    _boot(
        "image-corrupt",
        "A boot image arrives damaged, and its checksum says so.",
        "checksum mismatch",
        Rule("machine image", "corrupt"),
    ),
    _boot_fails(
        "ipxe-shell",
        "A machine ends in the iPXE shell, in silence.",
        "drop to iPXE `shell` (silence)",
        CONFIG_WAIT,
        Rule("machine script", "shell"),
    ),
)


def _installer(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "installer", sentence, f"iPXE/boot: {source}", rules, **more)


def _stops(name: str, sentence: str, source: str, at: str, code: str, *rules: Rule, **more: Any) -> Scenario:
    return _installer(name, sentence, source, *rules, ending="fails", at=at, code=code, **more)


INSTALLER = (
    _stops(
        "installer-dies-early",
        "The installer dies before it asks for its configuration.",
        "long silence",
        CONFIG_WAIT,
        "deadline",
        Rule("machine config", "never"),
    ),
    _installer(
        "config-twice",
        "The installer asks for its configuration twice.",
        "script fetched twice (and the configuration)",
        Rule("machine config", "twice"),
    ),
    _stops(
        "config-from-elsewhere",
        "The installer asks for its configuration from another address.",
        "script fetched from unexpected source IP (and the configuration)",
        CONFIG_WAIT,
        "deadline",
        Rule("machine config", "elsewhere"),
    ),
    _stops(
        "config-wrong-token",
        "The installer asks for its configuration with a wrong token.",
        "wrong query arg (and token)",
        CONFIG_WAIT,
        "deadline",
        Rule("machine config", "wrong_token"),
    ),
    _stops(
        "report-after-timeout",
        "The installer speaks again after it was given up.",
        "report arriving after timeout (must be ignored)",
        CONFIG_WAIT,
        "deadline",
        Rule("machine config", "late", seconds=24_000.0),
    ),
    _installer(
        "phases-out-of-order",
        "The third phase is reported after the fourth has begun.",
        "installer reports phases out of order",
        Rule("machine report 3", "late", seconds=300.0),
    ),
    _installer(
        "phases-twice",
        "Every report is sent twice.",
        "installer reports phases duplicated",
        Rule("machine report *", "twice", count=None),
    ),
    _installer(
        "phase-missing",
        "The fifth phase is never reported.",
        "installer reports phases missing",
        Rule("machine report 5", "lose", count=None),
    ),
    _installer(
        "phases-late",
        "Each log line arrives two minutes late.",
        "installer reports phases late; negative log phase",
        Rule("machine report log", "late", count=None, seconds=120.0),
    ),
    _installer(
        "phases-backwards",
        "Old reports are heard again between the new ones.",
        "installer reports phases out of order",
        Rule("machine report 6", "stale", count=None),
    ),
    _installer(
        "reports-garbage",
        "The installer sends garbage between its reports.",
        "garbage JSON",
        Rule("machine report *", "garbage", count=6),
    ),
    _installer(
        "reports-wrong-token",
        "Reports arrive with a wrong token before they arrive with the right one.",
        "reports from two nodes with the same IP (a wrong token)",
        Rule("machine report *", "wrong_token", count=6),
    ),
    _installer(
        "reports-from-elsewhere",
        "Reports of a machine arrive from another address as well.",
        "reports from two nodes with the same IP (another address)",
        Rule("machine report *", "elsewhere", count=6),
    ),
    _stops(
        "reports-never",
        "The installer works and reports nothing.",
        "installer reports phases missing (all)",
        INSTALLING,
        "deadline",
        Rule("machine report *", "lose", count=None),
    ),
    _stops(
        "installer-error",
        "A disk fails while the controller VM is installed, and the installer says so.",
        "`error`",
        INSTALLING,
        "install_failed",
        Rule("machine phase 6", "fail"),
    ),
    _stops(
        "disk-not-there",
        "A data drive is not there, and nxd's agent says so before anything is installed.",
        "`error` (of a machine that lacks a drive)",
        INSTALLING,
        "install_failed",
        Rule("machine agent", "disk"),
    ),
    _installer(
        "heartbeats",
        "The agent says every minute that its machine is alive.",
        "heartbeats",
        Rule("machine agent", "heartbeats", count=None),
    ),
    _stops(
        "install-for-ever",
        "The installer works for ever on the packages.",
        "long silence",
        INSTALLING,
        "deadline",
        Rule("machine phase 4", "forever"),
    ),
    _installer(
        "long-silence",
        "The installer is silent for a quarter of an hour, then goes on.",
        "long silence then success",
        Rule("machine phase 5", "forever", seconds=900.0),
    ),
    _installer(
        "reboot-half-way",
        "A machine loses its power for a moment in the middle of the installation.",
        "server rebooted mid-install",
        Rule("machine phase 5", "reboot"),
        installs=2,
    ),
    _installer(
        "installer-erratic",
        "Reports come twice, late and out of order, and the power fails somewhere in the first run.",
        "server rebooted mid-install; installer reports phases out of order, duplicated, late",
        Rule("machine installer", "erratic", count=None),
        installs=None,
    ),
    _installer(
        "installer-stock",
        "The installer knows of no boots, and loses its power for a moment in the middle.",
        "server rebooted mid-install",
        Rule("machine installer", "stock", count=None),
        Rule("machine phase 6", "reboot"),
        installs=2,
    ),
    _stops(
        "installation-before-speaks",
        "An installation fails; while the next one runs, the one before reports an error with its old token.",
        "report arriving after cleanup (must be ignored); an old token",
        INSTALLING,
        "install_failed",
        Rule("machine phase 6", "fail"),
        Rule("machine ghost", "error"),
    ),
    _stops(
        "disk-lost",
        "The disk is gone after the installation: nothing boots.",
        "long silence (a lost disk)",
        CVM_WAIT,
        "deadline",
        Rule("machine disk", "lost"),
        way_out="rollback",
    ),
)

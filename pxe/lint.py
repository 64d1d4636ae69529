"""Finds in an iPXE script what would leave a machine standing, such as a jump to a label that is missing."""

from __future__ import annotations

import re

_LABEL = re.compile(r":([A-Za-z0-9_-]+)\s*")
_GOTO = re.compile(r"\bgoto\s+([A-Za-z0-9_-]+)")
_SET = re.compile(r"(?:^|&&|\|\|)\s*set\s+([A-Za-z0-9_-]+)\s")
_VARIABLE = re.compile(r"\$\{([^}/:]+)\}")
_DOWNLOAD = re.compile(r"(?:kernel|initrd|imgfetch|module|chain|imgload)\b")
_PLAIN_EXIT = re.compile(r"(?:^|&&|\|\|)\s*exit(?:\s+0)?\s*(?:$|&&|\|\|)")
_BUILT_IN = frozenset(
    {"uuid", "serial", "manufacturer", "product", "asset", "platform", "buildarch", "version"}
)
"""Variables that iPXE sets itself, without a scope such as ``net0/``."""
ONLY_BIOS = "iseq ${platform} pcbios || exit 1"
"""The line behind which a script goes on with BIOS firmware alone. With UEFI iPXE 1.0.0 finds no drive of a number, and
1.21.1 starts what it finds first, which is its own program on the medium that it came from (both tried in QEMU)."""


def lint_script(text: str) -> list[str]:
    """What is wrong with a rendered script, one sentence each with the line; empty if nothing is."""
    lines = text.split("\n")
    problems = []
    if lines[0] != "#!ipxe":
        problems.append('line 1: the script must start with "#!ipxe"')
    labels = {match[1] for line in lines if (match := _LABEL.fullmatch(line))}
    known = set(_BUILT_IN)
    for number, line in enumerate(lines, start=1):
        known |= {match[1] for match in _SET.finditer(line)}
        problems += [f"line {number}: {said}" for said in _line_problems(line.strip(), labels, known)]
        if line.strip().startswith("sanboot") and ONLY_BIOS not in lines[: number - 1]:
            problems.append(
                f"line {number}: on UEFI sanboot fails, or starts iPXE itself again: {ONLY_BIOS} has to stand before it"
            )
    return problems


def _line_problems(line: str, labels: set[str], known: set[str]) -> list[str]:
    problems = [f"there is no label {label}" for label in _GOTO.findall(line) if label not in labels]
    problems += [f"{name} is used before it is set" for name in _VARIABLE.findall(line) if name not in known]
    if line.startswith("imgargs"):
        problems.append("imgargs replaces the arguments of the kernel line: write all of them there")
    if line.startswith("sanboot") and not line.endswith("|| exit 1"):
        problems.append("|| exit 1 has to follow, which leads on to the firmware's next entry")
    if _PLAIN_EXIT.search(line):
        problems.append("after a plain exit a UEFI firmware opens its menu and stands: write exit 1")
    if _DOWNLOAD.match(line) and " --timeout " not in line:
        problems.append("a download without --timeout may stall for ever")
    if "{{" in line or "{%" in line:
        problems.append("a part of the template was not filled in")
    return problems

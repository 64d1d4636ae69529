"""All scenarios by name, and the one that a person means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache

from daemon.sim.refusals import SimError
from daemon.sim.scenarios import cloud, machines, metadata, objects, prism, servers, ssh
from daemon.sim.scenarios.scenario import Assignment, Scenario


@cache
def scenarios() -> Mapping[str, Scenario]:
    """Every scenario by its name, in the order of the tables."""
    tables = (
        metadata.METADATA,
        cloud.VPC,
        objects.RESERVED_IP,
        objects.VNI,
        servers.SERVER,
        objects.DNS,
        machines.BOOT,
        machines.INSTALLER,
        prism.PRISM,
        prism.FOUNDATION,
        ssh.SSH,
    )
    return {scenario.name: scenario for table in tables for scenario in table}


def assign(text: str) -> Assignment:
    """``NAME`` or ``NAME@TARGET``; raises SimError with the nearest known names."""
    name, _, target = text.partition("@")
    known = scenarios()
    if name in known:
        return Assignment(known[name], target)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.0)[:3]
    raise SimError(
        f"There is no scenario {name!r}. Did you mean {' or '.join(near)}? "
        "`nxd sim --list-scenarios` names them all."
    )

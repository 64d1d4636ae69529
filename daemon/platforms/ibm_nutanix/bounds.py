"""How long many nodes wait for the limits of the daemon: what a plan says of its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.platforms.base import Bound
from daemon.platforms.ibm_nutanix.settings import IbmSettings

VPC_CALLS = 12
"""Calls to the VPC API for one node: four addresses and a list of them, two interfaces that are looked at, a server.
To look at servers costs one call for a hundred."""
DNS_CALLS = 8
"""Calls to DNS Services for one node: four names that are looked for and made."""

INSTALL_STATES = ("creating_server", "awaiting_boot", "awaiting_config", "installing")
"""The states in which a node has a place to install."""


def bounds(settings: IbmSettings, nodes: int, usual: Callable[[str], float | None]) -> Sequence[Bound]:
    """The rates, as they are before anything was learned, and the places to install."""
    vpc, dns = settings.rates_vpc_per_second, settings.rates_dns_per_second
    found = [
        Bound("rates.vpc_per_second", vpc, nodes * VPC_CALLS / vpc),
        Bound("rates.dns_per_second", dns, nodes * DNS_CALLS / dns),
    ]
    waves = -(-nodes // settings.limits_installs) - 1
    if waves > 0:
        each = [usual(state) for state in INSTALL_STATES]
        known = [seconds for seconds in each if seconds is not None]
        wait = waves * sum(known) if len(known) == len(each) else None
        found.append(Bound("limits.installs", settings.limits_installs, wait))
    return found

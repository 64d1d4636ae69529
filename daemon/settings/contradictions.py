"""What is wrong between settings that are right by themselves."""

from __future__ import annotations

import os
from collections.abc import Collection
from itertools import combinations
from pathlib import Path
from typing import Any

from daemon.host.state_dir import NAMES
from daemon.settings.kinds import place_of
from daemon.spec.hosts import HostPort, is_loopback, is_unspecified, why_unreachable


def contradictions(values: dict[str, Any], services: Collection[str] | None) -> list[str]:
    """What is wrong between two settings that are right by themselves; ``services`` are the URLs of
    those outside; None where one of them is wrong itself."""
    problems = []
    ports = [(key, value) for key, value in values.items() if isinstance(value, HostPort)]
    for (one, here), (other, there) in combinations(ports, 2):
        if _overlap(here, there):
            problems.append(f"{other} is {there} and {one} {here}: give each its own port.")
    boot, config = values.get("boot.url"), values.get("config.url")
    if boot is not None and config is not None and place_of(boot) == place_of(config):
        problems.append(f"config.url is {config} and boot.url {boot}, which is one port: each has its own.")
    problems += _incomplete_https(values)
    problems += [] if services is None else _out_of_reach(values, services)
    first, most = values.get("retry.first_seconds"), values.get("retry.max_seconds")
    if isinstance(first, float) and isinstance(most, float) and first > most:
        problems.append(
            f"retry.max_seconds ({most:g}) is less than retry.first_seconds ({first:g}): raise it."
        )
    each, every = values.get("limits.connections_per_source"), values.get("limits.connections")
    if each is not None and every is not None and each > every:
        problems.append(
            f"limits.connections_per_source ({each}) is more than limits.connections ({every}), which is of all "
            "sources together: lower it."
        )
    return problems + _socket_in_the_way(values)


def _incomplete_https(values: dict[str, Any]) -> list[str]:
    """HTTPS takes three settings: a URL with https, a certificate, and the key of that. Some are set and others not."""
    parts = ("config.url", "config.certificate", "config.key")
    if not all(part in values for part in parts):  # one of them is wrong itself
        return []
    url, certificate, key = (values[part] for part in parts)
    secure = str(url).startswith("https:")
    if certificate and not key:
        return ["config.certificate is set, and config.key is not: name the file of its private key there."]
    if key and not certificate:
        return ["config.key is set, and config.certificate is not: name the file of its certificate there."]
    if secure and not certificate:
        return [
            f"config.url is {url}, and no certificate is given: set config.certificate and config.key, or write http."
        ]
    if certificate and not secure:
        return [f"config.certificate is set, and config.url is {url}: write https."]
    return []


def _out_of_reach(values: dict[str, Any], services: Collection[str]) -> list[str]:
    """The URLs that no machine can reach. In the simulated world, whose cloud is on this host, the machines are on it
    too, and an address of loopback leads to it; a name that each looks up for itself does not."""
    here = bool(services) and all(is_loopback(place_of(url)[0]) for url in services)
    found = []
    for key in ("boot.url", "config.url"):
        host = place_of(values[key])[0] if key in values else ""
        why = why_unreachable(host) if host else None
        if why is not None and not (here and is_loopback(host)):
            found.append(
                f"{key} is {values[key]}, and {host} {why}: no machine reaches it there. Name the address of this "
                "host in the network of the machines."
            )
    return found


def fast_for_real(values: dict[str, Any], services: Collection[str]) -> list[str]:
    """A clock that runs at another speed than the services outside, whose limits and deadlines are in real time."""
    speed, real = values.get("clock.speed"), [url for url in services if not is_loopback(place_of(url)[0])]
    if speed in (None, 1.0) or not real:
        return []
    return [
        f"clock.speed is {speed:g}, and {real[0]} is a real service, whose time passes as it does: leave clock.speed "
        "out, which is only for the simulated world on this host."
    ]


def _socket_in_the_way(values: dict[str, Any]) -> list[str]:
    """Whether the socket would stand where nxd keeps something else."""
    if "socket" not in values:
        return []
    socket = Path(os.path.normpath(values["socket"]))
    taken: dict[Path, str] = {}
    for key in ("state_dir", "images_dir"):
        if key in values:
            directory = Path(os.path.normpath(values[key]))
            taken |= {path: f"a directory above {key}" for path in directory.parents} | {directory: key}
            if key == "state_dir":
                taken |= {directory / name: f"a file that nxd keeps in {key}" for name in NAMES}
    if socket not in taken:
        return []
    return [f"socket is {socket}, which is {taken[socket]}: give the socket a path of its own."]


def _overlap(one: HostPort, other: HostPort) -> bool:
    """Whether two servers that listen there would meet at an address."""
    everywhere = is_unspecified(one.host) or is_unspecified(other.host)
    return one.port == other.port and (one.host == other.host or everywhere)

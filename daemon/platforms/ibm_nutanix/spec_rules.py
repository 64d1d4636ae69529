"""What must hold between several values of a spec, and where it does not."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.platforms.ibm_nutanix.spec_values import (
    BOOT_DRIVE,
    DATA_DRIVES,
    FOUNDERS,
    NODE_COMPONENTS,
    RANGES,
    WORKLOAD_RANGE,
    offsets,
)
from daemon.spec.hosts import NAME_LIMIT
from daemon.spec.reading import at, count, repeated
from daemon.spec.yaml_marks import Loc
from daemon.words import counted, there_are

Mistakes = Iterator[tuple[Loc, str]]


def position_letters(index: int) -> str:
    """The position of the node with this index: A … Z, then AA, AB …"""
    first, last = divmod(index, 26)
    return (chr(ord("A") + first - 1) if first else "") + chr(ord("A") + last)


def _positions_differ(raw: object) -> Mistakes:
    given = [at(raw, "nodes", i, "position") for i in range(count(raw, "nodes"))]
    filled = [position_letters(i) if p is None else p for i, p in enumerate(given)]
    for index in repeated(filled):
        letter, first = filled[index], filled.index(filled[index])
        other = at(raw, "nodes", first, "name")
        said = f'the position "{letter}" is already taken by node "{other}"'
        if given[index] is None:
            said = f'the position "{letter}", by its place in the list, is already taken by node "{other}"'
        elif given[first] is None:
            said += ", by its place in the list"
        if None in (given[index], given[first]):
            said += ": write the position of each node (nxd spec CLUSTER has those that stand)"
        yield ("nodes", index, "position"), said


def _host_names_differ(raw: object) -> Mistakes:
    cluster = at(raw, "cluster")
    for index in range(count(raw, "nodes")):
        name = at(raw, "nodes", index, "name")
        if cluster in [f"{name}-{component}" for component in NODE_COMPONENTS]:
            yield (
                ("cluster",),
                f'the name "{cluster}" is already the host name of an interface of node "{name}"',
            )


def _enough_nodes(raw: object) -> Mistakes:
    nodes, factor = count(raw, "nodes"), at(raw, "nutanix", "redundancy_factor")
    if nodes == 2:
        yield ("nodes",), "two nodes cannot form a cluster without a witness: use one node, or three and more"
        return
    needed = FOUNDERS.get(factor) if type(factor) is int else None
    if nodes == 0 or needed is None:
        return
    where: Loc = ("nutanix", "redundancy_factor")
    if nodes == 1 and factor != 1:
        yield where, f"a single node has redundancy factor 1, found {factor}"
    elif nodes > 1 and factor == 1:
        yield where, f"redundancy factor 1 is for a single node, and there are {nodes}: use 2"
    elif nodes < needed:
        yield where, f"redundancy factor {factor} needs {counted(needed, 'node')}, and {there_are(nodes)}"


def _ranges_fit(raw: object) -> Mistakes:
    nodes = count(raw, "nodes")
    management: Loc = ("ibm", "management", "ranges")
    ranges: dict[str, tuple[int, int]] = {}
    for name, default in RANGES.items():
        found = _range(raw, (*management, name), default)
        if found is None:
            continue
        yield from _large_enough((*management, name), found, 1 if name == "cluster" else nodes)
        for other, (low, high) in ranges.items():
            if found[0] <= high and low <= found[1]:
                yield (*management, name), f"the range {name} overlaps {other} [{low}, {high}]"
        ranges[name] = found
    workload: Loc = ("ibm", "workload", "range")
    found = _range(raw, workload, WORKLOAD_RANGE)
    if found is not None:
        yield from _large_enough(workload, found, nodes)


def _range(raw: object, loc: Loc, default: tuple[int, int]) -> tuple[int, int] | None:
    """The range at ``loc``, or the default one if none is given; None if it is wrong by itself."""
    given = at(raw, *loc)
    try:
        return default if given is None else offsets(given)
    except ValueError:
        return None


def _large_enough(loc: Loc, found: tuple[int, int], needed: int) -> Mistakes:
    size = found[1] - found[0] + 1
    if size < needed:
        needs = f"{counted(needed, 'node')} {'needs one' if needed == 1 else 'need one each'}"
        yield loc, f"the range has {counted(size, 'address')}, and {needs}"


def _subnets_differ(raw: object) -> Mistakes:
    subnet = at(raw, "ibm", "workload", "subnet")
    if subnet is not None and subnet == at(raw, "ibm", "management", "subnet"):
        yield ("ibm", "workload", "subnet"), "this is the management subnet: the workload needs another one"


def _zone_fits_name(raw: object) -> Mistakes:
    zone, name = at(raw, "ibm", "dns", "zone"), at(raw, "ibm", "dns", "name")
    if isinstance(zone, str) and isinstance(name, str) and ":" in zone and zone.split(":")[0] != name:
        yield (
            ("ibm", "dns", "name"),
            f'the name is "{name}", but the zone id is that of "{zone.split(":")[0]}"',
        )


def _drives_differ(raw: object) -> Mistakes:
    storage: Loc = ("nutanix", "storage")
    boot = at(raw, *storage, "boot_drive") or BOOT_DRIVE
    data = at(raw, *storage, "data_drives")
    drives = [boot, *(data if isinstance(data, list) else DATA_DRIVES)]
    for index in repeated(drives):
        yield (*storage, "data_drives", index - 1), f'the drive "{drives[index]}" is already in use above'


def _lists_repeat_nothing(raw: object) -> Mistakes:
    for loc, what in _LISTS:
        given = at(raw, *loc)
        entries = (
            [one.lower() if isinstance(one, str) else one for one in given] if isinstance(given, list) else []
        )
        for index in repeated(entries):
            yield (*loc, index), f'the {what} "{given[index]}" stands here twice'


def _gate_lets_a_cluster_form(raw: object) -> Mistakes:
    """The nodes at the gate form the cluster, before the others are there."""
    gate, nodes = at(raw, "gate"), count(raw, "nodes")
    factor = at(raw, "nutanix", "redundancy_factor")
    if type(gate) is not int or gate < 1 or nodes in (0, 2):
        return
    needed = FOUNDERS.get(factor, 1) if type(factor) is int else 1
    if gate > nodes:
        yield ("gate",), f"the gate waits for {counted(gate, 'node')}, and {there_are(nodes)}"
    elif gate < needed <= nodes:
        yield (
            ("gate",),
            f"redundancy factor {factor} needs {counted(needed, 'node')} at the gate, and it waits for {gate}",
        )


def _host_names_fit(raw: object) -> Mistakes:
    """A host name with its domain has an end; the longest one stands for all that are too long."""
    domain = at(raw, "ibm", "dns", "name")
    names = [at(raw, "nodes", index, "name") for index in range(count(raw, "nodes"))]
    hosts = [f"{name}-{NODE_COMPONENTS[-1]}" for name in names if isinstance(name, str)]
    hosts += [cluster] if isinstance(cluster := at(raw, "cluster"), str) else []
    if not hosts or not isinstance(domain, str):
        return
    longest = max(hosts, key=len)
    length = len(longest) + 1 + len(domain)
    if length > NAME_LIMIT:
        yield (
            ("ibm", "dns", "name"),
            f"{longest} has {length} characters with this domain, and a host name at most {NAME_LIMIT}",
        )


_LISTS: tuple[tuple[Loc, str], ...] = (
    (("ibm", "ssh_keys"), "SSH key"),
    (("ibm", "management", "security_groups"), "security group"),
    (("ibm", "workload", "security_groups"), "security group"),
    (("nutanix", "dns_servers"), "name server"),
    (("nutanix", "ntp_servers"), "time server"),
)
"""Lists in which nothing may stand twice, and what each of their entries is."""

RULES = (
    _positions_differ,
    _host_names_differ,
    _enough_nodes,
    _ranges_fit,
    _subnets_differ,
    _zone_fits_name,
    _drives_differ,
    _lists_repeat_nothing,
    _gate_lets_a_cluster_form,
    _host_names_fit,
)
"""What must hold between several values; each says where it does not."""

"""The command `cluster` of a controller VM: create, status, start, stop and destroy, in the words of real logs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from daemon.sim.nutanix.cvm import Cluster, Cvm
from daemon.sim.nutanix.forming import is_over, nodes_at
from daemon.sim.refusals import Json, Refusal
from daemon.sim.ssh.shell import ShellSession

SERVICES = (
    "Zeus", "Scavenger", "Xmount", "SysStatCollector", "IkatProxy", "IkatControlPlane", "SSLTerminator",
    "SecureFileSync", "Medusa", "DynamicRingChanger", "Pithos", "InsightsDB", "Athena", "Mercury", "Mantle",
    "VipMonitor", "Stargate", "InsightsDataTransfer", "Ergon", "GoErgon", "Cerebro", "Chronos", "Curator",
    "Prism", "Hera", "CIM", "AlertManager", "Arithmos", "Catalog", "Acropolis", "Uhura",
    "NutanixGuestTools", "MinervaCVM", "ClusterConfig", "APLOSEngine", "APLOS", "PlacementSolver", "Lazan",
    "Polaris", "Delphi", "Security", "Flow", "Anduril", "XTrim", "ClusterHealth",
)  # fmt: skip
"""The services that ``cluster status`` names, in its order (a log of AOS 6.5)."""
FIRST = SERVICES[:3]
"""Those that run before, and without, the others."""
_LOOK = 5.0
_TALK = 30.0
_NO_SSD = "Cannot create one node backup cluster as not enough boot ssds are present"
_UNDISCOVERED = (
    "Could not discover all nodes specified. Please make sure that the SVMs from which you wish to create the "
    "cluster are not already part of another cluster. Undiscovered ips : {}"
)
AGREE = "I agree"
"""What ``cluster stop`` wants to read before it stops anything (seen in public scripts)."""

Options = Mapping[str, str]
Action = Callable[[ShellSession, Options], Awaitable[int]]


async def cluster(desk: ShellSession) -> int:
    """``cluster [-s IP,IP] [--option=value] ACTION``."""
    options, actions = _read(list(desk.words))
    unknown = next((name for name in options if name not in OPTIONS), None)
    if unknown is not None:
        desk.screen.complain(f"Unknown command line flag '{unknown}'")
        return 1
    action = ACTIONS.get(actions[0]) if len(actions) == 1 else None
    if action is None:
        desk.screen.complain(f"Usage: cluster [flags] {'|'.join(ACTIONS)}")
        return 1
    return await action(desk, options)


def _read(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Flags with their values, by their long names; and what is no flag."""
    options: dict[str, str] = {}
    others: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            others.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals and name in OPTIONS and words:
            value = words.pop(0)
        options["svm_ips" if name in ("s", "svm_ip") else name] = value
    return options, others


OPTIONS = frozenset(
    {
        "s", "svm_ip", "svm_ips", "redundancy_factor", "cluster_name", "cluster_external_ip", "dns_servers",
        "ntp_servers", "container_name", "timezone",
    }
)  # fmt: skip


async def _create(desk: ShellSession, options: Options) -> int:
    """Form a cluster: the change is made when the line ``Creating cluster with SVMs`` is said."""
    addresses = [word for word in options.get("svm_ips", "").split(",") if word]
    if not addresses:
        return _critical(desk, 2930, "The flag -s must name the controller VMs.")
    if desk.cvm.cluster is not None and not is_over(desk.cvm.cluster):
        return _critical(desk, 2950, f"This node is already part of the cluster {desk.cvm.cluster.name}.")
    factor = options.get("redundancy_factor", "2")
    if not factor.isdigit():
        return _critical(desk, 2931, f"The redundancy factor {factor} is not a number.")
    _info(desk, 2943, f"Executing action create on SVMs {','.join(addresses)}")
    await desk.world.take("cluster.discover")
    body = {
        "name": options.get("cluster_name", "Unnamed"),
        "external_ip": options.get("cluster_external_ip"),
        "redundancy_factor": int(factor),
        "timezone": options.get("timezone", "UTC"),
        "nodes": nodes_at(desk.fleet.cvms, addresses),
    }
    try:
        members = _discovered(desk, addresses, body)
        await _prepare(desk, members)
        made, _ = desk.fleet.create(desk.cvm, body)
    except Refusal as refusal:
        return _critical(desk, 600, refusal.message)
    made.name_servers = options.get("dns_servers", "").replace(",", " ").split()
    made.ntp_servers = options.get("ntp_servers", "").replace(",", " ").split()
    _info(desk, 1396, f"Creating cluster with SVMs: {','.join(addresses)}")
    desk.screen.changed()
    return await _watch(desk, made)


def _discovered(desk: ShellSession, addresses: list[str], body: Json) -> list[Cvm]:
    """The nodes, as they are found in the network; refused in the words of the real command where known."""
    here = desk.fleet.cvms
    free = [a for a in addresses if a in here and not _taken(here[a])]
    missing = [address for address in addresses if address not in free]
    if missing:
        raise Refusal(422, "", _UNDISCOVERED.format(",".join(missing)))
    limit = desk.world.quotas["cluster_nodes"]
    if len(addresses) > limit:
        raise Refusal(422, "", f"A cluster of this hypervisor holds {limit} nodes, not {len(addresses)}.")
    if len(addresses) == 1 and body["redundancy_factor"] > 1:
        raise Refusal(422, "", _NO_SSD)
    members = desk.fleet.vet(desk.cvm, body)
    for member in members:
        _info(desk, 1007, f"Discovered node:\nip: {member.address}")
        desk.screen.say(f"\trackable_unit_serial: {member.serial}\n\tnode_position: {member.position}")
        desk.screen.say(f"\tnode_uuid: {member.uuid}\n")
    _info(desk, 1025, "Cluster is on arch x86_64")
    limits = f"Maximum node limit corresponding to the hypervisors on the cluster (set([u'kvm'])) : {limit}"
    desk.screen.say(f"{_stamp(desk)} INFO MainThread genesis_utils.py:8077 {limits}")
    return members


def _taken(cvm: Cvm) -> bool:
    return cvm.cluster is not None and not is_over(cvm.cluster)


async def _prepare(desk: ShellSession, members: list[Cvm]) -> None:
    for member in members:
        _info(desk, 1332, f"iptables configured on SVM {member.address}")
    await desk.world.take("cluster.prepare")
    _info(desk, 1351, "Creating certificates")
    for member in members:
        _info(desk, 1368, f"Setting the cluster functions on SVM node {member.address}")


async def _watch(desk: ShellSession, made: Cluster) -> int:
    """Tell of the services until they are up, or will not be. If they hang, so does this."""
    clock, told = desk.world.clock, 0.0
    if made.status != "UP":
        _info(desk, 1425, "Zeus is not ready yet, trying again in 5 seconds")
        await clock.sleep(_LOOK)
        _info(desk, 1444, "Waiting for services to start")
    while made.status in ("CREATING", "STARTING"):
        if clock.now() - told >= _TALK:
            told = clock.now()
            for place, member in enumerate(made.members):
                role = "Up, ZeusLeader" if place == len(made.members) - 1 else "Up"
                names = " ".join(SERVICES[3:])
                desk.screen.say(f"Waiting on {member.address} ({role}) to start:  {names}")
        await clock.sleep(_LOOK)
    if made.status != "UP":
        down = [member.address for member in made.members if not member.up] or [made.members[-1].address]
        return _critical(desk, 1446, f"Services did not start on {', '.join(down)}.")
    desk.screen.say(_state(made))
    _info(desk, 3104, "Success!")
    return 0


async def _status(desk: ShellSession, options: Options) -> int:
    await desk.world.take("prism.read")
    of = desk.cvm.cluster
    if of is None or is_over(of):
        return _critical(desk, 2930, "Cluster is currently unconfigured. Please create the cluster.")
    desk.screen.say(_state(of))
    desk.screen.changed()
    return 0


def _state(of: Cluster) -> str:
    """What ``cluster status`` shows: each member with its services and their processes."""
    lines = [
        f"The state of the cluster: {'stop' if of.status == 'STOPPED' else 'start'}",
        "Lockdown mode: Disabled",
    ]
    for member in of.members:
        lines += ["", f"\tCVM: {member.address} {'Up' if member.up else 'Down'}"]
        if not member.up:
            continue
        for number, name in enumerate(SERVICES):
            running = of.status == "UP" or name in FIRST
            pids = [12_000 + 97 * number + child for child in range(4)] if running else []
            lines.append(f"\t{name:>36}   {'UP' if running else 'DOWN':<5}   {pids}")
    return "\n".join(lines)


async def _stop(desk: ShellSession, options: Options) -> int:
    of = desk.cvm.cluster
    if of is None or is_over(of):
        return await _status(desk, options)
    prompt = "The storage of this cluster will be unavailable. Do you want to proceed? (I agree/[N]): "
    if of.status == "UP" and await desk.screen.ask(prompt) != AGREE:
        return 1
    _info(desk, 2943, f"Executing action stop on SVMs {','.join(member.address for member in of.members)}")
    await desk.world.take("cluster.stop")
    desk.fleet.stop(of)
    desk.screen.changed()
    desk.screen.say(_state(of))
    _info(desk, 3104, "Success!")
    return 0


async def _start(desk: ShellSession, options: Options) -> int:
    of = desk.cvm.cluster
    if of is None or is_over(of):
        return await _status(desk, options)
    _info(desk, 2943, f"Executing action start on SVMs {','.join(member.address for member in of.members)}")
    if of.status in ("STOPPED", "HALF"):
        desk.fleet.start(of)
    desk.screen.changed()
    return await _watch(desk, of)


async def _destroy(desk: ShellSession, options: Options) -> int:
    """End a cluster that is stopped; its nodes are then as if they had never been in one."""
    of = desk.cvm.cluster
    if of is None or is_over(of):
        return await _status(desk, options)
    if of.status not in ("STOPPED", "HALF"):
        return _critical(desk, 2960, "Cluster is running. Please stop the cluster first.")
    prompt = "All data and the configuration of each node will be erased. Do you want to proceed? (Y/[N]): "
    if (await desk.screen.ask(prompt)).strip().upper() not in ("Y", "YES"):
        return 1
    _info(desk, 2943, f"Executing action destroy on SVMs {','.join(m.address for m in of.members)}")
    await desk.world.take("cluster.destroy")
    desk.fleet.dissolve(of)
    desk.screen.changed()
    _info(desk, 3104, "Success!")
    return 0


ACTIONS: Mapping[str, Action] = {
    "create": _create,
    "status": _status,
    "start": _start,
    "stop": _stop,
    "destroy": _destroy,
}


def _stamp(desk: ShellSession) -> str:
    when = datetime.fromtimestamp(desk.world.clock.now(), UTC)
    return f"{when:%Y-%m-%d %H:%M:%S},{when.microsecond // 1000:03d}Z"


def _info(desk: ShellSession, line: int, text: str) -> None:
    desk.screen.say(f"{_stamp(desk)} INFO MainThread cluster:{line} {text}")


def _critical(desk: ShellSession, line: int, text: str) -> int:
    desk.screen.say(f"{_stamp(desk)} CRITICAL MainThread cluster:{line} {text}")
    return 1

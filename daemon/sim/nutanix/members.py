"""How a standing cluster takes a node in and lets one go.

No public document shows these calls of Prism Element, so paths and bodies are this project's contract with its
simulator, like the creation of a cluster. What a host shows meanwhile (``NEW``, ``NORMAL``,
``MARKED_FOR_REMOVAL_BUT_NOT_DETACHABLE``) are the states that monitoring templates list.
"""

from __future__ import annotations

from daemon.sim.nutanix.cvm import FACTORY_PASSWORDS, REAL, Cluster, Cvm, PrismTask
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.nutanix.forming import NODES_FOR_FACTOR, why_not_together
from daemon.sim.refusals import Json, Refusal
from daemon.sim.world.world import World


def expand(world: World, fleet: NutanixFleet, cluster: Cluster, nodes: list[Json]) -> PrismTask:
    """Begin to take nodes into a cluster; refused with a reason if it cannot be."""
    if cluster.redundancy_factor == 1:
        raise _wrong("A cluster of one node cannot be expanded.")
    joining = [_newcomer(fleet, cluster, node) for node in nodes]
    if not joining or len({cvm.address for cvm in joining}) < len(joining):
        raise _wrong("Each node must be named once.")
    busy = [member.address for member in cluster.members if member.moving is not None and not member.lost]
    if busy:
        raise Refusal(409, "", f"Another node joins or leaves already: {', '.join(busy)}.")
    task = fleet.begin_task("expand", "cluster.expand", cluster)
    for cvm in joining:
        cvm.cluster, cvm.moving = cluster, "NEW"
        cluster.members.append(cvm)
    world.spawn(_finish_joining(world, fleet, joining, task), f"expand {cluster.name}")
    return task


def _newcomer(fleet: NutanixFleet, cluster: Cluster, node: Json) -> Cvm:
    cvm = fleet.cvms.get(node["cvm_ip"])
    if cvm is None:
        raise _wrong(f"The node {node['cvm_ip']} cannot be reached.")
    if cvm.cluster is not None and cvm.cluster.status != "FAILED":
        raise Refusal(409, "", f"The node {cvm.address} is already part of the cluster {cvm.cluster.name}.")
    if any(member.address == cvm.address for member in cluster.members):
        raise _wrong(f"The host at {cvm.address} that was there before must be removed first.")
    if cvm.hypervisor != node["hypervisor_ip"]:
        raise _wrong(f"The hypervisor of {cvm.address} is not at {node['hypervisor_ip']}.")
    misfit = why_not_together([*cluster.members, cvm])
    if misfit is not None:
        raise _wrong(f"Cluster expansion failed: {misfit}.")
    return cvm


async def _finish_joining(world: World, fleet: NutanixFleet, joining: list[Cvm], task: PrismTask) -> None:
    await world.clock.sleep(task.ends - world.clock.now())
    for cvm in joining:
        if not cvm.up or task.error is not None:
            task.error = task.error or f"Services did not start on {cvm.address}."
            _part(fleet, cvm)
            continue
        cvm.moving = None
        if cvm.personality == REAL and cvm.certificate is not None:
            await fleet.answer(cvm.address, cvm.certificate)


def remove(world: World, fleet: NutanixFleet, cluster: Cluster, cvm: Cvm) -> PrismTask:
    """Begin to let a host go: its data moves to the others first, unless it is down."""
    if cvm.moving == "NEW":
        raise Refusal(409, "", f"The host {cvm.address} is only joining.")
    staying = [member for member in cluster.members if member is not cvm and member.moving is None]
    fewest = NODES_FOR_FACTOR.get(cluster.redundancy_factor, 1)
    if cvm.up and len(staying) < fewest:
        message = f"Redundancy factor {cluster.redundancy_factor} needs at least {fewest} nodes."
        raise _wrong(f"The host {cvm.address} cannot be removed: {message}")
    task = fleet.begin_task("remove", "cluster.remove" if cvm.up else "cluster.detach", cluster)
    if cvm.moving is None:
        cvm.moving = "MARKED_FOR_REMOVAL_BUT_NOT_DETACHABLE"
        world.spawn(_move_out(world, fleet, cvm, task), f"remove {cvm.address}")
    return task


def host_of(cluster: Cluster, uuid: str) -> Cvm:
    """The member with this uuid; refused with 404 if there is none."""
    for member in cluster.members:
        if member.uuid == uuid:
            return member
    raise Refusal(404, "", f"There is no host {uuid}.")


async def _move_out(world: World, fleet: NutanixFleet, cvm: Cvm, task: PrismTask) -> None:
    await world.clock.sleep(task.ends - world.clock.now())
    if task.error is not None:
        cvm.moving = None
        fleet.operations.over(cvm.node, "remove")
        return
    _part(fleet, cvm)


def _part(fleet: NutanixFleet, cvm: Cvm) -> None:
    """The CVM belongs to nobody any more and is as it was when it was fresh."""
    if cvm.cluster is not None and cvm in cvm.cluster.members:
        cvm.cluster.members.remove(cvm)
    fleet.operations.over(cvm.node)
    cvm.cluster, cvm.moving = None, None
    cvm.own_password = FACTORY_PASSWORDS[cvm.personality]
    if cvm.personality == REAL:
        fleet.fall_silent(cvm.address)


def _wrong(message: str) -> Refusal:
    return Refusal(422, "", message)

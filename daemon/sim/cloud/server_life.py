"""The life of a bare metal server: which status follows which, and what each power button does."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.sim.cloud.vpc_catalogue import free_capacity
from daemon.sim.cloud.vpc_interfaces import drop_vni
from daemon.sim.refusals import MORE_INFO, Json, conflict
from daemon.sim.world.objects import Attachment, Server, Vni
from daemon.sim.world.world import World

REASONS: Mapping[str, str] = {
    "cannot_start_capacity": (
        "The bare metal server cannot start as there is no more capacity in this\n"
        "zone for a bare metal server with the requested profile."
    ),
    "cannot_start": "The bare metal server cannot start.",
    "cannot_start_compute": "The bare metal server cannot start because of a compute failure.",
    "cannot_start_ip_address": "The bare metal server cannot start because of its IP address.",
    "cannot_start_network": "The bare metal server cannot start because of a network failure.",
    "cannot_start_reservation_capacity": "The reservation has no capacity left.",
    "cannot_start_reservation_expired": "The reservation has expired.",
    "cannot_reinitialize": "The bare metal server cannot be reinitialized.",
    "cannot_update_firmware": "The firmware of the bare metal server cannot be updated.",
}
"""Every ``status_reasons`` code of the SDK. Only the first text is known; the others are ours."""


def reason(code: str) -> Json:
    """Why a server is ``failed``, as its ``status_reasons`` say it."""
    return {"code": code, "message": REASONS.get(code, code), "more_info": MORE_INFO}


def begin(world: World, server: Server) -> None:
    """Bring a new server up: pending, starting, running; or failed, if the zone is full."""

    async def life() -> None:
        pending = world.strike("server pending", server)
        await world.take("server.pending")
        if pending is not None and pending.action == "stuck":
            await world.hold(pending)
        elif pending is not None:
            await _deleted(world, server)
            return
        server.state = "stable"
        failing = world.strike("server start", server)
        if failing is not None or free_capacity(world, server.profile, server.zone) < 0:
            code = (
                "cannot_start_capacity" if failing is None else str(failing.what.get("code", "cannot_start"))
            )
            server.status, server.status_reasons = "failed", [reason(code)]
            return
        await _run(world, server)

    server.status = "pending"
    world.spawn(life(), f"new server {server.name}")


def start(world: World, server: Server) -> None:
    """Start a stopped server; anything else is a conflict."""
    _require(server, ("stopped",), "start", "the server is not in the STOPPED status")
    server.status = "starting"
    world.spawn(_run(world, server), f"start {server.name}")


def stop(world: World, server: Server, kind: str = "hard") -> None:
    """Stop a running server; hard, also one that has not obeyed a soft stop yet. The simulated operating systems
    obey a soft stop like a hard one."""
    if not (kind == "hard" and server.status == "stopping" and server.stopping_softly):
        _require(server, ("running",), "stop", "the server is not in the RUNNING status")
    strike = world.strike("server soft-stop" if kind == "soft" else "server stop", server)
    if strike is not None and strike.action == "ignored":
        return

    async def life() -> None:
        await world.take("server.stopping")
        if strike is not None:
            await world.hold(strike)
        if server.status == "stopping" and server.stopping_softly == softly:
            server.status = "stopped"

    softly = kind == "soft"
    server.status, server.stopping_softly = "stopping", softly
    _hardware_off(world, server)
    world.spawn(life(), f"stop {server.name}")


def restart(world: World, server: Server) -> None:
    """Power a running server off and on again."""
    _require(server, ("running",), "restart", "the server is not in the RUNNING status")

    async def life() -> None:
        await world.take("server.restarting")
        _power_on(world, server)

    server.status = "restarting"
    _hardware_off(world, server)
    world.spawn(life(), f"restart {server.name}")


def reinitialize(world: World, server: Server) -> None:
    """Wipe the boot disk of a stopped server and start it from its image; it keeps its id and addresses."""
    reasons = {reason["code"] for reason in server.status_reasons}
    if not (server.status == "failed" and "cannot_reinitialize" in reasons):
        _require(server, ("stopped",), "reinitialize", "the server is not in the STOPPED status")

    strike = world.strike("server reinitialize", server)

    async def life() -> None:
        await world.take("server.reinitializing")
        if strike is not None and strike.action == "fail":
            server.status, server.status_reasons = "failed", [reason("cannot_reinitialize")]
            return
        if strike is not None:
            await world.hold(strike)
        await _run(world, server)

    server.status, server.status_reasons = "reinitializing", []
    if world.hardware is not None:
        world.hardware.wipe(server)
    world.spawn(life(), f"reinitialize {server.name}")


def delete(world: World, server: Server) -> None:
    """Give a stopped or failed server back; its name is free when it is gone.

    That a running one is refused with 409 is a guess: the documents only say that it must be off.
    """
    if server.status == "deleting":
        return
    _require(server, ("stopped", "failed"), "delete", "the server is not in the STOPPED status")
    server.status = server.state = "deleting"
    strike = world.strike("server delete", server)

    async def life() -> None:
        await world.take("server.delete")
        if strike is not None:
            await world.hold(strike)
        await _deleted(world, server)

    world.spawn(life(), f"delete {server.name}")


async def _run(world: World, server: Server) -> None:
    server.status = "starting"
    await world.take("server.starting")
    _power_on(world, server)


def _power_on(world: World, server: Server) -> None:
    server.status = "running"
    if world.hardware is not None:
        world.hardware.power_on(server)


def _hardware_off(world: World, server: Server) -> None:
    if world.hardware is not None:
        world.hardware.power_off(server)


async def _deleted(world: World, server: Server) -> None:
    strike = world.strike("server gone", server)
    if world.hardware is not None:
        world.hardware.scrap(server)
    world.remove(server)
    if strike is not None:
        await world.hold(strike)
    for attachment in server.attachments:
        release(world, attachment)


def release(world: World, attachment: Attachment) -> None:
    """The interface is attached to nothing any more; it goes with its attachment if that was asked for."""
    vni = world.get(Vni, attachment.vni_id)
    vni.server_id = vni.attachment_id = None
    if vni.auto_delete:
        drop_vni(world, vni)


def _require(server: Server, allowed: tuple[str, ...], verb: str, why: str) -> None:
    if server.status not in allowed:
        raise conflict(f"Failed to {verb} the bare metal server because {why}.")

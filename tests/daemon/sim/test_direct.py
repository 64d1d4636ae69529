"""Scenarios at whose call the product does not come: each is met by that very call, and its fault is seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncssh
import pytest

from daemon.sim.run import SimOptions
from daemon.sim.scenarios.listed import scenarios
from daemon.sim.world import initial as f
from tests.daemon.sim.scene import CLUSTER, SLOW, SPEED, Scene, one_node

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Node, Nodes, PrismClient, Sim

EVERY = scenarios()
FACTORY = "nutanix/4u"
CUT = (None, "")
"""A command whose connection ends without a word: no exit status, nothing said."""


async def soft_stop_hangs(scene: Scene) -> None:
    server, vpc = await scene.server(), scene.sim.vpc
    await scene.sim.call(vpc.stop_bare_metal_server, server["id"], type="soft")
    await scene.sim.status(server["id"], "stopping")
    await scene.sim.tell("/clock", {"advance": 3600})
    await scene.sim.status(server["id"], "stopping")
    await scene.sim.call(vpc.stop_bare_metal_server, server["id"], type="hard")
    await scene.sim.status(server["id"], "stopped")


async def console_conflict(scene: Scene) -> None:
    server, vpc = await scene.server(), scene.sim.vpc
    create = vpc.create_bare_metal_server_console_access_token
    refused = await scene.sim.refused(create, server["id"], "serial")
    assert refused[:2] == (409, "conflict")
    assert (await scene.sim.call(create, server["id"], "serial")).get_result()["console_type"] == "serial"


async def ptr_without_address(scene: Scene) -> None:
    await scene.record("A", "node01", {"ip": scene.sim.ip(10)})
    args = {"type": "PTR", "name": scene.sim.ip(10), "rdata": {"ptrdname": "node01.nutanix.internal"}}
    refused = await scene.sim.refused(
        scene.sim.dns.create_resource_record, f.DNS_INSTANCE, f.DNS_ZONE, ttl=300, **args
    )
    assert refused == (400, "bad_request", "There is no address record.")


async def ptr_update_forbidden(scene: Scene) -> None:
    made = await scene.record("A", "node01", {"ip": scene.sim.ip(10)})
    update = scene.sim.dns.update_resource_record
    refused = await scene.sim.refused(update, f.DNS_INSTANCE, f.DNS_ZONE, made["id"], name="node02")
    assert refused[2] == ".name in body is a forbidden property"


async def permitted_network_leaves(scene: Scene) -> None:
    found = await scene.sim.call(scene.sim.dns.list_permitted_networks, f.DNS_INSTANCE, f.DNS_ZONE)
    assert [network["state"] for network in found.get_result()["permitted_networks"]] == [
        "REMOVAL_IN_PROGRESS"
    ]


async def ntp_alert(scene: Scene) -> None:
    prism = await scene.cluster()
    _, found = await prism.ask("GET", "/v2.0/alerts?resolved=false")
    assert "time.adn.networklayer.com is unreachable" in str(found["entities"])


async def checks_task_fails(scene: Scene) -> None:
    prism = await scene.cluster()
    task = (await prism.ask("POST", "/v1/ncc/checks", {"sendEmail": False}))[1]["taskUuid"]

    async def over() -> Any:
        shown = (await prism.ask("GET", f"/v2.0/tasks/{task}"))[1]
        return shown if shown["progress_status"] in ("Failed", "Succeeded") else None

    shown = await scene.sim.until(over, "the task ends")
    assert (shown["progress_status"], "NCC timed out." in str(shown)) == ("Failed", True)


async def checks_find_something(scene: Scene) -> None:
    prism = await scene.cluster()
    task = (await prism.ask("POST", "/v1/ncc/checks", {"sendEmail": False}))[1]["taskUuid"]

    async def summary() -> Any:
        return (await prism.ask("GET", f"/v1/ncc/{task}"))[1]["runSummary"]

    found = await scene.sim.until(summary, "the checks are over")
    assert "FAIL: Name server 161.26.0.7 is not reachable." in found


async def prism_only_with_cluster(scene: Scene) -> None:
    node = await scene.node()
    with pytest.raises(aiohttp.ClientConnectorError):
        await scene.prism(node.cvm_ip).ask("GET", "/v1/cluster")
    assert (await scene.foundation(node, "GET", "/progress"))[0] == 200


async def imaging_stopped(scene: Scene) -> None:
    node = await scene.node()
    session = (await scene.foundation(node, "POST", "/image_nodes", one_node(node)))[1]["session_id"]

    async def stopped() -> Any:
        progress = (await scene.foundation(node, "GET", f"/progress?session_id={session}"))[1]
        return progress if progress["imaging_stopped"] else None

    progress = await scene.sim.until(stopped, "the session stops")
    assert progress["aggregate_percent_complete"] < 100
    assert "timed out waiting for genesis" in str(progress["clusters"][0]["messages"])


async def foundation_500(scene: Scene) -> None:
    node = await scene.node()
    status, answer = await scene.foundation(node, "POST", "/reset_state", {})
    assert (status, answer["error"]["message"]) == (500, "Cannot reset in middle of session")
    assert (await scene.foundation(node, "POST", "/reset_state", {}))[0] == 200


async def ssh_starts_late(scene: Scene) -> None:
    node = await scene.node()
    with pytest.raises(ConnectionRefusedError):
        await scene.sim.run(node.cvm_ip, "true")
    assert (await scene.foundation(node, "GET", "/progress"))[0] == 200
    await scene.sim.tell("/clock", {"advance": 300})
    await answers(scene, node)


async def ssh_refused(scene: Scene) -> None:
    node = await scene.node()
    with pytest.raises((ConnectionResetError, asyncssh.ConnectionLost)):
        await scene.sim.run(node.cvm_ip, "true")
    with pytest.raises(ConnectionRefusedError):
        await scene.sim.run(node.cvm_ip, "true")
    await scene.sim.tell("/clock", {"advance": 600})
    await answers(scene, node)


async def ssh_reset(scene: Scene) -> None:
    node = await scene.node()
    for _ in range(2):
        with pytest.raises((ConnectionResetError, asyncssh.ConnectionLost)):
            await scene.sim.run(node.cvm_ip, "true")
    assert (await scene.sim.run(node.cvm_ip, "true"))[0] == 0


async def ssh_silent(scene: Scene) -> None:
    node = await scene.node()
    with pytest.raises((ConnectionResetError, asyncssh.ConnectionLost)):
        await scene.sim.run(node.cvm_ip, "true")
    assert (await scene.sim.run(node.cvm_ip, "true"))[0] == 0


async def ssh_password_refused(scene: Scene) -> None:
    node = await scene.node()
    for _ in range(2):
        with pytest.raises(asyncssh.PermissionDenied):
            await scene.sim.run(node.cvm_ip, "true")


async def ssh_login_slow(scene: Scene) -> None:
    node = await scene.node()
    before = (await scene.sim.control("/healthz"))["now"]
    assert (await scene.sim.run(node.cvm_ip, "true"))[0] == 0
    assert (await scene.sim.control("/healthz"))["now"] - before >= 300


async def ssh_password_expired(scene: Scene) -> None:
    node = await scene.node()
    new = "correct horse battery"
    status, said = await scene.sim.run(node.cvm_ip, "true")
    assert (status, "Password change required" in said) == (1, True)
    given = f"{FACTORY}\n{new}\n{new}\n"
    status, said = await scene.sim.run(node.cvm_ip, "", input=given, term_type="vt100")
    assert (status, "Your password has expired" in said) == (0, True)
    assert await scene.sim.run(node.cvm_ip, "true", password=new) == (0, "")


async def ssh_host_key_changed(scene: Scene) -> None:
    node = await scene.node()
    shown = []
    for _ in range(3):
        async with scene.sim.visit(node.cvm_ip) as connection:
            key = connection.get_server_host_key()
            assert key is not None
            shown.append(key.get_fingerprint())
    assert shown[0] != shown[1] == shown[2]


async def ssh_create_lost(scene: Scene) -> None:
    status, said = await scene.creates(await scene.node())
    assert (status, "Creating cluster with SVMs" in said, "Success!" in said) == (None, True, False)
    await scene.comes_up()


async def ssh_create_hangs(scene: Scene) -> None:
    node = await scene.node()
    async with scene.sim.visit(node.cvm_ip) as connection:
        line = f"{CLUSTER} -s {node.cvm_ip} --redundancy_factor=1 create"
        process = await connection.create_process(line)
        await process.stdout.readuntil("Creating cluster with SVMs")
        await scene.comes_up()
        rest = await process.wait()
    assert (rest.exit_status, "Success!" in str(rest.stdout)) == (None, False)


async def ssh_create_dropped(scene: Scene) -> None:
    node = await scene.node()
    assert await scene.creates(node) == CUT
    await scene.no_cluster()
    assert (await scene.creates(node))[0] == 0


async def ssh_create_silent(scene: Scene) -> None:
    node = await scene.node()
    assert await scene.creates(node) == CUT
    await scene.no_cluster()


async def ssh_create_refused(scene: Scene) -> None:
    node = await scene.node()
    status, said = await scene.creates(node)
    assert (status, "not enough boot ssds are present" in said) == (1, True)
    await scene.no_cluster()


async def ssh_create_half_way(scene: Scene) -> None:
    node = await scene.node()
    status, said = await scene.creates(node)
    assert (status, "Services did not start" in said) == (1, True)
    assert "already part of the cluster" in (await scene.creates(node))[1]
    assert (await scene.foundation(node, "POST", "/image_nodes", one_node(node)))[0] == 500
    assert (await scene.sim.run(node.cvm_ip, f"echo Y | {CLUSTER} destroy"))[0] == 0
    assert (await scene.creates(node))[0] == 0


async def ssh_status_dropped(scene: Scene) -> None:
    node = await scene.node()
    for _ in range(2):
        assert await scene.sim.run(node.cvm_ip, f"{CLUSTER} status") == CUT
    assert "unconfigured" in (await scene.sim.run(node.cvm_ip, f"{CLUSTER} status"))[1]


async def ssh_status_slow(scene: Scene) -> None:
    node = await scene.node()
    before = (await scene.sim.control("/healthz"))["now"]
    assert "unconfigured" in (await scene.sim.run(node.cvm_ip, f"{CLUSTER} status"))[1]
    assert (await scene.sim.control("/healthz"))["now"] - before >= 300


async def ssh_noise(scene: Scene) -> None:
    node = await scene.node()
    said = (await scene.sim.run(node.cvm_ip, f"{CLUSTER} status"))[1]
    assert said.startswith("Nutanix Controller VM\n")
    assert "unconfigured" in said


async def answers(scene: Scene, node: Node) -> None:
    async def answered() -> bool:
        try:
            return (await scene.sim.run(node.cvm_ip, "true"))[0] == 0
        except ConnectionRefusedError:
            return False

    await scene.sim.until(answered, "it answers")


DIRECT: dict[str, Callable[[Scene], Awaitable[None]]] = {
    work.__name__.replace("_", "-"): work
    for work in (
        soft_stop_hangs,
        console_conflict,
        ptr_without_address,
        ptr_update_forbidden,
        permitted_network_leaves,
        ntp_alert,
        checks_task_fails,
        checks_find_something,
        prism_only_with_cluster,
        imaging_stopped,
        foundation_500,
        ssh_starts_late,
        ssh_refused,
        ssh_reset,
        ssh_silent,
        ssh_password_refused,
        ssh_login_slow,
        ssh_password_expired,
        ssh_host_key_changed,
        ssh_create_lost,
        ssh_create_hangs,
        ssh_create_dropped,
        ssh_create_silent,
        ssh_create_refused,
        ssh_create_half_way,
        ssh_status_dropped,
        ssh_status_slow,
        ssh_noise,
    )
}


def test_every_scenario_is_met_by_the_product_or_here() -> None:
    """The product meets the others in tests/e2e/test_scenarios.py, which demands that their rules strike."""
    assert {name for name, one in EVERY.items() if one.idle} <= set(DIRECT)


@pytest.fixture
def options(networks: tuple[str, str], request: pytest.FixtureRequest) -> SimOptions:
    """A world as the scenario wants it; slower where a state must be seen that passes."""
    wanted = SimOptions(speed=SPEEDS.get(request.node.callspec.params["name"], SPEED))
    return replace(wanted, management=networks[0], workload=networks[1])


SPEEDS = {"ssh-starts-late": SLOW, "ssh-refused": SLOW}


@pytest.mark.parametrize("name", DIRECT)
async def test_a_call_that_the_product_does_not_make_meets_it(
    sim: Sim, nodes: Nodes, prism: Callable[[str], PrismClient], name: str
) -> None:
    await sim.tell("/scenarios", {"scenarios": [name]})
    await DIRECT[name](Scene(sim, nodes, prism))
    struck = {strike["scenario"] for strike in (await sim.control("/faults"))["struck"]}
    assert struck == ({name} if EVERY[name].rules else set())

"""A session with a controller VM behaves as one with OpenSSH and a shell does."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncssh
import pytest

from daemon.clock import SystemClock
from daemon.sim.faults.rules import Faults
from daemon.sim.nutanix.cvm import Cvm
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.run import SimOptions, SimUrls, serve
from daemon.sim.ssh.shell import without_secrets
from daemon.sim.ssh.sshd import Sshd
from daemon.sim.world.world import Places, World
from tests.daemon.sim import test_ssh
from tests.daemon.sim.test_ssh import CLUSTER, FACTORY, NCLI, NEW, UNCONFIGURED, create, ready

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Nodes, Sim

options, quotas = test_ssh.options, test_ssh.quotas
"""The world of the other tests of SSH."""


async def test_a_connection_has_one_session_at_a_time(sim: Sim, nodes: Nodes) -> None:
    (node,) = await ready(nodes, 1)
    async with sim.visit(node.cvm_ip) as connection:
        process = await connection.create_process("passwd")
        await process.stdout.readuntil("Current password: ")
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.run("true")
        process.stdin.write("wrong\n")
        await process.wait()
        assert (await connection.run("true")).exit_status == 0


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("cluster status", 127, "-bash: cluster: command not found\n"),
        ("/usr/local/cluster status", 127, "-bash: /usr/local/cluster: command not found\n"),
        ("source /etc/profile; cluster status", 1, UNCONFIGURED),
        ("genesis status && true", 127, "not found"),
        ("false; echo done", 0, "done\n"),
        ("true && echo done", 0, "done\n"),
        ("echo one > file", 2, "does not know '>'"),
        ("echo 'one", 2, "syntax error"),
        (f"{CLUSTER} dance", 1, "Usage: cluster"),
        ("/home/nutanix/cluster/bin/genesis dance", 1, "Usage: genesis"),
        ("hostname", 0, "-A-CVM\n"),
    ],
)
async def test_a_line_is_read_as_a_shell_without_a_login_reads_it(
    sim: Sim, nodes: Nodes, line: str, status: int, said: str
) -> None:
    (node,) = await ready(nodes, 1)
    found = await sim.run(node.cvm_ip, line)
    assert found[0] == status
    assert said in found[1]


async def test_a_person_finds_a_prompt(sim: Sim, nodes: Nodes) -> None:
    (node,) = await ready(nodes, 1)
    async with sim.visit(node.cvm_ip) as connection:
        done = await connection.run(input="cluster status\nexit\n", term_type="vt100")
    assert f"CVM:{node.cvm_ip}:~$ " in str(done.stdout)
    assert UNCONFIGURED in str(done.stdout)


async def test_who_leaves_early_stops_nothing_that_was_begun(sim: Sim, nodes: Nodes) -> None:
    (node,) = await ready(nodes, 1)
    async with sim.visit(node.cvm_ip) as connection:
        process = await connection.create_process(create([node], "--redundancy_factor=1"))
        await process.stdout.readuntil("Creating cluster with SVMs")

    async def up() -> bool:
        clusters = (await sim.control("/clusters"))["clusters"]
        return [cluster["status"] for cluster in clusters] == ["UP"]

    await sim.until(up, "the cluster is up")


async def test_a_world_ends_in_the_middle_of_a_command(sim: Sim, nodes: Nodes) -> None:
    """The fixture stops this world while a session waits for services that never start."""
    await sim.tell("/faults", {"rules": [{"trigger": "cluster up", "action": "stuck"}]})
    hang = {"trigger": "ssh command cluster * create", "action": "hang_after", "name": "node02"}
    await sim.tell("/faults", {"rules": [hang]})
    first, second = await ready(nodes, 2)
    for node in (first, second):
        connection = await asyncssh.connect(
            node.cvm_ip,
            sim.urls.ssh_port,
            username="nutanix",
            password=FACTORY,
            known_hosts=None,
            config=None,
        )
        process = await connection.create_process(create([node], "--redundancy_factor=1"))
        await process.stdout.readuntil("Creating cluster with SVMs")


async def test_a_port_that_nobody_visits_costs_little(sim: Sim) -> None:
    world = World(SystemClock(), 1, Places("", ""), Faults(), 50)
    ports = Sshd(world, NutanixFleet(world, None), sim.urls.ssh_port)
    cvms = [
        Cvm(f"{sim.urls.workload.rsplit('.', 1)[0]}.{last}", "", "A", f"n{last}") for last in range(4, 204)
    ]
    tracemalloc.start()
    for cvm in cvms:
        assert ports.open(cvm) is None
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    await ports.end()
    assert used / len(cvms) < 4000
    assert all(cvm.host_key is None for cvm in cvms)


async def test_every_command_stands_in_the_journal_without_its_passwords(sim: Sim, nodes: Nodes) -> None:
    (node,) = await ready(nodes, 1)
    rule = {"trigger": "ssh command ncli *", "action": "noise"}
    await sim.tell("/faults", {"rules": [rule]})
    await sim.run(node.cvm_ip, f"{NCLI} user reset-password user-name=admin password={NEW.split()[0]}")
    (struck,) = (await sim.control("/faults"))["struck"]
    assert struck["trigger"] == "ssh command ncli user reset-password user-name=admin password=***"
    (call,) = [c for c in (await sim.control("/calls"))["calls"] if c["service"] == "ssh"]
    assert (call["method"], call["template"], call["status"]) == ("RUN", node.cvm_ip, 1)
    assert call["path"] == f"{NCLI} user reset-password user-name=admin password=***"
    assert without_secrets("x password='a b' y") == "x password=*** y"
    assert call["agent"].startswith("SSH-2.0-AsyncSSH")


async def test_another_port_stands_for_22_where_that_is_taken(options: SimOptions) -> None:
    async def port(wanted: SimOptions) -> int:
        stop = asyncio.Event()
        seen: list[SimUrls] = []
        stop.set()
        await serve(wanted, seen.append, stop)
        return seen[0].ssh_port

    gateway = options.management.replace(".0/24", ".1")
    assert await port(replace(options, ssh_port=10_022)) == 10_022
    with socket.create_server((gateway, 0)) as taken:
        held = taken.getsockname()[1]
        with pytest.raises(Exception, match=f"port {held} at {gateway} is in use"):
            await port(replace(options, ssh_port=held))
    try:
        with socket.create_server((gateway, 22)):
            assert await port(options) == 2222
        assert await port(options) == 22
    except OSError:  # this process may not have it, or somebody has it on every address
        assert await port(options) == 2222

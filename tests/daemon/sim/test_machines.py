"""A server that was ordered boots over real HTTP from its own address, installs itself and becomes a CVM."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from daemon.sim.run import SimOptions
from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import BootServer, Nodes, PrismClient, Sim

Prism = Callable[[str], "PrismClient"]
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def test_a_machine_installs_itself_and_answers_as_a_cvm(
    sim: Sim, boot: BootServer, nodes: Nodes, prism: Prism
) -> None:
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    # Everything came from the machine's management address, and the script was read again after the install.
    assert boot.scripts == [("node01", node.address), ("node01", node.address)]
    assert boot.images == ["vmlinuz", "initrd.img"]
    assert boot.config_calls == [("node01", node.address)]
    reports = boot.reports["node01"]
    assert [report["seq"] for report in reports] == list(range(1, len(reports) + 1))
    phases = boot.phases("node01")
    assert phases == sorted(phases)
    assert set(phases) == set(range(1, 9))
    assert any(report["phase"] == -1 for report in reports)
    percents = [report["percent"] for report in reports if report["phase"] == 6]
    assert percents[0] == 0
    assert percents[-1] == 100
    status, body = await prism(node.cvm_ip).ask("GET", "/v1/cluster")
    assert (status, body["name"]) == (200, "Unnamed")


async def test_each_cvm_has_a_certificate_of_its_own(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await nodes.order(2)
    prints = set()
    for node in ordered:
        await nodes.doing(node.name, "running")
        prints.add(await sim.call(prism(node.cvm_ip).fingerprint))
    assert len(prints) == 2


async def test_a_failed_report_is_sent_again_with_its_number(
    sim: Sim, boot: BootServer, nodes: Nodes
) -> None:
    await nodes.order(1)

    async def reported() -> bool:
        return 4 in boot.phases("node01")

    await sim.until(reported, "phase 4")
    boot.refuse_next = 5
    await nodes.doing("node01", "running")
    numbers = [report["seq"] for report in boot.reports["node01"]]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_boot_script_that_is_not_there_yet_is_asked_for_again(
    sim: Sim, boot: BootServer, nodes: Nodes
) -> None:
    boot.refuse_next = 3
    await nodes.order(1)
    await nodes.doing("node01", "running")


async def test_a_failing_download_is_retried_by_the_script(sim: Sim, boot: BootServer, nodes: Nodes) -> None:
    boot.image_status = 500
    await nodes.order(1)

    async def tried_twice() -> bool:
        return boot.images.count("vmlinuz") >= 2

    await sim.until(tried_twice, "a second download")
    boot.image_status = 200
    await nodes.doing("node01", "running")


async def test_a_stopped_server_is_silent_and_comes_back_with_its_disk(
    sim: Sim, boot: BootServer, nodes: Nodes, prism: Prism
) -> None:
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    before = await sim.call(prism(node.cvm_ip).fingerprint)
    await sim.call(sim.vpc.stop_bare_metal_server, node.server_id, "hard")
    with pytest.raises(aiohttp.ClientConnectionError):
        await prism(node.cvm_ip).ask("GET", "/v1/cluster")
    await sim.status(node.server_id, "stopped")
    await sim.call(sim.vpc.start_bare_metal_server, node.server_id)
    await nodes.doing("node01", "running")
    assert await sim.call(prism(node.cvm_ip).fingerprint) == before
    assert (await sim.control("/counts"))["installs"] == {"test-node01-server-bms": 1}


async def test_initializing_again_wipes_the_disk_and_installs_again(
    sim: Sim, boot: BootServer, nodes: Nodes, prism: Prism
) -> None:
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    before = await sim.call(prism(node.cvm_ip).fingerprint)
    await sim.call(sim.vpc.stop_bare_metal_server, node.server_id, "hard")
    await sim.status(node.server_id, "stopped")
    boot.reports.clear()
    await sim.call(
        sim.vpc.replace_bare_metal_server_initialization,
        node.server_id,
        {"id": f.IMAGE_IPXE},
        [],
        user_data=f"{boot.url}/boot/ipxe/node01?ip=${{net0/ip}}",
    )
    await nodes.doing("node01", "running")
    assert await sim.call(prism(node.cvm_ip).fingerprint) != before
    assert (await sim.control("/counts"))["installs"] == {"test-node01-server-bms": 2}


async def test_after_a_plain_exit_a_uefi_firmware_stands_in_its_menu(boot: BootServer, nodes: Nodes) -> None:
    boot.disk_script = "#!ipxe\nsanboot --no-describe --drive 0x80 || exit\n"
    await nodes.order(1)
    await nodes.doing("node01", "stands still after its boot script (exit)")


async def test_a_deleted_server_leaves_nothing_running(
    sim: Sim, boot: BootServer, nodes: Nodes, prism: Prism
) -> None:
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    await sim.call(sim.vpc.stop_bare_metal_server, node.server_id, "hard")
    await sim.status(node.server_id, "stopped")
    await sim.call(sim.vpc.delete_bare_metal_server, node.server_id)
    await sim.gone(sim.vpc.get_bare_metal_server, node.server_id)
    with pytest.raises(aiohttp.ClientConnectionError):
        await prism(node.cvm_ip).ask("GET", "/v1/cluster")
    assert (await sim.control("/nodes"))["nodes"] == []


@pytest.mark.parametrize(
    ("section", "key"),
    [("node_config", "cvm_ip"), ("cluster_config", "cvm_ips"), ("storage_config", None)],
)
async def test_an_incomplete_configuration_ends_the_installation_with_the_missing_name(
    sim: Sim, boot: BootServer, nodes: Nodes, section: str, key: str | None
) -> None:
    boot.without = (section, key)
    await nodes.order(1)
    await nodes.doing("node01", "stands still")
    last = boot.reports["node01"][-1]
    assert last["phase"] == "error"
    assert section in last["message"]
    assert key is None or key in last["message"]


async def test_a_cvm_whose_address_the_network_does_not_carry_cannot_be_reached(
    sim: Sim, boot: BootServer, nodes: Nodes
) -> None:
    ip = await sim.address("test-node01-mgmt-ip", sim.ip(10))
    await sim.address("test-node01-cvm-ip", sim.ip(101))
    vni = await sim.interface("test-node01-mgmt-vni", ip["id"])  # no IP spoofing, no second address
    data = boot.node("node01", sim.ip(10), sim.ip(101), sim.ip(51), "A", [sim.ip(101)])
    await sim.server("test-node01-server-bms", vni["id"], data)
    node = await nodes.doing("node01", "running, but unreachable")
    assert "IP spoofing" in node["doing"]


async def test_a_server_without_an_ipxe_image_asks_for_no_script(
    sim: Sim, boot: BootServer, nodes: Nodes
) -> None:
    ip = await sim.address("test-node01-mgmt-ip", sim.ip(10))
    vni = await sim.interface("test-node01-mgmt-vni", ip["id"])
    await sim.server(
        "test-node01-server-bms",
        vni["id"],
        initialization={
            "image": {"id": f.IMAGES[1].id},
            "keys": [{"id": f.KEY}],
            "user_data": f"{boot.url}/boot/ipxe/node01?ip=x",
        },
    )
    await nodes.doing("node01", "stands still after its boot script")
    assert boot.scripts == []


class TestElsewhere:
    """The cloud alone: whoever has the machines lets them boot."""

    @pytest.fixture
    def options(self, networks: tuple[str, str], speed: float) -> SimOptions:
        return SimOptions(speed=speed, management=networks[0], workload=networks[1], machines=False)

    async def test_a_machine_that_is_somebody_elses_gets_power_and_its_user_data_and_is_left_alone(
        self, sim: Sim, boot: BootServer, nodes: Nodes
    ) -> None:
        (node,) = await nodes.order(1)
        found = await nodes.doing("node01", "stands elsewhere")
        assert found["user_data"].startswith(f"{boot.url}/boot/ipxe/node01")
        assert (found["boots"], boot.scripts) == (0, [])
        assert node.server_id == found["id"]

    async def test_its_console_shows_what_its_serial_line_says_and_takes_what_is_typed(
        self, sim: Sim, nodes: Nodes, tmp_path: Path
    ) -> None:
        (node,) = await nodes.order(1)
        await nodes.doing("node01", "stands elsewhere")
        lines: list[Line] = []
        connected = asyncio.Event()

        async def plug(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append((reader, writer))
            connected.set()

        where = tmp_path / "serial"
        told = await sim.tell("/nodes/node01/console", {"socket": str(where)})
        assert told == {"server": "test-node01-server-bms", "socket": str(where)}
        async with await asyncio.start_unix_server(plug, where), asyncio.timeout(20):
            await connected.wait()
            reader, writer = lines[0]
            writer.write(b"SeaBIOS\r\nlogin: ")
            method = sim.vpc.create_bare_metal_server_console_access_token
            token = (await sim.call(method, node.server_id, "serial")).get_result()
            async with sim.http.ws_connect(token["href"]) as screen:
                seen = b""
                while seen != b"SeaBIOS\r\nlogin: \r\n":
                    seen += await screen.receive_bytes()
                await screen.send_bytes(b"root\r")
                assert await reader.readuntil(b"\r") == b"root\r"
            connected.clear()
            writer.close()
            await connected.wait()
            lines[1][1].write(b"SeaBIOS again\r\n")

            async def again() -> bool:
                (found,) = (await sim.control("/nodes"))["nodes"]
                return bool(found["console"][-1] == "SeaBIOS again")

            await sim.until(again, "the power was cut, and it comes back")
            for _, one in lines:
                one.close()

    async def test_a_serial_line_is_refused_that_cannot_be_one(self, sim: Sim, nodes: Nodes) -> None:
        assert "no one machine" in (await sim.tell("/nodes/node01/console", {"socket": "/x"}))["error"]
        await nodes.order(1)
        await nodes.doing("node01", "stands elsewhere")
        assert "UNIX" in (await sim.tell("/nodes/node01/console", {"socket": 7}))["error"]


async def test_a_simulated_machine_takes_no_serial_line(sim: Sim, nodes: Nodes) -> None:
    await nodes.order(1)
    await nodes.doing("node01", "running")
    assert "is simulated" in (await sim.tell("/nodes/node01/console", {"socket": "/x"}))["error"]

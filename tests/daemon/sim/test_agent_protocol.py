"""A simulated machine says to the real boot server what the real agent says, word for word and in the same order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import astuple, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.machines.agent import MachineParts, parts_of
from pxe.book import Document, Report
from tests.pxe.agent_root import HERE, NEEDS, AgentRoot, kernel_arguments, put
from tests.pxe.conftest import (
    BOOT_TOKEN,
    INSTALL_TOKEN,
    RecordingBook,
    a_guest,
    image_dir,  # noqa: F401 - the real boot server of these tests
    serve,  # noqa: F401
)

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim

pytestmark = pytest.mark.e2e


def configuration(needs: dict[str, Any]) -> Document:
    config = {
        "node_id": "lab-node01",
        "boot": 1,
        "server_info": {},
        "cluster_config": {"cluster_name": "east", "cvm_ips": ["127.0.0.2"]},
        "node_config": {"cvm_ip": "127.0.0.2", "ahv_ip": "127.0.0.3", "node_position": "A"},
        "storage_config": {},
        "hardware_config": needs,
        "network_config": {},
    }
    return Document(lambda: json.dumps(config), "application/json")


def said(book: RecordingBook) -> list[Any]:
    """Everything that was received from the first report to the third phase or an error, without where it came from."""
    told = [replace(report, source="") for _, report in book.reports]
    begins = next(at for at, report in enumerate(told) if report.seq == 1)
    ends = next(at for at, report in enumerate(told) if _is_last(report))
    return [astuple(report) for report in told[begins : ends + 1]]


def _is_last(report: Report) -> bool:
    return report.phase == 3 or report.kind == "install_error"


def a_real_machine(root: Path, shell: str, parts: MachineParts, arguments: dict[str, str]) -> AgentRoot:
    """The same machine for the real agent."""
    machine = AgentRoot(root, shell, arguments)
    shutil.rmtree(root / "sys" / "block")
    for name, size in parts.disks.items():
        machine.has_disk(name, size)
    put(root / "sys" / "class" / "net" / parts.card / "address", f"{parts.mac}\n")
    put(root / "proc" / "meminfo", f"MemTotal: {parts.memory} kB\n")
    return machine


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as it has to be"),
        pytest.param({"data_drives": ["/dev/nvme2n1", "/dev/sdz"]}, id="a disk is missing"),
        pytest.param(
            {"data_drives": ["/dev/disk/by-id/nvme-INTEL_1", "/dev/nvme2n1"]}, id="a disk is named by udev"
        ),
        pytest.param({"data_drive_gb": 4000, "memory_gib": 2000, "network_cards": 2}, id="too little of all"),
    ],
)
async def test_the_simulated_machine_and_the_real_agent_say_the_same(
    changes: dict[str, Any],
    sim: Sim,
    tmp_path: Path,
    serve: Callable[..., Awaitable[Any]],  # noqa: F811
) -> None:
    address = sim.ip(10)
    book = RecordingBook()
    server = await serve(book)
    url, config_url = (f"http://{HERE}:{port}" for port in (server.boot_port, server.config_port))
    values = {
        "server_id": "lab-node01",
        "mgmt_ip": address,
        "boot_url": url,
        "config_url": f"{config_url}/server-config",
        "status_url": f"{config_url}/server-status",
        "install_token": INSTALL_TOKEN,
        "agent": "append",
    }
    documents = {"config": configuration({**NEEDS, **changes})}
    book.known = a_guest(source=address, values=values, documents=documents)
    ip = await sim.address("lab-node01-mgmt-ip", address)
    vni = await sim.interface("lab-node01-mgmt-vni", ip["id"])
    await sim.server("lab-node01-server-bms", vni["id"], f"{url}/boot/ipxe/lab-node01?token={BOOT_TOKEN}")

    async def looked_at() -> bool:
        return any(_is_last(report) for _, report in book.reports)

    await sim.until(looked_at, "the hardware was checked")
    simulated = said(book)
    fetched = [report.message for _, report in book.reports if report.kind == "image_fetched"]
    assert fetched[:3] == ["vmlinuz-foundation", "initrd-foundation.img", "nxd-agent.img"]

    mac = (await sim.call(sim.vpc.get_virtual_network_interface, vni["id"])).get_result()["mac_address"]
    parts = parts_of("bx2d-metal-96x384", mac.lower())
    book = RecordingBook(a_guest(source=HERE, documents=documents))
    config = f"http://{HERE}:{(await serve(book)).config_port}"
    arguments = kernel_arguments(config, nxd_boot="1", nxd_mac=parts.mac.replace(":", "-"))
    for shell in filter(shutil.which, ("dash", "busybox")):
        book.reports.clear()
        status, console = await a_real_machine(tmp_path / shell, shell, parts, arguments).run("agent")
        assert (status == 1) == (book.reports[-1][1].kind == "install_error"), console
        assert said(book) == simulated
        assert book.refusals == []

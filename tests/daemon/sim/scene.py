"""A simulated world as somebody sees it who makes the calls that the product does not make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Node, Nodes, PrismClient, Sim

SPEED = 6000.0
SLOW = 100.0
"""The speed of a world in which a passing state can be seen on a busy machine too: time passes where a test waits."""
A_LOOK = 60.0
"""How far time is moved on in such a world at each look of a test that waits, in virtual seconds."""
CLUSTER = "/usr/local/nutanix/cluster/bin/cluster"


@dataclass
class Scene:
    """A world in which the scenario is played, and what a client needs in it."""

    sim: Sim
    nodes: Nodes
    prism: Callable[[str], PrismClient]

    async def node(self) -> Node:
        """A node whose controller VM is up."""
        (node,) = await self.nodes.order(1)
        await self.nodes.doing(node.name, "running")
        return node

    async def server(self) -> Any:
        ip = await self.sim.address("test-node01-mgmt-ip")
        vni = await self.sim.interface("test-node01-mgmt-vni", ip["id"])
        made = await self.sim.server("test-node01-server-bms", vni["id"])
        return await self.sim.status(made["id"], "running")

    async def record(self, kind: str, name: str, rdata: dict[str, Any]) -> Any:
        create = self.sim.dns.create_resource_record
        made = await self.sim.call(
            create, f.DNS_INSTANCE, f.DNS_ZONE, type=kind, name=name, rdata=rdata, ttl=300
        )
        return made.get_result()

    async def cluster(self) -> PrismClient:
        """Prism of a cluster of one node, in the personality ``seed``."""
        node = await self.node()
        client = self.prism(node.cvm_ip)
        body = {
            "name": "east",
            "redundancy_factor": 1,
            "nodes": [{"cvm_ip": node.cvm_ip, "hypervisor_ip": node.ahv_ip, "node_position": "A"}],
        }
        assert (await client.ask("POST", "/v2.0/clusters", body))[0] == 200

        async def up() -> bool:
            return bool((await client.ask("GET", "/v2.0/cluster"))[1]["cluster_status"] == "UP")

        await self.sim.until(up, "the cluster is up")
        return client

    async def foundation(self, node: Node, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = f"http://{node.cvm_ip}:8000/foundation{path}"
        async with self.sim.http.request(method, url, json=body) as response:
            return response.status, await response.json()

    async def creates(self, node: Node) -> tuple[int | None, str]:
        line = f"{CLUSTER} -s {node.cvm_ip} --redundancy_factor=1 --cluster_name=east create"
        return await self.sim.run(node.cvm_ip, line)

    async def comes_up(self) -> None:
        async def up() -> bool:
            return [c["status"] for c in (await self.sim.control("/clusters"))["clusters"]] == ["UP"]

        await self.sim.until(up, "the cluster comes up")

    async def no_cluster(self) -> None:
        assert (await self.sim.control("/clusters"))["clusters"] == []


def one_node(node: Node) -> dict[str, Any]:
    """What Foundation is sent to form a cluster of one node that is installed already."""
    return {
        "blocks": [{"nodes": [{"cvm_ip": node.cvm_ip, "image_now": False}]}],
        "clusters": [
            {
                "cluster_name": "east",
                "cluster_members": [node.cvm_ip],
                "redundancy_factor": 1,
                "cluster_init_now": True,
            }
        ],
    }

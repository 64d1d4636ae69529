"""What an installer is told is what the spec says and what the ledger holds."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.platforms.ibm_nutanix.routes import BOOT
from pxe.book import GivenAlready, Report


async def test_the_configuration_holds_the_nodes_own_addresses_and_names_and_what_its_cluster_is_to_be(
    bay: Any,
) -> None:
    await bay.script()
    status, told = await bay.config("install-token")
    assert status == 200
    assert (told["node_id"], told["boot"], told["pxe_server"]) == ("n01", 1, "127.0.0.1")
    assert told["config_endpoint"] == "http://127.0.0.1:8081/server-config"
    assert told["status_endpoint"] == "http://127.0.0.1:8081/server-status"
    spec = bay.journal.mirror.records["bay"].spec
    ibm, nutanix = spec["ibm"], spec["nutanix"]
    domain = ibm["dns"]["name"]
    assert told["server_info"] == {
        "server_id": "n01",
        "profile": ibm["profile"],
        "zone": ibm["zone"],
        "management_ip": "127.35.0.10",
    }
    node = told["node_config"]
    assert (node["node_position"], node["mgmt_ip"], node["cvm_ip"]) == ("A", "127.35.0.10", "127.36.0.10")
    assert (node["mgmt_dns"], node["cvm_dns"]) == (f"n01-mgmt.{domain}", f"n01-cvm.{domain}")
    cluster = told["cluster_config"]
    assert (cluster["cluster_name"], cluster["cluster_dns"]) == ("bay", f"bay.{domain}")
    assert (cluster["cvm_ips"], cluster["redundancy_factor"]) == (
        ["127.36.0.10"],
        nutanix["redundancy_factor"],
    )
    assert told["storage_config"] == nutanix["storage"]
    network = told["network_config"]
    assert (network["management_subnet"], network["workload_subnet"]) == (
        ibm["management"]["subnet"],
        ibm["workload"]["subnet"],
    )
    assert (network["dns_servers"], network["ntp_servers"]) == (
        nutanix["dns_servers"],
        nutanix["ntp_servers"],
    )


async def test_its_machine_has_every_value_that_fills_a_script_and_no_other(bay: Any) -> None:
    guest = bay.book.guest("n01")
    assert guest.values.keys() == BOOT.sample.keys()
    assert set(guest.documents) == set(BOOT.documents)


async def test_what_is_given_once_is_given_again_to_the_next_boot(bay: Any) -> None:
    once = Report("document_fetched", "127.35.0.10", message="config", once=True)
    for _ in range(2):
        await bay.script()
        assert bay.book.guest("n01").given == frozenset()
        await bay.book.report(bay.book.guest("n01"), once)
        with pytest.raises(GivenAlready):
            await bay.book.report(bay.book.guest("n01"), once)

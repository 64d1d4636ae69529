"""Of IBM's SDKs the daemon holds what it calls, and whoever imports them otherwise gets them whole."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def told(program: str) -> Any:
    """What a program says in JSON, in a process of its own: modules belong to a process."""
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


LOAD = """
    import json, sys
    from daemon.drivers.ibm_dns import IbmDns
    from daemon.drivers.ibm_sdk import load
    from daemon.drivers.ibm_vpc import IbmVpc

    def both():
        return (
            load("ibm_vpc.vpc_v1", "VpcV1", IbmVpc),
            load("ibm_cloud_networking_services.dns_svcs_v1", "DnsSvcsV1", IbmDns),
        )
"""


def test_a_service_has_the_methods_that_its_driver_calls_and_no_others_and_no_neighbours() -> None:
    vpc, dns, models, left = told(
        LOAD
        + """
    vpc, dns = both()
    def methods(service):
        return sorted(k for k, v in vars(service).items() if k[0] != "_" and type(v) is type(both))
    space = vpc.get_vpc.__globals__
    models = sorted(k for k, v in space.items() if isinstance(v, type) and v.__module__ == vpc.__module__)
    left = [key for key in sys.modules if key.startswith(("ibm_vpc", "ibm_cloud_networking"))]
    print(json.dumps([methods(vpc), methods(dns), models, left]))
    """
    )
    assert dns == [
        "create_resource_record",
        "delete_resource_record",
        "get_dnszone",
        "get_resource_record",
        "list_permitted_networks",
        "list_resource_records",
    ]
    assert len(vpc) == 23
    assert {"create_bare_metal_server", "list_bare_metal_servers", "get_vpc"} < set(vpc)
    assert models == ["BareMetalServerPrototype", "VpcV1"], "what a method looks up by name is kept"
    assert left == []


def test_a_process_reads_a_service_once() -> None:
    assert told(LOAD + "    print(json.dumps([one is two for one, two in zip(both(), both())]))") == [
        True,
        True,
    ]


def test_whoever_imports_an_sdk_afterwards_gets_all_of_it_and_whoever_did_before_keeps_it() -> None:
    after, before = told(
        LOAD
        + """
    both()
    import ibm_vpc, ibm_cloud_networking_services as networking
    after = [hasattr(ibm_vpc.VpcV1, "create_floating_ip"), hasattr(networking, "ZonesV1")]
    vpc, dns = both()
    before = [vpc is ibm_vpc.VpcV1, hasattr(vpc, "create_floating_ip"), dns is networking.DnsSvcsV1]
    print(json.dumps([after, before]))
    """
    )
    assert after == [True, True]
    assert before == [True, True, True]


def test_an_sdk_that_is_not_installed_is_told_by_its_name() -> None:
    said = told(
        """
    import json
    from daemon.drivers.ibm_sdk import load
    try:
        load("ibm_vpd.vpc_v1", "VpcV1", object)
    except ModuleNotFoundError as error:
        print(json.dumps([error.name, str(error)]))
    """
    )
    assert said == ["ibm_vpd", "No module named 'ibm_vpd'"]


SERVICE = """
class V1:
    def ask(self):
        class Inner:
            pass
        return Answer().words(), Inner
    def nobody_calls(self):
        return Other()
class Base:
    class Kind:
        SHORT = "short"
    def words(self):
        return type(self).Kind.SHORT
class Answer(Base):
    def words(self):
        return "in " + super().words()
class Other(Base):
    pass
"""


def test_what_a_method_reaches_is_built_with_what_it_is_based_on(tmp_path: Path) -> None:
    (tmp_path / "pretend").mkdir()
    (tmp_path / "pretend" / "__init__.py").write_text("")
    (tmp_path / "pretend" / "v1.py").write_text(SERVICE)
    said, inner, other = told(
        f"""
    import json, sys
    sys.path.insert(0, {str(tmp_path)!r})
    from daemon.drivers.ibm_sdk import load
    class Driver:
        def call(self):
            return "ask"
    service = load("pretend.v1", "V1", Driver)
    said, inner = service().ask()
    print(json.dumps([said, inner.__name__, "Other" in service.ask.__globals__]))
    """
    )
    assert (said, inner, other) == ("in short", "Inner", False)

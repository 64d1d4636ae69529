"""A preflight looks at what it says: that each port is the one it should be, that packets get there, what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client
from tests.e2e.deployments import post, spec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SPEC = spec()


def looked_at(client: Client, text: str = SPEC) -> dict[str, Mapping[str, Any]]:
    checks: dict[str, Mapping[str, Any]] = {}
    for check in client.preflight(text):
        checks.setdefault(check["name"], check)
    return checks


def test_a_port_that_is_the_other_one_or_somebody_elses_is_told(rig: Callable[..., Any]) -> None:
    one = rig()
    settings = yaml.safe_load(one.stage.config.read_text())
    boot, config = settings["boot"]["url"], settings["config"]["url"]
    with Client(one.stage.socket) as client:
        checks = looked_at(client)
        assert {checks[f"{name} URL"]["result"] for name in ("boot", "config")} == {"passed"}
    one.stage.stop_daemon()
    settings["boot"]["url"], settings["config"]["url"] = config, one.stage.urls()["control_url"]
    one.stage.config.write_text(yaml.safe_dump(settings))
    one.stage.start_daemon()
    with Client(one.stage.socket) as client:
        checks = looked_at(client)
    assert checks["boot URL"]["result"] == checks["config URL"]["result"] == "failed"
    assert "not as the boot port of nxd does" in checks["boot URL"]["detail"]
    assert "not as the config port of nxd does" in checks["config URL"]["detail"]
    assert config != boot


def test_many_preflights_at_once_meet_no_limit_of_our_own_ports(rig: Callable[..., Any]) -> None:
    one = rig()
    settings = yaml.safe_load(one.stage.config.read_text())
    settings.setdefault("limits", {})["connections_per_source"] = (
        2  # one that was left may be known to be only a moment later
    )
    one.stage.stop_daemon()
    one.stage.config.write_text(yaml.safe_dump(settings))
    one.stage.start_daemon()

    def look(_: int) -> list[tuple[str, str]]:
        with Client(one.stage.socket) as client:
            checks = looked_at(client)
        return [(name, checks[f"{name} URL"]["detail"]) for name in ("boot", "config")]

    with ThreadPoolExecutor(16) as many:
        told = {detail for looks in many.map(look, range(16)) for detail in looks}
    assert all("answers as it should" in detail for _, detail in told), told


def test_a_zone_that_its_region_does_not_have_is_told_once_with_those_it_has(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    nowhere = SPEC.replace("zone: us-south-1", "zone: us-south-9")
    with Client(one.stage.socket) as client:
        failed = [check for check in client.preflight(nowhere) if check["result"] == "failed"]
    assert [(check["name"], check["detail"]) for check in failed] == [
        ("zone", "There is no zone us-south-9 in us-south.")
    ]
    assert "one of us-south-1, us-south-2, us-south-3 as ibm.zone" in failed[0]["remedy"]


ELSEWHERE = {"cidr_block": "10.9.9.0/24"}
RULES: list[tuple[dict[str, Any], str]] = [
    ({"rules.0.remote": ELSEWHERE}, "No rule lets TCP {boot} out to the boot URL"),
    ({"rules.0.direction": "inbound"}, "No rule lets TCP {boot} out to the boot URL"),
    ({"rules.0.protocol": "udp"}, "No rule lets TCP {boot} out to the boot URL"),
    ({"rules.0.protocol": "tcp", "rules.0.port_min": 1, "rules.0.port_max": 1000}, "out to the boot URL"),
    ({"rules.1.remote": ELSEWHERE}, "No rule lets TCP 22 in."),
    ({"rules.1.remote": {"address": "10.9.9.9"}}, "No rule lets TCP 22 in."),
    ({"rules.1.remote": {"id": "r006-somebody", "name": "x"}}, "No rule lets TCP 22 in."),
    ({"rules.1.remote": {"id": "r006-4f1c0de0-0000-4000-8000-000000000020"}}, ""),
    ({"rules.1.remote": {"cidr_block": "127.0.0.0/8"}}, ""),
]


def test_security_groups_are_asked_for_the_way_in_and_the_way_out(rig: Callable[..., Any]) -> None:
    one = rig()
    port = yaml.safe_load(one.stage.config.read_text())["boot"]["url"].rpartition(":")[2]
    with Client(one.stage.socket) as client:
        for fields, said in RULES:
            rule = {"trigger": "vpc GET /security_groups/*", "action": "set", "what": {"fields": fields}}
            post(one, "/faults", {"rules": [rule]})
            check = looked_at(client)["security groups"]
            assert check["result"] == ("failed" if said else "passed"), (fields, check)
            assert said.format(boot=port) in check["detail"], fields


def test_after_a_failed_apply_a_preflight_counts_what_is_still_to_be_made(rig: Callable[..., Any]) -> None:
    one = rig("node02:install")
    wrong = SPEC.replace("image: r006-4f1c0de0-0000-4000-8000-000000000030", "image: r006-nothing")
    with Client(one.stage.socket) as client:
        assert (
            "0 of 25 bare metal servers in use, 3 more are needed"
            in looked_at(client)["server quota"]["detail"]
        )
        client.apply(wrong)
        assert wait_for(one.stage.socket, "demo", "active", 60, PlainLines("demo", lambda line: None)) == 1
        checks = looked_at(client, wrong)
        assert "3 more are needed" in checks["server quota"]["detail"]
        assert checks["management subnet, cvm addresses"]["detail"].endswith("3 needed")
        assert checks["management subnet, cluster addresses"]["detail"].endswith("1 needed")
        assert "capacity" in checks


def test_a_preflight_of_what_stands_needs_nothing_more(rig: Callable[..., Any]) -> None:
    one = rig("node02:install")
    with Client(one.stage.socket) as client:
        client.apply(SPEC)
        assert wait_for(one.stage.socket, "demo", "active", 60, PlainLines("demo", lambda line: None)) == 1
        checks = looked_at(client)
        assert "3 of 25 bare metal servers in use, 0 more are needed" in checks["server quota"]["detail"]
        assert checks["management subnet, cvm addresses"]["detail"].endswith("0 needed")
        assert checks["management subnet, cluster addresses"]["detail"].endswith("0 needed")


def test_more_servers_than_the_account_has_and_copies_that_nodes_do_not_carry_are_told(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    document = yaml.safe_load(SPEC)
    with Client(one.stage.socket) as client:
        for number, result in ((25, "passed"), (26, "unknown")):
            document["nodes"] = [{"name": f"node{index:02}"} for index in range(number)]
            checks = looked_at(client, yaml.safe_dump(document))
            assert checks["server quota"]["result"] == result
            assert f"0 of 25 bare metal servers in use, {number} more" in checks["server quota"]["detail"]
            redundancy = checks["redundancy"]
            assert (redundancy["result"], redundancy["detail"]) == ("passed", f"factor 2 on {number} nodes")

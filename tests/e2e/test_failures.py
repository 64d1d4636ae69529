"""Whatever goes wrong costs one step: retry brings the cluster up, and nobody else is touched."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client, DaemonRefused
from tests.e2e.deployments import entities, impatient, nxd, settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

MADE = {"reserved_ip": 13, "vni": 6, "server": 3, "record": 13}


@pytest.mark.parametrize(
    ("faults", "states"),
    [
        (
            ("node01:ips", "node02:dns", "node03:vnis"),
            {"node01": "reserving_ips", "node02": "registering_dns", "node03": "creating_vnis"},
        ),
        (
            ("node01:server", "node02:boot", "node03:config"),
            {"node01": "creating_server", "node02": "awaiting_boot", "node03": "awaiting_config"},
        ),
        (("node01:install", "node03:cvm"), {"node01": "installing", "node03": "awaiting_cvm"}),
        (("demo:create",), {"demo": "creating_cluster"}),
        (("demo:up",), {"demo": "awaiting_up"}),
    ],
    ids=["orders", "machines", "installer", "create", "up"],
)
def test_a_failed_step_says_why_and_a_retry_of_it_alone_brings_the_cluster_up(
    rig: Callable[..., Any], faults: tuple[str, ...], states: dict[str, str]
) -> None:
    one = rig(*faults)
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, said = settled(one.stage)
        assert code == 1, said
        found = entities(client)
        assert {name: found[name]["step"] for name in states} == states
        for name in states:
            error = found[name]["error"]
            assert found[name]["state"] == "failed"
            assert error is not None and error["remedy"] and error["message"]
        others = [e for e in found.values() if e["kind"] == "node" and e["name"] not in states]
        assert {e["state"] for e in others} <= {"ready"}
        for name in states:
            client.verb("retry", name, meant=True)
        code, said = settled(one.stage)
        assert code == 0, said
        assert {e["state"] for e in entities(client).values()} == {"active"}
    counts = one.counts()
    assert counts["existing"] == MADE
    untouched = [f"demo-{e['name']}-host-bms" for e in others]
    assert [counts["installs"][name] for name in untouched] == [1] * len(untouched)


def test_passing_troubles_of_the_cluster_need_no_person(rig: Callable[..., Any]) -> None:
    one = rig("demo:password", "demo:health")
    with Client(one.stage.socket) as client:
        client.apply(impatient())
    code, said = settled(one.stage)
    assert code == 0, said


def test_on_failure_rollback_takes_the_failed_node_back_to_nothing_and_no_other(
    rig: Callable[..., Any],
) -> None:
    one = rig("node02:install")
    with Client(one.stage.socket) as client:
        client.apply(impatient("rollback"))
        until = time.monotonic() + 60
        while entities(client)["node02"]["state"] != "rolled_back":
            assert time.monotonic() < until, entities(client)["node02"]
            time.sleep(0.05)
        left = {r["state"] for r in entities(client)["node02"]["resources"]}
        assert left == {"gone"}
        situation = [thing["name"] for thing in one.inventory()["objects"]]
        assert not [name for name in situation if "node02" in name]
        client.verb("retry", "node02", meant=True)
        code, said = settled(one.stage)
        assert code == 0, said


def test_a_retry_from_the_step_of_the_installer_installs_the_machine_again(rig: Callable[..., Any]) -> None:
    one = rig("node02:install")
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, _ = settled(one.stage)
        assert code == 1 and entities(client)["node02"]["step"] == "installing"
        client.verb("retry", "node02", step="installing", meant=True)
        code, said = settled(one.stage)
        assert code == 0, said


def test_the_plan_of_another_rule_for_failures_goes_through_what_is_ahead_and_moves_no_failed_node(
    rig: Callable[..., Any],
) -> None:
    one = rig("node02:install")
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, _ = settled(one.stage)
        assert code == 1 and entities(client)["demo"]["state"] == "deploying"
        plan = client.plan_spec(impatient("rollback"))
        steps = [stage["step"] for stage in plan["stages"]]
        assert steps[:3] == ["preflight", "deploying", "creating_cluster"] and "removing_nodes" not in steps
        assert "that failed already (node02)" in plan["note"]
        client.apply(impatient("rollback"), digest=plan["digest"])
        assert entities(client)["node02"]["state"] == "failed"


def test_a_rollback_does_exactly_the_plan_that_was_shown_or_refuses(rig: Callable[..., Any]) -> None:
    one = rig("node02:install")
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, _ = settled(one.stage)
        assert code == 1
        plan = client.plan("rollback", "node02")
        kinds = [item["kind"] for item in plan["items"]]
        assert {"server", "vni", "reserved_ip", "dns_record"} == set(kinds)
        with pytest.raises(DaemonRefused) as refused:
            client.verb("rollback", "node02", digest="0" * 16)
        assert refused.value.status == 409
        assert entities(client)["node02"]["state"] == "failed"
        client.verb("rollback", "node02", digest=plan["digest"])
        lines: list[str] = []
        assert wait_for(one.stage.socket, "node02", "gone", 60, PlainLines("demo", lines.append)) == 0
        assert {e["state"] for n, e in entities(client).items() if n in ("node01", "node03")} == {"ready"}


def test_a_verb_that_is_not_legal_is_refused_with_the_reason_the_screen_shows(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, said = settled(one.stage)
        assert code == 0, said
        reason = entities(client)["node01"]["can"]["retry"]
        assert reason
        with pytest.raises(DaemonRefused) as refused:
            client.verb("retry", "node01", meant=True)
        assert (refused.value.status, refused.value.error["message"]) == (409, reason)
        assert client.apply(impatient())["changed"] is False


def test_one_retry_of_the_cluster_tries_every_node_again_that_blocks_it_and_says_which(
    rig: Callable[..., Any],
) -> None:
    one = rig("node01:install", "node03:boot")
    with Client(one.stage.socket) as client:
        client.apply(impatient())
        code, said = settled(one.stage)
        assert code == 1, said
        assert entities(client)["demo"]["state"] == "deploying"
        done = nxd(one, "retry", "demo", "--wait")
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        assert done.stdout.startswith("demo: retry accepted. With it go node01, node03.\n")
        assert [e["attempt"] for _, e in sorted(entities(client).items())] == [1, 2, 1, 2]
        again = nxd(one, "retry", "demo")
    assert again.returncode == 4 and "It is active" in again.stderr

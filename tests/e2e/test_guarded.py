"""Who is not meant to come in stays out, and what fell silent is noticed before it does harm."""

from __future__ import annotations

import stat
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.client import Client
from tests.e2e.deployments import settled, spec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def status(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_whoever_is_turned_away_learns_nothing_and_stands_in_the_log(rig: Callable[..., Any]) -> None:
    one = rig()
    boot = yaml.safe_load(one.stage.config.read_text())["boot"]["url"]
    with Client(one.stage.socket) as client:
        client.apply(spec())
        code, said = settled(one.stage)
        assert code == 0, said
        answers = {
            status(f"{boot}/boot/ipxe/node01?token=guessed"),
            status(f"{boot}/boot/ipxe/nobody?token=guessed"),
            status(f"{boot}/pxe/images/vmlinuz-foundation"),
            status(f"{boot}/pxe/images/%2e%2e/state/nxd.db"),
        }
        assert len(answers) == 1
        assert answers.pop()[0] == 404
        log = client.log(limit=10_000)["events"]
    refused = [event["message"] for event in log if event["message"].startswith("turned away")]
    assert any("node01" in message and "the token is wrong" in message for message in refused)
    fetched = [e for e in log if e["node"] == "node01" and e["message"].startswith("script fetched")]
    assert [event["message"] for event in fetched] == ["script fetched: boot", "script fetched: installed"]


def test_what_the_daemon_keeps_is_closed_to_everybody_else(rig: Callable[..., Any]) -> None:
    one = rig()

    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    state = one.stage.directory / "state"
    with Client(one.stage.socket) as client:
        client.apply(spec())
        code, said = settled(one.stage)
        assert code == 0, said
        password = client.login("demo")["password"]
    assert mode(one.stage.socket) == 0o660
    assert mode(state) == 0o700
    assert mode(state / "secret.key") == 0o600
    for path in state.iterdir():
        assert password.encode() not in path.read_bytes(), f"{path.name} holds the password in clear"


def test_a_cvm_that_fell_silent_after_it_was_ready_holds_the_gate_until_it_is_back(
    rig: Callable[..., Any],
) -> None:
    one = rig("node02:install")

    def tell(path: str) -> None:
        url = one.stage.urls()["control_url"] + path
        urllib.request.urlopen(
            urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})
        ).close()

    def cluster(client: Client) -> Any:
        return client.show("demo")["entity"]

    with Client(one.stage.socket) as client:
        client.apply(spec())
        code, _ = settled(one.stage)
        assert code == 1
        limit = time.monotonic() + 30
        while "2 of 3 ready" not in (cluster(client)["evidence"] or ""):
            assert time.monotonic() < limit, cluster(client)
            time.sleep(0.02)
        tell("/nodes/node01/kill-cvm")
        client.verb("retry", "node02", meant=True)
        limit = time.monotonic() + 60
        while cluster(client)["waiting_for"] != "every CVM to answer":
            assert time.monotonic() < limit, cluster(client)
            time.sleep(0.02)
        assert cluster(client)["phase"] == "attention"
        assert "node01" in cluster(client)["evidence"]
        told = [(way["kind"], way.get("verb"), way.get("target")) for way in cluster(client)["remedies"]]
        assert told == [("outside", None, None), ("verb", "replace", "node01")]
        tell("/nodes/node01/revive")
        limit = time.monotonic() + 60
        while cluster(client)["state"] != "active":
            assert time.monotonic() < limit, cluster(client)
            time.sleep(0.05)


def test_preflight_names_the_ports_that_no_security_group_opens(rig: Callable[..., Any]) -> None:
    one = rig()
    closed = spec().replace(
        "r006-4f1c0de0-0000-4000-8000-000000000020", "r006-4f1c0de0-0000-4000-8000-000000000022"
    )
    closed = closed.replace("profile: bx2d-metal-96x384", "profile: bx2-metal-96x384")
    with Client(one.stage.socket) as client:
        checks = {check["name"]: check for check in client.preflight(closed)}
    assert checks["security groups"]["result"] == "failed"
    assert all(str(port) in checks["security groups"]["detail"] for port in (22, 443, 2009, 2030, 2036, 9440))
    assert checks["profile"]["result"] == "passed"


def test_a_cluster_that_is_protected_while_it_is_destroyed_says_that_it_waits_for_that_and_goes_on_after(
    rig: Callable[..., Any],
) -> None:
    one = rig()

    def situation(client: Client) -> dict[str, tuple[str, str | None]]:
        snapshot = client.snapshot()
        return {
            e["name"]: (e["phase"], e["waiting_for"]) for e in (*snapshot["clusters"], *snapshot["nodes"])
        }

    def until(client: Client, done: Callable[[dict[str, tuple[str, str | None]]], bool]) -> None:
        limit = time.monotonic() + 60
        while not done(found := situation(client)):
            assert time.monotonic() < limit, found
            time.sleep(0.02)

    with Client(one.stage.socket) as client:
        client.apply(spec())
        code, said = settled(one.stage)
        assert code == 0, said
        client.verb("destroy", "demo", meant=True)
        client.verb("protect", "demo")
        until(client, lambda found: found.get("demo") == ("attention", "its protection to be lifted"))
        assert [way.get("verb") for way in client.show("demo")["entity"]["remedies"]] == ["unprotect"]
        client.verb("unprotect", "demo")
        until(client, lambda found: not found)
    assert not any(one.counts()["existing"].values())

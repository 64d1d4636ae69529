"""OpenStack Ironic with hardware that does nothing: its nodes from enrolment to active, over its own API."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PORT = 16385
URL = f"http://127.0.0.1:{PORT}/v1"
PATIENCE = 300.0
SETTINGS = """[DEFAULT]
auth_strategy = noauth
rpc_transport = none
enabled_hardware_types = fake-hardware
enabled_bios_interfaces = fake
enabled_boot_interfaces = fake
enabled_console_interfaces = fake
enabled_deploy_interfaces = fake
enabled_firmware_interfaces = fake
enabled_inspect_interfaces = fake
enabled_management_interfaces = fake
enabled_network_interfaces = noop
enabled_power_interfaces = fake
enabled_raid_interfaces = fake
enabled_rescue_interfaces = fake
enabled_storage_interfaces = noop, fake
enabled_vendor_interfaces = fake
state_path = {directory}
log_file = {directory}/ironic.log
host = bench
[api]
host_ip = 127.0.0.1
port = {port}
[conductor]
automated_clean = False
[database]
connection = sqlite:///{directory}/ironic.db
[oslo_concurrency]
lock_path = {directory}
"""
"""The least that a conductor and an API in one process need."""
WAY = (("manage", "manageable"), ("provide", "available"), ("active", "active"))
"""Each verb on the way, and the state it leads to."""


def ask(method: str, path: str, body: Any = None) -> Any:
    """One request to the API."""
    headers = {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "1.80"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def _order(key: str, verb: str) -> None:
    """Put a node on its way; it is refused while something else has the node."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            ask("PUT", f"/nodes/{key}/states/provision", {"target": verb})
            return
        except urllib.error.HTTPError as error:
            if error.code != 409 or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _until(keys: list[str], state: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        nodes = ask("GET", "/nodes?fields=uuid,provision_state&limit=1000")["nodes"]
        if sum(node["provision_state"] == state for node in nodes) == len(keys):
            return
        assert time.monotonic() < until, f"not all became {state}"
        time.sleep(0.05)


def seconds(binaries: Path, directory: Path, count: int) -> float:
    """How long so many nodes take until all are active."""
    settings = directory / "ironic.conf"
    settings.write_text(SETTINGS.format(directory=directory, port=PORT))
    option = f"--config-file={settings}"
    subprocess.run([binaries / "ironic-dbsync", option, "create_schema"], check=True, capture_output=True)
    child = subprocess.Popen(
        [binaries / "ironic", option], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until_up(child)
        begun = time.perf_counter()
        node = {"driver": "fake-hardware"}
        keys = [ask("POST", "/nodes", {**node, "name": f"n{number}"})["uuid"] for number in range(count)]
        for verb, state in WAY:
            for key in keys:
                _order(key, verb)
            _until(keys, state)
        return time.perf_counter() - begun
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _until_up(child: subprocess.Popen[bytes]) -> None:
    """Wait until the API answers and a conductor has the driver."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert child.poll() is None, "ironic ended"
        try:
            if ask("GET", "/drivers")["drivers"]:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError("ironic does not answer")

"""What several tests do with a rehearsal: the spec that they apply, what they wait for, and what they ask."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from importlib import resources
from typing import Any

import yaml

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client
from daemon.wire import EntityView, Plan
from tests import commands

THREE_NODES = (resources.files("daemon.demo") / "three-node.yaml").read_text()
"""The demo's spec."""
SHORT = {"awaiting_boot": "4m", "awaiting_config": "3m", "awaiting_cvm": "20m"}
"""Deadlines for who lets a machine fail."""


def spec(*names: str, **more: Any) -> str:
    """The demo's spec, with these nodes instead of its own, and with other settings."""
    if not names and not more:
        return THREE_NODES
    document = yaml.safe_load(THREE_NODES)
    if names:
        letters = {name: chr(ord("A") + int(name[-2:]) - 1) for name in names}
        document["nodes"] = [{"name": name, "position": letters[name]} for name in names]
    return yaml.safe_dump({**document, **more})


def impatient(on_failure: str = "hold") -> str:
    """The demo's spec for machines that fail."""
    deadlines = ", ".join(f"{state}: {limit}" for state, limit in SHORT.items())
    return f"{THREE_NODES}\non_failure: {on_failure}\ndeadlines: {{{deadlines}}}\n"


def settled(stage: Any, name: str = "demo", goal: str = "active", seconds: float = 120) -> tuple[int, str]:
    """Wait until nothing moves any more; the exit code and what was said."""
    lines: list[str] = []
    code = wait_for(stage.socket, name, goal, seconds, PlainLines(name, lines.append))
    return code, "\n".join(lines)


def run_to(stage: Any, goal: str, seconds: float = 120) -> None:
    """Wait until the demo's cluster has come there."""
    code, said = settled(stage, "demo", goal, seconds)
    assert code == 0, said[-3000:]


def deploy(one: Any, client: Client, *names: str, **more: Any) -> None:
    """The demo's cluster with these nodes, active."""
    client.apply(spec(*names, **more))
    run_to(one.stage, "active")


def until(reached: Callable[[], Any], what: str, seconds: float = 90) -> None:
    """Wait until it is reached."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def entity(client: Client, name: str) -> EntityView:
    """A node or cluster as it stands."""
    return client.show(name)["entity"]


def entities(client: Client) -> dict[str, EntityView]:
    """Every node and cluster by its name."""
    snapshot = client.snapshot()
    return {one["name"]: one for one in (*snapshot["clusters"], *snapshot["nodes"])}


def counted(plan: Plan) -> dict[tuple[str, str], int]:
    """How many objects a plan makes, changes and deletes, by their kind."""
    found: dict[tuple[str, str], int] = {}
    for item in plan["items"]:
        key = (item["action"], item["kind"])
        found[key] = found.get(key, 0) + 1
    return found


def nxd(one: Any, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, run to its end without a terminal."""
    return commands.run(("--config", str(one.stage.config), *words), stdin=subprocess.DEVNULL)


def post(one: Any, path: str, body: Any) -> None:
    """Tell the simulated world something."""
    url = one.stage.urls()["control_url"] + path
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def plant(one: Any, *rules: dict[str, Any]) -> None:
    """Rules of what goes wrong in the simulated world."""
    post(one, "/faults", {"rules": list(rules)})


def mend(one: Any) -> None:
    """Nothing goes wrong there any more."""
    post(one, "/mend", {})

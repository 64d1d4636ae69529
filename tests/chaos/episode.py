"""One deployment and its undoing, with the daemon killed again and again on the way."""

from __future__ import annotations

import json
import random
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import TypeVar

import oracle

from daemon.client import Client, DaemonUnreachable, Refused
from daemon.demo.stage import Stage
from daemon.faultpoints import POINTS
from daemon.wire import EntityView

Answer = TypeVar("Answer")

PATIENCE = 90.0
"""Real seconds for the last, undisturbed stretch; who is not there by then is stuck."""
FAULTS = ("ips", "dns", "vnis", "server", "boot", "config", "install", "cvm")
CLUSTER_FAULTS = ("create", "up", "password", "settings", "health")
DEADLINES = "{awaiting_boot: 10m, awaiting_config: 10m, awaiting_cvm: 30m}"


@dataclass(slots=True)
class Tally:
    """What happened, and what should not have happened."""

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    deployments: int = 0
    leaked: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    lost_events: list[str] = field(default_factory=list)


class Episode:
    """Everything random comes from one generator, so that a seed repeats the same decisions."""

    def __init__(self, stage: Stage, random_: random.Random, tally: Tally) -> None:
        self._stage = stage
        self._random = random_
        self._tally = tally
        self._database = stage.directory / "state" / "nxd.db"

    def run(self, kills: int) -> None:
        """Deploy under ``kills`` kills, then undo under half as many more."""
        self._ask(lambda client: client.apply(self._spec()))
        self._plant_faults()
        self._disturb(kills, self._meddle)
        self._settle("active", self._mend)
        self._judge("after the deployment")
        self._ask(lambda client: client.verb("destroy", "demo"))
        self._disturb(kills // 2, lambda: None)
        self._settle("gone", self._mend)
        self._judge("after the undoing")
        self._tally.deployments += 1

    def _spec(self) -> str:
        text = (resources.files("daemon.demo") / "three-node.yaml").read_text()
        if self._random.random() < 0.5:
            kept = [line for line in text.splitlines() if "node02" not in line and "node03" not in line]
            text = "\n".join(kept).replace("redundancy_factor: 2", "redundancy_factor: 1")
        climb = self._random.choice(("none", "none", "restart", "replace"))
        return f"{text}\nclimb_to: {climb}\ndeadlines: {DEADLINES}\n"

    def _plant_faults(self) -> None:
        entries = [f"node01:{self._random.choice(FAULTS)}" for _ in range(self._random.randrange(3))]
        entries += [f"demo:{self._random.choice(CLUSTER_FAULTS)}" for _ in range(self._random.randrange(2))]
        self._tally.faults.update(entry.partition(":")[2] for entry in entries)
        body = json.dumps({"fail": entries}).encode()
        request = urllib.request.Request(
            self._stage.urls()["control_url"] + "/faults", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request).close()

    def _disturb(self, kills: int, meddle: Callable[[], None]) -> None:
        """Kill the daemon, at a fault point or at any moment, start it again, and again."""
        self._stage.kill_daemon()
        for _ in range(kills):
            if self._random.random() < 0.7:
                point, passage = self._random.choice(POINTS), self._random.randint(1, 3)
                child = self._stage.spawn_daemon(f"{point}#{passage}")
                until = time.monotonic() + 0.8
                while child.poll() is None and time.monotonic() < until:
                    time.sleep(0.01)
                died = child.poll() is not None
                self._tally.kills[point if died else "any moment"] += 1
                if not died:
                    meddle()
                    self._stage.kill_daemon()
            else:
                self._stage.spawn_daemon()
                time.sleep(self._random.uniform(0.2, 0.9))
                meddle()
                self._stage.kill_daemon()
                self._tally.kills["any moment"] += 1
        self._stage.start_daemon()

    def _meddle(self) -> None:
        """Do what a person might do meanwhile."""
        verb = self._random.choice(("retry", "hold", "resume", "replace", "rollback", "retry"))
        target = self._random.choice(("node01", "node01", "demo"))
        try:
            with Client(self._stage.socket) as client:
                client.verb(verb, target)
        except (DaemonUnreachable, Refused):
            return

    def _settle(self, goal: str, mend: Callable[[list[EntityView]], None]) -> None:
        """Leave the daemon alone until the goal is reached; retry what has stopped."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            entities = self._ask(lambda client: [*client.clusters(), *client.nodes()])
            if goal == "gone" and not entities:
                return
            if goal == "active" and entities and all(e["state"] == "active" for e in entities):
                return
            mend(entities)
            time.sleep(0.05)
        entities = self._ask(lambda client: [*client.clusters(), *client.nodes()])
        self._tally.stuck += [
            f"{e['name']} is {e['state']} at {e['step']}: {e['waiting_for']} {e['error']}" for e in entities
        ]
        raise RuntimeError(f"stuck on the way to {goal}: {self._tally.stuck}")

    def _mend(self, entities: list[EntityView]) -> None:
        """What an operator does: retry, resume."""
        with Client(self._stage.socket) as client:
            for entity in entities:
                for verb in ("retry", "resume"):
                    if entity["can"].get(verb, "") is None and not entity["wish"]:
                        try:
                            client.verb(verb, entity["name"])
                        except Refused:
                            continue

    def _judge(self, when: str) -> None:
        things = oracle.inventory(self._stage.urls()["control_url"])
        self._tally.leaked += [f"{when}: {what}" for what in oracle.leaked(things, self._database)]
        self._tally.doubled += [f"{when}: {what}" for what in oracle.doubled(things)]
        self._tally.lost_events += [f"{when}: {what}" for what in oracle.lost_events(self._database)]

    def _ask(self, question: Callable[[Client], Answer]) -> Answer:
        with Client(self._stage.socket) as client:
            return question(client)

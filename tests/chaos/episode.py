"""One deployment with replacements, and its undoing, with the daemon killed again and again on the way."""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import TypeVar

import oracle
from axes import FAULTS, LOST, REFUSED
from breaks import rules_of
from calls import CALLS
from cells import Cell, Direction, impossible
from forked import ForkedStage
from world import World

from daemon.client import Client, DaemonRefused, DaemonUnreachable
from daemon.faultpoints import POINTS
from daemon.wire import EntityView

Answer = TypeVar("Answer")

PATIENCE = 90.0
"""Real seconds for the last, undisturbed stretch; who is not there by then is stuck."""
TO_DIE = 0.6
"""Real seconds in which a daemon should come to its point; then it is killed wherever it is."""
TRIES = 3
"""How often a pair that was not reached is tried again."""
STEP_FAULTS = ("boot", "config", "install", "cvm")
CLUSTER_FAULTS = ("create", "up", "password", "settings", "health")
DEADLINES = "{awaiting_boot: 10m, awaiting_config: 10m, awaiting_cvm: 30m}"
MAKING = ("before_intent", "after_intent", "after_call", "call_refused", "after_result")
UNDOING = ("before_deleting", "before_delete", "after_delete", "after_gone")
NOT_HERE = ("migrating",)
"""Points that a daemon passes once in its life; the matrix kills it there."""

WRONGS = {
    "leaked": ("I1", "I5", "I11"),
    "doubled": ("I2", "I10"),
    "stuck": ("I3", "I4", "I9", "I12"),
    "lost_events": ("I6", "I7", "I8"),
}
"""What the last line of `make chaos` counts → the invariants that are broken then."""


@dataclass(frozen=True)
class Kill:
    """Where to kill and what the cloud does meanwhile; without a point at any moment."""

    point: str | None
    fault: str
    tries: int = TRIES


def agenda() -> list[Kill]:
    """Every fault point with every class of fault that can meet it."""
    return [
        Kill(point, fault)
        for point in POINTS
        if point not in NOT_HERE
        for fault in FAULTS
        if _meet(point, fault)
    ]


def _meet(point: str, fault: str) -> bool:
    if point == "call_refused":
        return fault in (*REFUSED, *LOST, "F5a", "F15")
    if point in MAKING:
        return fault not in ("F10", "F10a", "F10b")
    return point not in UNDOING or fault not in (
        "F7",
        "F7a",
        "F7b",
        "F7c",
        "F8",
        "F9",
        "F11a",
        "F11b",
        "F13a",
    )


@dataclass(slots=True)
class Tally:
    """What happened, and what should not have happened."""

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    verbs: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    struck: int = 0
    deployments: int = 0
    leaked: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    lost_events: list[str] = field(default_factory=list)


class Episode:
    """Everything random comes from one generator, so that a seed repeats the same decisions."""

    def __init__(
        self, stage: ForkedStage, random_: random.Random, tally: Tally, left: deque[Kill], speed: float
    ) -> None:
        self._stage = stage
        self._random = random_
        self._tally = tally
        self._left = left
        self._speed = speed
        self._world = World(stage.urls())
        self._database = stage.directory / "state" / "nxd.db"
        self._acknowledged: list[str] = []
        self._seen: list[tuple[int, str]] = []
        self._failures: Counter[str] = Counter()
        self._log = stage.directory / "serve.log"
        self._told = self._log.stat().st_size

    def run(self, kills: int) -> None:
        """Deploy under ``kills`` kills, replace a server under half as many, and undo under as many again."""
        self._ask(lambda client: client.apply(self._spec()))
        self._plant_step_faults()
        if self._random.random() < 0.6:
            self._hold_the_cluster()
            self._disturb(kills, "make", lambda: None)
            self._replace(kills // 2)
        else:
            self._disturb(kills, "make", self._meddle)
        self._settle("active")
        self._judge("after the deployment", self._acknowledged)
        self._ask(lambda client: client.verb("destroy", "demo", meant=True))
        self._disturb(kills // 2, "undo", lambda: None)
        self._settle("gone")
        self._judge("after the undoing", [])
        self._tally.deployments += 1

    def _hold_the_cluster(self) -> None:
        """Keep it from being formed, so that its nodes can be replaced."""
        until = time.monotonic() + PATIENCE
        while self._ask(lambda client: client.clusters())[0]["state"] != "deploying":
            if time.monotonic() > until:
                raise RuntimeError("stuck: the cluster does not begin")
            time.sleep(0.02)
        self._ask(lambda client: client.verb("hold", "demo"))

    def _replace(self, kills: int) -> None:
        """Bring all nodes to ready, then give a server back and order another one, under ``kills`` kills."""
        self._settle("ready")
        node = self._random.choice(self._ask(lambda client: client.nodes()))["name"]
        try:
            self._ask(lambda client: client.verb("replace", node, meant=True))
        except DaemonRefused:
            return  # its cluster had to be let go, and is formed
        self._tally.verbs["replace"] += 1
        self._disturb(kills, "make", lambda: None)

    def _spec(self) -> str:
        text = (resources.files("daemon.demo") / "three-node.yaml").read_text()
        if self._random.random() < 0.5:
            kept = [line for line in text.splitlines() if "node02" not in line and "node03" not in line]
            text = "\n".join(kept).replace("redundancy_factor: 2", "redundancy_factor: 1")
        climb = self._random.choice(("none", "none", "restart", "replace"))
        return f"{text}\nclimb_to: {climb}\ndeadlines: {DEADLINES}\n"

    def _plant_step_faults(self) -> None:
        entries = [f"node01:{self._random.choice(STEP_FAULTS)}" for _ in range(self._random.randrange(2))]
        entries += [f"demo:{self._random.choice(CLUSTER_FAULTS)}" for _ in range(self._random.randrange(2))]
        self._tally.faults.update(entry.partition(":")[2] for entry in entries)
        self._world.fail(entries)

    # Killing.

    def _disturb(self, kills: int, direction: Direction, meddle: Callable[[], None]) -> None:
        """Kill the daemon, at a fault point or at any moment, start it again, and again.

        Once points are not reached any more, there is little left to make or to delete: then any moment serves.
        """
        self._stage.kill_daemon()
        missed = 0
        for number in range(kills):
            kill = self._next(direction) if missed < TRIES else self._any()
            self._plant(kill, direction)
            if kill.point is None:
                self._kill_at_any_moment(meddle)
            else:
                missed += not self._kill_at(kill, meddle if number > kills // 2 else lambda: None)
        self._stage.start_daemon()

    def _next(self, direction: Direction) -> Kill:
        """The next pair of the agenda that can be met in this direction."""
        elsewhere = UNDOING if direction == "make" else MAKING
        for _ in range(len(self._left)):
            kill = self._left.popleft()
            if kill.point not in elsewhere:
                return kill
            self._left.append(kill)
        return self._any()

    def _any(self) -> Kill:
        return Kill(None, self._random.choice(tuple(FAULTS)), 0)

    def _plant(self, kill: Kill, direction: Direction) -> None:
        """Let the fault strike the next call of some kind that concerns one of the nodes."""
        kinds = tuple(CALLS) if kill.point == "call_refused" else (self._random.choice(tuple(CALLS)),)
        node = self._random.choice(("node01", "node02"))
        for kind in kinds:
            cell = Cell(direction, kind, "P2", kill.fault)
            if impossible(cell) is None:
                self._tally.faults[kill.fault] += 1
                self._world.plant(rules_of(cell, node, self._speed, "demo"))

    def _kill_at(self, kill: Kill, meddle: Callable[[], None]) -> bool:
        """Kill it at the point; where it does not come there in time, wherever it is, and tell so."""
        child = self._stage.spawn_daemon(f"{kill.point}#{self._random.choice((1, 1, 1, 2))}")
        if self._random.random() < 0.5:
            child.wait(0.05)
            meddle()
        if child.wait(TO_DIE) is not None:
            self._tally.kills[str(kill.point)] += 1
            self._tally.pairs += 1
            return True
        self._stage.kill_daemon()
        self._tally.kills["any moment"] += 1
        if kill.tries > 1:
            self._left.append(Kill(kill.point, kill.fault, kill.tries - 1))
        return False

    def _kill_at_any_moment(self, meddle: Callable[[], None]) -> None:
        child = self._stage.spawn_daemon()
        child.wait(self._random.uniform(0.02, 0.4))
        meddle()
        child.wait(self._random.uniform(0.0, 0.2))
        if child.poll() is None:
            self._stage.kill_daemon()
        self._tally.kills["any moment"] += 1

    def _meddle(self) -> None:
        """Do what a person might do meanwhile, and remember what was promised and shown."""
        verb = self._random.choice(("retry", "hold", "resume", "replace", "replace", "rollback", "look"))
        target = self._random.choice(("node01", "node01", "node02", "demo"))
        token = f"{self._random.getrandbits(64):x}"
        try:
            with Client(self._stage.socket, timeout=2.0) as client:
                if verb == "look":
                    log = client.log(limit=40, tail=True)
                    self._seen += [(event["revision"], event["message"]) for event in log["events"]]
                    return
                client.verb(verb, target, token=token, meant=True)
        except (DaemonUnreachable, DaemonRefused):
            return
        self._acknowledged.append(token)
        self._tally.verbs[verb] += 1

    # Settling and judging.

    def _settle(self, goal: str) -> None:
        """Leave the daemon alone until the goal is reached; do what an operator does with what has stopped."""
        self._world.mend()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            entities = self._entities()
            if goal == "gone" and not entities:
                return
            if goal == "active" and entities and all(e["state"] == "active" for e in entities):
                return
            if goal == "ready":
                nodes = [entity for entity in entities if entity["kind"] == "node"]
                if all(e["state"] in ("ready", "active") for e in nodes):
                    return
                if not any(e["state"] == "pending" for e in nodes):  # only its cluster lets a node begin
                    entities = nodes
            self._mend(entities)
            time.sleep(0.05)
        self._tally.stuck += [
            f"{e['name']} is {e['state']} at {e['step']}: {e['waiting_for']} {e['error']}" for e in entities
        ]
        raise RuntimeError(f"stuck on the way to {goal}: {self._tally.stuck}")

    def _entities(self) -> list[EntityView]:
        return self._ask(lambda client: [*client.clusters(), *client.nodes()])

    def _mend(self, entities: list[EntityView]) -> None:
        """Retry and resume; what failed thrice at the same step is rolled back before it is tried again."""
        with Client(self._stage.socket) as client:
            for entity in entities:
                where = f"{entity['name']} {entity['step']}"
                self._failures[where] += entity["state"] == "failed" and not entity["wish"]
                verbs = ("rollback",) if self._failures[where] > 3 else ("retry", "resume")
                for verb in verbs:
                    if entity["can"].get(verb, "") is None and not entity["wish"]:
                        try:
                            client.verb(verb, entity["name"], meant=True)
                        except DaemonRefused:
                            continue
                        if verb == "rollback":
                            self._failures[where] = 0

    def _judge(self, when: str, acknowledged: list[str]) -> None:
        before = oracle.gather(self._database).records
        self._stage.kill_daemon()
        self._stage.start_daemon()
        time.sleep(0.1)
        objects, (calls, _) = self._world.inventory(), self._world.calls(0)
        clusters, operations = self._world.clusters()
        log = self._log.read_bytes()
        found = oracle.gather(
            self._database, objects, calls, acknowledged=acknowledged, seen=self._seen,
            starts=self._stage.starts, clusters=clusters, operations=operations,
            log=log[self._told :].decode(errors="replace"),
        )  # fmt: skip
        self._told = len(log)
        found = oracle.compared(found, before)
        for wrong, names in WRONGS.items():
            getattr(self._tally, wrong).extend(f"{when}: {what}" for what in oracle.judge(found, names))
        self._seen.clear()
        self._tally.struck = self._world.struck()

    def _ask(self, question: Callable[[Client], Answer]) -> Answer:
        with Client(self._stage.socket) as client:
            return question(client)

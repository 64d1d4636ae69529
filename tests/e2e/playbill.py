"""Scenarios on a stage: each deployment ends as its scenario says, is undone, and has a verdict of its own."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from oracle import broken

sys.path.insert(0, str(Path(__file__).parents[1] / "nxtui"))  # that folder is no package

from leading import Scene, complaints, scene

from daemon.client import Client, DaemonRefused
from daemon.demo.setup import Demo, DemoOptions
from daemon.sim.scenarios.listed import scenarios
from daemon.sim.scenarios.scenario import Scenario
from daemon.wire import EntityView, ErrorView
from tests import commands
from tests.e2e.deployments import THREE_NODES
from tests.e2e.robot import Robot
from tests.loopback import address, networks

SPEED = 1200.0
SIDE_BY_SIDE = 20
PATIENCE = 60.0
"""Real seconds that a batch may take to reach one stage of its life."""
READ_TIMEOUT = "3"
"""Real seconds the daemon waits for an answer: some scenarios never give one."""
ONE_NODE = {"reserved_ip": 5, "vni": 2, "server": 1, "record": 5}
MORE_NODES = {"reserved_ip": 4, "vni": 2, "server": 1, "record": 4}
SHORT = {
    "preflight": "40m",
    "reserving_ips": "14m",
    "registering_dns": "14m",
    "creating_vnis": "14m",
    "creating_server": "14m",
    "awaiting_boot": "8m",
    "awaiting_config": "8m",
    "installing": "30m",
    "awaiting_cvm": "14m",
    "creating_cluster": "10m",
    "awaiting_up": "14m",
    "verifying_health": "12m",
}
"""Deadlines that hold at this speed and are over soon."""
BLOCKED = "node:rollback_blocked"
ROUNDS = 8
"""So often may a part stand still before following the remedies has to have led to its end."""
STOPPED = ("failed", "rollback_blocked", "rolled_back")

EVERY = scenarios()
TOGETHER = [name for name, one in EVERY.items() if not one.alone]
ALONE = [name for name, one in EVERY.items() if one.alone]
BATCHES = [TOGETHER[n :: -(-len(TOGETHER) // SIDE_BY_SIDE)] for n in range(-(-len(TOGETHER) // SIDE_BY_SIDE))]


@dataclass
class Part:
    """One scenario on one cluster, and what is wrong with how it went."""

    scenario: Scenario
    word: str
    complaints: list[str] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    """How it stood whenever something of it had stopped."""

    @property
    def cluster(self) -> str:
        return f"c-{self.word}"

    @property
    def label(self) -> str:
        return self.scenario.name if self.scenario.alone else f"{self.scenario.name}@{self.word}"

    @property
    def made(self) -> dict[str, int]:
        more = self.scenario.nodes - 1
        made = {kind: count + more * MORE_NODES[kind] for kind, count in ONE_NODE.items()}
        return {kind: count + (kind == self.scenario.doubled) for kind, count in made.items()}

    def complain(self, text: str) -> None:
        self.complaints.append(text)

    def spec(self) -> str:
        """The cluster of this scenario: one node, unless it needs more."""
        document = yaml.safe_load(THREE_NODES)
        names = [f"n-{self.word}", f"n-{self.word}-b", f"n-{self.word}-c"][: self.scenario.nodes]
        document["cluster"] = self.cluster
        document["nodes"] = [{"name": name} for name in names]
        document["nutanix"]["redundancy_factor"] = 1 if len(names) == 1 else 2
        ranges = {"management": [10, 199], "ahv": [200, 399], "cvm": [400, 599], "cluster": [600, 799]}
        document["ibm"]["management"]["ranges"] = ranges
        document["ibm"]["workload"]["range"] = [10, 199]
        document["deadlines"] = SHORT
        document["climb_to"] = self.scenario.climb_to
        return yaml.safe_dump(document)


class Theatre:
    """A stage on which scenarios are played, with what a test asks of it."""

    def __init__(self, directory: Path) -> None:
        self.stage = Demo(directory, commands.start)
        self.stage.set_up(
            DemoOptions(
                SPEED,
                (),
                1,
                *networks(20),
                quotas={"server": 200},
                listen=address(),
            )
        )

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.stage.urls()["control_url"] + path, data, timeout=20) as answer:
            return json.load(answer)

    def look_at(self, parts: Sequence[Part]) -> None:
        """Keep what a window would be told of each part in which something stopped."""
        with Client(self.stage.socket) as client:
            for part in parts:
                if (found := scene(client, part.cluster)) is not None:
                    part.scenes.append(found)

    def broken(self) -> list[str]:
        """What the daemon's log tells of bugs."""
        return broken((self.stage.directory / "serve.log").read_text(errors="replace"))

    def entities(self) -> dict[str, EntityView]:
        with Client(self.stage.socket) as client:
            snapshot = client.snapshot()
        return {entity["name"]: entity for entity in (*snapshot["clusters"], *snapshot["nodes"])}

    def verb(self, verb: str, target: str) -> None:
        with Client(self.stage.socket) as client:
            client.verb(verb, target, meant=True)

    def apply(self, text: str) -> None:
        with Client(self.stage.socket) as client:
            client.apply(text)

    def has_logged(self, cluster: str, message: str) -> bool:
        """Whether an error was told of a cluster or a node of it in these words."""
        with Client(self.stage.socket) as client:
            told = client.log(cluster=cluster, limit=1000, tail=True)["events"]
        return any(event["level"] == "error" and event["message"] == message for event in told)

    def until(self, parts: Sequence[Part], what: str, done: Callable[[list[EntityView]], bool]) -> None:
        """Wait until ``done`` holds for the entities of every part; who is late is complained of."""
        until = time.monotonic() + PATIENCE
        left = [part for part in parts if not part.complaints]
        while left and time.monotonic() < until:
            found = self.entities()
            left = [p for p in left if not done([e for e in found.values() if e["cluster"] == p.cluster])]
            time.sleep(0.1)
        found = self.entities()
        for part in left:
            part.complain(f"is not {what}: {stand(part, found)}")

    def objects(self) -> list[Any]:
        objects: list[Any] = self.ask("/inventory")["objects"]
        return [thing for thing in objects if thing["agent"] not in ("provider", "somebody else")]


def stand(part: Part, found: dict[str, EntityView]) -> str:
    """How a part stands, in one line."""
    said = []
    for entity in found.values():
        if entity["cluster"] == part.cluster:
            error = entity["error"]
            about = entity["waiting_for"] if error is None else f"{error['code']}: {error['message']}"
            said.append(
                f"{entity['name']} {entity['state']}/{entity['step']} ({about}; {entity['evidence']})"
            )
    return " | ".join(said)


def settled(entities: list[EntityView]) -> bool:
    """Whether nothing moves any more by itself."""
    if any(entity["wish"] for entity in entities):
        return False
    return any(e["state"] in STOPPED for e in entities) or all(e["state"] == "active" for e in entities)


def active(entities: list[EntityView]) -> bool:
    return bool(entities) and all(entity["state"] == "active" for entity in entities)


def gone(entities: list[EntityView]) -> bool:
    return not entities


def judge(theatre: Theatre, part: Part, found: dict[str, EntityView]) -> None:
    """Complain if a part did not end as its scenario says."""
    scenario = part.scenario
    mine = [entity for entity in found.values() if entity["cluster"] == part.cluster]
    if scenario.ending == "recovers" or scenario.at == BLOCKED:
        if not active(mine):
            part.complain(f"should have recovered: {stand(part, found)}")
        return
    kind, state = scenario.at.split(":")
    failed = [entity for entity in mine if entity["state"] == "failed" and entity["kind"] == kind]
    for entity in failed:
        error = entity["error"]
        if error is not None and (entity["step"], error["code"]) == (state, scenario.code):
            judge_telling(theatre, part, entity, error)
            return
    part.complain(f"should have failed at {scenario.at} with {scenario.code}: {stand(part, found)}")


def judge_telling(theatre: Theatre, part: Part, entity: EntityView, error: ErrorView) -> None:
    """Complain if a failure is told without its evidence, without a way on, or not in the log."""
    if not error.get("evidence"):
        part.complain(f"{error['code']} is told without evidence: {error['message']}")
    if not error.get("remedies") or not entity["remedies"]:
        part.complain(f"{error['code']} is told without anything that can be done: {error['message']}")
    if not theatre.has_logged(part.cluster, error["message"]):
        part.complain(f"{error['code']} does not stand in the log: {error['message']}")


def judge_leading(part: Part) -> None:
    """Complain if a window that nobody touches does not lead to what failed, why, what to do and with which key."""
    if part.scenario.ending != "recovers" and not part.scenes and not part.complaints:
        part.complain("has failed, and no trouble was told of it")
    for one in part.scenes:
        part.complaints += complaints(one)


def judge_installs(part: Part, installed: dict[str, int]) -> None:
    """Complain if a machine was installed more often than its scenario says, or one that it does not concern at all."""
    name, recovers = f"n-{part.word}", part.scenario.ending == "recovers"
    found = installed.get(f"demo-{name}-host-bms")
    if recovers and part.scenario.installs not in (None, found):
        part.complain(f"was installed {found} times, not {part.scenario.installs}")
    for other in (f"{name}-b", f"{name}-c")[: part.scenario.nodes - 1]:
        if (times := installed.get(f"demo-{other}-host-bms")) != 1:
            part.complain(f"{other}, whom it does not concern, was installed {times} times")


def play(theatre: Theatre, parts: Sequence[Part]) -> None:
    """Play the scenarios of all parts at once, from nothing to nothing."""
    theatre.ask("/scenarios", {"scenarios": [part.label for part in parts]})
    for part in parts:
        theatre.apply(part.spec())
    theatre.until(parts, "settled", settled)
    found = theatre.entities()
    theatre.look_at(parts)
    for part in parts:
        judge(theatre, part, found)
    refused = [part for part in parts if part.scenario.ending == "refused"]
    count(theatre, refused, {kind: 0 for kind in ONE_NODE}, "before anything was made")
    follow(theatre, [part for part in parts if part.scenario.ending != "recovers"], "active", active)
    theatre.until(parts, "active", active)
    installed = theatre.ask("/counts")["installs"]
    for part in parts:
        judge_installs(part, installed)
    count(theatre, parts, None, "when it was active")
    end(theatre, parts)


def follow(
    theatre: Theatre, parts: Sequence[Part], what: str, done: Callable[[list[EntityView]], bool]
) -> None:
    """Do what nxd says can be done about each trouble, and nothing else, until all parts are ``done``."""
    robots = {part.word: robot(theatre, part) for part in parts}
    for _ in range(ROUNDS):
        theatre.until(parts, f"settled or {what}", lambda entities: done(entities) or settled(entities))
        found = theatre.entities()
        stories = [(part, [e for e in found.values() if e["cluster"] == part.cluster]) for part in parts]
        left = [(part, mine) for part, mine in stories if not done(mine) and not part.complaints]
        for part, mine in left:
            try:
                moved = robots[part.word].follow(mine)
            except (AssertionError, DaemonRefused) as error:
                part.complain(f"a remedy cannot be followed: {error}; {stand(part, found)}")
                continue
            if not moved and settled(mine):
                part.complain(f"is told nothing that can be done: {stand(part, found)}")
        if not left:
            return
    for part, _ in left:
        part.complain(f"following every remedy did not make it {what}: {robots[part.word].told}")


def robot(theatre: Theatre, part: Part) -> Robot:
    """Who follows the remedies of a part; a change of its spec gives a step another minute."""

    def respec(setting: str) -> str:
        document = yaml.safe_load(part.spec())
        document["deadlines"] = {**document["deadlines"], "preflight": "41m"}
        return yaml.safe_dump(document)

    return Robot(theatre.stage, lambda: theatre.ask("/mend", {"scenario": part.label}), respec)


def end(theatre: Theatre, parts: Sequence[Part]) -> None:
    """Destroy every cluster; nothing may be left. Where something stands in the way, nxd says what to do."""
    for part in parts:
        theatre.verb("destroy", part.cluster)
    blocked = [part for part in parts if part.scenario.at == BLOCKED]
    theatre.until(
        blocked, "blocked", lambda entities: any(e["state"] == "rollback_blocked" for e in entities)
    )
    theatre.look_at(blocked)
    follow(theatre, blocked, "gone", gone)
    theatre.until(parts, "gone", gone)
    count(theatre, parts, {kind: 0 for kind in ONE_NODE}, "after it was destroyed")
    struck = {strike["scenario"] for strike in theatre.ask("/faults")["struck"]}
    for part in parts:
        if part.scenario.rules and (part.label in struck) == part.scenario.idle:
            part.complain(f"its rules have {'' if part.scenario.idle else 'not '}struck")


def count(theatre: Theatre, parts: Sequence[Part], wanted: dict[str, int] | None, when: str) -> None:
    """Nothing is doubled, nothing is left: what stands is what was wanted, by default what the parts need."""
    objects = theatre.objects()
    for part in parts:
        mine = [o for o in objects if f"-{part.word}-" in f"-{o['name'].split('.')[0]}-" and not o["deleted"]]
        situation = Counter(o["kind"] for o in mine)
        expected = part.made if wanted is None else wanted
        if any(situation[kind] != number for kind, number in expected.items()):
            part.complain(
                f"{when} there stood {dict(situation)}, not {expected}: {[o['name'] for o in mine]}"
            )


Verdicts = dict[str, list[str]]


class Playbill:
    """Plays a batch when the first of its scenarios is asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._verdicts: Verdicts = {}
        self._alone: Theatre | None = None

    def verdict(self, name: str) -> list[str]:
        if name not in self._verdicts:
            if EVERY[name].alone:
                self._play_alone(name)
            else:
                self._play_together(next(batch for batch in BATCHES if name in batch))
        return self._verdicts[name]

    def close(self) -> None:
        if self._alone is not None:
            self._alone.stage.stop()

    def _play_together(self, names: Sequence[str]) -> None:
        self.close()
        self._alone = None
        theatre = Theatre(self._directory / f"batch-{len(self._verdicts)}")
        try:
            parts = [Part(EVERY[name], f"s{n:02d}") for n, name in enumerate(names)]
            play(theatre, parts)
        finally:
            theatre.stage.stop()
        for part, found in product(parts, theatre.broken()):
            part.complain(found)
        for part in parts:
            judge_leading(part)
        self._verdicts |= {part.scenario.name: part.complaints for part in parts}

    def _play_alone(self, name: str) -> None:
        if self._alone is None:
            self._alone = Theatre(self._directory / f"alone-{len(self._verdicts)}")
        theatre = self._alone
        if EVERY[name].area == "metadata":
            theatre.stage.stop_daemon()  # one that has no token yet
        part = Part(EVERY[name], f"a{len(self._verdicts):03d}")
        if EVERY[name].area == "metadata":
            theatre.stage.start_daemon()
        play(theatre, [part])
        theatre.ask("/mend", {})
        for found in theatre.broken():
            part.complain(found)
        judge_leading(part)
        self._verdicts[name] = part.complaints
        if part.complaints:
            self.close()  # the next one shall not suffer for it
            self._alone = None

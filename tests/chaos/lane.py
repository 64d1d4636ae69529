"""Runs the cells of one kind of object in one simulated world: one cluster of one node for each cell."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path
from typing import Any

import oracle
from axes import ORDERS
from breaks import rules_of
from calls import CALLS, Call
from cells import Cell, may_fail_with
from crashpoints import crash_of
from forked import ForkedStage
from limits import ENVIRON, STOPS, TO_DIE, TO_SETTLE
from rows import Row, Wrong, blame
from seeded import STATES, cluster_of, node_of, path_of, spec_of
from wallclock import WallClock
from world import Rule, World

from daemon.client import Client, DaemonRefused, DaemonUnreachable
from daemon.demo.setup import DemoOptions
from daemon.wire import EntityView
from tests.loopback import address, networks

PREFLIGHTS: Rule = {
    "trigger": "vpc GET /vpcs/*",
    "action": "answer",
    "what": {"status": 503, "code": "service_unavailable", "message": "Not yet."},
}
"""No preflight ends, and so no node begins."""


class Lane:
    """``speed`` is how fast the time of its world passes; ``clock`` is the wall clock of its daemons, if it can be
    stepped."""

    def __init__(self, directory: Path, speed: float, seed: int, clock: WallClock | None = None) -> None:
        self._stage = ForkedStage(directory, ENVIRON)
        self._speed = speed
        self._seed = seed
        self._clock = clock
        self._child: Any = None
        self._taken: set[str] = set()
        self._starts = 1
        self._world: World
        self._client = Client(self._stage.socket, timeout=5.0)

    def run(self, cells: Sequence[Cell]) -> list[Row]:
        """Run cells that are about one kind of object, the making ones first."""
        mixed = random.Random(self._seed).sample(list(cells), len(cells))
        making = [cell for cell in mixed if cell.direction == "make"]
        undoing = [cell for cell in mixed if cell.direction == "undo"]
        self._set_up()
        try:
            self._world = World(self._stage.urls())
            self._child = self._stage._children[self._stage.processes()["serve"]]
            self._prepare(CALLS[cells[0].kind], max(len(making), len(undoing)))
            rows = self._run_all(making)
            self._judge(rows, "make")
            return rows + self._undo(cells[0], undoing, len(making))
        finally:
            self._stage.stop()

    def _set_up(self) -> None:
        """Start the world and a daemon on it."""
        quotas = {"server": 2000, "record": 10000}
        own = {"quotas": quotas, "listen": address()}
        self._stage.set_up(DemoOptions(self._speed, (), self._seed, *networks(20), **own))

    def _undo(self, cell: Cell, undoing: Sequence[Cell], made: int) -> list[Row]:
        """The cells that undo, on what the others made; what has no cell is deleted undisturbed."""
        self._make_the_rest(cell, range(made, len(undoing)))
        undone = self._run_all([*undoing, *[None] * (made - len(undoing))])
        self._judge(undone, "undo")
        return undone

    def _prepare(self, call: Call, clusters: int) -> None:
        """Bring one node per cell to where its step begins, and hold it there."""
        how = {} if call.before is None else {"step": call.before}
        with self._standing_still(PREFLIGHTS):
            for number in range(clusters):
                self._client.apply(spec_of(number))
                self._client.verb("hold", node_of(number), **how)
        self._until(lambda: all(node["state"] == "held" for node in self._client.nodes()), 120, "all held")

    @contextmanager
    def _standing_still(self, rule: Rule) -> Iterator[None]:
        """Within this block nothing gets beyond what the rule of the world bars: whoever is to be held is told in time,
        however busy this machine is."""
        self._world.plant([{**rule, "count": None}])
        yield
        self._world.mend()

    def _make_the_rest(self, cell: Cell, numbers: Sequence[int]) -> None:
        """Undisturbed, what is to be undone and was made by no cell."""
        for number in numbers:
            self._client.verb("resume", node_of(number))
        for number in numbers:
            self._settle_made(Cell("make", cell.kind, "P0", "F0"), number)

    def _run_all(self, cells: Sequence[Cell | None]) -> list[Row]:
        rows: list[Row] = []
        for number, (cell, following) in enumerate(zip_longest(cells, cells[1:])):
            if cell is None:
                self._client.verb("destroy", cluster_of(number), meant=True)
                continue
            begun = time.monotonic()
            result, why = "held", ""
            try:
                self._one(cell, number, following)
            except (Wrong, DaemonRefused, DaemonUnreachable, OSError) as error:
                result, why = "WRONG", f"{type(error).__name__}: {error}"
                self._step_clock(0.0)
                self._world.mend()
                self._start("")
            took = round(time.monotonic() - begun, 3)
            rows.append(Row.of(cell, self._seed, result, why, took))
        return rows

    def _one(self, cell: Cell, number: int, following: Cell | None) -> None:
        node, cluster = node_of(number), cluster_of(number)
        crash = crash_of(cell, node, cluster)
        if crash and getattr(self._child, "crash", None) != crash:
            self._start(crash)
        self._look_before(cell, number)
        drawn = random.Random(f"{self._seed}/{cell.name}").choice(("name", "holding"))
        self._world.behave(ORDERS.get(cell.fault, drawn))
        self._world.plant(rules_of(cell, node, self._speed, cluster))
        seen = self._world.calls(1 << 60)[1]
        made = self._made(cell)
        token = f"{cell.name}/{self._seed}"
        self._ask_for(cell, number, token)
        self._await_death(cell, number, seen, made)
        if cell.fault == "F12":
            self._meddle(cell, number)
        self._recover(cell, number, following, token)
        if cell.direction == "make":
            self._settle_made(cell, number)
        else:
            self._settle_gone(cell, number)
        self._step_clock(0.0)
        self._world.mend()
        self._look_after(cell, number, seen)

    def _target(self, cell: Cell, number: int) -> str:
        """The record whose step makes the call."""
        return node_of(number)

    def _made(self, cell: Cell) -> int:
        """How many of its objects were ever made."""
        kind = {"dns_record": "record"}.get(cell.kind, cell.kind)
        return int(self._world.counts()["created"][kind])

    def _look_before(self, cell: Cell, number: int) -> None:
        """What is to be known before the cell begins."""

    def _look_after(self, cell: Cell, number: int, seen: int) -> None:
        """What is to be looked at once it is in order again; ``seen`` is the last call before it began."""

    def _ask_for(self, cell: Cell, number: int, token: str) -> None:
        try:
            with suppress(DaemonUnreachable), Client(self._stage.socket, timeout=0.5) as impatient:
                self._apply_spec(impatient, cell, number, token)
        except DaemonRefused as refused:
            if cell.direction == "make" or refused.error["code"] != "unknown":
                raise  # else what was asked for before is done

    def _apply_spec(self, client: Client, cell: Cell, number: int, token: str) -> None:
        """What a person asks for, that the call be made."""
        if cell.direction == "make":
            client.verb("resume", self._target(cell, number), token=token)
        else:
            client.verb("destroy", cluster_of(number), token=token, meant=True)

    # How it dies.

    def _await_death(self, cell: Cell, number: int, seen: int, made: int) -> None:
        target = self._target(cell, number)
        if cell.point in ("P3", "P4"):
            self._kill_from_outside(cell, seen, made)
            return
        until = time.monotonic() + TO_DIE * (1 if self._speed > 1000 else 4)
        while self._child.wait(0.1) is None and not self._child.stopped:
            self._help_on(cell, target)
            if time.monotonic() > until:
                shown = self._client.show(target)["entity"]
                raise Wrong(f"not reached: it is {shown['state']}, {shown['waiting_for']}, {shown['error']}")
        if self._child.returncode not in (None, -signal.SIGKILL):
            raise Wrong(f"it ended with {self._child.returncode}")
        if cell.point == "P14":
            os.kill(self._child.pid, signal.SIGTERM)
            os.kill(self._child.pid, signal.SIGCONT)
            self._child.stopped = False
            if self._child.wait(0.03) is None:
                self._stage.kill_daemon()
        if cell.point in STOPS:
            self._step_clock(STOPS[cell.point])
            time.sleep(60 / self._speed)
            os.kill(self._child.pid, signal.SIGCONT)
            self._child.stopped = False

    def _step_clock(self, seconds: float) -> None:
        """Step the wall clock of the daemons, away from the truth or back to it."""
        if self._clock is not None:
            self._clock.step(seconds)

    def _kill_from_outside(self, cell: Cell, seen: int, made: int) -> None:
        """Kill it once its request has arrived; for P4 once it is applied too."""

        def arrived() -> bool:
            calls, _ = self._world.calls(seen)
            triggers = [f"{call['service']} {call['method']} {call['template']}" for call in calls]
            return any(fnmatchcase(trigger, cell.trigger) for trigger in triggers)

        self._until(arrived, TO_DIE, "the request on the wire", 0.003)
        if cell.point == "P4" and cell.direction == "make":
            self._until(lambda: self._made(cell) > made, 1.0, "the call applied", 0.003)
        elif cell.point == "P4":
            time.sleep(0.03)
        self._stage.kill_daemon()

    def _help_on(self, cell: Cell, node: str) -> None:
        """What a person does when the fault stops the step before the point is reached: mend and retry."""
        gone = suppress(DaemonUnreachable, DaemonRefused)  # it may be stopped at any moment
        with gone, Client(self._stage.socket, timeout=0.3) as impatient:
            shown = impatient.show(node)["entity"]
            if shown["state"] in ("failed", "rollback_blocked"):
                self._check_code(cell, shown)
                self._world.mend()
                impatient.verb("retry", node, meant=True)

    # How it recovers.

    def _recover(self, cell: Cell, number: int, following: Cell | None, token: str) -> None:
        if cell.point in STOPS:
            return
        if cell.point == "P10":
            for _ in range(2):
                self._start(f"run_begins@{self._target(cell, number)}", answer=False)
                if self._child.wait(TO_DIE) != -signal.SIGKILL:
                    raise Wrong("it did not die while it recovered")
        if cell.point == "P11":
            self._start("before_checkpoint+0.0005", answer=False)
            if self._child.wait(TO_DIE) != -signal.SIGKILL:
                raise Wrong("it did not die at its checkpoint")
        after = number + 1
        self._start(crash_of(following, node_of(after), cluster_of(after)) if following else "")
        if cell.point == "P13":
            self._ask_for(cell, number, token)
            self._ask_for(cell, number, token)

    def _start(self, crash: str, answer: bool = True) -> None:
        if self._child.poll() is None:
            self._stage.kill_daemon()
        self._child = self._stage.spawn_daemon(crash)
        self._child.crash = crash
        self._starts += 1
        if answer and not self._stage.answer(self._child):
            if not crash:
                raise Wrong("it does not start")
            self._start("")

    # How it ends.

    def _settle_made(self, cell: Cell, number: int) -> None:
        call, node = cell.call, node_of(number)

        def made() -> bool:
            shown = self._client.show(node)["entity"]
            if shown["state"] == "failed":
                self._check_code(cell, shown)
                if cell.fault == "F11a":
                    return True
                self._world.mend()
                self._client.verb("retry", node, meant=True)
                return False
            beyond = shown["state"] in STATES and STATES.index(shown["state"]) > STATES.index(call.step)
            rows = [
                row for row in shown["resources"] if row["kind"] == call.kind and row["state"] == "present"
            ]
            return beyond or (
                cell.fault not in ("F8", "F11", "F11a", "F11b", "F12") and len(rows) == call.count
            )

        self._until(made, TO_SETTLE, "made", show=node)
        try:
            self._client.verb("hold", node)
        except DaemonRefused:
            return  # it failed, or is held already

    def _settle_gone(self, cell: Cell, number: int) -> None:
        node, cluster = node_of(number), cluster_of(number)

        def gone() -> bool:
            situation = {e["name"]: e for e in (*self._client.clusters(), *self._client.nodes())}
            for name in (node, cluster):
                shown = situation.get(name)
                if shown is not None and shown["state"] == "rollback_blocked":
                    self._check_code(cell, shown)
                    self._world.mend()
                    if shown["can"].get("retry", "") is None:
                        self._client.verb("retry", name, meant=True)
            return cluster not in situation

        self._until(gone, TO_SETTLE, "gone", show=node)

    def _check_code(self, cell: Cell, shown: EntityView) -> None:
        error = shown["error"] or {"code": "no error", "message": ""}
        allowed = may_fail_with(cell)
        if error["code"] not in allowed and error["code"] != "left_over":
            raise Wrong(f"{shown['state']} with {error['code']}: {error['message']}")
        if error["code"] == "left_over" and not allowed:
            raise Wrong(f"{shown['state']}: {error['message']} {error.get('evidence')}")

    def _meddle(self, cell: Cell, number: int) -> None:
        """Somebody deletes the object behind us; a server that is to vanish does so by a rule."""
        if cell.kind == "server":
            return
        node, kind = node_of(number), {"dns_record": "record"}.get(cell.kind, cell.kind)
        for thing in self._world.inventory():
            if thing["kind"] == kind and thing["deleted"] is None and oracle.is_about(thing["name"], node):
                if self._world.delete(path_of(thing)):
                    self._taken.add(thing["id"])
                return

    def _until(
        self, reached: Callable[[], bool], seconds: float, what: str, pause: float = 0.01, show: str = ""
    ) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                if reached():
                    return
            except DaemonRefused as refused:
                if refused.status != 409:
                    raise
            except DaemonUnreachable:
                if self._child.poll() is not None:
                    self._start("")
            if time.monotonic() > until:
                raise Wrong(f"not {what} in time; {self._shown(show)}")
            time.sleep(pause)

    def _shown(self, name: str) -> str:
        if not name:  # each that moves or failed
            every = (*self._client.nodes(), *self._client.clusters())
            return "; ".join(self._shown(one["name"]) for one in every if one["state"] != "held")
        try:
            one = self._client.show(name)["entity"]
        except (DaemonUnreachable, DaemonRefused) as error:
            return str(error)
        return f"{name} is {one['state']} at {one['step']}: {one['waiting_for']} {one['evidence']} {one['error']}"

    def _come_to_rest(self, direction: str) -> list[str]:
        """Wait until nothing happens any more; what does not come to rest."""
        if direction == "undo":
            try:
                self._until(lambda: not self._client.clusters(), 20, "all gone")
            except Wrong:
                return [self._shown(one["name"]) for one in (*self._client.nodes(), *self._client.clusters())]
            return []
        still = ("held", "failed", "rolled_back", "ready", "active")
        try:
            self._until(lambda: all(n["state"] in still for n in self._client.nodes()), 20, "all still")
        except Wrong:
            return [self._shown(n["name"]) for n in self._client.nodes() if n["state"] not in still]
        return []

    def _unaudited(self, gathered: oracle.Evidence) -> list[str]:
        """What somebody else deleted, stands in the ledger, and is not named by the audit."""
        rows = [
            row for row in gathered.resources if row["state"] == "present" and row["cloud_id"] in self._taken
        ]
        if not rows:
            return []
        named = {finding["id"] for finding in self._client.audit() if finding["finding"] == "missing"}
        return [f"the audit does not miss {row['name']}" for row in rows if row["cloud_id"] not in named]

    def _judge(self, rows: list[Row], direction: str) -> None:
        """The invariants, when nothing disturbs any more; what breaks one is laid at its cell's door."""
        left = self._come_to_rest(direction)
        database = self._stage.directory / "state" / "nxd.db"
        objects, (calls, _) = self._world.inventory(), self._world.calls(0)
        clusters, operations = self._world.clusters()
        gathered = oracle.gather(
            database, objects, calls, starts=self._starts, taken=frozenset(self._taken),
            clusters=clusters, operations=operations,
            log=(self._stage.directory / "serve.log").read_text(errors="replace"),
        )  # fmt: skip
        found = left + oracle.judge(gathered) + self._unaudited(gathered)
        blame(rows, found, direction, self._seed)

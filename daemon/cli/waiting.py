"""Waits for a cluster or node and shows how it goes: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from daemon import wire
from daemon.cli import streams
from daemon.cli.ending import CommandFailed
from daemon.cli.output import STYLES, event_line, note, print_json, unwritten_line
from daemon.cli.patience import TerminalClient
from daemon.cli.shapes import Waited
from daemon.client import DaemonUnreachable
from daemon.wire import EntityView, StreamLine
from daemon.words import sentences

if TYPE_CHECKING:
    from rich.progress import TaskID

REST_SECONDS = 0.5
"""Real seconds in which a cluster sees how its nodes have stopped, so that what is told last counts all of them."""

Verdict = Literal["done", "failed", "gone", "going"]


class ProgressOutput(Protocol):
    """Where the progress is shown."""

    def entity(self, entity: EntityView) -> None:
        """A node or cluster as it is now."""

    def line(self, line: StreamLine) -> None:
        """A line of the stream."""


def _say(text: str, code: int = wire.EXIT_DONE) -> None:
    """Print a line. Whoever read them may leave: the wait goes on, for its exit code is still wanted."""
    try:
        print(text, file=sys.stdout if code == wire.EXIT_DONE else sys.stderr, flush=True)
    except BrokenPipeError:
        streams.forget()


class PlainLines:
    """Every line of the log about the cluster or node, for pipes and files."""

    def __init__(self, name: str, tell: Callable[[str], None] = _say) -> None:
        self._name = name
        self._tell = tell

    def entity(self, entity: EntityView) -> None:
        """The log tells enough."""

    def line(self, line: StreamLine) -> None:
        event = line["event"] if line["type"] == "event" else None
        if event is None or event["level"] == "debug":
            return
        if self._name in (event["cluster"], event["node"]):
            self._tell(event_line(event))


class Bars:
    """A bar for each node and the cluster."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        self.progress = Progress(
            TextColumn("{task.fields[name]}", table_column=Column(width=10, no_wrap=True)),
            TextColumn("{task.fields[title]}", table_column=Column(width=22, no_wrap=True)),
            BarColumn(14, table_column=Column(width=14)),
            TextColumn("{task.completed:.0f}/{task.total}", table_column=Column(width=5)),
            TextColumn("{task.fields[note]}", style="dim", table_column=Column(ratio=1, no_wrap=True)),
            expand=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def entity(self, entity: EntityView) -> None:
        total = entity["step_count"]
        fields: dict[str, Any] = {
            "name": entity["name"],
            "title": f"[{STYLES[entity['phase']]}]{entity['title']}[/]",
            "note": note(entity).replace("[", "\\["),
        }
        done = total if entity["phase"] == "ok" else max(0, entity["step_index"] - 1)
        if entity["name"] not in self._tasks:
            self._tasks[entity["name"]] = self.progress.add_task("", total=total, **fields)
        task = self._tasks[entity["name"]]
        self.progress.update(task, completed=done, total=total, **fields)

    def line(self, line: StreamLine) -> None:
        """The bars tell enough."""


class Watch:
    """Keeps the entities concerned up to date and judges how they stand."""

    def __init__(self, name: str, goal: str) -> None:
        self.name = name
        self.goal = goal
        self.entities: dict[str, EntityView] = {}
        self._above: EntityView | None = None
        """The cluster of a node that is waited for."""
        self._stopped_at: float | None = None
        """When it was seen first that nothing moves, since the last change."""

    def take(self, line: StreamLine) -> list[EntityView]:
        """Follow a line of the stream; the entities concerned that it changed."""
        if line["type"] == "snapshot":
            every = [*line["snapshot"]["clusters"], *line["snapshot"]["nodes"]]
            mine = [entity for entity in every if self._concerns(entity)]
            self.entities = {entity["name"]: entity for entity in mine}
            over = {entity["cluster"] for entity in mine} - {entity["name"] for entity in mine}
            self._above = next((entity for entity in every if entity["name"] in over), None)
            return mine
        if line["type"] == "change" and self._above and line["entity"]["name"] == self._above["name"]:
            self._above, self._stopped_at = line["entity"], None
        elif line["type"] == "change" and self._concerns(line["entity"]):
            self.entities[line["entity"]["name"]] = line["entity"]
            self._stopped_at = None
            return [line["entity"]]
        if line["type"] == "removed":
            self.entities.pop(line["name"], None)
        return []

    def _concerns(self, entity: EntityView) -> bool:
        return self.name in (entity["name"], entity["cluster"])

    @property
    def missing(self) -> bool:
        """Whether there is no such node or cluster."""
        return self.name not in self.entities

    def verdict(self) -> Verdict:
        """How it stands now; a verb that waits to be carried out means that it goes on."""
        if self.missing:
            return "gone"
        every = list(self.entities.values())
        if any(entity["wish"] for entity in every):
            return "going"
        if all(entity["phase"] == "released" for entity in every):
            return "gone"
        if self.goal == "active" and all(entity["phase"] == "ok" for entity in every):
            if all(entity["state"] == "active" for entity in every):
                return "done"
            return "failed" if self._stopped_above() else "going"
        if self.goal == "active" and self._stands() and not self._moving():
            return "done"
        return "failed" if self.stopped() and not self._moving() else "going"

    def is_at_rest(self, verdict: Verdict, line: StreamLine, now: float) -> bool:
        """Whether a verdict is final at this moment of the real time: what has stopped is told once its cluster has
        seen all of it, which the first silence shows."""
        if verdict != "failed":
            return True
        self._stopped_at = now if self._stopped_at is None else self._stopped_at
        return line["type"] == "heartbeat" or now - self._stopped_at > REST_SECONDS

    def _stands(self) -> bool:
        """Whether what is waited for is a cluster that is active, be it without a node that its gate let go."""
        entity = self.entities[self.name]
        return entity["kind"] == "cluster" and entity["state"] == "active"

    def _moving(self) -> bool:
        """Whether anything goes on by itself: not a cluster that waits for a stopped node, nor a node that waits
        for a cluster that has stopped."""
        every = list(self.entities.values())
        clusters = [entity for entity in every if entity["kind"] == "cluster"]
        waits = any(entity["phase"] == "waiting" for entity in clusters or every)
        waiting = waits and not self._stopped_above()
        return waiting or any(entity["phase"] in ("working", "releasing") for entity in every)

    def stopped(self) -> list[EntityView]:
        """What only a person can move on, the cause first: a cluster that waits for such a node comes last."""
        found = [
            entity
            for entity in self.entities.values()
            if entity["phase"] in ("failed", "attention") and not entity["wish"]
        ]
        nodes = [entity for entity in found if entity["kind"] == "node"]
        clusters = [e for e in found if e["kind"] == "cluster" and (nodes or needs_a_person(e))]
        return [*nodes, *clusters] or self._stopped_above()

    def _stopped_above(self) -> list[EntityView]:
        """The cluster of the node, if only a person can move that."""
        above = self._above
        return [above] if above is not None and needs_a_person(above) and not above["wish"] else []


def needs_a_person(entity: EntityView) -> bool:
    """Whether a failed, held or waiting one goes on by nothing but a verb. What is to be mended outside may mend
    itself."""
    ways = entity["remedies"]
    return entity["phase"] == "failed" or (bool(ways) and all(way["kind"] == "verb" for way in ways))


def wait_for(
    socket: Path, name: str, goal: str, timeout: float | None, screen: ProgressOutput | None = None
) -> int:
    """Wait for the goal and say how it ended. The exit code. Raises DaemonUnreachable."""
    watch = Watch(name, goal)
    if screen is None and sys.stdout.isatty():
        bars = Bars()
        with bars.progress:
            code, text = _follow(socket, watch, timeout, bars)
    else:
        code, text = _follow(socket, watch, timeout, screen or PlainLines(name))
    _say(text, code)
    return code


def wait_after(
    accepted: wire.Accepted | wire.Applied,
    socket: Path,
    name: str,
    goal: str,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Wait for what was accepted just now; a script gets both in one document. The exit code. Raises CommandFailed."""
    if not as_json:
        return wait_for(socket, name, goal, timeout)
    try:
        code, text, entities = wait_quietly(socket, name, goal, timeout)
    except DaemonUnreachable as lost:
        raise CommandFailed(wire.EXIT_NO_DAEMON, str(lost), beside=accepted) from lost
    print_json({**accepted, "waited": Waited(exit_code=code, message=text, entities=entities)})
    return code


def wait_quietly(
    socket: Path, name: str, goal: str, timeout: float | None
) -> tuple[int, str, list[EntityView]]:
    """The same without a word: the exit code, how it ended, and how everything stood then."""
    watch = Watch(name, goal)
    code, text = _follow(socket, watch, timeout, PlainLines(name, lambda line: None))
    return code, text, list(watch.entities.values())


def _follow(socket: Path, watch: Watch, timeout: float | None, screen: ProgressOutput) -> tuple[int, str]:
    until = None if timeout is None else time.monotonic() + timeout
    seen = warned = False
    with TerminalClient(socket) as client:
        for line in _lines(client):
            for entity in watch.take(line):
                screen.entity(entity)
            screen.line(line)
            unwritten = line.get("unwritten")
            if unwritten is not None and not warned:
                print(unwritten_line(unwritten), file=sys.stderr, flush=True)
            warned = unwritten is not None or (warned and line["type"] != "heartbeat")
            unknown = watch.missing and not seen
            if unknown and not (watch.goal == "gone" and _received(socket, watch.name)):
                return wire.EXIT_USAGE, f"There is no node or cluster named {watch.name}."
            seen = True
            verdict, late = watch.verdict(), until is not None and time.monotonic() > until
            if verdict != "going" and (watch.is_at_rest(verdict, line, time.monotonic()) or late):
                return _ending(watch, verdict)
            if late:
                text = f"{watch.name} is not {watch.goal} after {timeout:g} s; the work goes on."
                return wire.EXIT_TIMED_OUT, text
    raise AssertionError("the stream ended without an error")


def _received(socket: Path, name: str) -> bool:
    """Whether the log knows such a node or cluster: what is destroyed is gone, what never was is a slip."""
    with TerminalClient(socket) as client:
        found = client.log(limit=1, cluster=name)["events"] or client.log(limit=1, node=name)["events"]
    return bool(found)


def _lines(client: TerminalClient) -> Iterable[StreamLine]:
    """The stream, taken up again after a reader that was too slow."""
    while True:
        yield from client.stream()


def _ending(watch: Watch, verdict: Verdict) -> tuple[int, str]:
    name = watch.name
    if verdict == "gone":
        code = wire.EXIT_DONE if watch.goal == "gone" else wire.EXIT_FAILED
        return code, f"{name} is rolled back: nothing of it is left."
    said: list[str] = []
    for entity in watch.stopped():
        error = entity["error"]
        if error is not None:
            told = sentences(error["message"], error["remedy"])
            said.append(f"{entity['name']} is {entity['title']}: {told}")
        else:
            ways = " ".join(way["text"] for way in entity["remedies"] if entity["waiting_for"])
            said.append(sentences(f"{entity['name']} is {entity['title']}: {note(entity)}", ways))
    if verdict == "done":
        return wire.EXIT_DONE, "\n".join([f"{name} is active.", *said])
    return wire.EXIT_FAILED, "\n".join(said)

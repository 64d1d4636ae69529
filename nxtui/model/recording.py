"""A recorded deployment: reads exported lines and says how everything stood at any moment of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from daemon.display.encodings import RECORDING_LIMIT, NotText, text_in
from daemon.wire import (
    API_VERSION,
    DaemonView,
    EntityView,
    ErrorView,
    EventView,
    Nature,
    NextView,
    Phase,
    Snapshot,
    StepTiming,
    StreamLine,
    TroubleView,
    VerbTable,
)
from daemon.words import first_of

PHASE_OF: dict[str, Phase] = {
    "pending": "waiting",
    "ready": "ok",
    "active": "ok",
    "degraded": "attention",
    "failed": "failed",
    "held": "attention",
    "rolling_back": "releasing",
    "rolled_back": "released",
    "rollback_blocked": "failed",
}
"""The states that every platform has; any other one is a step that is being worked on. Events alone do not
say it; the lines of the stream do, and then this is not asked."""

NATURE_OF: dict[str, Nature] = {
    "pending": "pending",
    "ready": "ready",
    "active": "well",
    "degraded": "stopped",
    "failed": "stopped",
    "held": "stopped",
    "rolling_back": "undone",
    "rolled_back": "released",
    "rollback_blocked": "stopped",
}
"""The same for what goes on in them, of a daemon that did not write it with each change of state."""

AT_REST = PHASE_OF.keys() - {"rolling_back"}
"""Those in which nothing is worked on, so that their length is nobody's measure."""


SHOWS_NODES = ("waiting", "working", "ok")
"""Phases of a cluster in which the failure of a node is what it is about."""
NAMED = 3

END_OF_TIME = 253_402_214_400.0
"""The last day of the year 9999: no calendar here tells the date of what is later."""


RECORDED = "recording"
"""The id of the daemon in a recording."""


class BadRecording(Exception):
    """The file cannot be played; the text is one sentence for a person."""


class Scene:
    """How everything stands while the lines are gone through, one after the other."""

    def __init__(self, daemon: DaemonView | None = None) -> None:
        self.daemon = daemon or DaemonView(
            id=RECORDED, version="", api=API_VERSION, environment="replay", started=0.0
        )
        self.verbs: VerbTable = {}
        self.entities: dict[str, EntityView] = {}
        self.events: list[EventView] = []
        self.revision = 0
        self.troubles: list[TroubleView] = []
        self.next: NextView | None = None
        self._told = False
        self._errors: dict[str, ErrorView] = {}
        self._phases: dict[str, Phase] = {}
        """Cluster → its phase by its own events."""
        self._failed: dict[str, dict[str, None]] = {}
        """Cluster → its nodes that failed."""

    def take(self, line: StreamLine) -> list[StreamLine]:
        """Take a line in; answers what a screen has to hear of it."""
        if line["type"] == "snapshot":
            self._told = True
            self.daemon = line["snapshot"]["daemon"]
            self.verbs = line["snapshot"].get("verbs", {})
            self.troubles, self.next = line["snapshot"].get("troubles", []), line["snapshot"].get("next")
            known = [*line["snapshot"]["clusters"], *line["snapshot"]["nodes"]]
            self.entities = {entity["name"]: entity for entity in known}
            return [self.snapshot(line["now"])]
        if line["type"] == "change":
            self.entities[line["entity"]["name"]] = line["entity"]
        elif line["type"] == "trouble":
            self.troubles, self.next = line.get("troubles", []), line.get("next")
        elif line["type"] == "nodes":
            self.entities.update((node["name"], node) for node in line["nodes"])
        elif line["type"] == "removed":
            self.entities.pop(line["name"], None)
        elif line["type"] == "event":
            return self._event(line)
        return [line]

    def _event(self, line: StreamLine) -> list[StreamLine]:
        event = line["event"]
        if event["revision"] <= self.revision:
            return []
        self.revision = event["revision"]
        self.events.append(event)
        if self._told:
            return [line]
        if forgotten := _forgotten(event):
            return [line, *(self._remove(name, line["now"]) for name in forgotten if name in self.entities)]
        entity = self._moved(event)
        if entity is None:
            return [line]
        return [line, *(self._put(one, line["now"]) for one in self._with_its_cluster(entity))]

    def _put(self, entity: EntityView, now: float) -> StreamLine:
        self.entities[entity["name"]] = entity
        return StreamLine(type="change", revision=self.revision, now=now, entity=entity)

    def _with_its_cluster(self, entity: EntityView) -> list[EntityView]:
        """The entity, and its cluster where that looks otherwise now: the failure of a node shows on it, which no event
        says."""
        name, failed = entity["name"], self._failed.setdefault(entity["cluster"], {})
        if entity["kind"] == "cluster":
            self._phases[name] = entity["phase"]
            return [self._of_nodes(entity)]
        before = bool(failed)
        failed.pop(name, None)
        if entity["phase"] == "failed":
            failed[name] = None
        cluster = self.entities.get(entity["cluster"])
        return [entity] if cluster is None or not (before or failed) else [entity, self._of_nodes(cluster)]

    def _of_nodes(self, cluster: EntityView) -> EntityView:
        """A cluster, with what its failed nodes make of it."""
        name = cluster["name"]
        own, failed = self._phases.get(name, cluster["phase"]), self._failed.get(name, {})
        if not failed or own not in SHOWS_NODES:
            return {**cluster, "phase": own, "evidence": None}
        return {**cluster, "phase": "attention", "evidence": f"{first_of(failed, NAMED)}: failed"}

    def _remove(self, name: str, now: float) -> StreamLine:
        """Take an entity out, as the line that tells of it."""
        left = self.entities.pop(name)
        self._errors.pop(name, None)
        self._failed.get(left["cluster"], {}).pop(name, None)
        return StreamLine(type="removed", revision=self.revision, now=now, name=name)

    def _moved(self, event: EventView) -> EntityView | None:
        """The entity after an event, as far as an event tells; None if it tells nothing about it."""
        name, data = event["node"] or event["cluster"], event["data"]
        if not name:  # about the daemon itself
            return None
        if event["kind"] == "error" and event["level"] == "error":
            self._errors[name] = _error(event)
        if event["kind"] != "transition" and name in self.entities:
            return None
        entity = self.entities.get(name) or _blank(event)
        if event["kind"] != "transition":
            return entity
        failed = event["level"] == "error"
        state = str(data.get("to", ""))
        return {
            **entity,
            "state": state,
            "title": event["message"],
            "phase": PHASE_OF.get(state, "failed" if failed else "working"),
            "step": data.get("step"),
            "attempt": int(data.get("attempt") or 1),
            "since": event["time"],
            "error": self._errors.get(name) if failed else None,
        }

    def snapshot(self, now: float) -> StreamLine:
        """Everything as it stands, as the first line of a stream."""
        entities = sorted(self.entities.values(), key=lambda entity: entity["name"])
        shot = Snapshot(
            daemon=self.daemon,
            revision=self.revision,
            now=now,
            speed=1.0,
            clusters=[entity for entity in entities if entity["kind"] == "cluster"],
            nodes=[entity for entity in entities if entity["kind"] == "node"],
            verbs=self.verbs,
            troubles=self.troubles,
        )
        if self.next is not None:
            shot["next"] = self.next
        return StreamLine(type="snapshot", revision=self.revision, now=now, snapshot=shot)

    def told_events(self, now: float) -> list[StreamLine]:
        """The log so far, as lines of a stream."""
        return [StreamLine(type="event", revision=e["revision"], now=now, event=e) for e in self.events]

    def timeline(self, name: str, natures: Mapping[str, Nature]) -> list[StepTiming]:
        """The stays of an entity that the log tells of; ``natures`` are those of steps, as far as they are known from
        elsewhere."""
        stays: list[StepTiming] = []
        for event in self.events:
            if name in _forgotten(event):
                stays.clear()  # what comes after is of another one of this name
            if event["kind"] != "transition" or (event["node"] or event["cluster"]) != name:
                continue
            stay = _stay(event, natures)
            if stays:
                stays[-1]["ended"] = event["time"]
                if "mark" not in stay and stay["attempt"] > stays[-1]["attempt"]:
                    stay["mark"] = "retried"
            stays.append(stay)
        return stays


def _forgotten(event: EventView) -> list[str]:
    """The records that are no more since an event: a cluster that was destroyed and its nodes, a node that left."""
    names = event["data"].get("forgotten", ())
    return [str(name) for name in names] if isinstance(names, list) else []


def _stay(event: EventView, natures: Mapping[str, Nature]) -> StepTiming:
    """The stay that begins with an event, with what goes on in it where that is known."""
    data = event["data"]
    state = str(data.get("to", ""))
    stay = StepTiming(
        state=state,
        title=event["message"],
        attempt=int(data.get("attempt") or 1),
        started=event["time"],
        ended=None,
    )
    failed = event["level"] == "error"
    nature = data.get("nature") or NATURE_OF.get(state) or ("stopped" if failed else natures.get(state))
    if nature in get_args(Nature):
        stay["nature"] = cast("Nature", nature)
    if failed:
        stay["mark"] = "failed"
    return stay


def _error(event: EventView) -> ErrorView:
    data = event["data"]
    error = ErrorView(
        code=str(data.get("code", "")),
        message=event["message"],
        remedy=str(data.get("remedy", "")),
        retry=data.get("retry", "never"),
    )
    if data.get("evidence"):
        error["evidence"] = str(data["evidence"])
    return error


def _blank(event: EventView) -> EntityView:
    """An entity of which nothing is known but its name."""
    node = event["node"]
    return EntityView(
        name=node or event["cluster"], kind="node" if node else "cluster", cluster=event["cluster"],
        platform="", state="", title="not told yet", phase="waiting", step=None, step_index=0, step_count=0,
        progress=None, attempt=1, protected=False, stop_after=None, since=event["time"], deadline=None,
        waiting_for=None, evidence=None, error=None, remedies=[], wish=None, can={}, addresses={}, resources=[],
    )  # fmt: skip


class Recording:
    """The lines of a recording in the order of their time; ``daemon`` is whose they are, where they do not say it."""

    def __init__(
        self, lines: Iterable[StreamLine], is_cut_off: bool = False, daemon: DaemonView | None = None
    ) -> None:
        self.is_cut_off = is_cut_off
        """Whether it ended in the middle of a line, which is left out."""
        self.daemon = daemon
        timed = [(_moment(line), line) for line in lines if line["type"] not in ("heartbeat", "lagged")]
        self.lines = sorted(timed, key=lambda one: one[0])
        if not self.lines:
            raise BadRecording("There is no event in the recording.")
        self.start = self.lines[0][0]
        self.end = self.lines[-1][0]


def _moment(line: StreamLine) -> float:
    return line["event"]["time"] if line["type"] == "event" else line["now"]


def of_events(events: Iterable[EventView], last: Snapshot | None) -> Recording:
    """What a log tells, and how everything stands at its end. Raises BadRecording for one without a line."""
    lines = [StreamLine(type="event", revision=one["revision"], now=one["time"], event=one) for one in events]
    if last is None or not lines:
        return Recording(lines)
    daemon = last["daemon"].copy()
    daemon["id"] = RECORDED
    end = max(last["now"], max(line["now"] for line in lines))
    whole = last.copy()
    whole["daemon"], whole["now"] = daemon, end
    shown = StreamLine(type="snapshot", revision=last["revision"], now=end, snapshot=whole)
    return Recording([*lines, shown], daemon=daemon)


def load(file: Path) -> Recording:
    """Read a recording. Raises BadRecording with the line that cannot be used."""
    try:
        text = text_in(file, RECORDING_LIMIT, "recordings")
    except OSError as cause:
        raise BadRecording(f"The recording {file} cannot be read ({cause.strerror}).") from cause
    except NotText as cause:
        raise BadRecording(f"The recording {file} {cause}") from cause
    lines: list[StreamLine] = []
    all_lines = text.split("\n")
    for number, said in enumerate(all_lines, 1):
        if said.strip():
            try:
                line = json.loads(said)
                if not _is_ending(line):
                    lines.append(_read(line))
            except (ValueError, KeyError, TypeError, RecursionError) as cause:
                # no line end follows: whoever wrote it was ended in the middle of it
                if lines and number == len(all_lines) and isinstance(cause, json.JSONDecodeError):
                    return Recording(lines, is_cut_off=True)
                raise BadRecording(
                    f"Line {number} of the recording {file} is neither an event nor a line of the stream."
                ) from cause
    return Recording(lines)


_CARRIES = {"snapshot": "snapshot", "nodes": "nodes", "change": "entity", "removed": "name", "rates": "rates"}
"""What a line of the stream must have with it."""


def _is_ending(said: Any) -> bool:
    """Whether a line only says how the command that recorded them came to its end: Ctrl-C, or a daemon that went."""
    return isinstance(said, dict) and said.keys() == {"error"} and isinstance(said["error"], dict)


def _read(said: Any) -> StreamLine:
    """A line of the stream as it is, a bare event as such a line. Raises ValueError, KeyError or TypeError for
    others."""
    if "type" in said:
        line = cast(StreamLine, said)
        if line["type"] == "event":
            _check(line["event"])
        elif line["type"] in _CARRIES:
            said[_CARRIES[line["type"]]]
        return StreamLine(**{**line, "now": _time(line["now"]), "revision": _revision(line["revision"])})
    _check(said)
    return StreamLine(type="event", revision=said["revision"], now=said["time"], event=cast(EventView, said))


def _time(told: Any) -> float:
    """A moment that a calendar has. Raises ValueError or TypeError."""
    moment = float(told)
    if not 0 <= moment < END_OF_TIME:
        raise ValueError
    return moment


def _revision(told: Any) -> int:
    """Raises ValueError or TypeError."""
    if not isinstance(told, int):
        raise TypeError
    return told


def _check(event: Any) -> None:
    """Raises ValueError, KeyError or TypeError unless everything is there that a screen looks at."""
    event["time"] = _time(event["time"])
    _revision(event["revision"])
    for key in ("cluster", "node", "kind", "level", "actor", "message", "data"):
        event[key]

"""What a commit can do, as data: no SQL and no closures cross the store's seam."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.outside import OutsideCall
from state_machines.record import Record

ResourceState = Literal["intended", "present", "deleting", "gone"]


Nature = Literal["object", "effect", "claim"]
"""What a ledger row stands for: something that was made and is gone once it is a 404; a state that something which
exists anyway was brought into, and has a former one to go back to; a key that nobody else may hold meanwhile."""


class Resource(Struct, frozen=True, gc=False):
    """One row of the ledger: an object outside that we made, are about to make, or have deleted.

    It is written before the call that makes the object, so the duty to undo never depends on an answer.
    ``sent`` counts the creates that may have reached the other side.
    """

    owner: str
    shard: str
    kind: str
    name: str
    state: ResourceState = "intended"
    cloud_id: str | None = None
    sent: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    nature: Nature = "object"

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes the row unique."""
        return (self.owner, self.kind, self.name)

    @property
    def claimed(self) -> tuple[str, str] | None:
        """The key that nobody else may hold because of this row, by its kind and name; None when there is none."""
        return (self.kind, self.name) if self.nature == "claim" and self.state != "gone" else None


class Event(Struct, frozen=True, gc=False):
    """One line of the log. The store gives it its revision."""

    time: float
    shard: str
    record: str | None
    kind: Literal["transition", "verb", "call", "boot", "log", "error", "note"]
    message: str
    level: Literal["debug", "info", "warning", "error"] = "info"
    actor: str = "nxd"
    data: dict[str, Any] = field(default_factory=dict)
    revision: int = 0


class Use(Struct, frozen=True, gc=False):
    """An object that costs by the hour, by its id outside, from when it was ordered until it was gone. ``sort`` is what
    a price list calls it. It stays with its cluster once its ledger row has another object or is no more."""

    shard: str
    kind: str
    id: str
    sort: str
    began: float
    ended: float | None = None


NO_ROUND = -1


class Signal(Struct, frozen=True, gc=False):
    """The last word of its name that was received from outside; it may come before the step that waits for it.

    ``round`` is the attempt to install the machine that it belongs to, ``NO_ROUND`` where it is about something else,
    and ``boot`` the power-on, counted for each record from 1.
    """

    record: str
    shard: str
    name: str
    round: int
    boot: int
    time: float
    data: dict[str, Any] = field(default_factory=dict)


class Command(Struct, frozen=True, gc=False):
    """A verb that was accepted and will be carried out at the next safe point.

    ``token`` makes it one effect. ``args`` may hold ``step``: where a retry begins, after which a hold stops;
    ``means``: the rung of the retry ladder that the daemon takes; ``spec`` and ``nodes``: what a changed spec
    says of the cluster and of its new nodes, by name.
    """

    token: str
    target: str
    shard: str
    verb: str
    actor: str
    time: float
    args: dict[str, Any] = field(default_factory=dict)


class PutRecord(Struct, frozen=True, gc=False):
    """Write a record whose stored version is one less than the new one; 0 before it exists, and once it is dropped."""

    record: Record


class DropRecord(Struct, frozen=True, gc=False):
    """Forget a record, its ledger rows, signals and commands, and of a cluster what it used. Its events stay."""

    name: str


class PutResource(Struct, frozen=True, gc=False):
    """Write a ledger row."""

    resource: Resource


class BeginUse(Struct, frozen=True, gc=False):
    """An object costs by the hour from now on; one that is known already changes nothing."""

    use: Use


class EndUse(Struct, frozen=True, gc=False):
    """It costs nothing any more; one that has ended already changes nothing."""

    shard: str
    kind: str
    id: str
    time: float


class AddEvent(Struct, frozen=True, gc=False):
    """Append to the log."""

    event: Event


class PutSignal(Struct, frozen=True, gc=False):
    """Remember a signal, in place of the record's one of the same name."""

    signal: Signal


class AddCommand(Struct, frozen=True, gc=False):
    """Put a command into the inbox; a token that is known already changes nothing."""

    command: Command


class CloseCommand(Struct, frozen=True, gc=False):
    """The command was carried out or is moot."""

    token: str
    target: str


class PutSecret(Struct, frozen=True, gc=False):
    """Keep a sealed secret under a name."""

    name: str
    shard: str
    sealed: bytes


class DropSecrets(Struct, frozen=True, gc=False):
    """Forget every secret whose name begins with this."""

    prefix: str


class TryToWrite(Struct, frozen=True, gc=False):
    """Write down that the daemon lives at this ``time``, to learn whether the database can be written; ``text`` is
    read by nobody."""

    time: float
    text: str


class KeepCalls(Struct, frozen=True, gc=False):
    """Keep calls to something outside; they have their numbers already."""

    calls: Sequence[OutsideCall]


Op = (
    PutRecord
    | DropRecord
    | PutResource
    | BeginUse
    | EndUse
    | AddEvent
    | PutSignal
    | AddCommand
    | CloseCommand
    | PutSecret
    | DropSecrets
    | TryToWrite
    | KeepCalls
)


def concerned(ops: Iterable[Op]) -> Iterator[str]:
    """The records that a commit is about, and the verbs that it adds; a secret is its whole name."""
    for op in ops:
        match op:
            case PutRecord(record):
                yield record.name
            case PutResource(resource):
                yield resource.owner
            case AddEvent(event):
                yield event.record or ""
            case PutSignal(signal):
                yield signal.record
            case AddCommand(command):
                yield command.target
                yield command.verb
            case CloseCommand(_, name) | DropRecord(name) | PutSecret(name) | DropSecrets(name):
                yield name


class Lease(Struct, frozen=True, gc=False):
    """The right to write. A writer with an older epoch is fenced."""

    owner: str
    epoch: int


class Pruning(Struct, frozen=True):
    """What of the log is forgotten next: ``piece`` lines after the revision ``after`` that are older than the time
    ``before`` or not later than the revision ``until``, but for the transitions of records that stand; and as many
    closed commands that are older than these.

    ``calls_until`` is the number of the last call that is forgotten for its age; beyond that, of all calls ``calls``
    stay. ``tokens`` are those of the commands that were forgotten just now, ``begins`` is where the log is whole from.
    """

    before: float
    until: int = 0
    after: int = 0
    piece: int = 500
    tokens: tuple[str, ...] = ()
    begins: int = 1
    done: bool = False
    calls_until: int = 0
    calls: int = 10**9

    def rest(self, forgotten: Sequence[int], tokens: Sequence[str], calls: int) -> Pruning:
        """What is left to do when these lines and commands have been forgotten, and so many calls."""
        after = forgotten[-1] if forgotten else self.after
        begins = max(self.begins, after + 1) if forgotten else self.begins
        done = max(len(forgotten), len(tokens), calls) < self.piece
        return replace(self, after=after, tokens=tuple(tokens), begins=begins, done=done)


class Contents(Struct, frozen=True):
    """What a starting daemon needs to know: everything unfinished, and who it is. ``begins`` is the revision from which
    on the log holds every line."""

    daemon_id: str
    revision: int
    records: list[Record]
    resources: list[Resource]
    signals: list[Signal]
    commands: list[Command]
    tokens: dict[str, str]
    """Token of every command that is kept → the record it was for."""
    secrets: dict[str, bytes]
    begins: int = 1
    lived: float | None = None
    """When the daemon before was seen to live last; None where none has written it."""
    uses: list[Use] = field(default_factory=list)

"""What a platform tells the engine: its tables, its steps, and the few rules that concern two records at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol

from daemon.engine.context import Step
from daemon.errors.tree import ErrorKind, Mend, NxdError
from daemon.memory.looks import Looks
from daemon.memory.mirror import Mirror
from daemon.store.ops import Resource
from pxe.book import Guest
from state_machines.kind import Kind
from state_machines.objects import LATE_SECONDS, ObjectKind
from state_machines.outcome import Problem
from state_machines.record import Record

Sign = Literal["waiting", "working", "ok", "attention", "failed", "releasing", "released", "unasked", "none"]
"""What something that was asked came to, as a phase says it; that nobody has asked yet; or that it is no answer."""

OF_A_CAPABILITY = ("login", "console")
"""The capabilities of a platform that are commands for people too."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A record that a spec asks for, before it exists."""

    name: str
    kind: Kind
    spec: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """An object that will be made."""

    owner: str
    kind: str
    name: str
    member: str | None = None
    """The node for whose sake another record makes it."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What it will be like: attribute → value. What costs by the hour says its sort in it, and is summed up by that."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a look at the outside tells about a plan before it begins."""

    about: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """Kind and name of an object → more of what it will be like."""
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Record → what it shall remember from its beginning, so that it happens as foreseen."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit of the daemon's own: the setting, its value, and for how many seconds so many nodes wait for it; None
    where nobody knows yet how long one takes."""

    limit: str
    value: float
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Climb:
    """One rung of the retry ladder: the verb that takes it, and the means it names."""

    verb: str
    means: str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a preflight: what was looked at, how it stands, and what to do if it does not pass; ``setting`` is
    what has to change in the spec, if that helps."""

    name: str
    result: Literal["passed", "failed", "unknown"]
    detail: str
    remedy: str = ""
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the cloud and the ledger. ``unknown``: ours by its name, but in no ledger row;
    ``missing``: in the ledger, but a 404; ``unasked``: something that could not be asked, with what to do first.
    ``about``: of an unknown one its state, its address, and when it was created, as far as they are known."""

    finding: Literal["unknown", "missing", "unasked"]
    kind: str
    name: str
    id: str
    owner: str | None
    command: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of a picture: what was asked and answered, and when. ``sign`` is a phase, ``unasked`` where nobody has
    asked yet, or ``none`` for what is no answer; older than so many ``fresh`` seconds it is told with its age."""

    sign: Sign
    what: str
    value: str
    at: float | None = None
    fresh: float = 0.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture shows of one member, or of a service of the whole, which has a ``name`` that is no record's.
    ``address`` is where a person finds it, ``inside`` the box that it is in."""

    name: str
    rows: Sequence[Seen] = ()
    beside: str = ""
    rails: Sequence[str] = ()
    address: str = ""
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A cluster as its platform draws it: networks by name with a few words about each, a box for each member that was
    asked for, services of the whole, and facts about it."""

    rails: Mapping[str, str] = field(default_factory=dict)
    members: Sequence[Shown] = ()
    services: Sequence[Shown] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


class Console(Protocol):
    """An open session on the serial console of a machine: bytes both ways, one session at a time."""

    note: str
    """What there is to know of the machine before it says something; empty for nothing."""

    async def receive(self) -> bytes | None:
        """What the machine says next; None once the session is over."""

    async def send(self, data: bytes) -> None:
        """Press these keys. Raises ConnectionError where the session is over."""

    async def close(self) -> None:
        """End the session."""

    @property
    def ended(self) -> str:
        """Why the session is over, in the words of the other side; empty for none."""


class Platform(ABC):
    """One way to turn machines into clusters. It is given its settings and clock when it is loaded.

    What is abstract here every platform has. All the rest are capabilities: one that a platform does not override it
    does not have, and what stands here is what that means.
    """

    node: Kind
    cluster: Kind

    steps: Mapping[str, Step]
    """State of a node or a cluster → the step that runs there."""

    undo: Mapping[str, Step]
    """Undo step of a node or a cluster → what runs there."""

    objects: Mapping[str, ObjectKind] = MappingProxyType({})
    """The kinds of its objects, by name: those of its manifest, from which these three come when it is loaded."""

    errors: Mapping[str, ErrorKind] = MappingProxyType({})
    """The codes of errors that only it has: those of its manifest."""

    remedies: Mapping[str, Mend] = MappingProxyType({})
    """Code of an error → what a person does first on this platform: those of its manifest."""

    subjects: Mapping[str, Sequence[str]] = MappingProxyType({})
    """Code of an error → the settings of the spec that it is about: those of its manifest."""

    @abstractmethod
    def seeds(self, spec: Mapping[str, Any]) -> Sequence[Seed]:
        """The cluster's record and then its nodes'; ``deadlines`` are in seconds."""

    @abstractmethod
    def planned(self, spec: Mapping[str, Any]) -> Sequence[Planned]:
        """Every object that deploying the spec makes, in the order in which it is made."""

    @abstractmethod
    async def preflight(self, spec: Mapping[str, Any], mirror: Mirror) -> Sequence[Check]:
        """Everything that is needed to make what the spec asks for and the ledger does not hold, looked up before
        any money is spent."""

    async def close(self) -> None:  # noqa: B027 (there may be nothing to let go of)
        """Let go of connections and threads."""

    def has(self, capability: str) -> bool:
        """Whether it has a capability, by the name of its method."""
        return getattr(type(self), capability) is not getattr(Platform, capability)

    def brings(self) -> list[str]:
        """The commands that it has beside its verbs."""
        return [name for name in OF_A_CAPABILITY if self.has(name)]

    # kinds of objects

    def rank(self, kind: str) -> int:
        """When a rollback deletes objects of a kind; lower is sooner. One that no table knows any more goes last."""
        known = self.objects.get(kind)
        return (
            max((one.rank for one in self.objects.values()), default=0) + 1 if known is None else known.rank
        )

    def late(self, kind: str) -> float:
        """For how many seconds an accepted call about an object of a kind may still take effect."""
        known = self.objects.get(kind)
        return LATE_SECONDS if known is None else known.late

    def removal_commands(self, resource: Resource) -> Sequence[str]:
        """The commands with which a person removes the object by hand, one after the other; none for what goes with
        another object."""
        known = self.objects.get(resource.kind)
        return () if known is None else known.commands(resource.cloud_id, resource.name, resource.data)

    # plans

    async def foresee(self, spec: Mapping[str, Any], mirror: Mirror) -> Foresight:
        """What else is known of the objects that deploying the spec makes. Raises OutsideError."""
        return Foresight()

    def claims(self, spec: Mapping[str, Any]) -> Mapping[str, str]:
        """Names that no other cluster of this daemon may have → what has them; for the spec of a cluster's record."""
        return {}

    def ruled_out(self, spec: Mapping[str, Any]) -> Mapping[str, str]:
        """Dotted names of the spec → why the settings of this daemon rule out what stands there, in a sentence."""
        return {}

    def bounds(self, nodes: int, usual: Callable[[str], float | None]) -> Sequence[Bound]:
        """The limits for which so many new nodes wait; ``usual`` tells how long a step of a node usually takes."""
        return ()

    def forms(self, spec: Mapping[str, Any]) -> Sequence[str]:
        """The cluster's steps that have something to do when a new one is made; for the spec of its record too."""
        return self.cluster.steps

    # clusters that stand

    def ahead(self, cluster: Record, grows: bool, shrinks: bool) -> Sequence[str]:
        """The cluster's steps that have something to do from here on: it may not have been active yet."""
        return self.cluster.steps

    def may_change(self, setting: str) -> bool:
        """Whether a setting of a cluster, by its dotted name in the spec, may change while the cluster stands."""
        return False

    def stays(self, record: Record) -> str | None:
        """Why a node cannot leave a cluster that stays; None when it can."""
        return None

    def ties(self, node: str, rows: Sequence[Resource]) -> Sequence[Resource]:
        """Of a cluster's ledger rows, those that stand for this node's membership."""
        return ()

    def waits_for_nodes(self, step: str) -> bool:
        """Whether a cluster at this step waits for its nodes, so that one which failed stands in its way."""
        return False

    # verbs

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        """Why a verb that is legal for the record alone is not, as its cluster stands; None when it is."""
        return None

    def climb(self, record: Record, cluster: Record, problem: Problem) -> Climb | None:
        """What is tried by itself after a failure, as far as the spec lets it climb; None: a person decides."""
        return None

    async def hands_off(self, record: Record, mirror: Mirror) -> str | None:
        """Why the daemon must not restart, replace or take back by itself what stands of a record that has just failed,
        or of its nodes, in a sentence; None: nothing speaks against it. It looks at what is outside, and raises
        nothing."""
        return None

    def replacement(
        self, record: Record, rows: Sequence[Resource]
    ) -> tuple[Sequence[Resource], Sequence[Planned]]:
        """What goes and what is made anew when a node is replaced; ``rows`` are its own and its ties."""
        return (), ()

    def renewal(
        self, record: Record, rows: Sequence[Resource]
    ) -> tuple[Sequence[Resource], Sequence[Planned]]:
        """What goes first and is made anew when a node is tried again, because it is no good; ``rows`` are its own."""
        return (), ()

    def login(self, record: Record, secret: Callable[[str], str | None]) -> Mapping[str, str] | None:
        """Where and how a person logs in to a cluster: ``url``, ``user``, ``password``; None while there is none."""
        return None

    # machines

    def addresses(self, record: Record, resources: Sequence[Resource]) -> dict[str, str]:
        """Role → address, of what is reserved."""
        return {}

    def picture(self, cluster: Record, members: Sequence[Record], mirror: Mirror, looks: Looks) -> Picture:
        """What a map of a cluster shows of these members and of the whole, beside where each stands. Nothing is asked
        for it: ``looks`` tells what was."""
        return Picture(
            members=[
                Shown(
                    member.name,
                    [
                        Seen("none", role, address)
                        for role, address in self.addresses(member, mirror.resources(member.name)).items()
                    ],
                )
                for member in members
            ]
        )

    def guest(self, mirror: Mirror, record: Record, secret: Callable[[str], str | None]) -> Guest | None:
        """What the boot server may tell the machine of this record now; None while it has none.

        ``secret`` opens one of the record's secrets by its name.
        """
        return None

    async def console(
        self, record: Record, rows: Sequence[Resource], force: bool, hide: Callable[[str], None]
    ) -> Console:
        """Open the serial console of a node's machine; ``rows`` are the node's, ``force`` ends the session of whoever
        has it open, and ``hide`` is told every secret that is used. Raises NxdError: ``refused`` where there is no
        machine, or somebody else has it open."""
        raise NxdError("refused", f"{record.name} has no console.")

    # what is in no ledger

    async def audit(self, mirror: Mirror) -> Sequence[Finding]:
        """What the cloud holds against what the ledger says, both ways; nothing is changed. Raises OutsideError."""
        return ()

    async def discard(self, mirror: Mirror, ids: Collection[str]) -> Sequence[Finding]:
        """Go one step towards deleting these objects, which an audit calls unknown; those that still stand."""
        return ()

"""The verbs of a person as data: what each sets, what it deletes, how it is asked for and spoken of.

The engine, its rule of what is legal, plans, commands and nxtui read these rows; none of them decides by a verb's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Consent = Literal["none", "ask", "plan", "name"]
"""What a verb needs before a window sends it: nothing, a ``y``, a ``y`` under its plan, or the typed name."""

Deletes = Literal["never", "maybe", "always"]
"""Whether a verb deletes something outside; ``maybe``: its plan says so."""


@dataclass(frozen=True)
class Prompt:
    """How a verb is asked for. ``{}`` in the question is whom it is for, ``{step}`` the step it names.

    ``mild`` is said in place of the promise where the plan holds nothing. ``accepted`` follows a name.
    """

    question: str
    promise: str
    accepted: str
    mild: str = ""


@dataclass(frozen=True)
class Verb:
    """One verb. It is an event of the tables, or one that changes no state and sets ``protect`` or ``facts`` alone."""

    name: str
    does: str
    """What it does, in half a sentence."""
    prompt: Prompt
    help: str = ""
    """What its command says of itself, in a sentence or two."""
    brief: str = ""
    """What the list of commands says of it, where the first sentence of that is too long for it."""
    anew: str = ""
    """What it does for one of which nothing is left, where that is something else."""
    whom: Literal["node", "cluster", "both"] = "both"
    consent: Consent = "none"
    deletes: Deletes = "never"
    protect: bool | None = None
    """Whether deletions are refused from then on; None: it leaves that as it is."""
    forget: bool = False
    """Whether the record leaves the store once it is released."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the record remembers from then on."""
    attempt: bool = False
    """Whether it counts as another attempt."""
    again: bool = False
    """Whether it tries the same once more: a rollback goes on where it stopped, and what is known of the failure is
    kept."""
    step: Literal["from", "after"] | None = None
    """Whether it may name a step, from which it begins or after which it takes effect."""
    at_step: Prompt | None = None
    """How it is asked for where it names one."""
    goal: Literal["active", "gone"] | None = None
    """What somebody waits for who waits until it is done."""
    renews: bool = False
    """Whether a node gives back what it stands on, and gets another one for it."""
    instead: tuple[str, ...] | None = None
    """The verbs of its cluster that lead on, after the one of the same name, where a node is refused this one because
    its cluster stands on it; None: it is not refused for that."""
    nodes: Literal["stop", "go on", "again"] | None = None
    """What a cluster's verb is for its nodes: those at work stop, those that stopped with it go on, or those that stand
    in its way are tried again."""

    def says(self, does: str) -> Verb:
        """The same verb, with what it does for one kind of record."""
        return replace(self, does=does)

    @property
    def summary(self) -> str:
        """What the list of commands says of it."""
        return self.brief or self.help.split(". ")[0].rstrip(".") + "."


RETRY = Verb(
    "retry",
    "try again, from the step that failed",
    Prompt(
        "Try {} again?",
        "It goes on from the step that failed, or begins anew where nothing of it is left. What is listed is deleted "
        "and made.",
        "will be tried again",
        mild="It goes on from the step that failed, or where a retry of that begins. No object is deleted.",
    ),
    "Try again, from the step that failed, or anew where nothing is left. What was made is kept; a server that failed "
    "is shown and made anew.",
    anew="begin anew, from nothing",
    brief="Try again, from the step that failed.",
    consent="plan",
    deletes="maybe",
    attempt=True,
    again=True,
    step="from",
    at_step=Prompt(
        "Try {} again from “{step}”?",
        "It begins again there, or where a retry of that step begins, and does every later step anew. What is listed "
        "is deleted and made first.",
        "will be tried again",
        mild="It begins again there, or where a retry of that step begins, and does every later step anew; what is "
        "there already is found and kept.",
    ),
    goal="active",
    nodes="again",
)

ROLLBACK = Verb(
    "rollback",
    "delete everything made for it",
    Prompt(
        "Roll back {}?",
        "What is listed is deleted, in this order. It cannot be brought back.",
        "is being rolled back",
    ),
    "Delete everything made for a node or cluster, after showing it.",
    brief="Delete everything made for a node or cluster.",
    consent="plan",
    deletes="always",
    goal="gone",
    instead=("retry", "resume", "destroy"),
    nodes="again",
)

HOLD = Verb(
    "hold",
    "stop at the next safe point",
    Prompt("Hold {}?", "Each stops at its next safe point.", "stops at the next safe point"),
    "Stop at the next safe point; nothing is deleted.",
    brief="Stop at the next safe point.",
    step="after",
    at_step=Prompt("Hold {} after “{step}”?", "Each stops when that step is done.", "stops after it"),
    instead=(),
    nodes="stop",
)

RESUME = Verb(
    "resume",
    "go on after a hold",
    Prompt("Resume {}?", "Each goes on where it stopped.", "goes on"),
    "Go on after a hold.",
    goal="active",
    nodes="go on",
)

REPLACE = Verb(
    "replace",
    "give the server back and order another one behind the same interfaces, addresses and names",
    Prompt(
        "Replace the server of {}?",
        "The server is deleted with what is on its disks, and another one is ordered behind the same "
        "interfaces, addresses and names.",
        "gets another server",
    ),
    "Order another server for a node, behind the same interfaces, addresses and names.",
    brief="Order another server behind the same addresses.",
    whom="node",
    consent="plan",
    deletes="always",
    attempt=True,
    goal="active",
    renews=True,
    instead=("retry", "resume"),
)

DESTROY = Verb(
    "destroy",
    "delete everything, an active cluster too, and forget it",
    Prompt(
        "Destroy {}?",
        "The whole cluster goes, with everything listed. It cannot be brought back.",
        "is being destroyed",
    ),
    "Delete a cluster, an active one too, and forget it; asks for its name.",
    brief="Delete a cluster, an active one too, and forget it.",
    whom="cluster",
    consent="name",
    deletes="always",
    forget=True,
    goal="gone",
    nodes="again",
)

PROTECT = Verb(
    "protect",
    "refuse every deletion until it is unprotected",
    Prompt("Protect {}?", "Every deletion in each of them is refused from then on.", "is protected"),
    "Refuse every deletion in a cluster until it is unprotected.",
    brief="Refuse every deletion in a cluster.",
    whom="cluster",
    protect=True,
)

UNPROTECT = Verb(
    "unprotect",
    "allow deletions again",
    Prompt(
        "Take the protection from {}?",
        "Rollback, replace and destroy are allowed in it again. Nothing is deleted now.",
        "is no longer protected",
    ),
    "Allow deletions in a cluster again.",
    brief="Allow deletions again.",
    whom="cluster",
    consent="ask",
    protect=False,
)

SHARED: Mapping[str, Verb] = {
    verb.name: verb for verb in (RETRY, ROLLBACK, HOLD, RESUME, REPLACE, DESTROY, PROTECT, UNPROTECT)
}
"""The verbs that mean the same on every platform, in the order in which they are offered."""

COMMANDS_TAKEN = frozenset({
    "serve", "sim", "demo", "validate", "plan", "preflight", "apply", "spec", "drafts", "schema", "status", "show",
    "troubles", "offers", "events", "logs", "timeline", "map", "calls", "wait", "login", "console", "audit", "backup",
    "images", "completion",
})  # fmt: skip
"""What `nxd` does by these words is no verb, and no platform's verb can have one of them for its name."""

PROTECTIONS: Mapping[str, bool] = {
    verb.name: verb.protect for verb in SHARED.values() if verb.protect is not None
}
"""The verbs that change no state: they set or clear the protection against deletions."""

Part = Literal["stop", "go on", "again", "renew", "back", "end"]
"""What the daemon gives a verb for, or offers it for, by itself."""

PARTS: Mapping[Part, Callable[[Verb], bool]] = {
    "stop": lambda verb: verb.nodes == "stop",
    "go on": lambda verb: verb.nodes == "go on",
    "again": lambda verb: verb.again,
    "renew": lambda verb: verb.renews,
    "back": lambda verb: verb.goal == "gone" and not verb.forget,
    "end": lambda verb: verb.goal == "gone" and verb.forget,
}
"""By which row a verb has its part: it stops, goes on, tries again, gives another of what a node stands on, takes
everything back, or takes it back and forgets."""

_NOBODY_ASKS = Prompt("", "", "")

EVENTS: Mapping[str, Verb] = {
    event.name: event
    for event in (
        Verb("join", "become a member of its cluster", _NOBODY_ASKS, facts={"member": True}),
        Verb("release", "take everything back", _NOBODY_ASKS, deletes="always"),
    )
}
"""Events that the daemon gives by itself, as far as they do more than lead to a state."""

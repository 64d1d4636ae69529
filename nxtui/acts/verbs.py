"""Verbs as data, and whether one may act now: the daemon has said so in ``can``, nothing is decided here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from daemon.wire import EntityView, VerbView
from nxtui.model.known import Link

Consent = Literal["none", "ask", "plan", "name"]
"""What a verb needs before it is sent: nothing, a ``y``, a ``y`` under its plan, or the typed name."""


class VerbPrompt(NamedTuple):
    """How a verb is asked for and spoken of. ``consent`` none still asks if there are several targets;
    ``deletes`` marks what cannot be taken back; ``mild`` is said where the plan holds nothing, as it mostly does."""

    consent: Consent
    question: str
    promise: str
    accepted: str
    deletes: bool = False
    mild: str = ""


APPLY = VerbPrompt("plan", "Apply the spec of {}?", "", "is applied")
"""How a spec is asked for, before it is known what it would do."""

_APPLY_DOES: dict[frozenset[str], str] = {
    frozenset(("create",)): "What is listed is made. From then on it costs money.",
    frozenset(("change",)): "What is listed is changed. Nothing is made or deleted.",
    frozenset(("delete",)): "What is listed is deleted, in this order. It cannot be brought back.",
    frozenset(
        ("create", "change")
    ): "What is listed is made and changed. What is made costs money from then on.",
    frozenset(("delete", "change")): "What is listed is deleted, in this order, and changed. What is deleted "
    "cannot be brought back.",
    frozenset(
        ("create", "delete")
    ): "What is listed is deleted, in this order, and made. What is made costs money "
    "from then on; what is deleted cannot be brought back.",
    frozenset(
        ("create", "delete", "change")
    ): "What is listed is deleted, in this order, changed and made. What "
    "is made costs money from then on; what is deleted cannot be brought back.",
}
"""What applying a spec promises, by what its plan does."""


def apply_prompt(actions: Collection[str]) -> VerbPrompt:
    """How a spec is asked for whose plan has these actions."""
    return APPLY._replace(promise=_APPLY_DOES.get(frozenset(actions), ""), deletes="delete" in actions)


def prompt_of(verb: str, told: VerbView | None, at_step: bool = False) -> VerbPrompt:
    """How the verb, perhaps at a step, is asked for and spoken of: as the daemon ``told``. Of one that it said nothing
    of, its plan is shown."""
    if told is None:
        return VerbPrompt("plan", f"{verb[:1].upper()}{verb[1:]} {{}}?", "", f"will be done: {verb}")
    said = (told["at_step"] if at_step else None) or told
    words = (said["question"], said["promise"], said["accepted"])
    return VerbPrompt(told["consent"], *words, deletes=told["deletes"] == "always", mild=said["mild"])


READ_ONLY = "Started with --read-only: nothing can be changed."


class Legality(NamedTuple):
    """Who can, and who cannot and why."""

    able: tuple[str, ...] = ()
    unable: tuple[tuple[str, str], ...] = ()

    @property
    def reason(self) -> str | None:
        """Why nobody can, None if somebody can."""
        if self.able:
            return None
        if not self.unable:
            return "Nothing is selected."
        name, why = self.unable[0]
        more = f" (and {len(self.unable) - 1} more)" if len(self.unable) > 1 else ""
        return f"{name}{more}: {why}" if more or not why.startswith(name) else why


def legality(verb: str, entities: Sequence[EntityView]) -> Legality:
    """What the daemon said about the verb for each of them."""
    able: list[str] = []
    unable: list[tuple[str, str]] = []
    for entity in entities:
        if verb not in entity["can"]:
            whom = (
                "a whole cluster, not for one node"
                if entity["kind"] == "node"
                else "a node, not for a cluster"
            )
            unable.append((entity["name"], f"{verb} is for {whom}."))
            continue
        why = entity["can"][verb]
        if why is None:
            able.append(entity["name"])
        else:
            unable.append((entity["name"], why))
    return Legality(tuple(able), tuple(unable))


def barred(link: Link, read_only: bool) -> str | None:
    """Why no verb at all can be sent from this window now."""
    if read_only:
        return READ_ONLY
    if link.state == "replay":
        return "This is a replay of what was: nothing can be changed in it."
    if link.state == "foreign":
        return "The daemon speaks another version of the API: use the nxtui that came with it."
    if link.state in ("lost", "connecting"):
        return "No verb reaches the daemon now: the link is down. It is tried again without end."
    return None


def no_console(entity: EntityView, replaying: bool, read_only: bool) -> str | None:
    """Why a console cannot be opened from here; None when it can."""
    name = entity["name"]
    if replaying:
        return "This is a recording: nothing can be opened in it."
    if entity["kind"] == "cluster":
        return f"{name} is a cluster and has no console; each of its nodes has one."
    if not entity.get("console"):
        return f"{name} has no console: nxd opens none on {entity['platform']}."
    if read_only:
        return f"This window only looks. nxd console {name} --read shows its console."
    return None

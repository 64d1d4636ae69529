"""Why a verb that is legal for a node or a cluster by itself is not, as the other one stands."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.engine.spec_nodes import leaves
from daemon.life.members import FORMED, MEMBER, has_arrived
from state_machines.kind import Kind
from state_machines.lifecycle import RELEASED
from state_machines.record import Record
from state_machines.verbs import Verb


@dataclass(frozen=True)
class Vetoes:
    """The vetoes of a platform, by its tables and what its clusters are made of."""

    node: Kind
    cluster: Kind
    waits: tuple[str, ...]
    """Steps of a cluster in which it waits for nodes to be ready."""
    before: tuple[str, ...] = ()
    """Other steps of a cluster in which nodes may still come and go by themselves."""
    judges: tuple[str, ...] = ()
    """Steps of a cluster that fail because of one of its members."""
    refusers: tuple[str, ...] = ()
    """Steps of a cluster in which a request may be refused because of one of its members, and nothing is made then."""
    member: str = "member"
    """What a node in its cluster is called."""

    def __call__(self, verb: str, record: Record, cluster: Record) -> str | None:
        """The reason, in a sentence; None when there is none."""
        if record.name == cluster.name:
            return self._of_cluster(verb, record)
        return self._of_node(verb, record, cluster)

    def _of_cluster(self, verb: str, cluster: Record) -> str | None:
        effect = self.cluster.effect(verb)
        if effect.goal != "gone" or effect.forget or not cluster.facts.get(FORMED):
            return None
        end = self.cluster.parts.get("end")
        return f"It was active: {f'{end} it, or ' if end else ''}apply the spec that it had before."

    def _of_node(self, verb: str, record: Record, cluster: Record) -> str | None:
        effect = self.node.effect(verb)
        if effect.again and record.state == "rollback_blocked":
            return None
        if cluster.state in RELEASED and effect.goal != "gone":
            again = self.cluster.parts.get("again")
            return f"Its cluster {cluster.name} is rolled back{f': {again} the cluster instead' if again else ''}."
        if effect.goal == "gone" and record.facts.get(MEMBER):
            other = self.node.parts.get("renew")
            said = f"It is a {self.member} of {cluster.name}"
            return f"{said}: {f'{other} it, or ' if other else ''}apply a spec without it."
        if leaves(record, cluster):
            return f"It leaves {cluster.name}: apply a spec that names it once it is gone."
        return self._of_member(effect, cluster) if has_arrived(self.node, record) else None

    def _of_member(self, effect: Verb, cluster: Record) -> str | None:
        """What is refused to a node that is there, once its cluster stands on it."""
        where = cluster.step if cluster.state in ("failed", "held") else cluster.state
        coming = where in (self.cluster.initial, *self.before, *self.waits, "rolled_back")
        if coming or (effect.renews and self._lacks_members(cluster)):
            return None
        if effect.renews and self.cluster.states[cluster.state].phase == "ok":
            if len(cluster.spec["nodes"]) > 1:
                return None
            end = self.cluster.parts.get("end")
            alone = f"It is all that {cluster.name} stands on"
            return f"{alone}{f': {end} the cluster, and apply its spec again' if end else ''}."
        if effect.instead is not None:
            return f"It belongs to {cluster.name}, {self._standing(cluster)}{self._instead(effect, cluster)}."
        return None

    def _standing(self, cluster: Record) -> str:
        """How far the forming of a cluster has come."""
        if cluster.facts.get(FORMED) or self.cluster.states[cluster.state].phase == "ok":
            return "which is formed already"
        tried = cluster.state in ("failed", "held") and cluster.step in self.refusers
        return "whose creation was tried" if tried else "which is being formed"

    def _lacks_members(self, cluster: Record) -> bool:
        """Whether a cluster of several has failed where one of them may be the cause, for which another one comes."""
        refused = cluster.step in self.refusers and (cluster.error or {}).get("code") == "bad_request"
        judged = refused or cluster.step in self.judges
        return cluster.state == "failed" and judged and len(cluster.spec["nodes"]) > 1

    def _instead(self, effect: Verb, cluster: Record) -> str:
        """What can be done now about the cluster, where it cannot be done to one node; deleting it comes last."""
        here = self.cluster.states[cluster.state]
        for other in sorted((effect.name, *(effect.instead or ())), key=self._deletes):
            if self._deletes(other) and here.phase == "working":
                break
            legal = self.cluster.allows(cluster.state, cluster.step, other) and other in self.cluster.verbs
            if legal and self._of_cluster(other, cluster) is None:
                mild = effect.deletes == "always" and not self._deletes(other)
                return f": {other} the cluster {'first' if mild else 'instead'}"
        return f" ({here.title})"

    def _deletes(self, verb: str) -> bool:
        return self.cluster.effect(verb).deletes == "always"

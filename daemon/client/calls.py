"""The requests of the socket API: what each is called, what it takes, and what it answers. Both clients have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from daemon.wire import (
    Accepted,
    Applied,
    AuditView,
    CallView,
    CheckView,
    Detail,
    DraftView,
    EntityView,
    FindingView,
    Health,
    Log,
    MapView,
    Offers,
    Plan,
    Snapshot,
    SpecText,
    Steps,
    TimelineList,
    Troubles,
    VerbList,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, before anybody sends it. ``T`` is what it answers: the whole body, or what stands under ``key``;
    ``otherwise`` is asked instead where there is no such thing."""

    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    key: str | None = None
    otherwise: Call[T] | None = None


def snapshot() -> Call[Snapshot]:
    """Everything at one revision."""
    return Call("GET", "/v1/snapshot")


def nodes() -> Call[list[EntityView]]:
    """Every node."""
    return Call("GET", "/v1/nodes")


def clusters() -> Call[list[EntityView]]:
    """Every cluster."""
    return Call("GET", "/v1/clusters")


def show(name: str) -> Call[Detail]:
    """The node of that name, else the cluster. Raises DaemonRefused with status 404 if it is neither."""
    named = quote(name, safe="")
    return Call("GET", f"/v1/nodes/{named}", otherwise=Call("GET", f"/v1/clusters/{named}"))


def log(
    after: int | None = None,
    limit: int = 1000,
    cluster: str | None = None,
    node: str | None = None,
    tail: bool = False,
) -> Call[Log]:
    """At most ``limit`` lines later than ``after``, or with ``tail`` the last ones."""
    asked = _given(after=after, limit=limit, cluster=cluster, node=node, tail=1 if tail else None)
    return Call("GET", "/v1/log", {key: str(value) for key, value in asked.items()})


def made(
    after: int | None = None,
    limit: int = 1000,
    target: str | None = None,
    tail: bool = False,
    bodies: bool = False,
) -> Call[list[CallView]]:
    """At most ``limit`` calls to something outside that are later than the one numbered ``after``, or with ``tail`` the
    last ones."""
    flags = {"tail": 1 if tail else None, "bodies": 1 if bodies else None}
    asked = _given(after=after, limit=limit, target=target, **flags)
    return Call("GET", "/v1/calls", {key: str(value) for key, value in asked.items()}, key="calls")


def timelines(names: Sequence[str]) -> Call[TimelineList]:
    """What those of these names went through that there are; at most 60 names."""
    return Call("GET", "/v1/timelines", {"names": ",".join(names)})


def map_of(cluster: str) -> Call[MapView]:
    """A picture of a cluster as data."""
    return Call("GET", f"/v1/clusters/{quote(cluster, safe='')}/map")


def events(after: int | None = None, first: int | None = None) -> Call[None]:
    """The stream: the state first, then whatever changes. ``first``: take the state in pieces, the most urgent nodes
    first and so many of them in the snapshot."""
    return Call("GET", "/v1/events", {k: str(v) for k, v in _given(after=after, first=first).items()})


def plan(verb: str, target: str, step: str | None = None) -> Call[Plan]:
    """What the verb would do now."""
    return Call("POST", "/v1/plans", body=_given(verb=verb, target=target, step=step))


def plan_spec(text: str) -> Call[Plan]:
    """What applying the spec would do now. Raises DaemonRefused with ``problems`` if it is wrong."""
    return Call("POST", "/v1/plans", body={"spec": text})


def preflight(text: str) -> Call[list[CheckView]]:
    """What the spec needs, looked up now."""
    return Call("POST", "/v1/preflights", body={"spec": text}, key="checks")


def audit() -> Call[list[FindingView]]:
    """The clouds against the ledger, both ways."""
    return Call("GET", "/v1/audit", key="findings")


def audited() -> Call[AuditView]:
    """The same with when it was looked at, and what agrees."""
    return Call("GET", "/v1/audit")


def last_audit() -> Call[AuditView]:
    """What the last audit found, without another look; not ``looked`` where there was none since the daemon began."""
    return Call("GET", "/v1/audit/last")


def discard(ids: Sequence[str], meant: bool | None = None) -> Call[list[FindingView]]:
    """Go one step towards deleting what an audit called unknown; what of it still stands. Refused unless ``meant``."""
    return Call("POST", "/v1/audit/deletions", body=_given(ids=list(ids), meant=meant), key="left")


def login(cluster: str) -> Call[dict[str, str]]:
    """Where and how to log in to a cluster."""
    return Call("GET", f"/v1/clusters/{quote(cluster, safe='')}/login")


def apply(text: str, digest: str | None = None) -> Call[Applied]:
    """Apply the spec; with ``digest`` only if the plan is still the one that was shown."""
    return Call("POST", "/v1/specs", body=_given(spec=text, digest=digest))


def spec(cluster: str) -> Call[SpecText]:
    """The spec of a cluster as it is in force, as YAML."""
    return Call("GET", f"/v1/specs/{quote(cluster, safe='')}")


def drafts() -> Call[list[DraftView]]:
    """Every draft without its text."""
    return Call("GET", "/v1/drafts", key="drafts")


def draft(name: str) -> Call[DraftView]:
    """One draft with its text. Raises DaemonRefused with status 404 if there is none."""
    return Call("GET", f"/v1/drafts/{quote(name, safe='')}")


def keep_draft(name: str, text: str) -> Call[DraftView]:
    """Keep a text as the draft of that name."""
    return Call("POST", "/v1/drafts", body={"name": name, "spec": text})


def drop_draft(name: str) -> Call[dict[str, bool]]:
    """Forget a draft."""
    return Call("DELETE", f"/v1/drafts/{quote(name, safe='')}")


def verb(verb: str, target: str, **how: str | bool | None) -> Call[Accepted]:
    """Ask for a verb. ``digest``: of the plan shown; ``meant``: whatever it deletes, without a plan that was shown;
    ``token``: the same one twice is one effect; ``step``: where a retry begins, after which a hold stops."""
    return Call("POST", "/v1/verbs", body=_given(verb=verb, target=target, **how))


def health() -> Call[Health]:
    """Whether the daemon is well, and what it lacks if not."""
    return Call("GET", "/v1/healthz")


def steps() -> Call[Steps]:
    """The steps of every kind of record, in order, with what each took before."""
    return Call("GET", "/v1/steps")


def verbs() -> Call[VerbList]:
    """The verbs of every kind of record, and how each is asked for."""
    return Call("GET", "/v1/verbs")


def troubles() -> Call[Troubles]:
    """The causes of what stopped, and what comes next."""
    return Call("GET", "/v1/troubles")


def offers(target: str) -> Call[Offers]:
    """What each verb of a node or cluster would come to now."""
    return Call("GET", "/v1/offers", {"target": target})


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}

"""What a person can do about a wait that only a person ends, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from daemon.engine.remedies import verb_remedy
from daemon.errors.tree import in_spec, outside
from daemon.life.members import MOST
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import NODE
from state_machines.outcome import Remedy


def of_silent(names: Sequence[str]) -> tuple[Remedy, ...]:
    """Controller VMs that answered before have to answer again, or other servers take their place."""
    said = (
        f"See why the controller VM of {', '.join(names[:MOST])} does not answer: its console, its network."
    )
    return (outside(said), *(verb_remedy(NODE, "replace", name) for name in names[:MOST]))


def of_kept(name: str, ill: Sequence[str]) -> tuple[Remedy, ...]:
    """Prism does not let a host go: the others have to be well, or to be more."""
    if ill:
        said = f"See in Prism what ails {', '.join(ill[:MOST])}, and mend that: {name} leaves once all others are well."
        return (outside(said),)
    more = "Give the cluster one node more (nodes in the spec), and apply it: with so few none can leave."
    return (outside(f"See in Prism why it keeps {name}, and mend that."), in_spec("nodes", more))


def of_ill(names: Sequence[str]) -> tuple[Remedy, ...]:
    """Hosts that do not get well: another server takes the place of each."""
    return tuple(verb_remedy(NODE, "replace", name) for name in names[:MOST])


def of_stubborn(rows: Iterable[Resource]) -> tuple[Remedy, ...]:
    """Servers that do not obey their power buttons are IBM Cloud's to mend."""
    ids = [str(row.cloud_id or row.name) for row in rows]
    return tuple(outside(f"Open a case with IBM Cloud that names the server {id_}.") for id_ in ids[:MOST])


def of_unseen(row: Resource) -> tuple[Remedy, ...]:
    """A server that does not run while its machine is waited for."""
    return (
        outside(f"See in the cloud what is done to the server {row.name}: the node goes on once it runs."),
    )


def of_unformed(address: str) -> tuple[Remedy, ...]:
    """A cluster that forms and does not come up: its CVMs know why, and let it go where that cannot be mended."""
    said = (
        f"See what does not come up (ssh nutanix@{address}, then: cluster status), and mend that. Where that cannot be "
        "mended, cluster destroy there: the cluster is formed anew on the same machines."
    )
    return (outside(said),)


def of_unfinished() -> tuple[Remedy, ...]:
    """A machine of which the time is over while it is being installed is not stopped by that."""
    said = (
        "The machine may be installing still: a retry takes what it has installed, goes on with an installation that "
        "reported within three minutes, and restarts the machine otherwise."
    )
    return (outside(said),)


def of_unmade() -> tuple[Remedy, ...]:
    """A script or a document that cannot be made: templates and settings are read when nxd starts."""
    return (
        outside("Mend what keeps it from being made, the template or the setting, then start nxd again."),
    )


def of_refused(evidence: str | None, addresses: Mapping[str, str]) -> tuple[Remedy, ...]:
    """Nodes that a refusal names by the addresses of their CVMs do not fit together: another server takes the place of
    one of them, which may be enough."""
    said = set(re.findall(r"[0-9]+(?:\.[0-9]+){3}", evidence or ""))
    named = [name for name, address in addresses.items() if address in said][:MOST]
    first, *others = of_ill(named) or (None,)
    if first is None or not others:
        return () if first is None else (first,)
    one = replace(first, text=f"One of {', '.join(named)} has to go, which may be enough. {first.text}")
    return (one, *(replace(other, text=f"Or instead: nxd {other.verb} {other.target}.") for other in others))

"""What is not known of a create that was not answered with its object: whether it took effect, and until when it may.

A call whose answer was lost may have made something. One that was refused may have as well: a proxy may have sent it
twice, and what was refused is then the second, because of what the first one made. Only who was not let in has made
nothing.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from daemon.errors.tree import CATALOGUE, OutsideError
from daemon.store.ops import Resource

SKEW_SECONDS = 2.0
"""How far the other side's clock may be behind ours when it says that an object was made after our call."""

_DOUBTS = ("refused", "lost", "first_sent")
_OF_CALLS = (*_DOUBTS, "sent_at")


def is_refusal(error: OutsideError) -> bool:
    """Whether a create was turned down, as far as its one answer tells."""
    by_status = error.status is not None and 400 <= error.status < 500 and error.code != "in_doubt"
    return by_status or error.code == "name_taken"


def is_unheard(error: OutsideError) -> bool:
    """Whether a look would be refused as this create was: the next create, or who undoes it, looks for the name."""
    return error.code in ("rate_limited", "authentication") or error.status == 401


def is_shut_out(error: OutsideError) -> bool:
    """Whether the other side did not let the call in, and so carried nothing out. A 403 proves that only where it is
    about rights: one about a quota may be the second of a call that was sent twice."""
    rights = error.code in CATALOGUE and CATALOGUE[error.code].credentials
    return error.status == 401 or (error.status == 403 and rights)


def uncertain(row: Resource, error: OutsideError, now: float) -> Resource:
    """The row after a create that was answered with no object. The duty to undo stays; the call may have left as late
    as now, and it is from now on that it may take effect."""
    data: dict[str, Any] = {**row.data, "sent_at": now}
    if is_refusal(error):
        data = {"first_sent": row.data["sent_at"], **data, "refused": error.code}
    return replace(row, data=data)


def sent_again(row: Resource, now: float) -> dict[str, Any]:
    """What is known of the object when one more create is about to be sent."""
    lost = {"lost": True} if is_lost(row) else {}
    return {**{key: value for key, value in row.data.items() if key != "refused"}, **lost, "sent_at": now}


def never_sent(row: Resource, known: Resource | None) -> Resource:
    """The row as it was ``known`` before a create that was not let in; without one, an intent that was never sent."""
    if known is not None:
        return known
    return replace(row, sent=0, data={key: value for key, value in row.data.items() if key not in _OF_CALLS})


def certain(row: Resource) -> dict[str, Any]:
    """What is known of the object once there is no doubt about it."""
    return {key: value for key, value in row.data.items() if key not in _DOUBTS}


def is_unanswered(row: Resource) -> bool:
    """Whether the last create of this row was neither answered nor refused."""
    return "refused" not in row.data


def is_lost(row: Resource) -> bool:
    """Whether any create of this row was neither answered nor refused."""
    return "lost" in row.data or is_unanswered(row)


def was_there_before(row: Resource, created: float | None) -> bool:
    """Whether something is older than every create of this row, each of which was refused: somebody else made it."""
    if created is None or is_lost(row):
        return False
    return created < float(row.data["first_sent"]) - SKEW_SECONDS


def late_for(row: Resource, started: float, now: float, late: float) -> float:
    """Seconds during which a create of this row may still take effect, which it may ``late`` seconds after it left. A
    call of a process that died left before this one ``started``."""
    return max(float(row.data.get("sent_at", 0.0)), started) + late - now

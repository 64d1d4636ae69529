"""What is wrong and why, what comes next, and what each verb would come to."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from daemon.wire.entities import RemedyView


class TroubleView(TypedDict):
    """One cause, and all that stopped for it: records that failed with the same ``code`` for the same ``subject``,
    those that stand longest first. ``sentence`` says what happened, ``clusters`` are those that wait for them,
    ``since`` is when the first of them stopped, and ``remedies`` what can be done about that one as it stands."""

    id: str
    code: str
    sentence: str
    subject: str
    targets: list[str]
    clusters: list[str]
    since: float
    remedies: list[RemedyView]


class NextView(TypedDict):
    """What comes next, in one sentence, and about when, where that is known."""

    sentence: str
    at: NotRequired[float]


class Troubles(TypedDict):
    """The answer of ``GET /v1/troubles``: the causes, the oldest first, and what comes next."""

    troubles: list[TroubleView]
    next: NextView


class OfferView(TypedDict):
    """What a verb would come to now. It ``begins_at`` this step (its title), ``does`` this, in half a sentence, and
    ``loses`` and ``makes`` these objects, summed up; ``deletes`` counts those that are deleted. ``takes`` is how many
    seconds it usually takes, null where that was never measured or nobody can know; ``then`` is how it stands
    afterwards. ``consent`` is what is needed before it is given, ``tells`` what its plan comes to in a few words.
    ``refused`` says why it is not legal now; then nothing is known of what it would come to."""

    verb: str
    does: str
    consent: Literal["none", "ask", "plan", "name"]
    begins_at: str | None
    loses: list[str]
    deletes: NotRequired[int]
    makes: list[str]
    takes: float | None
    then: str
    tells: str
    refused: NotRequired[str]


class Offers(TypedDict):
    """The answer of ``GET /v1/offers?target=NAME``: every verb of what is named, in the order in which they are
    offered."""

    target: str
    offers: list[OfferView]

"""The words of the socket API: what the daemon says and what its clients may ask.

Everything here is plain JSON once it is on the wire. Times are Unix seconds as floats, in the daemon's own
time (see ``Snapshot.now`` and ``Snapshot.speed``). ``docs/api.md`` describes the endpoints.
"""

from __future__ import annotations

from daemon.wire.calls import CallList, CallRates, CallView
from daemon.wire.entities import (
    PHASES,
    EntityView,
    ErrorView,
    EventView,
    Nature,
    Outlook,
    Phase,
    PromptView,
    RateView,
    RemedyView,
    ResourceView,
    SpanView,
    SpentView,
    Steps,
    StepTiming,
    StepView,
    TimelineList,
    TimelineView,
    UseView,
    UsualView,
    VerbList,
    VerbTable,
    VerbView,
)
from daemon.wire.map import MapBox, MapEdge, MapNote, MapRail, MapRow, MapSign, MapView
from daemon.wire.plans import (
    Accepted,
    AgreedView,
    Applied,
    AuditView,
    CheckView,
    DraftList,
    DraftView,
    FindingView,
    Plan,
    PlanAgain,
    PlanCost,
    PlanItem,
    PlanKept,
    PlanProfile,
    PlanStage,
    PlanSum,
    PlanWait,
    SpecApplied,
    SpecMark,
    SpecMistake,
    SpecText,
)
from daemon.wire.stream import (
    BootView,
    ConsoleEnd,
    ConsoleLine,
    DaemonView,
    Detail,
    Health,
    Log,
    PhaseView,
    ScreenView,
    Snapshot,
    StreamLine,
    ToComeView,
    UnwrittenView,
)
from daemon.wire.troubles import NextView, Offers, OfferView, Troubles, TroubleView

__all__ = [
    "API_VERSION",
    "EXIT_DONE",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_NO_DAEMON",
    "EXIT_REFUSED",
    "EXIT_TIMED_OUT",
    "EXIT_USAGE",
    "LAST_REVISION",
    "PHASES",
    "SPEC_LIMIT",
    "Accepted",
    "AgreedView",
    "Applied",
    "AuditView",
    "BootView",
    "CallList",
    "CallRates",
    "CallView",
    "CheckView",
    "ConsoleEnd",
    "ConsoleLine",
    "DaemonView",
    "Detail",
    "DraftList",
    "DraftView",
    "EntityView",
    "ErrorView",
    "EventView",
    "FindingView",
    "Health",
    "Log",
    "MapBox",
    "MapEdge",
    "MapNote",
    "MapRail",
    "MapRow",
    "MapSign",
    "MapView",
    "Nature",
    "NextView",
    "OfferView",
    "Offers",
    "Outlook",
    "Phase",
    "PhaseView",
    "Plan",
    "PlanAgain",
    "PlanCost",
    "PlanItem",
    "PlanKept",
    "PlanProfile",
    "PlanStage",
    "PlanSum",
    "PlanWait",
    "PromptView",
    "RateView",
    "RemedyView",
    "ResourceView",
    "ScreenView",
    "Snapshot",
    "SpanView",
    "SpecApplied",
    "SpecMark",
    "SpecMistake",
    "SpecText",
    "SpentView",
    "StepTiming",
    "StepView",
    "Steps",
    "StreamLine",
    "TimelineList",
    "TimelineView",
    "ToComeView",
    "TroubleView",
    "Troubles",
    "UnwrittenView",
    "UseView",
    "UsualView",
    "VerbList",
    "VerbTable",
    "VerbView",
]

API_VERSION = 1

SPEC_LIMIT = 256 * 1024
"""Bytes of a spec that are read: ten thousand nodes by name. The reading of it takes a few seconds."""
LAST_REVISION = 10**18 - 1
"""The largest revision that anybody may ask for."""

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_DAEMON = 3
EXIT_REFUSED = 4
EXIT_TIMED_OUT = 5
EXIT_INTERRUPTED = 130

"""The words of the socket API: what the daemon says and what its clients may ask.

Everything here is plain JSON once it is on the wire. Times are Unix seconds as floats, in the daemon's own
time (see ``Snapshot.now`` and ``Snapshot.speed``). ``docs/api.md`` describes the endpoints.
"""

from __future__ import annotations

from daemon.wire.entities import (
    PHASES as PHASES,
)
from daemon.wire.entities import (
    EntityView as EntityView,
)
from daemon.wire.entities import (
    ErrorView as ErrorView,
)
from daemon.wire.entities import (
    EventView as EventView,
)
from daemon.wire.entities import (
    Outlook as Outlook,
)
from daemon.wire.entities import (
    Phase as Phase,
)
from daemon.wire.entities import (
    PromptView as PromptView,
)
from daemon.wire.entities import (
    RemedyView as RemedyView,
)
from daemon.wire.entities import (
    ResourceView as ResourceView,
)
from daemon.wire.entities import (
    Steps as Steps,
)
from daemon.wire.entities import (
    StepTiming as StepTiming,
)
from daemon.wire.entities import (
    StepView as StepView,
)
from daemon.wire.entities import (
    UsualView as UsualView,
)
from daemon.wire.entities import (
    VerbList as VerbList,
)
from daemon.wire.entities import (
    VerbTable as VerbTable,
)
from daemon.wire.entities import (
    VerbView as VerbView,
)
from daemon.wire.plans import (
    Accepted as Accepted,
)
from daemon.wire.plans import (
    Applied as Applied,
)
from daemon.wire.plans import (
    CheckView as CheckView,
)
from daemon.wire.plans import (
    FindingView as FindingView,
)
from daemon.wire.plans import (
    Plan as Plan,
)
from daemon.wire.plans import (
    PlanItem as PlanItem,
)
from daemon.wire.plans import (
    PlanStage as PlanStage,
)
from daemon.wire.plans import (
    PlanSum as PlanSum,
)
from daemon.wire.plans import (
    PlanWait as PlanWait,
)
from daemon.wire.plans import (
    SpecMistake as SpecMistake,
)
from daemon.wire.plans import (
    SpecText as SpecText,
)
from daemon.wire.stream import (
    ConsoleEnd as ConsoleEnd,
)
from daemon.wire.stream import (
    ConsoleLine as ConsoleLine,
)
from daemon.wire.stream import (
    DaemonView as DaemonView,
)
from daemon.wire.stream import (
    Detail as Detail,
)
from daemon.wire.stream import (
    Health as Health,
)
from daemon.wire.stream import (
    Log as Log,
)
from daemon.wire.stream import (
    ScreenView as ScreenView,
)
from daemon.wire.stream import (
    Snapshot as Snapshot,
)
from daemon.wire.stream import (
    StreamLine as StreamLine,
)
from daemon.wire.stream import (
    UnwrittenView as UnwrittenView,
)
from daemon.wire.troubles import (
    NextView as NextView,
)
from daemon.wire.troubles import (
    Offers as Offers,
)
from daemon.wire.troubles import (
    OfferView as OfferView,
)
from daemon.wire.troubles import (
    Troubles as Troubles,
)
from daemon.wire.troubles import (
    TroubleView as TroubleView,
)

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

"""How far a machine has come, read from what was reported: its newest boot counts, and the end once it is reported."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from daemon.store.ops import Signal
from state_machines.record import Record

SCRIPT, PHASE, ERROR, HEARTBEAT = "script_fetched", "phase", "install_error", "heartbeat"
"""The signals of a boot: the script that opens it, and what its installer says."""
UNMADE = "unmade"
"""What the boot server could not make for the machine; it is nothing that was received, and belongs to no boot."""
_FETCHED = "_fetched"


def fetched(document: str) -> str:
    """The signal of a document that was fetched."""
    return f"{document}{_FETCHED}"


class BootProgress(Struct, frozen=True, gc=False):
    """Where the machine of a record stands in the present round, the attempt to install it.

    ``begun``: anything was received from it. ``boot`` is the newest one and ``reporting`` the newest of which more is
    known than its script; 0 stands for one whose script nobody fetched. ``fetched`` (the documents), ``phase`` (the
    furthest) and ``error`` are those of the newest boot. ``ended``: the last phase was reported, and there is nothing
    to install any more, whatever is received before or after. ``received`` is when the newest boot was last known to be
    alive: by a document, a phase that leads on, an error or a heartbeat. ``in_vain`` tells what the machine
    asks for and is not given.
    """

    begun: bool = False
    boot: int = 0
    reporting: int = 0
    fetched: frozenset[str] = frozenset()
    phase: Signal | None = None
    error: Signal | None = None
    ended: bool = False
    received: float = 0.0
    in_vain: str | None = None


NOTHING_RECEIVED = BootProgress()


def round_of(record: Record) -> int:
    """The round of the record's machine: the number of the present attempt to install it."""
    return int(record.facts.get("round", 0))


def boot_progress(record: Record, signals: Mapping[str, Signal], last_phase: int) -> BootProgress:
    """Where its machine stands, by what was last reported; ``last_phase`` is the one that ends an installation."""
    round_ = round_of(record)
    boot = reporting = 0
    known: dict[str, Signal] = {}
    in_vain: str | None = None
    for name, signal in signals.items():
        if signal.round == round_ and name == UNMADE:
            in_vain = signal.data.get("said")
        elif signal.round == round_:
            known[name] = signal
            boot = max(boot, signal.boot)
            if name not in (SCRIPT, HEARTBEAT):
                reporting = max(reporting, signal.boot)
    if not known:
        return NOTHING_RECEIVED if in_vain is None else BootProgress(in_vain=in_vain)
    phase, error = known.get(PHASE), known.get(ERROR)
    return BootProgress(
        True,
        boot,
        reporting,
        frozenset(
            name.removesuffix(_FETCHED)
            for name, signal in known.items()
            if signal.boot == boot and name != SCRIPT and name.endswith(_FETCHED)
        ),
        phase if phase is not None and phase.boot == boot else None,
        error if error is not None and error.boot == boot else None,
        phase is not None and int(phase.data["phase"]) >= last_phase,
        max(signal.time for signal in known.values() if signal.boot == boot),
        in_vain,
    )


def asks_in_vain(record: Record, said: str | None, now: float) -> Signal:
    """What the record's step sees while its machine is not given what it asks for; None: it is."""
    return Signal(record.name, record.shard, UNMADE, round_of(record), 0, now, {"said": said})


def next_boot(signals: Mapping[str, Signal]) -> int:
    """The number of the boot that the next script opens: none is used twice, whichever round it belongs to."""
    return 1 + max((signal.boot for signal in signals.values()), default=0)


def how_far(phase: Signal | None) -> float:
    """The place of a report among those of its boot: its phase, and the percentage behind the point."""
    return 0.0 if phase is None else place(int(phase.data["phase"]), phase.data.get("percent"))


def place(phase: int, percent: float | None) -> float:
    """As ``how_far``, of a report that is not taken down yet."""
    return phase + (percent or 0.0) / 101

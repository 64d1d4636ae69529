"""When what is outside was looked at last, and what it answered: by its address, and by its own id."""

from __future__ import annotations

from collections import OrderedDict
from urllib.parse import urlsplit

from msgspec import Struct

from daemon.outside import OutsideCall

KEPT = 20_000
"""So many things are remembered with their last look; what was looked at longest ago makes room."""
_LOOKS = ("GET", "HEAD")


class Look(Struct, frozen=True, gc=False):
    """One look: when it was over, and with which status; None where nobody answered. ``well``: it was answered, and not
    with a refusal or an error."""

    time: float
    status: int | None
    well: bool


class Looks:
    """The last look at each thing outside, since the calls that are read back when the daemon starts."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, Look] = OrderedDict()

    def take(self, call: OutsideCall) -> None:
        """A call is over. What changes something tells that somebody answers there, and nothing of what it changed."""
        look = Look(call.time + call.ms / 1000, call.status, _is_well(call))
        self._keep(_at(urlsplit(call.server).hostname or call.server), look)
        id_ = call.path.rpartition("/")[2]
        if call.method in _LOOKS and id_:
            self._keep(_of(id_), look)

    def at(self, address: str) -> Look | None:
        """The last call to whatever listens on an address; None where there was none."""
        return self._last.get(_at(address))

    def of(self, id_: str | None) -> Look | None:
        """The last look at a thing by its own id; None where it was never asked for alone."""
        return None if id_ is None else self._last.get(_of(id_))

    def _keep(self, key: str, look: Look) -> None:
        self._last.pop(key, None)
        self._last[key] = look
        if len(self._last) > KEPT:
            self._last.popitem(last=False)


def _is_well(call: OutsideCall) -> bool:
    return call.why is None and call.status is not None and call.status < 400


def _at(address: str) -> str:
    return f"at {address}"


def _of(id_: str) -> str:
    return f"of {id_}"

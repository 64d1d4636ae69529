"""Every call to something outside, on its way into the store: numbered, without secrets, and written along with
whatever is committed next."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

from daemon.clock import Clock
from daemon.memory.call_rates import CallCounts
from daemon.memory.looks import Looks
from daemon.outside import OutsideCall
from daemon.secrets.redaction import Redactor

KEPT = 10_000
"""So many calls are kept."""
KEPT_DAYS = 7.0
"""For so long they are kept."""
LONGEST_BODY = 2000
"""Characters of a body that are kept."""
LONGEST_WORD = 500
"""Characters of a path, of an intent, of a reason."""
REMEMBERED = 4096
"""So many intents that failed last are remembered with how many times in a row they did."""


class CallBook:
    """Takes each call from whoever made it. ``tell`` is handed every one, once it may be told."""

    def __init__(self, clock: Clock, known: Redactor, tell: Callable[[OutsideCall], None]) -> None:
        self._clock = clock
        self._known = known
        self._tell = tell
        self._failed: OrderedDict[tuple[str | None, str], int] = OrderedDict()
        self._waiting: deque[OutsideCall] = deque(maxlen=KEPT)
        self._under_way: list[list[OutsideCall]] = []
        """What goes along with commits that are not durable yet."""
        self.looks = Looks()
        self.rates = CallCounts()
        self._last = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, before: Iterable[OutsideCall]) -> None:
        """Take calls from now on, which follow those that were made before."""
        self._loop = asyncio.get_running_loop()
        for call in before:
            self._last = call.id
            self._count(call)
            self.looks.take(call)
            self.rates.take(call)

    def take(self, call: OutsideCall) -> None:
        """A call is over, in whatever thread."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self.take, call)
            return
        now = self._clock.now()
        call.ms *= self._clock.speed
        call.time = now - call.ms / 1000
        call.id = self._last = max(self._last + 1, int(now * 1000))
        self._hide(call)
        self._count(call)
        self.looks.take(call)
        self.rates.take(call)
        self._waiting.append(call)
        self._tell(call)

    def _count(self, call: OutsideCall) -> None:
        """Which try of its intent it is: an answer ends the counting."""
        key = (call.target, call.intent)
        before = self._failed.pop(key, 0)
        call.tries = before + 1
        if call.failed:
            self._failed[key] = call.tries
            if len(self._failed) > REMEMBERED:
                self._failed.popitem(last=False)

    def _hide(self, call: OutsideCall) -> None:
        """No secret stands in it, none of its texts is long, and all of them can be written."""
        call.path = self._shown(call.path, LONGEST_WORD)
        call.intent = self._shown(call.intent, LONGEST_WORD)
        if call.query:
            call.query = self._shown(call.query, LONGEST_WORD)
        if call.why is not None:
            call.why = self._shown(call.why, LONGEST_WORD)
        if call.request_id is not None:
            call.request_id = self._shown(call.request_id, LONGEST_WORD)
        if call.sent is not None:
            call.sent = self._shown(call.sent, LONGEST_BODY)
        if call.answered is not None:
            call.answered = self._shown(call.answered, LONGEST_BODY)

    def _shown(self, text: str, longest: int) -> str:
        text = self._known.text(text)[:longest]
        return text if text.isascii() else text.encode(errors="backslashreplace").decode()

    def take_along(self) -> list[OutsideCall]:
        """What waits to be written, for a commit that is made now."""
        taken = list(self._waiting)
        if taken:
            self._waiting.clear()
            self._under_way.append(taken)
        return taken

    def written(self, taken: list[OutsideCall]) -> None:
        """The commit that took them along is durable."""
        self._under_way = [one for one in self._under_way if one is not taken]

    def give_back(self, taken: list[OutsideCall]) -> None:
        """The commit that took them along came to nothing: they wait for the next one."""
        if taken:
            self.written(taken)
            self._waiting = deque((*taken, *self._waiting), maxlen=KEPT)

    def unwritten(self) -> list[OutsideCall]:
        """The calls that the store may not have yet, oldest first."""
        return sorted((*(one for each in self._under_way for one in each), *self._waiting), key=_id)


def _id(call: OutsideCall) -> int:
    return call.id

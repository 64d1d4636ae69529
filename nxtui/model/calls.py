"""Every call to something outside that the daemon told of: a hundred thousand of them have to fit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from daemon.wire import CallView

_LOOKED = 20
"""So many calls for each row are looked at, when the last rows are shown."""
KEPT = 100_000
"""Calls kept in memory; the daemon has the last 10,000."""


class MadeCall(Struct, frozen=True, gc=False):
    """A ``CallView`` in a fifth of its memory."""

    id: int
    time: float
    target: str | None
    intent: str
    tries: int
    service: str
    method: str
    server: str
    path: str
    status: int | None
    failed: bool
    ms: float
    why: str | None
    request_id: str | None

    def is_like(self, other: MadeCall) -> bool:
        """Whether one of the two says as much as both: equal looks that were answered."""
        return (
            self.path == other.path
            and self.method == other.method
            and self.status == other.status
            and self.target == other.target
            and self.service == other.service
            and not (self.failed or other.failed)
            and self.tries == other.tries
        )

    def view(self) -> CallView:
        """The call as the daemon told it."""
        told = CallView(
            id=self.id, time=self.time, target=self.target, intent=self.intent, tries=self.tries,
            service=self.service, method=self.method, server=self.server, path=self.path, status=self.status,
            failed=self.failed, ms=self.ms,
        )  # fmt: skip
        if self.why is not None:
            told["why"] = self.why
        if self.request_id is not None:
            told["request_id"] = self.request_id
        return told


class CallLog:
    """The calls so far, by their numbers; a new generation tells readers to look at all of them again."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._words: dict[str, str] = {}
        self.calls: list[MadeCall] = []
        self._by_target: dict[str, list[MadeCall]] = {}
        self.generation = 0

    def of(self, target: str) -> Sequence[MadeCall]:
        """The calls for one name, in order."""
        return self._by_target.get(target, ())

    def _index(self) -> None:
        """Sort the calls anew by whom they are for."""
        self._by_target = {}
        for call in self.calls:
            self._file(call)

    def _file(self, call: MadeCall) -> None:
        if call.target is not None:
            self._by_target.setdefault(call.target, []).append(call)

    def add(self, told: CallView) -> bool:
        """A call was made; False if it is known already."""
        if self.calls and told["id"] <= self.calls[-1].id:
            return False
        self.calls.append(self._made(told))
        self._file(self.calls[-1])
        if len(self.calls) > self._kept + self._kept // 10:
            del self.calls[: len(self.calls) - self._kept]
            self._index()
            self.generation += 1
        return True

    def merge(self, told: Iterable[CallView]) -> None:
        """Take in calls that were made before."""
        known = {call.id for call in self.calls}
        fresh = [self._made(one) for one in told if one["id"] not in known]
        if fresh:
            self.calls = sorted((*self.calls, *fresh), key=_id)[-self._kept :]
            self._index()
            self.generation += 1

    def clear(self) -> None:
        """Another database answers."""
        self.calls, self._words, self._by_target = [], {}, {}
        self.generation += 1

    def _made(self, told: CallView) -> MadeCall:
        once = self._words.setdefault
        if len(self._words) > self._kept:
            self._words.clear()

        def kept(text: str) -> str:
            return once(text, text)

        target = told["target"]
        return MadeCall(
            told["id"], told["time"], None if target is None else kept(target), kept(told["intent"]), told["tries"],
            kept(told["service"]), kept(told["method"]), kept(told["server"]), kept(told["path"]), told["status"],
            told["failed"], told["ms"], told.get("why"), told.get("request_id"),
        )  # fmt: skip


class CallWindow:
    """The calls that are shown, in rows: equal ones that follow each other are one, unless it was unfolded."""

    def __init__(self, book: CallLog) -> None:
        self._book = book
        self._seen = 0
        self._generation = -1
        self.target: str | None = None
        self.keeps: Callable[[MadeCall], bool] | None = None
        self.shown: list[MadeCall] = []
        self.begins: list[int] = []
        """Row → where it begins in what is shown."""
        self.failed = 0
        self.cursor = 0
        self.follow = True
        self._unfolded: set[int] = set()

    def __len__(self) -> int:
        return len(self.begins)

    def row(self, number: int) -> Sequence[MadeCall]:
        """The calls of a row; one at least."""
        end = self.begins[number + 1] if number + 1 < len(self.begins) else len(self.shown)
        return self.shown[self.begins[number] : end]

    @property
    def selected(self) -> MadeCall | None:
        """The last call of the row under the cursor."""
        return self.row(self.cursor)[-1] if self.begins else None

    def show(self, target: str | None) -> None:
        """Show the calls of one name, or all."""
        self.target = target
        self.rebuild()

    def narrow(self, keeps: Callable[[MadeCall], bool] | None) -> None:
        """Show only what passes a filter."""
        self.keeps = keeps
        self.rebuild()

    def rebuild(self) -> None:
        """Look at all calls; the cursor stays where it is, or at the end."""
        at = self.selected
        self.shown, self.begins, self.failed, self._seen = [], [], 0, 0
        self._generation = self._book.generation
        self._take(self._book.calls)
        self.move_to(len(self) if at is None or self.follow else self._row_of(at.id))

    def extend(self) -> bool:
        """Take in what the book has learnt; whether anything is different."""
        if self._generation != self._book.generation:
            self.rebuild()
            return True
        before = len(self.shown)
        self._take(self._book.calls[self._seen :])
        if self.follow:
            self.cursor = max(0, len(self) - 1)
        return len(self.shown) > before

    def _take(self, calls: Sequence[MadeCall]) -> None:
        self._seen += len(calls)
        shown, begins, keeps = self.shown, self.begins, self.keeps
        for call in calls:
            if self.target is not None and call.target != self.target:
                continue
            if keeps is not None and not keeps(call):
                continue
            self.failed += call.failed
            first = shown[begins[-1]] if begins else None
            if first is None or first.id in self._unfolded or not first.is_like(call):
                if first is not None and first.id in self._unfolded and first.is_like(call):
                    self._unfolded.add(call.id)
                begins.append(len(shown))
            shown.append(call)

    def toggle(self) -> bool:
        """Unfold the row under the cursor, or fold it; False if there is nothing in it to unfold."""
        if not self.begins:
            return False
        calls = self.row(self.cursor)
        first = calls[0]
        if len(calls) > 1:
            self._unfolded.add(first.id)
        elif first.id in self._unfolded:
            at = self.begins[self.cursor]
            while at and self.shown[at - 1].id in self._unfolded and self.shown[at - 1].is_like(first):
                at -= 1
            while at < len(self.shown) and self.shown[at].is_like(first):
                self._unfolded.discard(self.shown[at].id)
                at += 1
        else:
            return False
        follow, self.follow = self.follow, False
        self.rebuild()
        self.move_to(self._row_of(first.id))
        self.follow = follow and self.cursor == len(self) - 1
        return True

    def move_to(self, row: int) -> None:
        """Put the cursor on a row; on the last one the window follows again."""
        last = max(0, len(self) - 1)
        self.cursor = max(0, min(row, last))
        self.follow = self.cursor == last

    def seek(self, text: str, forward: bool, begin: int) -> bool:
        """Go to the next row, or the one before, that holds a text, round the end; False if none does."""
        count = len(self)
        for step in range(count):
            row = (begin + (step if forward else -step)) % count
            if any(holds(call, text) for call in self.row(row)):
                self.move_to(row)
                return True
        return False

    def _row_of(self, id_: int) -> int:
        at = bisect_left(self.shown, id_, key=_id)
        return max(0, bisect_right(self.begins, at) - 1)


def grouped(calls: Sequence[MadeCall], most: int) -> list[list[MadeCall]]:
    """The last rows of these calls, at most so many: equal ones that follow each other are one. Only so many calls are
    looked at as may stand in them."""
    rows: list[list[MadeCall]] = []
    for call in reversed(calls[-most * _LOOKED :]):
        if rows and rows[-1][0].is_like(call):
            rows[-1].insert(0, call)
        elif len(rows) == most:
            break
        else:
            rows.append([call])
    return rows[::-1]


def holds(call: MadeCall, text: str) -> bool:
    """Whether a text stands in what is told of a call, in any case."""
    told = (call.path, call.intent, call.request_id or "", call.why or "", call.service, call.method)
    return any(text in part.lower() for part in told)


def _id(call: MadeCall) -> int:
    return call.id

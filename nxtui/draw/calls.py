"""A row of the call log, and what is told of the call under the cursor."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from daemon.display.usual import median
from daemon.wire import CallView
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, clean, clip, fit, spread, wrap
from nxtui.model.calls import MadeCall, grouped
from nxtui.model.times import clock

ROOMY, WIDE = 100, 140
"""Columns from which on the request id is longer, and whole."""
TOKEN = "$TOKEN"
"""What stands in a command for a secret."""
HIDDEN = "***"


def _request_cells(width: int) -> int:
    return 36 if width >= WIDE else 13 if width >= ROOMY else 8


def _service_cells(width: int) -> int:
    return 8 if width >= ROOMY else 7


def heading(width: int, targets: int) -> str:
    """The names of the columns; ``targets`` are the cells of the one that says for whom, 0 without it."""
    whom = f"{fit('FOR', targets)} " if targets else ""
    left = f" TIME       {whom}TRY METHOD {fit('SERVICE', _service_cells(width))} PATH"
    right = f" STATUS     MS {fit('REQUEST', _request_cells(width))}"
    return fit(left, max(0, width - len(right))) + right


def row(calls: Sequence[MadeCall], width: int, targets: int, glyphs: Glyphs, sought: str) -> Line:
    """One call, or several that are alike: how many, the median of their milliseconds, the last request id."""
    call = calls[-1]
    ink = "failed-strong" if call.failed else ""
    sign = glyphs.level["error"] if call.failed else " "
    whom = f"{fit(call.target or glyphs.dot, targets)} " if targets else ""
    times = f" {glyphs.times}{len(calls)}" if len(calls) > 1 else ""
    ms = median([one.ms for one in calls]) or 0.0
    took = f"{'~' if times else ''}{ms:.0f}"
    status = glyphs.dot if call.status is None else str(call.status)
    left: Line = [
        (f" {clock(calls[0].time)} ", "dim"),
        (f"{sign} ", ink),
        (whom, ""),
        (f"{call.tries:>3} ", "attention" if call.tries > 1 else "dim"),
        (f"{fit(call.method, 6)} {fit(call.service, _service_cells(width))} ", "dim"),
    ]
    cells = _request_cells(width)
    request = fit(call.request_id or "–", cells) if cells > 8 else (call.request_id or "–")[:8].ljust(8)
    right: Line = [(f"{times:>5}", "strong"), (f" {status:>3}", ink), (f" {took:>6} ", ""), (request, "dim")]
    room = width - sum(cells_of(text) for text, _ in (*left, *right))
    path = middle(call.path, max(4, room), glyphs.ellipsis)
    found = "match" if sought and sought in call.path.lower() else ink
    return [*left, (path, found), (" " * max(0, room - cells_of(path)), ""), *right]


def tail(
    made: Sequence[MadeCall],
    name: str,
    is_whole: bool,
    most: int,
    width: int,
    glyphs: Glyphs,
    unknown: str = "",
) -> list[Line]:
    """The last calls for a name in short, with how many there were, if ``is_whole``: all of them are known;
    ``unknown``: that they are not, and since when."""
    failed = sum(call.failed for call in made) if is_whole else 0
    sums = f": {len(made)}, {failed} failed" if is_whole else ""
    left: Line = [("CALLS", "heading"), (f"  of {name}{sums}", "dim")]
    lines = [spread(left, [(" C", "key-strong"), (" opens ", "dim")], width)]
    if not made:
        said = f"   What was called is {unknown}." if unknown else "   No call is kept." if is_whole else ""
        return [*lines, [(said, "dim")]]
    return [*lines, *(_short(calls, width, glyphs) for calls in grouped(made, max(0, most - 1)))]


def _short(calls: Sequence[MadeCall], width: int, glyphs: Glyphs) -> Line:
    """A row without service and try, for a narrow pane."""
    call = calls[-1]
    ink = "failed-strong" if call.failed else ""
    sign = glyphs.level["error"] if call.failed else " "
    times = f" {glyphs.times}{len(calls)}" if len(calls) > 1 else ""
    took = f"{'~' if times else ''}{median([one.ms for one in calls]) or 0.0:.0f}"
    left: Line = [(f" {clock(calls[0].time)} ", "dim"), (f"{sign} ", ink), (f"{fit(call.method, 6)} ", "dim")]
    request = (call.request_id or "–")[:8].ljust(8)
    status = glyphs.dot if call.status is None else str(call.status)
    right: Line = [(times, "strong"), (f" {status:>3}", ink), (f" {took:>5} ", ""), (request, "dim")]
    room = width - sum(cells_of(text) for text, _ in (*left, *right))
    path = clean(call.path)
    if cells_of(path) > room:  # its end tells more than its beginning, which all of them share
        path = clip(glyphs.ellipsis + path[max(0, len(path) - room + 1) :], max(4, room))
    return [*left, (path, ink), (" " * max(0, room - cells_of(path)), ""), *right]


def middle(text: str, width: int, ellipsis: str = "…") -> str:
    """At most so many cells of a text, cut in its middle: a path is told by its beginning and its end."""
    text = clean(text)
    if cells_of(text) <= width:
        return text
    kept = max(0, width - 1)
    return clip(text[: kept // 2] + ellipsis + text[len(text) - (kept - kept // 2) :], width)


def strip(call: MadeCall | None, bodies: CallView | None, width: int) -> list[Line]:
    """What is told of a call: what it was for, why there is no answer or what it was, what was sent."""
    if call is None:
        return [[], [], []]
    what = f" {clean(call.intent)}"
    if call.tries > 1:
        what += f" · try {call.tries}"
    lines: list[Line] = [[(clip(f"{what} · {call.server}", width), "strong")]]
    said = call.why or (None if bodies is None else bodies.get("answered"))
    if said:
        ink = "failed-strong" if call.failed else ""
        lines.append([(clip(f" {call.status or '–'} {said}", width), ink)])
    if bodies is not None and bodies.get("sent"):
        lines += [[(f" {text}", "dim")] for text in wrap(f"sent {bodies['sent']}", width - 2, 3 - len(lines))]
    return [*lines, [], [], []][:3]


def as_curl(told: CallView) -> str:
    """The call as a command that makes it again, with a variable in the place of every secret."""
    query = f"?{told['query']}" if told.get("query") else ""
    words = ["curl", "-sS", "-X", told["method"]]
    words += ["-H", f"Authorization: Bearer {HIDDEN}"]
    if told.get("sent"):
        words += ["-H", "Content-Type: application/json", "--data-raw", told["sent"]]
    words.append(f"{told['server']}{told['path']}{query}")
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    """A word for a shell, which puts the variable in."""
    return f'"{TOKEN}"'.join(shlex.quote(part) if part else "" for part in word.split(HIDDEN)) or "''"


def as_text(call: MadeCall) -> str:
    """The call as it is copied where it has no request id."""
    return f"{call.method} {call.server}{call.path} {call.status or call.why}"

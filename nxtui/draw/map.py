"""A cluster as a picture: rails across, a box for each member on them, services of the whole above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from daemon.display.durations import lasting
from daemon.wire import MapBox, MapRow, MapView
from nxtui.draw.calls import middle
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, clean, clip, cut, fit, spread, width_of
from nxtui.model.times import clock, minute

LEAST_BOX, WIDEST_BOX, WIDEST_SERVICE = 19, 40, 48
"""Cells of a box: with less for each member the picture becomes a table. Four have room in 80 columns of which two are
the margins, seven in 140, ten in 200."""


@dataclass(frozen=True)
class Strokes:
    """What boxes and rails are drawn with."""

    corners: tuple[str, str, str, str]
    across: str
    down: str
    rail: str
    below: str
    above: str
    through: str
    foot: str


UNICODE = Strokes(("╭", "╮", "╰", "╯"), "─", "│", "═", "╤", "╧", "╪", "┬")
ASCII = Strokes(("+", "+", "+", "+"), "-", "|", "=", "+", "+", "+", "+")


@dataclass(frozen=True)
class MapLook:
    """How a map is drawn in this session, at this moment of the daemon's time, with the cursor on one of its boxes."""

    glyphs: Glyphs
    ascii: bool
    now: float
    chosen: str

    @property
    def strokes(self) -> Strokes:
        return ASCII if self.ascii else UNICODE

    @property
    def unasked(self) -> str:
        """The sign of what nobody has asked yet."""
        return "?" if self.ascii else "–"


def is_picture(view: MapView, width: int, height: int, look: MapLook) -> bool:
    """Whether there is room for boxes; else they are rows of a table."""
    members = len(view["members"])
    if not members or view["left"] or len(stacks(view["members"])) * LEAST_BOX > width:
        return False
    return len(picture(view, width, look)) <= height


def stacks(members: Sequence[MapBox]) -> list[list[MapBox]]:
    """The members that stand beside each other, each with those that hang from it because they are inside it."""
    names = {box["name"] for box in members}
    placed: set[str] = set()

    def hanging(box: MapBox) -> list[MapBox]:
        if box["name"] in placed:
            return []
        placed.add(box["name"])
        within = [one for one in members if one.get("inside") == box["name"]]
        return [box, *(one for inner in within for one in hanging(inner))]

    alone = [box for box in members if box.get("inside") not in names]
    return [stack for box in (*alone, *members) if (stack := hanging(box))]


def picture(view: MapView, width: int, look: MapLook) -> list[Line]:
    """The services, the first rail, the members beneath it, and the other rails beneath them."""
    rails, columns = view["rails"], stacks(view["members"])
    each = min(WIDEST_BOX, width // len(columns))
    members = [box for column in columns for box in column]
    middles = [each * number + each // 2 for number in range(len(columns))]
    centres = {box["name"]: at for at, column in zip(middles, columns, strict=True) for box in column}
    lines, feet = _services(view, middles, width, look)
    if rails:
        lines.append(_name_of_rail(rails[0]["name"], rails[0]["about"], width))
        lines.append(_rail(_on(members, rails[0]["name"], centres), feet, width, look))
    hung = {box["name"] for box in members if set(box["rails"]).intersection(_names(view)[1:])}
    filled = dict(zip(centres, told(members, each - 2, look), strict=True))
    alone = all(len(column) == 1 for column in columns)
    tall = [alone or any(box["name"] in hung for box in column) for column in columns]
    lines += _beside([_hung(column, filled, each, look, hung) for column in columns], tall, each)
    for rail in rails[1:]:
        lines.append(_rail((), _on(members, rail["name"], centres), width, look))
        lines.append(_name_of_rail(rail["name"], rail["about"], width))
    return lines


def _hung(
    column: Sequence[MapBox],
    filled: Mapping[str, list[list[Line]]],
    width: int,
    look: MapLook,
    hung: set[str],
) -> list[Line]:
    """A box and what hangs from it, one beneath the other; the last one stands on the rails below."""
    lines: list[Line] = []
    on_rails = any(box["name"] in hung for box in column)
    for box in column:
        if lines:
            lines.append(
                [(f"{look.strokes.down:>{width // 2 + 1}}", "rule"), (" " * (width - width // 2 - 1), "")]
            )
        lines += _box(box, filled[box["name"]], width, look, on_rails or box is not column[-1])
    return lines


def _names(view: MapView) -> list[str]:
    return [rail["name"] for rail in view["rails"]]


def _on(members: Iterable[MapBox], rail: str, centres: dict[str, int]) -> list[int]:
    """The columns in which members hang on a rail."""
    return [centres[box["name"]] for box in members if rail in box["rails"]]


def _services(
    view: MapView, centres: Sequence[int], width: int, look: MapLook
) -> tuple[list[Line], list[int]]:
    """The boxes of the whole, one beneath the other, and the columns in which the last one stands on the rail: over a
    member, if one is near the middle."""
    lines: list[Line] = []
    feet: list[int] = []
    wide = min(WIDEST_SERVICE, width)
    middle_of_all = (max(centres) + min(centres)) // 2
    centre = next((one for one in centres if abs(one - middle_of_all) <= 1), middle_of_all)
    left = max(0, min(centre - wide // 2, width - wide))
    for box in view["services"]:
        stands = box is view["services"][-1] and _names(view)[:1] == box["rails"][:1] != []
        (rows,) = told([box], wide - 2, look)
        lines += [[(" " * left, ""), *line] for line in _box(box, rows, wide, look, stands)]
        feet = [left + wide // 2] if stands else []
    return lines, feet


def _name_of_rail(name: str, about: str, width: int) -> Line:
    return cut([(f" {name} ", "strong"), (about, "dim")], width)


def _rail(below: Sequence[int], above: Sequence[int], width: int, look: MapLook) -> Line:
    """A network across the screen, with a knot where something hangs on it or stands on it."""
    strokes = look.strokes
    drawn = [strokes.rail] * width
    for column in above:
        drawn[column] = strokes.above
    for column in below:
        drawn[column] = strokes.through if column in above else strokes.below
    return [("".join(drawn), "key")]


def _beside(boxes: Sequence[list[Line]], tall: Sequence[bool], each: int) -> list[Line]:
    """Boxes beside each other, those that are to be tall as high as the highest."""
    tallest = max(map(len, boxes))
    empty: Line = [(" " * each, "")]
    padded = [
        [*box[:-1], *([_hollow(box)] * (tallest - len(box) if grows else 0)), box[-1]]
        for box, grows in zip(boxes, tall, strict=True)
    ]
    return [
        [span for part in parts for span in (part or empty)] for parts in zip_longest(*padded, fillvalue=None)
    ]


def _hollow(box: list[Line]) -> Line:
    """A line of a box with nothing in it."""
    edge = box[1]
    inner = sum(cells_of(text) for text, _ in edge[1:-1])
    return [edge[0], (" " * inner, ""), edge[-1]]


def _box(
    box: MapBox, rows: Sequence[Sequence[Line]], width: int, look: MapLook, has_foot: bool
) -> list[Line]:
    """One box with its name in the upper edge."""
    strokes, inner = look.strokes, width - 2
    first, second, third, fourth = strokes.corners
    lead = look.glyphs.cursor if box["name"] == look.chosen else strokes.across
    named: Line = [
        (f"{lead} ", "strong" if lead == look.glyphs.cursor else "rule"),
        *titled(box, inner - 3, look),
        (" ", ""),
    ]
    rest = inner - width_of(named)
    lines: list[Line] = [[(first, "rule"), *named, (strokes.across * rest + second, "rule")]]
    for line in (part for row in rows for part in row):
        filled = [*line, (" " * (inner - width_of(line)), "")]
        lines.append([(strokes.down, "rule"), *filled, (strokes.down, "rule")])
    bottom = [strokes.across] * inner
    if has_foot:
        bottom[width // 2 - 1] = strokes.foot
    return [*lines, [(third + "".join(bottom) + fourth, "rule")]]


def titled(box: MapBox, width: int, look: MapLook) -> Line:
    """The name of a box, which keeps both its ends, and what tells it from others."""
    dot, ellipsis = look.glyphs.dot, look.glyphs.ellipsis
    words = [word for word in (box["beside"], box.get("inside", "")) if word]
    beside = "".join(f" {dot} {word}" for word in words)
    beside = clip(beside, max(0, width - 6), ellipsis)
    name = middle(box["name"], width - cells_of(beside), ellipsis)
    return [(name, "chosen" if box["name"] == look.chosen else "strong"), (beside, "dim")]


def told(boxes: Sequence[MapBox], width: int, look: MapLook) -> list[list[list[Line]]]:
    """Each line of each box: sign, what, value, and when it was answered. What has no room beside stands beneath, in
    every box alike, so that they can be read across."""
    rows = [row for box in boxes for row in box["rows"][1:] if row["value"]]
    whats = max((cells_of(clean(row["what"])) for row in rows), default=0)
    forms: dict[int, int] = {}
    for box in boxes:
        for number, row in enumerate(box["rows"]):
            forms[number] = max(forms.get(number, 0), _form(row, whats if number else 0, width, look))
    made = [
        [
            _told(row, whats if number else 0, forms[number], width, look)
            for number, row in enumerate(box["rows"])
        ]
        for box in boxes
    ]
    tall = {number: max(len(rows[number]) for rows in made if number < len(rows)) for number in forms}
    return [[[*row, *[[]] * (tall[number] - len(row))] for number, row in enumerate(rows)] for rows in made]


_ALIGNED, _SHORT, _COMPACT, _TIME_BENEATH, _ALL_BENEATH = range(5)
"""How a row is written, the first that fits: values beneath each other and a time to the second; to the minute; values
where they come; the time in a line of its own; the value as well."""


def _form(row: MapRow, whats: int, width: int, look: MapLook) -> int:
    named, value = cells_of(clean(row["what"])), cells_of(clean(row["value"]))
    valued = value and value + 1
    when, short = cells_of(moment(row, look)), cells_of(moment(row, look, True))
    wide, narrow = 2 + max(whats if value else 0, named) + valued, 2 + named + valued
    needed = {
        _ALIGNED: wide + (when and when + 1),
        _SHORT: wide + (short and short + 1),
        _COMPACT: narrow + (short and short + 1),
        _TIME_BENEATH: narrow,
    }
    return next((form for form, cells in needed.items() if cells <= width), _ALL_BENEATH)


def _told(row: MapRow, whats: int, form: int, width: int, look: MapLook) -> list[Line]:
    old = is_old(row, look.now)
    ink = "dim" if old or row["sign"] == "unasked" else ""
    when, value = moment(row, look, form != _ALIGNED), row["value"]
    first: Line = [(f"{sign(row, look)} ", "dim" if old else sign_ink(row))]
    padded = whats if form in (_ALIGNED, _SHORT) else 0
    if value and form != _ALL_BENEATH:
        what = clean(row["what"])
        first += [(what + " " * (padded - cells_of(what)) + " ", "dim"), (value, ink)]
    else:
        first.append((row["what"], "dim" if value else ink))
    lines = [cut(first, width)]
    if value and form == _ALL_BENEATH:
        lines.append([(fit(value, width, right=True), ink)])
    if when and form >= _TIME_BENEATH:
        lines.append([(fit(when, width, right=True), "dim")])
    elif when:
        lines[0] = spread(lines[0], [(when, "dim")], width)
    return lines


def is_old(row: MapRow, now: float) -> bool:
    """Whether what was answered is too old to be taken for the present, as the daemon says."""
    return "old_at" in row and now >= row["old_at"]


def moment(row: MapRow, look: MapLook, is_short: bool = False) -> str:
    """When it was answered, in short to the minute; how long ago, once that is long; empty for what is no answer."""
    seen = row.get("seen")
    if seen is None:
        return ""
    return (
        f"{lasting(look.now - seen)} ago" if is_old(row, look.now) else (minute if is_short else clock)(seen)
    )


def sign(row: MapRow, look: MapLook) -> str:
    """The sign of a line, one cell."""
    if row["sign"] == "unasked":
        return look.unasked
    return " " if row["sign"] == "none" else look.glyphs.phase[row["sign"]]


def sign_ink(row: MapRow) -> str:
    """The ink of its sign."""
    return "dim" if row["sign"] in ("unasked", "none") else row["sign"]

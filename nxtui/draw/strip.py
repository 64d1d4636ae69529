"""The story of the selected row in a few lines: what happened, what to do, with which key, and when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from daemon.wire import EntityView, OfferView, RemedyView, TroubleView
from daemon.words import counted, first_of
from nxtui.draw import pages, tries
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, clip, wrap
from nxtui.model.times import minute

_NAMED = 4
_LINES = 2
"""Of what happened, and of what to do where its first sentence needs no more."""
_ROOM = 6
"""Lines in all: what to do comes before a second line of what happened, and before that a person is needed."""


def strip(
    entity: EntityView,
    cause: TroubleView | None,
    offers: Sequence[OfferView],
    now: float | None,
    width: int,
    glyphs: Glyphs,
    before: str,
) -> list[Line]:
    """Of a cause the story of all that stopped for it, else that of the entity; ``before`` is told first."""
    error = entity["error"]
    if cause is not None or error is not None:
        return _stopped(entity, cause, offers, width, glyphs)
    lines = pages.strip(entity, now, width, glyphs, before)
    return [*lines, *([[("    " + clip(told, width - 5), "dim")]] if (told := expected(entity, now)) else [])]


def _stopped(
    entity: EntityView, cause: TroubleView | None, offers: Sequence[OfferView], width: int, glyphs: Glyphs
) -> list[Line]:
    error, names = entity["error"], [entity["name"]] if cause is None else cause["targets"]
    many = len(names) > 1
    said = (
        error["message"] if error is not None and not many else cause["sentence"] if cause is not None else ""
    )
    ways = cause["remedies"] if cause is not None else entity.get("remedies") or []
    remedy = " ".join(way["text"] for way in ways) or (error["remedy"] if error is not None else "")
    told = max(_LINES, min(_ROOM - 2, len(wrap(_sentence(ways, remedy), width - 5))))
    first, *more = wrap(f"{first_of(names, _NAMED)}  {said}", width - 5, min(_LINES, _ROOM - 1 - told))
    lines: list[Line] = [[(f"  {glyphs.phase[entity['phase']]} ", entity["phase"]), (first, "failed-strong")]]
    lines += [[("    " + part, "failed-strong")] for part in more]
    for number, part in enumerate(wrap(remedy, width - 5, told)):
        lines.append([("    " if number else f"  {glyphs.arrow:<2}", "dim"), (part, "strong")])
    lines.append(_key(names, entity, offers, width))
    if entity.get("needs_person") and len(lines) < _ROOM:
        waits = cause["clusters"] if cause is not None else []
        held_up = (
            f" {first_of(waits, _NAMED)} {'waits' if len(waits) == 1 else 'wait'} for it." if waits else ""
        )
        lines.append(
            [("    " + clip(f"nxd has stopped trying: a person is needed.{held_up}", width - 5), "dim")]
        )
    return lines


def _sentence(ways: Sequence[RemedyView], remedy: str) -> str:
    """The first sentence of what to do, which is told whole."""
    first, dot, _ = (ways[0]["text"] if ways else remedy).partition(". ")
    return first + dot


def _key(names: Sequence[str], entity: EntityView, offers: Sequence[OfferView], width: int) -> Line:
    """The key that leads on, with what it comes to."""
    if entity["can"].get("retry", "") is not None:
        return [("    a", "key-strong"), ("  tells what may be done with it now", "dim")]
    return [
        ("    r", "key-strong"),
        (f"  {tries.key_words(offers, len(names), width - 22)}", ""),
        ("   a", "key-strong"),
        (" all verbs", "dim"),
    ]


def expected(entity: EntityView, now: float | None) -> str:
    """When it is ready, how sure that is, and from how many runs; empty where nothing was measured."""
    told = entity.get("outlook", {})
    if "ready_at" not in told or now is None:
        return ""
    said = f"ready ≈{_rounded(told['ready_at'])}"
    if "by95" in told:
        said += f", by {_rounded(told['by95'])} in 95 of 100"
    return said + (f" ({counted(told['runs'], 'run')})" if "runs" in told else "")


def _rounded(moment: float) -> str:
    return minute(ceil(moment / 60) * 60)

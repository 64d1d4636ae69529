"""What stands at the top of every screen: where this is, how things are, and whether it is true right now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from daemon.wire import UnwrittenView
from nxtui.draw.glyphs import Glyphs, spark
from nxtui.draw.layout import LARGE
from nxtui.draw.rows import by_sign
from nxtui.draw.text import Line, plain, spread, width_of
from nxtui.draw.themes import accent
from nxtui.model.known import Fleet, Link
from nxtui.model.times import clock, zone, zoned

PLACE = 12
"""Cells of the place for which other facts give way."""

LOOKED_UP_BY = "systemctl status nxd · journalctl -u nxd -n 50"
"""What tells why no daemon answers."""

_LINK_INK = {
    "connecting": "dim",
    "live": "ok",
    "stale": "stale",
    "unwritten": "stale",
    "lost": "lost",
    "foreign": "lost",
    "replay": "match",
}


def link_span(link: Link, glyphs: Glyphs) -> Line:
    """The state of the link as sign and words."""
    sign = {
        "connecting": glyphs.phase["waiting"],
        "live": glyphs.live,
        "stale": glyphs.phase["attention"],
        "unwritten": glyphs.phase["attention"],
        "lost": glyphs.lost,
        "foreign": glyphs.lost,
        "replay": glyphs.replay,
    }[link.state]
    return [(f" {sign} {link.text} ", _LINK_INK[link.state])]


def title(
    fleet: Fleet,
    glyphs: Glyphs,
    crumbs: Sequence[str],
    mode: str,
    width: int,
    accents: Mapping[str, str] | None = None,
) -> Line:
    """Environment, place, the mode of the window if it is not the usual one, counts, version, the daemon's time with
    its zone, link. The link and one time of day are on every screen: the place is cut for them, after all else."""
    daemon = fleet.daemon
    environment = daemon["environment"] if daemon else "nxd"
    left: Line = [(f" {environment} ", accent(environment, accents or {}))]
    for crumb in crumbs:
        left += [(f" {glyphs.crumb} ", "dim"), (crumb, "strong")]
    if mode:
        left.append((f"  {mode}", "attention"))
    link = link_span(fleet.link, glyphs)
    ways = [_right(facts, link) for facts in _facts(fleet, glyphs, width)]
    fitting = (right for right in ways[:-2] if width_of(left) + width_of(right) < width)
    cut_for = (right for right in ways[-3:] if width_of(right) + PLACE < width)
    return spread(left, next(chain(fitting, cut_for), link), width)


def _right(facts: Sequence[Line], link: Line) -> Line:
    """Facts beside each other, then the link."""
    told = [span for fact in facts if fact for span in (*fact, ("   ", ""))]
    return [*told[:-1], ("  ", ""), *link] if told else link


def _facts(fleet: Fleet, glyphs: Glyphs, width: int) -> list[list[Line]]:
    """What the title tells beside the place, and what of it where there is less room: the zone goes first, then the
    counts, of nodes that failed last."""
    daemon, now, many = fleet.daemon, fleet.now, len(fleet.nodes)
    clusters: Line = [("clusters", "dim"), *by_sign(fleet.cluster_phases(), glyphs)] if fleet.clusters else []
    phases = fleet.phases()
    nodes: Line = [("nodes", "dim"), *by_sign(phases, glyphs)] if many else []
    failed: Line = by_sign(Counter(failed=phases["failed"]), glyphs)
    if fleet.untold:
        nodes = [(f"{many} of {many + fleet.untold} nodes so far", "dim")]
    version: Line = [(f"nxd {daemon['version']}", "dim")] if daemon and daemon["version"] else []
    moment: Line = [(zoned(now), "dim")] if now is not None else []
    short: Line = [(clock(now), "dim")] if now is not None else []
    if now is not None and fleet.link.state in ("lost", "replay", "unwritten"):
        moment, short = (
            [(zone(now), "dim")],
            [],
        )  # the link says of when all this is: no other time is beside it
    lately = _rates(fleet, glyphs) if width >= LARGE else []
    return [
        [clusters, nodes, version, lately, moment],
        [clusters, nodes, version, moment],
        [clusters, nodes, moment],
        [clusters, nodes, short],
        [nodes, short],
        [failed, short],
        [short],
        [],
    ]


def _rates(fleet: Fleet, glyphs: Glyphs) -> Line:
    """Calls in the last minute and in those before, and how many services failed."""
    if fleet.rates is None or fleet.recording is not None:
        return []  # what was recorded of them is of another moment than the one that is shown
    minutes, errors = fleet.rates["minutes"], fleet.rates["server_errors"]
    most = max(1, *minutes)
    drawn = spark([number / most for number in minutes], glyphs)
    return [
        ("calls ", "dim"),
        (f"{minutes[-1]}/min ", ""),
        (drawn, "working"),
        ("  5xx ", "dim"),
        (str(errors), "failed-strong" if errors else "dim"),
    ]


def banner(fleet: Fleet, width: int) -> Line:
    """One sentence about why what is shown is not the truth of this moment; empty if it is."""
    link = fleet.link
    if link.state == "foreign":
        return [(" The daemon speaks another version of the API: use the nxtui that came with it.", "lost")]
    if link.state == "unwritten" and fleet.unwritten is not None:
        return [(_unwritten(fleet.unwritten, width).ljust(width), "lost")]
    if link.state != "lost":
        return []
    because = f" {fleet.lost_because} "
    cause = because.partition(": ")[0].rstrip(" .") + ". "
    seen = "" if fleet.told_at is None else f"As of {clock(fleet.told_at)}: "
    helps = f" {seen}{LOOKED_UP_BY} tell why. "
    wide = (because + helps.lstrip(), cause + helps.lstrip())
    told = (*wide, cause) if fleet.told_at is None else (*wide, helps, f" {seen.rstrip(': ')}. ")
    said = next((one for one in told if len(one) <= width), told[-1])
    return [(said[:width].ljust(width), "lost")]


def _unwritten(trouble: UnwrittenView, width: int) -> str:
    """That nothing is written, of when what is seen is, and as much of the cause as there is room for."""
    short = f" The daemon cannot write since {clock(trouble['since'])}: what you see is of then. "
    long = f"{short}{trouble['problem']} "
    return long if len(long) <= width else short


def is_empty(line: Line) -> bool:
    """Whether there is nothing to say."""
    return not plain(line).strip()

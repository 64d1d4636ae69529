"""Judges a rehearsal by what the simulated cloud says it holds and by what stands in the database."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

LEDGER_KINDS = {"reserved_ip": "reserved_ip", "vni": "vni", "server": "server", "record": "dns_record"}
"""What the simulator calls an object → what the ledger calls it."""

Thing = Mapping[str, Any]


def inventory(control_url: str) -> list[Thing]:
    """Every object of ours that stands or stood in the cloud."""
    with urllib.request.urlopen(f"{control_url}/inventory") as answer:
        things: list[Thing] = json.load(answer)["objects"]
    return [thing for thing in things if thing["kind"] in LEDGER_KINDS and not thing["by_provider"]]


def doubled(things: Iterable[Thing]) -> list[str]:
    """Names that two objects bore at the same time (I2)."""
    lives: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for thing in things:
        ended = float("inf") if thing["deleted"] is None else thing["deleted"]
        lives[thing["kind"], thing["name"]].append((thing["created"], ended))
    found = []
    for (kind, name), spans in lives.items():
        spans.sort()
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            found.append(f"{kind} {name}")
    return found


def leaked(things: Iterable[Thing], database: Path) -> list[str]:
    """Objects that stand without a row in the ledger, and rows whose object does not stand (I1)."""
    standing = {(LEDGER_KINDS[t["kind"]], t["id"]) for t in things if t["deleted"] is None}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        rows = db.execute(
            "SELECT kind, cloud_id, name, state FROM resources WHERE state != 'gone'"
        ).fetchall()
    known = {(kind, id_) for kind, id_, _, _ in rows}
    present = {
        (kind, id_) for kind, id_, _, state in rows if state == "present" and kind in LEDGER_KINDS.values()
    }
    return [f"{kind} {id_} stands in no ledger" for kind, id_ in standing - known] + [
        f"{kind} {id_} is in the ledger and gone" for kind, id_ in present - standing
    ]


def lost_events(database: Path) -> list[str]:
    """Gaps in the log, and records whose state is not what the log tells (I6)."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        revisions = [row[0] for row in db.execute("SELECT revision FROM events ORDER BY revision")]
        states = dict(db.execute("SELECT name, state FROM records").fetchall())
        told: dict[str, str] = {}
        for name, data in db.execute(
            "SELECT record, data FROM events WHERE kind = 'transition' ORDER BY revision"
        ):
            told[name] = json.loads(data)["to"]
    gaps = [] if revisions == list(range(1, len(revisions) + 1)) else ["the log has a gap"]
    return gaps + [
        f"{name} is {state}, the log says {told.get(name, 'pending')}"
        for name, state in states.items()
        if told.get(name, "pending") != state
    ]

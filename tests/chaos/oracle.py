"""Judges a rehearsal by what the simulated cloud says it holds and by what stands in the database.

Each invariant is a function from the evidence to sentences, none when it holds; `INVARIANTS` names them all.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from state_machines.ibm_nutanix import CLUSTER, NODE
from state_machines.kind import ROLLING_BACK

LEDGER_KINDS = {"reserved_ip": "reserved_ip", "vni": "vni", "server": "server", "record": "dns_record"}
"""What the simulator calls an object → what the ledger calls it."""
SOMEBODY_ELSE = "somebody else"
STRANGERS = "theirs"
"""How the world calls a cluster that somebody else formed."""
KINDS = {kind.name: kind for kind in (NODE, CLUSTER)}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What the invariants are judged by: the cloud's own account, the database, and what clients saw.

    ``objects``, ``calls``, ``clusters`` and ``operations`` (what Prism did) are the world's; ``taken`` are the ids of
    what somebody else deleted, ``acknowledged`` the tokens of verbs that were accepted, ``seen`` the lines of the log
    that a client was shown, ``starts`` how often a daemon was started, ``resumed`` records before and after a
    restart, ``log`` what the daemons wrote to the journal.
    """

    objects: Sequence[Row] = ()
    calls: Sequence[Row] = ()
    records: Sequence[Row] = ()
    resources: Sequence[Row] = ()
    events: Sequence[Row] = ()
    commands: Sequence[Row] = ()
    epoch: int = 0
    starts: int | None = None
    taken: frozenset[str] = frozenset()
    acknowledged: Sequence[str] = ()
    seen: Sequence[tuple[int, str]] = ()
    resumed: Sequence[tuple[Row, Row]] = field(default_factory=tuple)
    clusters: Sequence[Row] = ()
    operations: Sequence[Row] = ()
    log: str = ""

    @property
    def ours(self) -> list[Row]:
        """The objects that the daemon made."""
        return [
            thing
            for thing in self.objects
            if thing["kind"] in LEDGER_KINDS and not thing["by_provider"] and thing["agent"] != SOMEBODY_ELSE
        ]


def gather(database: Path, objects: Sequence[Row] = (), calls: Sequence[Row] = (), **more: Any) -> Evidence:
    """The evidence of a world and of a database, the latter read at one instant."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")

        def table(name: str, order: str = "1") -> list[Row]:
            found = db.execute(f"SELECT * FROM {name} ORDER BY {order}")
            return [dict(row) for row in found]

        epoch = int(db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])
        return Evidence(
            objects,
            calls,
            table("records"),
            table("resources"),
            table("events", "revision"),
            table("commands"),
            epoch,
            **more,
        )


def compared(found: Evidence, before: Sequence[Row]) -> Evidence:
    """The evidence with what stood in the records before a restart; of those that are done, nothing may change."""
    now = {record["name"]: record for record in found.records}
    pairs = [
        (record, now[record["name"]])
        for record in before
        if record["name"] in now and record["state"] in ("active", "ready", "held", "failed", "rolled_back")
    ]
    return replace(found, resumed=pairs)


def is_about(text: str, word: str) -> bool:
    """Whether a name or a sentence holds the word whole."""
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def nothing_leaks(found: Evidence) -> list[str]:
    """I1: what stands in the cloud stands in the ledger, and the ledger claims nothing that does not stand.

    An intent that was sent is enough: whoever undoes it looks for the name. What somebody else deleted is for
    the audit to find. Of two records that one call made, because a proxy sent it twice, one is enough.
    """
    situation = {(LEDGER_KINDS[t["kind"]], t["id"]): t["name"] for t in found.ours if t["deleted"] is None}
    rows = [row for row in found.resources if row["state"] != "gone" and row["kind"] in LEDGER_KINDS.values()]
    known = {(row["kind"], row["cloud_id"]) for row in rows}
    intended = {(row["kind"], row["name"]) for row in rows if row["cloud_id"] is None and row["sent"] > 0}
    asked = {t["id"]: t.get("request_id") or t["id"] for t in found.ours}
    answered = {asked[id_] for _, id_ in known if id_ in asked}
    return [f"{kind} {name} ({id_}) stands in no ledger" for (kind, id_), name in situation.items()
            if asked[id_] not in answered and (kind, name) not in intended] + [
        f"{row['kind']} {row['name']} of {row['owner']} is in the ledger and gone"
        for row in rows
        if row["state"] == "present"
        and (row["kind"], row["cloud_id"]) not in situation
        and row["cloud_id"] not in found.taken
    ] + _of_clusters(found)  # fmt: skip


def _of_clusters(found: Evidence) -> list[str]:
    """The same of what stands inside Prism: a cluster, and of an active one every host."""
    rows = [row for row in found.resources if row["state"] != "gone"]
    active = {record["name"] for record in found.records if record["state"] == "active"}
    situation = [one for one in found.clusters if one["status"] != "FAILED" and one["name"] != STRANGERS]
    claimed = {row["name"] for row in rows if row["kind"] == "nutanix_cluster" and row["sent"] > 0}
    wrong = [f"cluster {one['name']} stands in no ledger" for one in situation if one["name"] not in claimed]
    for row in rows:
        if row["kind"] == "nutanix_cluster" and row["owner"] in active:
            there = [one for one in situation if one["uuid"] == row["cloud_id"]]
            if not there:
                wrong.append(f"cluster {row['name']} is in the ledger and gone")
                continue
            hosts = {member["uuid"]: member["node"] for member in there[0]["members"] if not member["lost"]}
            known = {
                other["cloud_id"]: other["name"]
                for other in rows
                if other["kind"] == "nutanix_host" and other["owner"] == row["owner"]
            }
            wrong += [
                f"host {hosts[id_]} of {row['name']} stands in no ledger"
                for id_ in hosts.keys() - known.keys()
            ]
            wrong += [
                f"host {known[id_]} of {row['name']} is in the ledger and gone"
                for id_ in known.keys() - hosts.keys()
            ]
    return wrong


def nothing_is_doubled(found: Evidence) -> list[str]:
    """I2: at no time did two objects of ours bear the same name, and what Prism had done was not sent for again."""
    lives: dict[tuple[str, str], list[tuple[float, float, str]]] = defaultdict(list)
    for thing in found.ours:
        ended = float("inf") if thing["deleted"] is None else thing["deleted"]
        asked = str(thing.get("request_id") or thing["id"])  # a proxy that sends one call twice is not us
        lives[thing["kind"], thing["name"]].append((thing["created"], ended, asked))
    twice = []
    for (kind, name), spans in lives.items():
        spans.sort()
        if any(later[0] < earlier[1] and later[2] != earlier[2] for earlier, later in pairwise(spans)):
            twice.append(f"{kind} {name} was there twice at the same time")
    return twice + _done_twice(found)


def _done_twice(found: Evidence) -> list[str]:
    """A cluster, a host's coming and going and a password bear no name that could be there twice: the same was done
    again by a call that was sent when it had been done already. A proxy that sends a call twice is not us."""
    theirs = {call.get("n") for call in found.calls if call["agent"] == SOMEBODY_ELSE}
    situation: dict[tuple[str, str], Row] = {}
    twice = []
    for operation in found.operations:
        if operation["call"] in theirs:
            continue
        key = (operation["what"], operation["of"])
        if operation["over"]:
            situation.pop(key, None)
            continue
        first = situation.setdefault(key, operation)
        if operation["received"] > first["at"] and operation["call"] != first["call"]:
            twice.append(f"{operation['what']} of {operation['of']} was asked for and done twice")
    return twice


def results_follow_intents(found: Evidence) -> list[str]:
    """I3: what is present was intended and sent; what is intended only belongs to a record that is not done."""
    states = {record["name"]: record["state"] for record in found.records}
    wrong = []
    for row in found.resources:
        state = states.get(row["owner"])
        what = f"{row['kind']} {row['name']} of {row['owner']}"
        if row["state"] == "present" and (row["cloud_id"] is None or row["sent"] < 1):
            wrong.append(f"{what} is present and was never sent")
        if row["state"] in ("intended", "deleting") and state in (
            "ready",
            "active",
            "rolled_back",
            "pending",
        ):
            wrong.append(f"{what} is {row['state']}, and its record is {state}")
    return wrong


def nobody_waits_for_nothing(found: Evidence) -> list[str]:
    """I4: what works or releases has a deadline, so that it is looked at again."""
    return [
        f"{record['name']} is {record['state']} without a deadline"
        for record in found.records
        if (record["state"] == ROLLING_BACK or KINDS[record["kind"]].states[record["state"]].work)
        and record["deadline"] is None
    ]


def the_end_is_an_end(found: Evidence) -> list[str]:
    """I5: of what is rolled back or forgotten, nothing is left."""
    released = {record["name"] for record in found.records if record["state"] == "rolled_back"}
    left = [
        f"{row['kind']} {row['name']} of {row['owner']} is {row['state']}, and {row['owner']} is rolled back"
        for row in found.resources
        if row["owner"] in released and row["state"] != "gone"
    ]
    owners = {record["name"] for record in found.records}
    return left + [
        f"{row['kind']} {row['name']} belongs to {row['owner']}, which is forgotten"
        for row in found.resources
        if row["owner"] not in owners
    ]


def the_log_tells_the_state(found: Evidence) -> list[str]:
    """I6: the log has no gap, and folded it gives the states of the records."""
    revisions = [event["revision"] for event in found.events]
    wrong = [] if revisions == list(range(1, len(revisions) + 1)) else ["the log has a gap"]
    told: dict[str, str] = {}
    shards: dict[str, str] = {}
    for event in found.events:
        if event["kind"] == "transition":
            data = json.loads(event["data"])
            if told.get(event["record"], data["from"]) != data["from"]:
                wrong.append(
                    f"{event['record']} left {data['from']}, the log had it in {told[event['record']]}"
                )
            told[event["record"]], shards[event["record"]] = data["to"], event["shard"]
        elif event["kind"] == "note" and "forgotten" in event["message"]:
            whole = event["record"] == event["shard"]
            for name in [n for n in told if n == event["record"] or (whole and shards[n] == event["shard"])]:
                told.pop(name)
    return wrong + [
        f"{record['name']} is {record['state']}, the log says {told.get(record['name'], 'pending')}"
        for record in found.records
        if told.get(record["name"], "pending") != record["state"]
    ]


def nothing_is_told_before_it_is_durable(found: Evidence) -> list[str]:
    """I7: every line that a client was shown stands in the log, the same."""
    durable = {event["revision"]: event["message"] for event in found.events}
    return [
        f"a client was told {revision} {message!r}, the log has {durable.get(revision)!r}"
        for revision, message in found.seen
        if durable.get(revision) != message
    ]


def what_was_accepted_stays(found: Evidence) -> list[str]:
    """I8: a verb that was acknowledged stands in the inbox, honoured or not, and none waits for nobody.

    ``acknowledged`` must leave out the verbs of records that are forgotten: their commands go with them.
    """
    tokens = {command["token"] for command in found.commands}
    names = {record["name"] for record in found.records}
    lost = [
        f"the verb with the token {token} was accepted and is not there"
        for token in found.acknowledged
        if token not in tokens
    ]
    return lost + [
        f"{command['verb']} of {command['target']} waits for nobody"
        for command in found.commands
        if not command["closed"] and command["target"] not in names
    ]


def a_resume_changes_nothing(found: Evidence) -> list[str]:
    """I9: a daemon that starts again and has nothing to do leaves its records as they were."""
    return [
        f"{after['name']} was {before['state']} and is {after['state']} after a restart"
        for before, after in found.resumed
        if (before["state"], before["attempt"], before["version"])
        != (after["state"], after["attempt"], after["version"])
    ]


def one_writer_at_a_time(found: Evidence) -> list[str]:
    """I10: each start took one lease; nobody else did."""
    if found.starts is None or found.epoch <= found.starts:
        return []
    return [f"{found.epoch} leases were taken by {found.starts} daemons"]


def strangers_are_left_alone(found: Evidence) -> list[str]:
    """I11: no call of ours changes or deletes what somebody else made."""
    theirs = {thing["id"]: thing["name"] for thing in found.objects if thing["agent"] == SOMEBODY_ELSE}
    return [
        f"{call['method']} {call['path']} touches {theirs[id_]}, which somebody else made"
        for call in found.calls
        if call["method"] not in ("GET", "POST") and call["agent"] != SOMEBODY_ELSE
        for id_ in theirs
        if id_ in call["path"]
    ]


BUG = re.compile(r"action=\w+_broke\b|^Traceback|never retrieved|never awaited", re.MULTILINE)
"""What the journal says only when the code is wrong: something unforeseen was caught, or nobody caught it."""
TOLD_AROUND = 30
"""Lines of the journal that are shown after one that tells of a bug."""


def broken(log: str) -> list[str]:
    """The places of a daemon's journal that tell of a bug, each with what follows it."""
    lines, found, shown = log.splitlines(), [], 0
    for number, line in enumerate(lines):
        if number >= shown and BUG.search(line):
            shown = number + TOLD_AROUND
            found.append("\n".join(lines[number:shown]))
    return found


def nothing_breaks(found: Evidence) -> list[str]:
    """I12: the journal tells of no bug, also where all went well in the end."""
    return broken(found.log)


INVARIANTS: Mapping[str, Callable[[Evidence], list[str]]] = {
    "I1": nothing_leaks,
    "I2": nothing_is_doubled,
    "I3": results_follow_intents,
    "I4": nobody_waits_for_nothing,
    "I5": the_end_is_an_end,
    "I6": the_log_tells_the_state,
    "I7": nothing_is_told_before_it_is_durable,
    "I8": what_was_accepted_stays,
    "I9": a_resume_changes_nothing,
    "I10": one_writer_at_a_time,
    "I11": strangers_are_left_alone,
    "I12": nothing_breaks,
}


def judge(found: Evidence, only: Iterable[str] = INVARIANTS) -> list[str]:
    """Every breach, as ``I1: sentence``."""
    return [f"{name}: {what}" for name in only for what in INVARIANTS[name](found)]

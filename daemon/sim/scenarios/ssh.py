"""Scenarios of port 22: who does not get in, and commands that end half way, in silence, or not at all."""

from __future__ import annotations

from typing import Any

from daemon.sim.faults.rules import Rule
from daemon.sim.scenarios.scenario import Scenario

CVM_WAIT = "node:awaiting_cvm"
CREATE = "ssh command cluster * create"
STATUS = "ssh command cluster status"


def _ssh(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    """The product does not come to the command: it waits for Prism, which real CVMs refuse without a cluster."""
    return Scenario(
        name,
        "ssh",
        sentence,
        f"Prism/Foundation: {source}",
        rules,
        ending="fails",
        at=CVM_WAIT,
        code="deadline",
        personality="real",
        way_out="rollback",
        **{"idle": True, **more},
    )


SSH = (
    _ssh(
        "ssh-starts-late",
        "A controller VM refuses SSH for five minutes after Foundation answers.",
        "refused until services up (port 22)",
        Rule("ssh start", "late", seconds=300.0),
        idle=False,
    ),
    _ssh(
        "ssh-refused",
        "A connection is reset, and then the port refuses more for ten minutes.",
        "CVM IP down (port 22)",
        Rule("ssh connect", "refused", seconds=600.0),
    ),
    _ssh(
        "ssh-reset",
        "Two connections are reset before the server says who it is.",
        "CVM IP down (port 22)",
        Rule("ssh connect", "reset", count=2),
    ),
    _ssh(
        "ssh-silent",
        "A connection is made, and the server says nothing for five minutes.",
        "CVM IP down (port 22, in silence)",
        Rule("ssh connect", "hang", seconds=300.0),
    ),
    _ssh(
        "ssh-password-refused",
        "The factory password of the shell is refused.",
        "default password already changed (port 22)",
        Rule("ssh login", "refuse", count=None),
    ),
    _ssh(
        "ssh-login-slow",
        "The answer to the password takes five minutes.",
        "502/503 for minutes (port 22)",
        Rule("ssh login", "hang", seconds=300.0),
    ),
    _ssh(
        "ssh-password-expired",
        "The factory password has expired: it must be changed before anything else.",
        "default password already changed (expired)",
        Rule("ssh login", "expired"),
    ),
    _ssh(
        "ssh-host-key-changed",
        "The second connection is shown another host key than the first.",
        "self-signed / name mismatch (port 22)",
        Rule("ssh host-key", "changed", nth=2),
    ),
    _ssh(
        "ssh-create-lost",
        "The cluster is being created, and the connection is cut.",
        "read-timeout after accepting (port 22)",
        Rule(CREATE, "close_after"),
    ),
    _ssh(
        "ssh-create-hangs",
        "The cluster is being created, and nothing more is said for an hour.",
        "read-timeout after accepting (port 22)",
        Rule(CREATE, "hang_after", seconds=3600.0),
    ),
    _ssh(
        "ssh-create-dropped",
        "The connection is cut before the cluster is created.",
        "CVM IP down (port 22)",
        Rule(CREATE, "close"),
    ),
    _ssh(
        "ssh-create-silent",
        "The command that creates the cluster does nothing, and says nothing for five minutes.",
        "task Queued forever (port 22)",
        Rule(CREATE, "hang", seconds=300.0),
    ),
    _ssh(
        "ssh-create-refused",
        "The command that creates the cluster is refused: there are not enough boot SSDs.",
        "not enough SSD message (port 22)",
        Rule(
            CREATE,
            "fail",
            what={
                "message": "Cannot create one node backup cluster as not enough boot ssds are present",
                "status": 1,
            },
        ),
    ),
    _ssh(
        "ssh-create-half-way",
        "The creation ends half way: the nodes belong to a cluster that never comes up, until it is destroyed.",
        "task Failed with detail (port 22)",
        Rule("cluster up", "half"),
    ),
    _ssh(
        "ssh-status-dropped",
        "Asking for the state of the cluster ends without an answer, twice.",
        "CVM IP down (port 22)",
        Rule(STATUS, "close", count=2),
    ),
    _ssh(
        "ssh-status-slow",
        "The state of the cluster comes five minutes late.",
        "percentage stuck 99 (port 22)",
        Rule(STATUS, "slow", seconds=300.0),
    ),
    _ssh(
        "ssh-noise",
        "Lines that nobody asked for come before the state of the cluster.",
        "garbage JSON (port 22)",
        Rule(STATUS, "noise", count=None),
    ),
)

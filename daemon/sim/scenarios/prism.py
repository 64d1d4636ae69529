"""Scenarios of the controller VMs: Prism before, while and after it forms a cluster, and Foundation."""

from __future__ import annotations

from typing import Any

from daemon.sim.faults.rules import Rule
from daemon.sim.faults.triggers import ADD_NAME_SERVERS, CHANGE_PASSWORD, CREATE_CLUSTER
from daemon.sim.scenarios.scenario import Scenario

CVM_WAIT = "node:awaiting_cvm"
FORMING = "cluster:creating_cluster"
UP_WAIT = "cluster:awaiting_up"
VERIFYING = "cluster:verifying_health"
HOSTS = "prism GET /PrismGateway/services/rest/v2.0/hosts"


def _prism(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "prism", sentence, f"Prism/Foundation: {source}", rules, **more)


def _fails(name: str, sentence: str, source: str, at: str, code: str, *rules: Rule, **more: Any) -> Scenario:
    return _prism(name, sentence, source, *rules, ending="fails", at=at, code=code, **more)


def _said(status: int, message: str) -> dict[str, Any]:
    return {"status": status, "code": "", "message": message}


PRISM = (
    _fails(
        "cvm-never-starts",
        "The controller VM does not start.",
        "9440 refused until services up (for ever)",
        CVM_WAIT,
        "deadline",
        Rule("machine cvm", "never"),
    ),
    _prism(
        "tls-handshake-errors",
        "Connections to Prism end in their TLS handshake for five minutes.",
        "then TLS handshake errors",
        Rule("machine cvm", "handshake", seconds=300.0),
    ),
    _prism(
        "certificate-for-another-name",
        "The certificate is self-signed and for another name.",
        "self-signed / name mismatch",
        Rule("machine cvm", "name"),
    ),
    _prism(
        "prism-502",
        "Prism answers 502 for five minutes.",
        "502/503 for minutes",
        Rule("prism GET *", "html", count=None, lasts=300.0, what={"status": 502}),
    ),
    _prism(
        "prism-503",
        "Prism answers 503 for five minutes.",
        "502/503 for minutes",
        Rule(
            "prism GET *",
            "answer",
            count=None,
            lasts=300.0,
            what={"status": 503, "body": "Service Unavailable"},
        ),
    ),
    _fails(
        "password-changed-before",
        "Somebody has changed the factory password already.",
        "401 non-JSON (default password already changed)",
        CVM_WAIT,
        "works_already",
        Rule("machine cvm", "used"),
        way_out="rollback",
    ),
    _prism(
        "another-factory-password",
        "The factory password is nutanix/4u, in lower case.",
        "401 non-JSON (wrong case Nutanix/4u vs nutanix/4u)",
        Rule("machine cvm", "old_default"),
    ),
    _prism(
        "create-500",
        "Creating the cluster answers 500 and nothing else, twice.",
        "POST create → 500",
        Rule(CREATE_CLUSTER, "empty", count=2),
    ),
    _prism(
        "create-lost",
        "The cluster is being created, and the answer is lost.",
        "read-timeout after accepting",
        Rule(CREATE_CLUSTER, "reset_after"),
    ),
    _prism(
        "create-hangs",
        "The cluster is being created, and the answer does not come for a minute.",
        "read-timeout after accepting",
        Rule(CREATE_CLUSTER, "hang_after", seconds=60.0),
    ),
    _prism(
        "create-replayed",
        "A proxy sends the order of the cluster twice; the answer says that the node is part of one already.",
        'second create rejected "already part of a cluster" [G]',
        Rule(CREATE_CLUSTER, "twice"),
    ),
    _fails(
        "create-refused",
        "Creating the cluster is refused: genesis does not answer on all nodes.",
        "CVM IP down",
        FORMING,
        "bad_request",
        Rule(
            CREATE_CLUSTER,
            "answer",
            what=_said(422, "Cluster creation failed: could not reach genesis on all nodes."),
        ),
    ),
    _fails(
        "not-enough-ssds",
        "Creating the cluster is refused: there are not enough boot SSDs.",
        "not enough SSD message",
        FORMING,
        "bad_request",
        Rule(
            CREATE_CLUSTER,
            "answer",
            what=_said(422, "Cannot create one node backup cluster as not enough boot ssds are present"),
        ),
    ),
    _fails(
        "twin-serials",
        "Two nodes have the same serial.",
        "duplicate node serials",
        FORMING,
        "bad_request",
        Rule("machine cvm", "twin", count=2),
        nodes=3,
        way_out="rollback",
    ),
    _fails(
        "version-mismatch",
        "One controller VM runs another version than the others.",
        "CVM version mismatch between nodes",
        FORMING,
        "bad_request",
        Rule("machine cvm", "old"),
        nodes=3,
        way_out="rollback",
    ),
    _prism(
        "task-queued",
        "The task that creates the cluster stays queued.",
        "task Queued forever",
        Rule("cluster task create", "queued"),
    ),
    _prism(
        "task-failed",
        "The task that creates the cluster ends failed, and the cluster comes up all the same.",
        "task Failed with detail",
        Rule("cluster task create", "fail", what={"message": "Timed out waiting for services."}),
    ),
    _prism(
        "task-stuck",
        "The task that creates the cluster stays at 99 %.",
        "percentage stuck 99",
        Rule("cluster task create", "stuck"),
    ),
    _prism(
        "task-vanishes",
        "The task that creates the cluster is a 404.",
        "vanishing task id (404 after restart)",
        Rule("cluster task create", "vanish"),
    ),
    _fails(
        "cluster-never-up",
        "The cluster stays in creation.",
        "task Queued forever (the cluster)",
        UP_WAIT,
        "deadline",
        Rule("cluster up", "stuck"),
    ),
    _fails(
        "cluster-failed",
        "The cluster ends failed.",
        "task Failed with detail (the cluster)",
        UP_WAIT,
        "cluster_failed",
        Rule("cluster up", "fail"),
    ),
    _fails(
        "cvm-dies-after-ready",
        "A controller VM that was ready dies while its cluster forms.",
        "CVM IP down",
        UP_WAIT,
        "unreachable",
        Rule("machine cvm-death", "dies", seconds=180.0),
        retries=2,
    ),
    _prism(
        "too-few-nodes",
        "One host is missing from the cluster for five minutes.",
        "cluster appears with `num_nodes` too small",
        Rule("cluster health", "few", seconds=300.0),
    ),
    _prism(
        "redundancy-low",
        "The redundancy is lower than asked for for five minutes.",
        "`current_redundancy_factor` < desired",
        Rule("cluster health", "redundancy", seconds=300.0),
    ),
    _prism(
        "host-not-normal",
        "A host is not in the state NORMAL for five minutes.",
        "host `state` ≠ NORMAL",
        Rule("cluster health", "state", seconds=300.0),
    ),
    _prism(
        "host-degraded",
        "A host is degraded for five minutes.",
        "`is_degraded` true",
        Rule("cluster health", "degraded", seconds=300.0),
    ),
    _fails(
        "host-stays-degraded",
        "A host stays degraded.",
        "`is_degraded` true",
        VERIFYING,
        "deadline",
        Rule("cluster health", "degraded"),
    ),
    _prism(
        "cluster-address-silent",
        "The cluster's own address does not answer, those of the controller VMs do.",
        "VIP not answering while CVM IP does",
        Rule("cluster vip", "silent"),
    ),
    _prism(
        "ntp-alert",
        "An alert says that the time server cannot be reached.",
        "NTP/DNS unreachable alerts",
        Rule(
            "cluster alert",
            "raise",
            what={"message": "The NTP server time.adn.networklayer.com is unreachable."},
        ),
        idle=True,
    ),
    _prism(
        "checks-task-fails",
        "The task of the cluster checks ends failed.",
        "NCC task Failed",
        Rule("cluster task checks", "fail", what={"message": "NCC timed out."}),
        idle=True,
    ),
    _prism(
        "checks-find-something",
        "A cluster check fails.",
        "runSummary with FAIL lines",
        Rule("cluster checks", "fail", what={"message": "Name server 161.26.0.7 is not reachable."}),
        idle=True,
    ),
    _prism(
        "plain-text-500",
        "The hosts are answered with 500 and plain text, three times.",
        "plain-text 500",
        Rule(HOSTS, "answer", count=3, what={"status": 500, "body": "Internal Server Error"}),
    ),
    _prism(
        "password-change-fails",
        "Changing the factory password fails twice.",
        "plain-text 500",
        Rule(
            CHANGE_PASSWORD, "answer", count=2, what=_said(500, "Failed to update the password on all nodes.")
        ),
    ),
    _prism(
        "password-change-lost",
        "The password is changed, and the answer is lost.",
        "read-timeout after accepting",
        Rule(CHANGE_PASSWORD, "reset_after"),
    ),
    _prism(
        "old-password-lingers",
        "The factory password is taken for two minutes after it was changed.",
        "401 non-JSON (a change that waits)",
        Rule("cluster password", "slow", seconds=120.0),
    ),
    _fails(
        "name-servers-refused",
        "The cluster does not take the name servers.",
        "NTP/DNS unreachable alerts",
        "cluster:configuring",
        "bad_request",
        Rule(ADD_NAME_SERVERS, "answer", what=_said(422, "Failed to validate the name servers.")),
    ),
)


def _foundation(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(
        name,
        "foundation",
        sentence,
        f"Prism/Foundation: {source}",
        rules,
        ending="fails",
        at=CVM_WAIT,
        code="deadline",
        personality="real",
        way_out="rollback",
        **more,
    )


FOUNDATION = (
    _foundation(
        "prism-only-with-cluster",
        "Controller VMs behave like real ones: Prism answers only when there is a cluster.",
        "9440 refused until services up",
        idle=True,
    ),
    _foundation(
        "imaging-stopped",
        "Foundation stops before it is done, and says why.",
        "Foundation `imaging_stopped` with aggregate<100 and messages",
        Rule(
            "session end",
            "fail",
            what={"message": "Failed to form the cluster: timed out waiting for genesis."},
        ),
        idle=True,
    ),
    _foundation(
        "foundation-500",
        "Foundation refuses a request, with its 500.",
        'Foundation 500 `{"error":{…}}`',
        Rule("foundation POST *", "answer", what=_said(500, "Cannot reset in middle of session")),
        idle=True,
    ),
)

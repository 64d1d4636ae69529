"""The moments at which something can go wrong, and what can be made to happen at each: tables, and their check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from daemon.sim.refusals import SimError

LAST_STRUCK = 20_000
SERVICES = ("vpc", "dns", "metadata", "prism", "foundation")

REQUEST: Mapping[str, str] = {
    "answer": "refused before anything is done: `status`, `code`, `message`, `nested`, `retry_after` "
    "(seconds, or `date:SECONDS`), or a `body` with its `type`",
    "html": "an HTML page of the proxy in front, `status` 502 unless told",
    "empty": "an answer without a body, `status` 500 unless told",
    "close": "the connection is closed before anything is done",
    "reset": "the connection is reset before anything is done",
    "hang": "nothing is done and nothing is answered; after `seconds` the connection is closed",
    "refused": "the port refuses connections for `seconds`",
    "slow": "the request waits `delay` seconds, then all goes well",
    "twice": "a proxy sends the request twice; the second answer is the one that arrives",
    "close_after": "the request is done, then the connection is closed without an answer",
    "reset_after": "the request is done, then the connection is reset",
    "fail_after": "the request is done, and the answer is an error: `status`, 502 unless told",
    "hang_after": "the request is done, and nothing is answered; after `seconds` the connection is closed",
    "truncate": "the request is done; half of the JSON arrives, with status 200 and the length of that half",
    "short": "the request is done; the connection ends in the middle of the answer",
    "text": "the request is done; the answer is called text/plain",
    "extra": "the answer has fields that nobody documented, in every object",
    "set": "fields of the answer are replaced by `fields`; in a list those of the items called `items`",
    "lag": "a list leaves out what is younger than `seconds`; with `items` only those of that name",
    "omit": "a list leaves out the items called `items`",
    "shift": "in a list, the first item of a following page has moved to the page before",
}
"""What can happen to a request, at any service."""

ALTERING = frozenset({"slow", "extra", "set", "lag", "omit", "shift"})
"""What combines with others on one request."""

LIFE: Mapping[str, Mapping[str, str]] = {
    "token issue": {
        "short": "an IAM token lives `seconds` (real ones)",
        "aged": "an IAM token was issued `seconds` ago (real ones)",
    },
    "reserved_ip create": {
        "stolen": "somebody else reserves the address an instant earlier",
        "foreign": "an object of somebody else has the name already",
    },
    "reserved_ip provision": {
        "stuck": "stays `pending`",
        "fail": "goes to `failed`",
        "unassigned": "shows the address 0.0.0.0",
    },
    "reserved_ip delete": {"lag": "stays `deleting`"},
    "vni create": {
        "foreign": "an object of somebody else has the name already",
        "auto_delete": "it goes with its server, whatever was asked for",
    },
    "vni provision": {
        "stuck": "stays `pending`",
        "fail": "goes to `failed`",
        "suspend": "goes to `suspended`",
    },
    "vni delete": {"lag": "stays `deleting`", "back": "returns to `stable`, and stands"},
    "vni gone": {"bound": "its addresses stay in use"},
    "server create": {"foreign": "an object of somebody else has the name already"},
    "server pending": {"stuck": "stays `pending`", "vanish": "becomes a 404"},
    "server start": {"fail": "goes to `failed` with the status reason `code`"},
    "server stop": {"stuck": "stays `stopping`", "ignored": "goes on running"},
    "server soft-stop": {"stuck": "stays `stopping`"},
    "server delete": {"lag": "stays `deleting`"},
    "server gone": {"attached": "its interfaces stay attached"},
    "server reinitialize": {"stuck": "stays `reinitializing`", "fail": "goes to `failed`"},
    "record create": {"foreign": "a record of somebody else has the name already"},
    "name release": {"taken": "the name of a deleted object stays taken"},
    "machine boot": {"never": "stands still before it asks for its script"},
    "machine dhcp": {"fail": "gets no address"},
    "machine script": {
        "twice": "asks for its script twice",
        "elsewhere": "asks from another address than its own",
        "stranger": "another address asks with this machine's token first",
        "wrong_token": "asks with a wrong token",
        "shell": "ends in the iPXE shell, in silence",
    },
    "machine image": {
        "short": "a download ends early",
        "missing": "a download is a 404",
        "corrupt": "a download does not have its checksum",
    },
    "machine config": {
        "never": "the installer dies before it asks for its configuration",
        "twice": "the installer asks for its configuration twice",
        "elsewhere": "the installer asks from another address than its own",
        "wrong_token": "the installer asks with a wrong token",
        "late": "the installer asks `seconds` later",
    },
    "machine installer": {
        "erratic": "its reports come twice, late and out of order, and in its first run the power may fail at any",
        "stock": "its reports name no boot",
    },
    "machine agent": {
        "disk": "a data drive is not there, and nxd's agent says so",
        "heartbeats": "it says every minute that the machine is alive",
    },
    "machine phase *": {
        "fail": "a disk fails, the installer says so and stops",
        "forever": "the installer works for ever and reports nothing more",
        "reboot": "the machine reboots in the middle",
    },
    "machine report *": {
        "twice": "is sent twice",
        "late": "is sent `seconds` later, after the next ones",
        "lose": "is never sent",
        "garbage": "is sent after garbage",
        "stale": "is followed by an earlier phase with an earlier number",
        "wrong_token": "is sent with a wrong token first",
        "elsewhere": "is sent from another address first",
    },
    "machine disk": {"lost": "the disk is gone after the installation: there is nothing to boot from"},
    "machine ghost": {
        "error": "the installer of the installation before reports an error, with its old token"
    },
    "machine cvm": {
        "never": "the controller VM does not start",
        "old_default": "the factory password is nutanix/4u",
        "used": "the factory password was changed by somebody before",
        "name": "the certificate is for another name",
        "handshake": "TLS handshakes fail for `seconds`",
        "twin": "it has the serial of another node",
        "old": "it runs another version",
    },
    "machine cvm-death": {"dies": "the controller VM dies `seconds` after its cluster began to form"},
    "machine running": {"fetch": "asks for its script again although it is finished"},
    "ssh start": {"late": "a controller VM takes SSH connections only `seconds` after it is up"},
    "ssh connect": {
        "refused": "a connection is reset, and then the port refuses them for `seconds`",
        "reset": "a connection is reset before the server says who it is",
        "hang": "a connection is made, and the server says nothing; after `seconds` it is closed",
    },
    "ssh host-key": {"changed": "the server shows another host key from now on"},
    "ssh login": {
        "refuse": "the right password is refused",
        "hang": "the answer to the password takes `seconds`",
        "expired": "the password must be changed before anything else",
    },
    "ssh command *": {
        "fail": "it does nothing, says `message` on standard error, and ends with `status`",
        "close": "the connection is cut before it does anything",
        "hang": "it does nothing and says nothing; after `seconds` the connection is cut",
        "slow": "it begins `seconds` later",
        "noise": "lines that nobody asked for come before its own",
        "close_after": "it makes its change, then the connection is cut",
        "hang_after": "it makes its change, then nothing more is said; after `seconds` the connection is cut",
    },
    "cluster create": {"foreign": "somebody else forms a cluster of its members an instant earlier"},
    "cluster up": {
        "vanish": "comes up, and somebody else destroys it at once",
        "fail": "never comes up and ends FAILED",
        "stuck": "stays CREATING",
        "half": "never comes up, and its members belong to it until it is destroyed",
    },
    "cluster health": {
        "degraded": "one host is degraded",
        "state": "one host is not NORMAL",
        "redundancy": "the redundancy is lower than asked for",
        "few": "one host is missing",
    },
    "cluster vip": {"silent": "the cluster's own address does not answer"},
    "cluster password": {"slow": "the old password is taken for `seconds` more"},
    "cluster task *": {
        "fail": "the task ends Failed with `message`",
        "stuck": "the task stays at 99 %",
        "queued": "the task stays Queued",
        "vanish": "the task is a 404",
    },
    "cluster checks": {"fail": "a check fails"},
    "cluster alert": {"raise": "an alert with `message` stands"},
    "session end": {"fail": "the session stops with `message`"},
}
"""What can happen in the life of an object. A pattern stands for several instants."""

_NEEDS: Mapping[str, str] = {"set": "fields", "omit": "items"}


@dataclass(frozen=True)
class StepFault:
    """One way to fail, asked for by a short name, of a node or a cluster."""

    scope: str
    trigger: str
    action: str
    meaning: str
    what: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None


def _refusal(status: int, code: str, message: str) -> Mapping[str, Any]:
    return {"status": status, "code": code, "message": message}


NOT_AUTHORIZED = _refusal(
    403,
    "not_authorized",
    "the provided token is not authorized to  the specified instance (ID:NEWRESOURCE) in this account",
)
OVER_QUOTA = _refusal(400, "over_quota", "The request would exceed the quota for a resource type.")
CREATE_CLUSTER = "prism POST /PrismGateway/services/rest/v2.0/clusters"
CHANGE_PASSWORD = "prism POST /PrismGateway/services/rest/v1/utils/change_default_system_password"
ADD_NAME_SERVERS = "prism POST /PrismGateway/services/rest/v1/cluster/name_servers/add_list"
RESERVE_IP = "vpc POST /subnets/{subnet_id}/reserved_ips"
CREATE_RECORD = "dns POST /instances/{instance_id}/dnszones/{zone_id}/resource_records"
CREATE_VNI = "vpc POST /virtual_network_interfaces"

STEP_FAULTS: Mapping[str, StepFault] = {
    "ips": StepFault("node", RESERVE_IP, "answer", "reserving an address is over quota", OVER_QUOTA),
    "dns": StepFault(
        "node",
        CREATE_RECORD,
        "answer",
        "creating a DNS record is not authorized",
        _refusal(403, "not_authorized", "The request is not authorized for this DNS zone."),
    ),
    "vnis": StepFault(
        "node", CREATE_VNI, "answer", "creating a network interface is not authorized", NOT_AUTHORIZED
    ),
    "server": StepFault(
        "node",
        "server start",
        "fail",
        "the zone has no capacity for the server",
        {"code": "cannot_start_capacity"},
    ),
    "boot": StepFault("node", "machine boot", "never", "the machine never fetches its script"),
    "config": StepFault(
        "node", "machine config", "never", "the installer dies before it asks for its configuration"
    ),
    "install": StepFault("node", "machine phase 6", "fail", "a disk fails during phase 6"),
    "cvm": StepFault("node", "machine cvm", "never", "the controller VM never answers"),
    "create": StepFault(
        "cluster",
        CREATE_CLUSTER,
        "answer",
        "creating the cluster is refused",
        _refusal(422, "", "Cluster creation failed: could not reach genesis on all nodes."),
    ),
    "up": StepFault("cluster", "cluster up", "fail", "the cluster never comes up and ends FAILED"),
    "password": StepFault(
        "cluster",
        CHANGE_PASSWORD,
        "answer",
        "changing the factory password fails",
        _refusal(500, "", "Failed to update the password on all nodes."),
    ),
    "settings": StepFault(
        "cluster",
        ADD_NAME_SERVERS,
        "answer",
        "adding name servers is refused",
        _refusal(422, "", "Failed to validate the name servers."),
    ),
    "health": StepFault(
        "cluster", "cluster health", "degraded", "one host is degraded for a while", seconds=120.0
    ),
}
"""The short names of `--fail NODE:STEP` and `--fail CLUSTER:STEP`."""


def is_request(trigger: str) -> bool:
    """Whether a moment, or its pattern, is a request to a service."""
    return trigger.split(" ", 1)[0] in (*SERVICES, "*")


def check_action(trigger: str, action: str, what: Mapping[str, Any]) -> None:
    """Raise SimError, naming what is known, if nothing of this kind can happen at this moment."""
    if is_request(trigger):
        known = set(REQUEST)
    else:
        known = {
            name
            for pattern, actions in LIFE.items()
            if fnmatchcase(trigger, pattern) or fnmatchcase(pattern, trigger)
            for name in actions
        }
        if not known:
            raise SimError(
                f"There is no moment {trigger!r}: write a request like 'vpc POST /virtual_network_interfaces', "
                f"or one of {', '.join(LIFE)}."
            )
    if action not in known:
        raise SimError(f"At {trigger!r} there is no action {action!r}; there is {', '.join(sorted(known))}.")
    if action in _NEEDS and _NEEDS[action] not in what:
        raise SimError(f"The action {action!r} needs {_NEEDS[action]!r} in 'what'.")

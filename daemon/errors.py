"""The one tree of errors and the catalogue of their codes: cause, remedy, and whether trying again helps.

NxdError             anything a person is told: code, message, evidence verbatim, remedy, retry
├── OutsideError     a remote API refused, failed or did not answer
└── StoreError       the database cannot be read or written
    └── StateLost    … and only a person can mend it: it is damaged, or something that belongs to it is lost
StartError           the daemon cannot start now
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from state_machines.outcome import Problem, Retry


class ErrorKind(Struct, frozen=True):
    """One row of the catalogue. ``retry``: now (after a moment), later (when its cause is mended), never."""

    code: str
    cause: str
    remedy: str
    retry: Retry


_KINDS = (
    ErrorKind("unreachable", "The other side could not be reached.",
              "Check the network and that the service is up; nxd goes on trying until the deadline.", "now"),
    ErrorKind("in_doubt", "The answer was lost: the call may or may not have taken effect.",
              "Nothing to do: nxd looks for the object by its name before it asks again.", "now"),
    ErrorKind("unavailable", "The service failed on its side.",
              "Nothing to do yet: nxd tries again until the deadline.", "now"),
    ErrorKind("rate_limited", "Too many requests in a short time.",
              "Nothing to do: nxd waits as long as the service asks for. Lower the rates in nxd.yaml if it stays.",
              "now"),
    ErrorKind("malformed", "The answer could not be understood.",
              "Nothing to do yet: nxd tries again. If it stays, a proxy may stand between: check the URL.", "now"),
    ErrorKind("authentication", "The credentials were not accepted.",
              "Check the trusted profile, that the metadata service is enabled on this host, and the clock.", "now"),
    ErrorKind("not_authorized", "The credentials lack a role.",
              "Give the trusted profile Editor and Manager on VPC Infrastructure Services and DNS Services "
              "(and IP Spoofing Operator), then retry.", "later"),
    ErrorKind("quota", "A quota of the account is used up.",
              "Free some of the named resource or ask for a higher quota, then retry.", "later"),
    ErrorKind("capacity", "The zone has no machine of this profile left.",
              "Retry later, or change the profile or the zone in the spec.", "later"),
    ErrorKind("no_address", "No address is free in the range.",
              "Widen the range in the spec or release addresses, then retry.", "later"),
    ErrorKind("address_taken", "Somebody else reserved the address in between.",
              "Nothing to do: nxd picks another address of the range.", "now"),
    ErrorKind("name_taken", "The name is in use.", "See whose object it is before you retry.", "later"),
    ErrorKind("foreign", "An object with our name exists that this daemon did not make.",
              "Rename or delete that object if nobody needs it, then retry.", "later"),
    ErrorKind("conflict", "The object is not in a state that allows this.",
              "Nothing to do yet: nxd tries again until the deadline.", "now"),
    ErrorKind("not_found", "The object does not exist.", "Check the id in the spec.", "later"),
    ErrorKind("bad_request", "The service refused the request as wrong.",
              "Read the evidence; correct the spec, then retry.", "later"),
    ErrorKind("server_failed", "The server went to the state failed.",
              "Retry: the failed server is deleted and a new one ordered.", "later"),
    ErrorKind("deadly", "The daemon died again and again while this step ran.",
              "Report it with the daemon's own log (journalctl -u nxd). Resume to try once more, or roll it back.",
              "later"),
    ErrorKind("vanished", "Something that was made is gone: somebody else deleted it.",
              "Find out who did it. Retry: it is made anew.", "later"),
    ErrorKind("install_failed", "The installer reported an error.",
              "Look at the node's log, mend what it names, then retry: the machine is restarted and "
              "installed again on the same addresses.", "later"),
    ErrorKind("cluster_failed", "The cluster could not be formed.",
              "Look at the evidence, then retry: no node is installed again.", "later"),
    ErrorKind("preflight", "Something the deployment needs is missing.",
              "Mend each point that is named, then retry.", "later"),
    ErrorKind("deadline", "The time for this step is over.",
              "See what it waited for. Retry, or give the step more time under `deadlines` in the spec.", "later"),
    ErrorKind("left_over", "Something could not be deleted.",
              "Remove what is named, then retry: the rollback goes on where it stopped.", "later"),
    ErrorKind("pin_changed", "The certificate is not the one seen at first contact.",
              "Find out why it changed. If it was on purpose, roll the node back and deploy it again.", "later"),
    ErrorKind("bug", "A step ended in a way nobody foresaw.",
              "Retry; if it happens again, report it with the evidence.", "later"),
    ErrorKind("database", "The database cannot be written.",
              "Free disk space or mend the file system; nxd calls nothing outside until it can write.", "now"),
    ErrorKind("refused", "This is not legal now.", "See `can` of the node or cluster.", "never"),
    ErrorKind("plan_changed", "The plan is no longer the one that was shown.",
              "Look at the plan again and confirm that one.", "now"),
    ErrorKind("spec", "The spec is wrong.", "Correct the lines named; nothing was changed.", "never"),
    ErrorKind("unknown", "There is no such node or cluster.", "`nxd status` lists what there is.", "never"),
    ErrorKind("request", "The request could not be understood.", "See docs/api.md.", "never"),
)  # fmt: skip

CATALOGUE: dict[str, ErrorKind] = {kind.code: kind for kind in _KINDS}
"""Every code a person or a script can meet."""


LONGEST_EVIDENCE = 2000
"""Characters that are kept of what the other side said."""


def as_json(value: object) -> str:
    """Evidence that is data, as JSON of a bearable length."""
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= LONGEST_EVIDENCE else f"{text[:LONGEST_EVIDENCE]}… ({len(text)} characters)"


class NxdError(Exception):
    """Something a person is told. ``after`` is when to come again, in seconds, if the other side said so."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        evidence: str | None = None,
        remedy: str | None = None,
        after: float | None = None,
    ) -> None:
        self.kind = CATALOGUE[code]
        self.code = code
        self.message = message or self.kind.cause
        self.evidence = evidence
        self.remedy = remedy or self.kind.remedy
        self.after = after
        super().__init__(self.message)

    @property
    def retry(self) -> Retry:
        """Whether and when trying again helps."""
        return self.kind.retry

    def problem(self) -> Problem:
        """The same as data, to be kept with a record."""
        return Problem(self.code, self.message, self.remedy, self.retry, self.evidence)


class OutsideError(NxdError):
    """A remote API refused, failed or did not answer. ``status`` is the HTTP status, if one came."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        evidence: str | None = None,
        remedy: str | None = None,
        after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(code, message, evidence=evidence, remedy=remedy, after=after)
        self.status = status


class StoreError(NxdError):
    """The database cannot be read or written."""


class StateLost(StoreError):
    """What is kept in the state directory is damaged or not whole: starting again does not help."""


class StartError(Exception):
    """The daemon cannot start; the text says why and what to do. ``passing``: it may be mended by itself, so that it is
    worth another try."""

    def __init__(self, text: str, *, passing: bool) -> None:
        super().__init__(text)
        self.passing = passing

"""The one tree of errors and the catalogue of their codes: cause, remedy, and whether trying again helps.

NxdError             anything a person is told: code, message, evidence verbatim, remedy, retry
├── OutsideError     a remote API refused, failed or did not answer
└── StoreError       the database cannot be read or written
    └── StateLost    … and only a person can mend it: it is damaged, or something that belongs to it is lost
StartError           the daemon cannot start now
└── PlatformError    … nor anybody work with a platform whose package is broken
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from state_machines.outcome import Problem, Remedy, Retry

RETRY = ("retry",)
AGAIN = ("retry", "replace", "rollback")
"""What is done about a trouble that comes again and again at the same step."""


class ErrorKind(Struct, frozen=True):
    """One code. ``retry``: now (after a moment), later (when its cause is mended), never.

    ``mend`` is what a person has to do first; ``leads``: verbs that lead on afterwards, of which the
    first legal one is offered; each time that the same step meets the same trouble again, the next one is the first.
    ``credentials`` marks a code about whose password, key or role only a platform can tell: each has a remedy for it.
    """

    code: str
    cause: str
    retry: Retry
    mend: tuple[Remedy, ...] = ()
    leads: tuple[str, ...] = RETRY
    credentials: bool = False


def by_code(kinds: Iterable[ErrorKind]) -> dict[str, ErrorKind]:
    """The rows by their codes."""
    return {kind.code: kind for kind in kinds}


def outside(text: str) -> Remedy:
    """Something that a person does in the world, in a sentence."""
    return Remedy("outside", text)


def only_wait(text: str) -> Remedy:
    """Nothing to do but to wait, and why that helps, in a sentence."""
    return Remedy("wait", text)


def in_spec(setting: str, text: str) -> Remedy:
    """A change of the spec, in a sentence; ``setting`` is its dotted name."""
    return Remedy("spec", text, setting=setting)


_KINDS = (
    ErrorKind("unreachable", "The other side could not be reached.", "now",
              (outside("See that the network is there and the service is up."),)),
    ErrorKind("in_doubt", "The answer was lost: the call may or may not have taken effect.", "now",
              (only_wait("What it may have made is looked for by its name before it is asked for again."),)),
    ErrorKind("unavailable", "The service failed on its side.", "now",
              (outside("See whether the service has an outage."),)),
    ErrorKind("rate_limited", "Too many requests in a short time.", "now",
              (outside("Lower the rates in nxd.yaml, or end what else sends requests with this account."),)),
    ErrorKind("malformed", "The answer could not be understood.", "now",
              (outside("See whether the URL in nxd.yaml leads to the service itself or to a proxy."),)),
    ErrorKind("authentication", "The credentials were not accepted.", "now",
              (outside("Check the credentials that nxd was given, and this host's clock."),), credentials=True),
    ErrorKind("not_authorized", "The credentials lack a role.", "later",
              (outside("Give the identity that nxd acts as the role that the evidence names."),), credentials=True),
    ErrorKind("quota", "A quota of the account is used up.", "later",
              (outside("Free some of the named resource, or ask for a higher quota."),)),
    ErrorKind("capacity", "No machine of this kind is left.", "later",
              (outside("Wait until machines of this kind are free again, or ask the provider for some."),)),
    ErrorKind("name_taken", "The name is in use.", "later",
              (outside("See whose object it is; rename it or delete it if nobody needs it."),)),
    ErrorKind("foreign", "An object with our name exists that this daemon did not make.", "later",
              (outside("See whose object it is; rename it or delete it only if nobody needs it."),)),
    ErrorKind("conflict", "The object is not in a state that allows this.", "now",
              (outside("See what else works on the object, and let it end."),)),
    ErrorKind("not_found", "The object does not exist.", "later",
              (outside("See that what the evidence names exists, and that nxd may see it."),)),
    ErrorKind("bad_request", "The service refused the request as wrong.", "later",
              (outside("Mend what the evidence names."),), ("retry", "rollback")),
    ErrorKind("claimed", "Another node holds what only one can have.", "later",
              (Remedy("spec", "Give this node another one in the spec, and apply it."),
               outside("Or take back the node that holds it."))),
    ErrorKind("secret", "A secret that the spec refers to cannot be read.", "later",
              (outside("Put it where the spec says that it is, where the daemon may read it."),)),
    ErrorKind("server_failed", "The server went to the state failed.", "later", (), AGAIN),
    ErrorKind("deadly", "The daemon died again and again while this step ran.", "later",
              (outside("Report it with the daemon's own log (journalctl -u nxd)."),), ("resume", "retry")),
    ErrorKind("moved", "The ledger was put here from a copy: what went on since stands nowhere in it.", "later",
              (Remedy("command", "See with `nxd audit` what stands in the cloud, and whether the machines work "
                      "already; go on only if nothing went on since.", command="nxd audit"),), ("resume", "retry")),
    ErrorKind("vanished", "Something that was made is gone: somebody else deleted it.", "later",
              (outside("Find out who did it."),), AGAIN),
    ErrorKind("install_failed", "The installer reported an error.", "later",
              (outside("Look at the node's log and mend what it names."),), AGAIN),
    ErrorKind("preflight", "Something the deployment needs is missing.", "later",
              (outside("Mend each point that is named."),)),
    ErrorKind("deadline", "The time for this step is over.", "later",
              (outside("See what it waited for, and mend that."),), AGAIN),
    ErrorKind("left_over", "Something could not be deleted.", "later",
              (outside("Remove what is named."),)),
    ErrorKind("pin_changed", "The certificate is not the one seen at first contact.", "later",
              (outside("Find out why it changed."),), ("replace", "rollback", "retry")),
    ErrorKind("bug", "A step ended in a way nobody foresaw.", "later",
              (outside("If it comes again, report it with the evidence."),)),
    ErrorKind("database", "The database cannot be written.", "now",
              (outside("Free disk space or mend the file system; nxd calls nothing outside until it can write."),), ()),
    ErrorKind("refused", "This is not legal now.", "never",
              (outside("Do what is named as legal now."),), ()),
    ErrorKind("deletes", "This deletes what stands, and nobody has seen the plan of it.", "never",
              (outside("Look at the plan, then confirm exactly that one: the command asks, or takes --yes or "
                       "--plan DIGEST; the API takes its digest."),), ()),
    ErrorKind("plan_changed", "The plan is no longer the one that was shown.", "now",
              (outside("Look at the plan again and confirm that one."),), ()),
    ErrorKind("spec", "The spec is wrong.", "never",
              (Remedy("spec", "Correct the lines named; nothing was changed."),), ()),
    ErrorKind("unknown", "There is no such node or cluster.", "never",
              (Remedy("command", "`nxd status` lists what there is.", command="nxd status"),), ()),
    ErrorKind("request", "The request could not be understood.", "never", (outside("See docs/api.md."),), ()),
)  # fmt: skip

CATALOGUE: dict[str, ErrorKind] = by_code(_KINDS)
"""Every code that means the same on each platform; a platform's own stand in its manifest."""


def kind_of(code: str, own: Mapping[str, ErrorKind]) -> ErrorKind | None:
    """The row of a code, as it was kept with a record of a platform whose ``own`` these are; None for one that only
    another version knows."""
    return CATALOGUE.get(code) or own.get(code)


LONGEST_EVIDENCE = 2000
"""Characters that are kept of what the other side said."""


def as_json(value: object) -> str:
    """Evidence that is data, as JSON of a bearable length."""
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= LONGEST_EVIDENCE else f"{text[:LONGEST_EVIDENCE]}… ({len(text)} characters)"


Mend = Remedy | str | Sequence[Remedy | str]
"""What a person has to do first: a sentence stands for something outside."""


class NxdError(Exception):
    """Something a person is told, by a code of the catalogue or by the row of a platform's own. ``after`` is when to
    come again, in seconds, if the other side said so; ``retry`` says whether that helps where the code does not."""

    def __init__(
        self,
        code: str | ErrorKind,
        message: str | None = None,
        *,
        evidence: str | None = None,
        remedy: Mend | None = None,
        after: float | None = None,
        retry: Retry | None = None,
    ) -> None:
        self.kind = code if isinstance(code, ErrorKind) else CATALOGUE[code]
        self._retry = retry or self.kind.retry
        self.code = self.kind.code
        self.message = " ".join(
            (message or self.kind.cause).split()
        )  # what stands outside may have several lines
        self.evidence = evidence
        self.remedies = self.kind.mend if remedy is None else as_remedies(remedy)
        self.after = after
        super().__init__(self.message)

    def mend_by(self, remedies: Mapping[str, Mend]) -> None:
        """Tell what a person does on the platform whose ``remedies`` these are, where only the code is known."""
        if self.remedies == self.kind.mend and self.code in remedies:
            self.remedies = as_remedies(remedies[self.code])

    @property
    def retry(self) -> Retry:
        """Whether and when trying again helps."""
        return self._retry

    @property
    def remedy(self) -> str:
        """What to do, in sentences."""
        return " ".join(one.text for one in self.remedies)

    def problem(self) -> Problem:
        """The same as data, to be kept with a record."""
        return Problem(self.code, self.message, self.remedies, self.retry, self.evidence)


def mended(problem: Problem, remedies: Mapping[str, Mend]) -> Problem:
    """The problem with what a person does on the platform whose ``remedies`` these are, where it says only its code."""
    kind = CATALOGUE.get(problem.code)
    if kind is None or problem.code not in remedies or problem.remedies != kind.mend:
        return problem
    return replace(problem, remedies=as_remedies(remedies[problem.code]))


def as_remedies(mend: Mend) -> tuple[Remedy, ...]:
    """What a person has to do first, as data."""
    several = (mend,) if isinstance(mend, (str, Remedy)) else mend
    return tuple(outside(one) if isinstance(one, str) else one for one in several)


class OutsideError(NxdError):
    """A remote API refused, failed or did not answer. ``status`` is the HTTP status, if one came."""

    def __init__(
        self,
        code: str | ErrorKind,
        message: str | None = None,
        *,
        evidence: str | None = None,
        remedy: Mend | None = None,
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


class PlatformError(StartError):
    """The package of a platform is broken; the text holds a line for each mistake, and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text, passing=False)

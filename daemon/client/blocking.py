"""The client for scripts: each method is one request, over httpx."""

from __future__ import annotations

import socket as socketlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import quote

from daemon.client import asking
from daemon.client.asking import (
    ANSWER_WITHIN,
    CLUSTERS,
    HEALTH,
    NODES,
    SNAPSHOT,
    STEPS,
    Broken,
    Call,
    DaemonUnreachable,
    Refused,
    answer,
    apply_call,
    events_call,
    line_of,
    log_call,
    plan_call,
    show_call,
    spec_call,
    unreachable,
    verb_call,
)
from daemon.wire import (
    Accepted,
    Applied,
    CheckView,
    Detail,
    EntityView,
    FindingView,
    Health,
    Log,
    Plan,
    Snapshot,
    SpecText,
    Steps,
    StreamLine,
)

# trust_env is off because a proxy variable must not touch a Unix socket; verify is off because nothing is
# encrypted on it and loading the certificates would cost more than most requests.
_BASE = "http://nxd"


def _knock(socket: Path) -> None:
    """Make sure that somebody listens: a blocking httpx forgets to close a socket that could not connect."""
    with socketlib.socket(socketlib.AF_UNIX) as probe:
        try:
            probe.connect(str(socket))
        except OSError as cause:
            raise unreachable(socket, "connect") from cause


class Client:
    """The API for scripts: each method is one request, raising DaemonUnreachable or Refused."""

    def __init__(self, socket: Path, timeout: float = ANSWER_WITHIN) -> None:
        import httpx

        self.socket = socket
        self._httpx = httpx
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket), verify=False),
            base_url=_BASE,
            timeout=timeout,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def snapshot(self) -> Snapshot:
        """Everything at one revision."""
        return cast(Snapshot, self._ask(SNAPSHOT))

    def nodes(self) -> list[EntityView]:
        """Every node."""
        return cast(list[EntityView], self._ask(NODES))

    def clusters(self) -> list[EntityView]:
        """Every cluster."""
        return cast(list[EntityView], self._ask(CLUSTERS))

    def show(self, name: str) -> Detail:
        """The node of that name, else the cluster. Raises Refused with status 404 if it is neither."""
        try:
            return cast(Detail, self._ask(show_call("nodes", name)))
        except Refused as refused:
            if refused.status != 404:
                raise
        return cast(Detail, self._ask(show_call("clusters", name)))

    def log(
        self,
        after: int | None = None,
        limit: int = 1000,
        cluster: str | None = None,
        node: str | None = None,
        tail: bool = False,
    ) -> Log:
        """At most ``limit`` lines later than ``after``, or with ``tail`` the last ones."""
        return cast(Log, self._ask(log_call(after, limit, cluster, node, tail)))

    def stream(self, after: int | None = None) -> Generator[StreamLine, None, None]:
        """Follow the daemon: the state first, then whatever changes.

        Ends only after a ``lagged`` line; raises DaemonUnreachable when the link is lost, which a silence of
        ``LINE_WITHIN`` seconds means too.
        """
        call = events_call(after)
        _knock(self.socket)
        patience = self._httpx.Timeout(ANSWER_WITHIN, read=asking.LINE_WITHIN)
        try:
            with self._http.stream(call.method, call.path, params=call.params, timeout=patience) as response:
                if not response.is_success:
                    response.read()
                    answer(response.status_code, response.text)
                for text in response.iter_lines():
                    line = line_of(text)
                    yield line
                    if line["type"] == "lagged":
                        return
                raise Broken
        except (Broken, self._httpx.TransportError) as cause:
            raise self._lost(cause) from cause

    def plan(self, verb: str, target: str, step: str | None = None) -> Plan:
        """What the verb would do now."""
        return cast(Plan, self._ask(plan_call(verb=verb, target=target, step=step)))

    def plan_spec(self, text: str) -> Plan:
        """What applying the spec would do now. Raises Refused with ``problems`` if it is wrong."""
        return cast(Plan, self._ask(plan_call(spec=text)))

    def preflight(self, text: str) -> list[CheckView]:
        """What the spec needs, looked up now."""
        return cast(list[CheckView], self._ask(Call("POST", "/v1/preflights", body={"spec": text}))["checks"])

    def audit(self) -> list[FindingView]:
        """The clouds against the ledger, both ways."""
        return cast(list[FindingView], self._ask(Call("GET", "/v1/audit"))["findings"])

    def discard(self, ids: Sequence[str]) -> list[FindingView]:
        """Go one step towards deleting what an audit called unknown; what of it still stands."""
        call = Call("POST", "/v1/audit/deletions", body={"ids": list(ids)})
        return cast(list[FindingView], self._ask(call)["left"])

    def login(self, cluster: str) -> dict[str, str]:
        """Where and how to log in to a cluster."""
        return cast(dict[str, str], self._ask(Call("GET", f"/v1/clusters/{quote(cluster, safe='')}/login")))

    def apply(self, text: str, digest: str | None = None) -> Applied:
        """Make the spec the wish; with ``digest`` only if the plan is still the one that was shown."""
        return cast(Applied, self._ask(apply_call(text, digest)))

    def spec(self, cluster: str) -> SpecText:
        """The spec of a cluster as it is in force, as YAML."""
        return cast(SpecText, self._ask(spec_call(cluster)))

    def verb(self, verb: str, target: str, **how: str | None) -> Accepted:
        """Ask for a verb. ``digest``: of the plan shown; ``token``: the same one twice is one effect;
        ``step``: where a retry begins, after which a hold stops."""
        return cast(Accepted, self._ask(verb_call(verb, target, **how)))

    def health(self) -> Health:
        """Whether the daemon is well, and what it lacks if not."""
        return cast(Health, self._ask(HEALTH))

    def steps(self) -> Steps:
        """The steps of every kind of record, in order, with what each took before."""
        return cast(Steps, self._ask(STEPS))

    def _ask(self, call: Call) -> Any:
        _knock(self.socket)
        try:
            response = self._http.request(call.method, call.path, params=call.params, json=call.body)
        except self._httpx.TransportError as cause:
            raise self._lost(cause) from cause
        return answer(response.status_code, response.text)

    def _lost(self, cause: Exception) -> DaemonUnreachable:
        if isinstance(cause, self._httpx.ConnectError | self._httpx.ConnectTimeout):
            return unreachable(self.socket, "connect")
        silent = isinstance(cause, self._httpx.TimeoutException)
        return unreachable(self.socket, "silent" if silent else "broken")

"""The serial console of a node's server, as VPC gives it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.drivers.ibm_calls import trust_and_proxy
from daemon.drivers.ibm_vpc import IbmVpc
from daemon.drivers.websockets import WebSocketConsole, open_console
from daemon.errors.tree import NxdError, OutsideError
from daemon.store.ops import Resource
from state_machines.record import Record

WITH_CONSOLE = ("stopped", "starting", "running")
"""States of a server in which it has a console."""
ROLE = "Give the trusted profile the role Bare Metal Console Administrator on VPC Infrastructure Services."


async def server_console(
    vpc: IbmVpc,
    record: Record,
    rows: Sequence[Resource],
    force: bool,
    hide: Callable[[str], None],
    patience: float,
) -> WebSocketConsole:
    """A session on the console of the server of a node. Raises NxdError."""
    row = next((one for one in rows if one.kind == "server" and one.cloud_id and one.state != "gone"), None)
    server = None if row is None else await vpc.server(str(row.cloud_id))
    if row is None or server is None:
        raise NxdError(
            "refused",
            f"{record.name} has no server, and so no console.",
            remedy="Wait until its server is ordered.",
        )
    status = str(server.get("status"))
    if status not in WITH_CONSOLE:
        raise NxdError(
            "refused",
            f"The server {row.name} is {status} and has no console: one that is {', '.join(WITH_CONSOLE)} has one.",
            remedy="Wait until it is starting or running.",
        )
    try:
        url, token = await vpc.console_href(str(row.cloud_id), force)
        hide(token)
        session = await open_console(url, row.name, *trust_and_proxy(url), patience)
    except OutsideError as error:
        raise _told(error, record.name) from error
    if status != "running":
        session.note = f"The server is {status}: its console is silent until it runs."
    return session


def _told(error: OutsideError, name: str) -> NxdError:
    """What a person is told of a console that did not open."""
    if error.code == "conflict":
        return NxdError(
            "refused",
            f"Somebody else has the console of {name} open, outside nxd.",
            evidence=error.evidence,
            remedy=f"nxd console {name} --force takes it over.",
        )
    if error.code in ("refused", "not_found"):
        return NxdError("refused", error.message, evidence=error.evidence, remedy="Open it again.")
    if error.code == "not_authorized":
        return OutsideError("not_authorized", error.message, evidence=error.evidence, remedy=ROLE)
    return error

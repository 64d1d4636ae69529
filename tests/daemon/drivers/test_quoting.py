"""A service that answers with the request it got gives no secret away."""

from __future__ import annotations

import base64
from typing import Any

from daemon.drivers.prism import Connections, Credentials, Prism, fetch_certificate
from daemon.engine.context import StepContext
from state_machines.outcome import Done, Outcome
from tests.logfmt import journal


async def test_a_prism_that_quotes_the_request_puts_no_password_into_the_record_or_the_log(
    house: Any, serve: Any, caplog: Any
) -> None:
    made: list[str] = []
    connections = Connections()

    def answer(method: str, path: str, body: bytes) -> Any:
        header = base64.b64encode(f"admin:{made[0]}".encode())
        quoted = b"You sent: " + body + b' with "Authorization: ' + header + b'" and ' + header
        return 500, {"Content-Type": "text/plain"}, quoted

    server = serve(answer, tls="first")
    certificate = await fetch_certificate("127.0.0.1", server.port, 5)

    async def secure(ctx: StepContext) -> Outcome:
        made.append(await ctx.secret("password", lambda: "Nx-c0rrect+horse/battery-4u"))
        login = Credentials("admin", made[0])
        try:
            cvm = Prism("127.0.0.1", server.port, certificate, login, connections)
            await cvm.change_password("Nutanix.123", made[0])
        finally:
            await connections.close()
        return Done()

    house.toy.script["making"] = secure
    await house.begin("node01")
    await house.until(lambda: house.record("node01").error is not None, quiet=25)
    kept = [str(house.record("node01")), *(event.message + str(event.data) for event in await house.log())]
    shown = base64.b64encode(f"admin:{made[0]}".encode()).decode()
    for text in (*kept, journal(caplog.records)):
        assert made[0] not in text and "horse" not in text and shown not in text and shown[9:-4] not in text
    assert any("You sent: " in text and "***" in text for text in kept), kept

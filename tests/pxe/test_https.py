"""The configuration port over TLS: machines know it by its key, and strangers have their limits before a handshake."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from daemon.secrets.certificate import PortCertificate, read_certificate
from pxe.book import Document
from pxe.connections import TimeLimits
from tests.certificates import certificate_files
from tests.pxe.agent_root import HERE, NEEDS, AgentRoot, kernel_arguments, put
from tests.pxe.conftest import INSTALL_TOKEN, RecordingBook, a_guest

CONFIG = {"node_id": "lab-node01", "boot": 3, "hardware_config": NEEDS}
PATIENCE = TimeLimits(head=0.5)
AT_ONCE = 20
"""Connections of one address, as the boot server of these tests lets in."""


@pytest.fixture
def book() -> RecordingBook:
    return RecordingBook(
        a_guest(source=HERE, documents={"config": Document(lambda: json.dumps(CONFIG), "application/json")})
    )


@pytest.fixture
def certificate(tmp_path: Path) -> PortCertificate:
    return read_certificate(*certificate_files(tmp_path / "tls"), time.time())


@pytest.fixture
async def server(serve: Any, book: RecordingBook, certificate: PortCertificate) -> Any:
    return await serve(book, PATIENCE, certificate=certificate)


async def asked(port: int) -> int:
    """The status of a request for a configuration, whoever vouches for the port."""
    headers = {"Authorization": f"Bearer {INSTALL_TOKEN}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://{HERE}:{port}/server-config", headers=headers, ssl=False) as answer,
    ):
        return answer.status


async def test_the_script_names_the_key_and_the_other_port_stays_as_iPXE_needs_it(
    server: Any, certificate: PortCertificate
) -> None:
    script = await server.script(source=HERE)
    assert f" nxd_pin={certificate.pin} " in script.text
    assert await asked(server.config_port) == 200


async def test_without_a_certificate_the_script_names_no_key(serve: Any, book: RecordingBook) -> None:
    script = await (await serve(book)).script(source=HERE)
    assert script.status == 200 and "nxd_pin" not in script.text


async def test_who_never_shakes_hands_counts_and_is_cut_off(server: Any) -> None:
    silent = [await asyncio.open_connection(HERE, server.config_port) for _ in range(AT_ONCE)]
    with pytest.raises(aiohttp.ClientError):
        await asked(server.config_port)
    async with asyncio.timeout(5):
        assert [await reader.read() for reader, _ in silent] == [b""] * AT_ONCE
    assert await asked(server.config_port) == 200
    for _, writer in silent:
        writer.close()


async def test_nonsense_instead_of_a_handshake_is_a_line_and_no_place_is_lost(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for said in [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 400, b""] * AT_ONCE:
        reader, writer = await asyncio.open_connection(HERE, server.config_port)
        writer.write(said)
        writer.write_eof()
        await reader.read()
        writer.close()
    assert await asked(server.config_port) == 200
    lines = [record for record in caplog.records if record.getMessage() == "handshake_failed"]
    assert len(lines) == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(server: Any) -> None:
    """And one whose connection ends in the same moment takes no place for good."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    for _ in range(3 * AT_ONCE):
        reader, writer = await asyncio.open_connection(HERE, server.config_port, ssl=trust)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"nxd config: ok\n")
        writer.close()
        _, gone = await asyncio.open_connection(HERE, server.config_port, ssl=trust)
        gone.transport.abort()
    assert await asked(server.config_port) == 200


def machine(folder: Path, shell: str, port: int, pin: str) -> AgentRoot:
    return AgentRoot(folder / "machine", shell, kernel_arguments(f"https://{HERE}:{port}", nxd_pin=pin))


KNOWING = [
    shell
    for shell, programs in (("dash", ["curl"]), ("wget", ["wget"]), ("both", ["busybox", "wget"]))
    if all(map(shutil.which, programs))
]
"""What the agent can ask with that knows the other side by its key."""


@pytest.mark.e2e
@pytest.mark.parametrize("shell", KNOWING)
async def test_the_agent_knows_the_port_by_its_key(
    shell: str, server: Any, certificate: PortCertificate, book: RecordingBook, tmp_path: Path
) -> None:
    status, console = await machine(tmp_path, shell, server.config_port, certificate.pin).run("agent")
    assert status == 0, console
    assert [report.phase for _, report in book.reports if report.kind == "phase"] == [1, 2, 3]


@pytest.mark.e2e
@pytest.mark.parametrize("shell", KNOWING)
@pytest.mark.parametrize("given", ["another", "none"])
async def test_the_agent_tells_nothing_to_who_has_another_key(
    given: str, shell: str, serve: Any, book: RecordingBook, certificate: PortCertificate, tmp_path: Path
) -> None:
    other = read_certificate(*certificate_files(tmp_path / "tls", name="other"), time.time())
    server = await serve(book, PATIENCE, certificate=other)
    one = machine(tmp_path, shell, server.config_port, certificate.pin if given == "another" else "")
    with pytest.raises(TimeoutError):
        await one.run("agent", seconds=3)
    assert "report 1 is not taken: " in one.kept("log")
    assert (book.reports, book.refusals) == ([], [])


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("busybox") is None, reason="there is no busybox")
async def test_an_initrd_that_can_know_nobody_is_handed_over_and_its_token_stays_here(
    server: Any, certificate: PortCertificate, book: RecordingBook, tmp_path: Path
) -> None:
    one = machine(tmp_path, "busybox", server.config_port, certificate.pin)
    put(one.root / "init", "#!/bin/sh\necho this is init\n", 0o755)
    _, console = await one.run("init")
    assert "only curl or GNU wget can tell nxd by its key" in console and console.endswith("this is init\n")
    assert (book.reports, book.refusals) == ([], [])

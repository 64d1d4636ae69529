"""A boot server on real sockets, and books that behave as their names say."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from daemon.platforms.ibm_nutanix.routes import BOOT
from daemon.secrets.certificate import PortCertificate
from pxe.app import app_runner, boot_server
from pxe.book import Book, BookClosed, Document, Guest, Report
from pxe.connections import TIME_LIMITS, ConnectionLimiter, TimeLimits
from pxe.handshakes import machines_site
from pxe.images import Image, Images, fingerprint, load_images
from pxe.routes import NO_PIN, BootTable

NODE = "127.33.0.10"
"""The address of the one machine that is expected."""

BOOT_TOKEN, INSTALL_TOKEN = "boot-token", "install-token"
KERNEL = bytes(range(256)) * 64


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def a_guest(**changes: Any) -> Guest:
    guest = Guest(
        server_id="lab-node01",
        platform="ibm_nutanix",
        stage="boot",
        source=NODE,
        tokens={"boot": sha256(BOOT_TOKEN), "install": sha256(INSTALL_TOKEN)},
        values={
            "server_id": "lab-node01",
            "mgmt_ip": NODE,
            "boot_url": "http://127.0.0.1:8080",
            "config_url": "http://127.0.0.1:8081/server-config",
            "status_url": "http://127.0.0.1:8081/server-status",
            "install_token": INSTALL_TOKEN,
            "agent": "append",
        },
        documents={"config": Document(lambda: '{"node_id": "lab-node01"}', "application/json")},
    )
    return replace(guest, **changes)


class RecordingBook:
    """Knows one machine and remembers everything it is told."""

    def __init__(self, guest: Guest | None = None) -> None:
        self.known = guest or a_guest()
        self.reports: list[tuple[str, Report]] = []
        self.in_vain: list[tuple[str, str, str]] = []
        self.refusals: list[tuple[str, str, str]] = []
        self.named: list[str | None] = []
        """The machine that each of them named."""

    def guest(self, server_id: str) -> Guest | None:
        return self.known if server_id == self.known.server_id else None

    def guest_at(self, source: str) -> Guest | None:
        return self.known if source == self.known.source else None

    def guest_with(self, mac: str) -> Guest | None:
        return self.known if mac in self.known.macs else None

    async def report(self, guest: Guest, report: Report) -> None:
        self.reports.append((guest.server_id, report))

    async def refused(self, path: str, source: str, reason: str, server_id: str | None = None) -> None:
        self.refusals.append((path, source, reason))
        self.named.append(server_id)

    async def unmade(self, guest: Guest, what: str, why: str) -> None:
        self.in_vain.append((guest.server_id, what, why))


class EmptyBook(RecordingBook):
    """Expects nobody."""

    def guest(self, server_id: str) -> Guest | None:
        return None

    def guest_at(self, source: str) -> Guest | None:
        return None

    def guest_with(self, mac: str) -> Guest | None:
        return None


class ClosedBook(RecordingBook):
    """Knows one machine and cannot take anything down."""

    async def report(self, guest: Guest, report: Report) -> None:
        raise BookClosed

    async def refused(self, path: str, source: str, reason: str, server_id: str | None = None) -> None:
        raise BookClosed


class BrokenBook(RecordingBook):
    """Fails in a way nobody foresaw."""

    async def report(self, guest: Guest, report: Report) -> None:
        raise RuntimeError("the book is on fire")


@dataclass(frozen=True)
class Answer:
    """What came back. ``headers`` without the date, which is nobody's promise."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class BootServer:
    """Both ports of a running boot server, and a client that may come from any loopback address."""

    boot_port: int
    config_port: int

    async def ask(
        self, path: str, *, source: str = NODE, method: str = "GET", config: bool = False, **options: Any
    ) -> Answer:
        port = self.config_port if config else self.boot_port
        connector = aiohttp.TCPConnector(local_addr=(source, 0))
        async with (
            aiohttp.ClientSession(connector=connector, skip_auto_headers=["Accept-Encoding"]) as session,
            session.request(method, f"http://127.0.0.1:{port}{path}", **options) as answer,
        ):
            headers = {k: v for k, v in answer.headers.items() if k != "Date"}
            return Answer(answer.status, await answer.read(), headers)

    async def script(self, server_id: str = "lab-node01", token: str = BOOT_TOKEN, **options: Any) -> Answer:
        return await self.ask(f"/boot/ipxe/{server_id}?token={token}", **options)

    async def config(self, token: str = INSTALL_TOKEN, **options: Any) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.ask("/server-config", config=True, headers=headers, **options)

    async def say(self, body: Any, token: str = INSTALL_TOKEN, **options: Any) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"}
        return await self.ask(
            "/server-status", config=True, method="POST", data=data, headers=headers, **options
        )


@pytest.fixture
def image_dir(tmp_path: Path) -> Path:
    """A kernel and an initrd, pinned, beside a file that nobody may have."""
    directory = tmp_path / "images"
    directory.mkdir(mode=0o755)
    (tmp_path / "nxd.db").write_text("secret")
    for name, content in {"vmlinuz-foundation": KERNEL, "initrd-foundation.img": b"initrd"}.items():
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o644)
    pins = {path.name: fingerprint(path) for path in directory.iterdir()}
    (directory / "images.json").write_text(json.dumps(pins))
    (directory / "unlisted").write_text("not pinned")
    return directory


@pytest.fixture
async def serve(image_dir: Path) -> AsyncIterator[Callable[..., Awaitable[BootServer]]]:
    """Starts a boot server for a book."""
    runners: list[web.AppRunner] = []

    async def start(
        book: Book,
        patience: TimeLimits = TIME_LIMITS,
        tables: Mapping[str, BootTable] | None = None,
        images: Mapping[str, Image] | None = None,
        certificate: PortCertificate | None = None,
    ) -> BootServer:
        keeper = ConnectionLimiter(at_once=40, per_source=20, patience=patience)
        ports = []
        listed = load_images(image_dir) if images is None else Images(images)
        pin = NO_PIN if certificate is None else certificate.pin
        for app in boot_server(book, listed, tables or {"ibm_nutanix": BOOT}, patience, pin=pin):
            shown = certificate.shown if certificate is not None and ports else None
            runner = app_runner(app, patience)
            runners.append(runner)
            await runner.setup()
            await machines_site(runner, socket.create_server(("127.0.0.1", 0)), keeper, shown).start()
            ports.append(runner.addresses[0][1])
        return BootServer(*ports)

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
def book() -> RecordingBook:
    return RecordingBook()


@pytest.fixture
async def server(serve: Callable[..., Awaitable[BootServer]], book: RecordingBook) -> BootServer:
    return await serve(book)


@pytest.fixture
def guest() -> Callable[..., Guest]:
    """Makes the expected machine, with changes."""
    return a_guest


@pytest.fixture
def books() -> dict[str, type[RecordingBook]]:
    """The kinds of book there are, by the way they behave."""
    return {"empty": EmptyBook, "closed": ClosedBook, "broken": BrokenBook, "recording": RecordingBook}


@pytest.fixture
def kernel() -> bytes:
    """What is in the file vmlinuz-foundation."""
    return KERNEL

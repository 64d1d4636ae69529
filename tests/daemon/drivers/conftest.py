"""Small real servers on loopback, in threads of their own: honest ones, and ones that hang up, stall or lie."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.loopback import free_ports

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Served:
    """One server: where it is, what it was asked, over how many connections, and what it answers to each request."""

    port: int
    answer: Callable[[str, str, bytes], Answer]
    asked: list[str] = field(default_factory=list)
    certificate: str = ""
    connections: int = 0
    open: int = 0
    """Connections that are not ended yet."""
    logins: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _handler(served: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or the body waits 40 ms until the head is acknowledged

        def setup(self) -> None:
            super().setup()
            served.connections += 1
            served.open += 1

        def finish(self) -> None:
            super().finish()
            served.open -= 1

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            served.logins.append(self.headers.get("Authorization", ""))
            served.asked.append(f"{self.command} {self.path.partition('?')[0]}")
            status, headers, content = served.answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _self_signed(directory: Path, name: str) -> tuple[Path, str]:
    """A key and a certificate in one file, and the certificate in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("10.9.8.7"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = directory / f"{name}.pem"
    path.write_bytes(secret + pem)
    return path, pem.decode()


@contextlib.contextmanager
def _serving(answer: Callable[[str, str, bytes], Answer], keys: tuple[Path, str] | None) -> Iterator[Served]:
    served = Served(0, answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    server.daemon_threads = True
    served.port = server.server_port
    if keys is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys[0])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        served.certificate = keys[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server that answers with a function; with ``tls`` the name of its self-signed certificate."""
    with contextlib.ExitStack() as stack:

        def start(answer: Callable[[str, str, bytes], Answer], tls: str | None = None) -> Served:
            keys = _self_signed(tmp_path, tls) if tls else None
            return stack.enter_context(_serving(answer, keys))

        yield start


@contextlib.contextmanager
def _rude(manner: str) -> Iterator[int]:
    """A port where every connection is treated badly: ``reset``, ``silent``, ``cut`` or ``gibberish``."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def treat() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            held.append(peer)
            if manner == "silent":
                continue
            with contextlib.suppress(OSError):
                peer.recv(65536)
                if manner == "reset":
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if manner == "cut":
                    peer.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
                    )
                if manner == "gibberish":
                    peer.sendall(b"220 ready for mail\r\n\r\n")
            peer.close()

    thread = threading.Thread(target=treat)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for peer in held:
            peer.close()


@pytest.fixture
def rude() -> Iterator[Callable[[str], int]]:
    """Opens a port where every connection is treated badly, or, for ``refused``, where nobody listens."""
    with contextlib.ExitStack() as stack:

        def open_port(manner: str) -> int:
            if manner == "refused":
                return free_ports(1)[0]
            return stack.enter_context(_rude(manner))

        yield open_port

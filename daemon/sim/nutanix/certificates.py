"""Makes the self-signed certificates with which fresh controller VMs meet their first visitor."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from daemon.clock import SystemClock


@dataclass(frozen=True)
class Certificate:
    """A server's TLS context and the SHA-256 of its certificate, in lower-case hexadecimal digits."""

    context: ssl.SSLContext
    fingerprint: str


def make_certificate(address: str, directory: Path | None = None) -> Certificate:
    """A new elliptic-curve key and a certificate for ``address``, valid for ten years of real time.

    The key passes through a file, because TLS contexts load only from files; it is gone afterwards.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Nutanix Inc."),
            x509.NameAttribute(NameOID.COMMON_NAME, f"CVM {address}"),
        ]
    )
    now = datetime.fromtimestamp(SystemClock().now(), UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address(address))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(dir=directory, suffix=".pem") as file:
        file.write(secret + certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Certificate(context, hashlib.sha256(der).hexdigest())

"""The certificate of the configuration port, which machines know by its public key and not by who vouches for it."""

from __future__ import annotations

import base64
import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from daemon.errors.tree import StartError

_OTHERS = 0o007
"""A key may be read by its owner and its group, as those that a certificate's own tools write."""


@dataclass(frozen=True)
class PortCertificate:
    """What the port shows, and ``pin``, the SHA-256 of its public key as curl and wget take it."""

    shown: ssl.SSLContext
    pin: str


def read_certificate(certificate: Path, key: Path, now: float) -> PortCertificate:
    """The certificate and its key, in files of PEM. Raises StartError."""
    try:
        if key.stat().st_mode & _OTHERS:
            raise _wrong(f"the key {key} is open to everybody: chmod 640 {key}, and have a new one made.")
        pem = certificate.read_bytes()
        shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        shown.load_cert_chain(certificate, key, password="")  # else OpenSSL asks for one at the terminal
    except ssl.SSLError as error:
        said = f"{certificate} and {key} are no certificate and its key in PEM, without a password"
        raise _wrong(f"{said} ({error.reason or error}).") from error
    except OSError as error:
        said = error.strerror or str(error)
        raise _wrong(f"{error.filename or certificate} cannot be read: {said}.") from error
    return PortCertificate(shown, _pin(certificate, pem, now))


def _pin(path: Path, pem: bytes, now: float) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificate

    found = load_pem_x509_certificate(pem)
    ends = found.not_valid_after_utc
    if ends < datetime.fromtimestamp(now, UTC):
        raise _wrong(f"{path} was valid until {ends:%Y-%m-%d}: renew it, with the same key.")
    key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(key).digest()).decode()


def _wrong(why: str) -> StartError:
    return StartError(f"The configuration port cannot speak HTTPS: {why}", passing=False)

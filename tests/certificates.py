"""Makes certificates, in files as an operator has them."""

from __future__ import annotations

import datetime
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def certificate_files(folder: Path, days: int = 30, name: str = "config") -> tuple[Path, Path]:
    """A new self-signed certificate, valid for so many days from yesterday on, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nxd")])
    begins = datetime.datetime.now(datetime.UTC) - 1000 * DAY
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + (1000 + days) * DAY)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.touch(0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, private


def secured(settings: Path, folder: Path) -> tuple[Path, Path]:
    """Write into the settings of a daemon that its configuration port has a certificate; it is made, with its key."""
    certificate, key = certificate_files(folder)
    said = yaml.safe_load(settings.read_text())
    url = said["config"]["url"].replace("http:", "https:")
    said["config"] |= {"url": url, "certificate": str(certificate), "key": str(key)}
    settings.write_text(yaml.safe_dump(said))
    return certificate, key

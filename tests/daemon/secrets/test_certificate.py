"""The certificate of the configuration port: known by its key, and told in a sentence when it is of no use."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.errors.tree import StartError
from daemon.secrets.certificate import read_certificate
from tests.certificates import certificate_files

PIN = "openssl x509 -in {} -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"


@pytest.mark.e2e
def test_the_pin_is_that_that_openssl_tells_of_the_public_key(tmp_path: Path) -> None:
    certificate, key = certificate_files(tmp_path)
    said = subprocess.run(PIN.format(certificate), shell=True, capture_output=True, text=True, check=True)
    assert read_certificate(certificate, key, time.time()).pin == f"sha256//{said.stdout.strip()}"


SPOILT: list[tuple[Callable[[Path, Path], Any], str]] = [
    (lambda certificate, key: key.chmod(0o644), "key is open to everybody: chmod 640"),
    (lambda certificate, key: key.unlink(), "config.key cannot be read: No such file"),
    (lambda certificate, key: certificate.unlink(), "config.crt cannot be read: No such file"),
    (lambda certificate, key: key.write_text("no key"), "no certificate and its key in PEM"),
    (lambda certificate, key: certificate.write_text(""), "no certificate and its key in PEM"),
    (lambda certificate, key: certificate.write_bytes(certificate_files(key.parent / "other")[0].read_bytes()),
     "no certificate and its key in PEM, without a password"),
    (lambda certificate, key: certificate_files(key.parent, days=-5), "was valid until "),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_what_cannot_be_shown_is_one_sentence(
    spoil: Callable[[Path, Path], Any], said: str, tmp_path: Path
) -> None:
    files = certificate_files(tmp_path)
    spoil(*files)
    with pytest.raises(StartError) as told:
        read_certificate(*files, time.time())
    assert said in str(told.value) and str(told.value).startswith("The configuration port cannot speak HTTPS")
    assert not told.value.passing

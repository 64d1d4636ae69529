"""Knows a server by its public key, as the agent does with curl and wget."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib

import aiohttp
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

METHOD = "sha256//"


class KeyPin(aiohttp.Fingerprint):
    """Trust in whoever has this key, whatever certificate it shows."""

    def check(self, transport: asyncio.Transport) -> None:
        """Raises aiohttp.ServerFingerprintMismatch for another key."""
        shown = transport.get_extra_info("ssl_object")
        if shown is None:
            return
        key = load_der_x509_certificate(shown.getpeercert(binary_form=True)).public_key()
        found = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        if found != self.fingerprint:
            raise aiohttp.ServerFingerprintMismatch(
                self.fingerprint, found, *transport.get_extra_info("peername")[:2]
            )


def trust_of(pin: str) -> aiohttp.Fingerprint | bool:
    """Whom a machine trusts that was given this pin: without one, those that authorities vouch for. Raises ValueError
    for what is none."""
    if not pin:
        return True
    if not pin.startswith(METHOD):
        raise ValueError(pin)
    try:
        return KeyPin(base64.b64decode(pin.removeprefix(METHOD), validate=True))
    except binascii.Error as error:
        raise ValueError(pin) from error

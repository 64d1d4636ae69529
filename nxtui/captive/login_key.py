"""The key by which somebody logged in, as sshd tells it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

LONGEST = 65536
"""Characters that are read of what sshd says of a login."""


def key_of(file: str) -> str | None:
    """The fingerprint of the key that opened the login, as OpenSSH writes one, by the file that ``SSH_USER_AUTH`` names
    (``ExposeAuthInfo``, sshd_config(5)); None where it does not tell, or where it was no key."""
    try:
        with Path(file).open(errors="replace") as opened:
            words = [line.split() for line in opened.read(LONGEST).splitlines()]
        blob = next(base64.b64decode(one[2]) for one in words if one[:1] == ["publickey"] and len(one) > 2)
    except (OSError, ValueError, StopIteration):
        return None
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")

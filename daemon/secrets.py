"""Seals what nobody may read in the database or in a log, with a key in a file of its own."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors import StoreError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class SecretBox:
    """Seals and opens secrets (AES-128-CBC with HMAC, the Fernet format of `cryptography`)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @cached_property
    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet

        return Fernet(self._key)

    @classmethod
    def at(cls, path: Path) -> SecretBox:
        """The box whose key is in that file; the file is made, for its owner alone, if it does not exist."""
        if not path.exists():
            from cryptography.fernet import Fernet

            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
        return cls(path.read_bytes())

    def seal(self, secret: str) -> bytes:
        """The secret, readable only with the key."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret again. Raises StoreError when the key is another one."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise StoreError(
                "database",
                "A secret in the database cannot be opened with this key.",
                remedy="Put the secret.key that belongs to the database back into the state directory.",
            ) from error

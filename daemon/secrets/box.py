"""Seals what nobody may read in the database or in a log, with a key in a file of its own."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors.tree import StateLost
from daemon.secrets.redaction import Redactor

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_KEY_BYTES = 32
_HMAC_BYTES = 32
_AT_HAND = 2048
"""So many secrets are kept opened, those that were asked for last: every report of a machine needs its token."""
_TRIED = 64
"""So many secrets of the database are tried with the key when the daemon starts."""


class SecretBox:
    """Seals and opens secrets (AES-128-CBC with HMAC, the Fernet format of `cryptography`).

    ``known`` learns each of them, so that it can be kept out of what is written or told.
    """

    def __init__(self, key: bytes, known: Redactor | None = None) -> None:
        self._key = key
        self.known = known or Redactor()
        self._decrypted = lru_cache(_AT_HAND)(self._decrypt)

    @cached_property
    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet

        return Fernet(self._key)

    @classmethod
    def at(cls, path: Path, fresh: bool, sealed: Iterable[bytes], known: Redactor | None = None) -> SecretBox:
        """The box whose key is in that file, and which opens what is ``sealed`` in the database.

        A key that is not there is made, for its owner alone, while the ledger is ``fresh`` (holds nothing).
        Raises StateLost.
        """
        try:
            key = _read(path)
        except FileNotFoundError:
            if not fresh:
                raise StateLost(
                    "database",
                    f"The key {path} is gone, and the database holds records and secrets that need it.",
                    remedy=_RESTORE.format(path=path),
                ) from None
            key = _make(path)
        except OSError as error:
            raise StateLost(
                "database",
                f"The key {path} cannot be read ({error.strerror}).",
                remedy=f"Give it to the user that nxd runs as (chown nxd {path}), then start nxd again.",
            ) from error
        if not all(_fits(key, one) for one in islice(sealed, _TRIED)):
            raise StateLost(
                "database",
                f"The key {path} is not the one that the secrets in the database are sealed with.",
                remedy=_RESTORE.format(path=path),
            )
        return cls(key, known)

    def seal(self, secret: str) -> bytes:
        """The secret, readable only with the key."""
        self.known.add(secret)
        return self._fernet.encrypt(secret.encode())

    def wrap(self, text: str) -> bytes:
        """A text, readable only with the key. It is no secret itself, though one may stand in it: nobody looks for it
        in what is told."""
        return self._fernet.encrypt(text.encode())

    def read(self, wrapped: bytes) -> str:
        """The text again. Raises StateLost when the key is another one."""
        return self._decrypt(wrapped)

    def mark(self, secret: str) -> str:
        """What tells one secret from another without telling it, to whoever does not have the key."""
        self.known.add(secret)
        return hmac.digest(self._key, b"mark\0" + secret.encode(), "sha256").hex()[:32]

    def open(self, sealed: bytes) -> str:
        """The secret again. Raises StateLost when the key is another one."""
        secret = self._decrypted(sealed)
        self.known.add(secret)
        return secret

    def _decrypt(self, sealed: bytes) -> str:
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise StateLost(
                "database",
                "A secret in the database cannot be opened with this key.",
                remedy="Put the secret.key that belongs to the database back into the state directory.",
            ) from error


_RESTORE = (
    "Put {path} back from the backup that the database is of, then start nxd again. If there is none: move the state "
    "directory away and start with an empty ledger; `nxd audit` then lists what stands in the cloud."
)


def _read(path: Path) -> bytes:
    """The key in that file. Raises OSError, StateLost."""
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        key = file.read(4096).strip()
    if mode & 0o077:
        raise StateLost(
            "database",
            f"The key {path} is open to others (mode {mode & 0o777:04o}).",
            remedy=f"chmod 600 {path}, find out who has read it meanwhile, then start nxd again.",
        )
    try:
        whole = len(base64.urlsafe_b64decode(key)) == _KEY_BYTES
    except (ValueError, binascii.Error):
        whole = False
    if not whole:
        what = "is not a key" if key else "is empty"
        raise StateLost("database", f"The key {path} {what}.", remedy=_RESTORE.format(path=path))
    return key


def _make(path: Path) -> bytes:
    """A new key, whole on the disk before it is used."""
    from cryptography.fernet import Fernet

    key, draft = Fernet.generate_key(), path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return key


def _fits(key: bytes, sealed: bytes) -> bool:
    """Whether the secret was sealed with the key. By the signature of the Fernet format alone: a starting daemon need
    not load `cryptography`."""
    try:
        token = base64.urlsafe_b64decode(sealed)
    except (ValueError, binascii.Error):
        return False
    signed, signature = token[:-_HMAC_BYTES], token[-_HMAC_BYTES:]
    signing = base64.urlsafe_b64decode(key)[: _KEY_BYTES // 2]
    return hmac.compare_digest(hmac.digest(signing, signed, "sha256"), signature)

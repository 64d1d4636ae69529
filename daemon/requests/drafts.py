"""Keeps specs that somebody writes and has not applied yet, sealed: a secret may stand in one."""

from __future__ import annotations

import json
import re

from daemon import wire
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.secrets.box import SecretBox
from daemon.store.ops import DropSecrets, PutSecret
from daemon.wire import SPEC_LIMIT

MOST = 50
"""So many drafts are kept."""
_PREFIX = "draft:"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class Drafts:
    """Each has the name of the cluster it is for, or is to make."""

    def __init__(self, journal: Journal, box: SecretBox) -> None:
        self._journal = journal
        self._box = box

    def all(self) -> list[wire.DraftView]:
        """Every draft without its text, the newest first."""
        kept = self._journal.mirror.secrets
        names = [key[len(_PREFIX) : -len("/spec")] for key in kept if key.startswith(_PREFIX)]
        told = [self.one(name) for name in names]
        return sorted((_without_text(one) for one in told), key=lambda one: -one["time"])

    def one(self, name: str) -> wire.DraftView:
        """A draft with its text. Raises NxdError."""
        sealed = self._journal.mirror.secrets.get(_key(name))
        if sealed is None:
            raise NxdError("unknown", f"There is no draft of the name {name}.")
        found: wire.DraftView = json.loads(self._box.read(sealed))
        return found

    def find(self, name: str) -> wire.DraftView | None:
        """The same without its text; None where there is none."""
        return _without_text(self.one(name)) if _key(name) in self._journal.mirror.secrets else None

    async def keep(self, name: str, text: str, actor: str) -> wire.DraftView:
        """Keep a text in the place of what was kept under this name. Raises NxdError."""
        if not _NAME.match(name):
            said = "name: expected one of small letters, digits and -, at most 63 of them."
            raise NxdError("request", said)
        if len(text.encode()) > SPEC_LIMIT:
            raise NxdError("request", f"A draft may have {SPEC_LIMIT:,} bytes at most.")
        kept = self._journal.mirror.secrets
        if _key(name) not in kept and sum(key.startswith(_PREFIX) for key in kept) >= MOST:
            raise NxdError("refused", f"{MOST} drafts are kept already: nxd drafts --drop NAME makes room.")
        draft = wire.DraftView(name=name, time=self._journal.clock.now(), by=actor, spec=text)
        await self._journal.commit(PutSecret(_key(name), name, self._box.wrap(json.dumps(draft))))
        return _without_text(draft)

    async def drop(self, name: str) -> None:
        """Forget a draft. Raises NxdError."""
        self.one(name)
        await self._journal.commit(DropSecrets(_key(name)))

    async def drop_applied(self, name: str, text: str) -> None:
        """Forget a draft that has just been applied as it stands."""
        if _key(name) in self._journal.mirror.secrets and self.one(name)["spec"] == text:
            await self._journal.commit(DropSecrets(_key(name)))


def _key(name: str) -> str:
    return f"{_PREFIX}{name}/spec"


def _without_text(draft: wire.DraftView) -> wire.DraftView:
    return wire.DraftView(name=draft["name"], time=draft["time"], by=draft["by"])

"""Tells a person how to log in to a cluster, and writes down who asked."""

from __future__ import annotations

from daemon.engine import sentences
from daemon.engine.engine import Engine
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.secrets.box import SecretBox
from state_machines.record import Record


class Login:
    """The passwords of clusters, for people."""

    def __init__(self, journal: Journal, engine: Engine, box: SecretBox) -> None:
        self._journal = journal
        self._engine = engine
        self._box = box

    async def tell(self, record: Record, actor: str) -> dict[str, str]:
        """Where and how to log in to a cluster; that it was asked for stands in the log. Raises NxdError."""
        name = record.name
        if record.name != record.shard:
            raise NxdError(
                "request",
                f"{name} is a node and has no login of its own; its cluster {record.shard} has.",
                remedy=f"nxd login {record.shard}",
            )
        platform, here = self._engine.platform(record), self._engine.situation(record)
        if here.switch_on is not None:
            raise NxdError("refused", here.absent, remedy=here.switch_on)
        if not platform.has("login"):
            raise NxdError(
                "request",
                f"{name} has no login: nxd makes no password for a cluster of {record.platform}.",
                remedy="Log in as its spec and its documentation say.",
            )

        def secret(word: str) -> str | None:
            sealed = self._journal.mirror.secrets.get(f"{name}/{word}")
            return None if sealed is None else self._box.open(sealed)

        found = platform.login(record, secret)
        if found is None:
            raise NxdError(
                "refused", f"{name} has no password of its own yet.", remedy="Wait until it is secured."
            )
        now = self._journal.clock.now()
        await self._journal.commit(
            sentences.event(record, "note", now, f"{actor} read the password", actor=actor)
        )
        return dict(found)

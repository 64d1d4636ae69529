"""The mark beside the ledger: whose it is, which line of its log is in it for certain, and where it lay then.

A database that is older than its mark has lost what came after: its write-ahead log is gone, or a part of a backup was
put in its place.
"""

from __future__ import annotations

import json
from typing import Any

from daemon.errors.tree import StateLost
from daemon.host.state_dir import DATABASE, KEY, MARK, StateDir

_FILES = f"{DATABASE}, {DATABASE}-wal, {KEY} and {MARK}"
_BEHIND = (
    "Put {files} back as they were together; what was written last stands in {database}-wal. If the rest is lost: "
    "rm {mark} and start nxd again. It then begins with what is left, holds everything that was at work, and "
    "`nxd audit` lists what stands in the cloud and is in no ledger."
)


class LedgerMark:
    """The mark of one state directory. Raises StateLost for one that cannot be read."""

    def __init__(self, state_dir: StateDir) -> None:
        self._state_dir = state_dir
        self._directory = state_dir.path
        self._path = state_dir.path / MARK
        known = self._read()
        self.owner: str | None = known.get("daemon_id")
        """Whose ledger is kept here; None while there is none."""
        self._reached = int(known.get("reached", 0))
        self._place = known.get("place")
        self._here = state_dir.place

    def check(self, daemon_id: str, revision: int) -> None:
        """See that this is the ledger which belongs here, and that it is whole. Raises StateLost."""
        if self.owner not in (None, daemon_id):
            raise StateLost(
                "database",
                f"The database in {self._directory} is the ledger of {daemon_id}, and {self._path} says that the one "
                f"of {self.owner} is kept here.",
                remedy=f"Put the right nxd.db and secret.key back; if this one is meant, rm {self._path}.",
            )
        if revision < self._reached:
            database = self._directory / DATABASE
            raise StateLost(
                "database",
                f"The database {database} ends at line {revision} of its log, and {self._path} says that it had "
                f"reached line {self._reached}: its write-ahead log {database}-wal is lost, or it is an older copy.",
                remedy=_BEHIND.format(files=_FILES, database=DATABASE, mark=self._path),
            )

    def check_here(self) -> None:
        """See that its state directory is still the one at its path. Raises StoreError."""
        self._state_dir.check_here()

    def moved(self) -> bool:
        """Whether the state directory was put here from a copy since a daemon worked on it; one without a mark was."""
        return self.owner is None or self._place not in (None, self._here)

    def begin(self, daemon_id: str, revision: int) -> None:
        """A daemon works on this ledger here. Raises OSError."""
        self.owner, self._place = daemon_id, self._here
        self.reach(revision)

    def reach(self, revision: int) -> None:
        """The ledger holds the lines of its log up to this one, durably. Raises OSError."""
        said = {"daemon_id": self.owner, "reached": revision, "place": self._place}
        if self.owner is None:
            return
        self._state_dir.put(MARK, json.dumps(said))
        self._reached = revision

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self._path.read_bytes())
            return {**known, "daemon_id": str(known["daemon_id"]), "reached": int(known.get("reached", 0))}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateLost(
                "database",
                f"The mark {self._path} cannot be read ({error}).",
                remedy=f"If {self._directory / DATABASE} is the ledger that belongs here, rm {self._path} and start "
                "nxd again.",
            ) from None

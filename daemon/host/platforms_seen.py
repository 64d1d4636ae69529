"""The platforms that were ever installed beside this ledger, with the keys of their settings.

A platform that is uninstalled leaves its records in the ledger and its settings in nxd.yaml; what is written here tells
its name and its settings from misspelt ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from daemon.host.state_dir import SEEN, StateDir


def platforms_seen(state_dir: Path) -> Mapping[str, frozenset[str]]:
    """Name → keys of its settings; nothing where nobody wrote it yet, or where this user may not read it."""
    try:
        known = json.loads((state_dir / SEEN).read_bytes())
        return {str(name): frozenset(map(str, keys)) for name, keys in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def keep_seen(state_dir: StateDir, installed: Mapping[str, Iterable[str]]) -> None:
    """Write the installed ones down, beside those that were installed before. Raises OSError."""
    before = platforms_seen(state_dir.path)
    known = {**before, **{name: frozenset(keys) for name, keys in installed.items()}}
    if known != before:
        state_dir.put(SEEN, json.dumps({name: sorted(keys) for name, keys in sorted(known.items())}))

"""The addresses that a record has, as its ledger holds them."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.store.ops import Resource


def addresses(resources: Iterable[Resource]) -> dict[str, str]:
    """Component → address, of what is reserved."""
    return {
        row.data["role"]: row.data["address"]
        for row in resources
        if row.kind == "reserved_ip" and row.state == "present"
    }

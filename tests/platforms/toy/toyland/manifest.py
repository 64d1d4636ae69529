"""What this platform says of itself before any of it is loaded."""

from __future__ import annotations

from daemon.platforms.manifest import Manifest
from daemon.settings.kinds import URL, Setting

MANIFEST = Manifest(
    name="toyland",
    title="Boxes on a shelf",
    tables="toyland.tables",
    spec="toyland.spec",
    platform="toyland.platform",
    settings=(Setting("toyland.url", URL, None, "The shelf", endpoint=True),),
)

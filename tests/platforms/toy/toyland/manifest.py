"""What this platform says of itself before any of it is loaded."""

from __future__ import annotations

from daemon.platforms.manifest import Manifest
from daemon.settings.kinds import URL, Setting
from state_machines.objects import ObjectKind
from toyland.errors import REMEDIES, TORN, WRONG_KEY
from toyland.names import NAMES

OBJECTS = (
    ObjectKind("power", "switch", "switches", 1, "effect", 2.5, ("shelf switch {name} off",)),
    ObjectKind("box", "box", "boxes", 2, removal=("shelf rm {id}",)),
    ObjectKind("mac", "MAC", "MACs", 3, "claim"),
)

MANIFEST = Manifest(
    name="toyland",
    title="Boxes on a shelf",
    tables="toyland.tables",
    spec="toyland.spec",
    platform="toyland.platform",
    boot="toyland.routes",
    settings=(Setting("toyland.url", URL, None, "The shelf", endpoint=True),),
    objects=OBJECTS,
    names=NAMES,
    errors=(WRONG_KEY, TORN),
    remedies=REMEDIES,
)

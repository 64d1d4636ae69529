"""What this platform says of itself before any of it is loaded."""

from __future__ import annotations

from daemon.platforms.ibm_nutanix.errors import ERRORS, REMEDIES, SUBJECTS
from daemon.platforms.ibm_nutanix.names import NAMES
from daemon.platforms.ibm_nutanix.objects import OBJECTS
from daemon.platforms.ibm_nutanix.table import SETTINGS
from daemon.platforms.manifest import Manifest

MANIFEST = Manifest(
    name="ibm_nutanix",
    title="Nutanix on IBM Cloud VPC",
    tables="state_machines.ibm_nutanix",
    spec="daemon.platforms.ibm_nutanix.spec",
    platform="daemon.platforms.ibm_nutanix.platform",
    boot="daemon.platforms.ibm_nutanix.routes",
    settings=SETTINGS,
    images=("vmlinuz-foundation", "initrd-foundation.img"),
    objects=OBJECTS,
    names=NAMES,
    errors=ERRORS,
    remedies=REMEDIES,
    subjects=SUBJECTS,
)

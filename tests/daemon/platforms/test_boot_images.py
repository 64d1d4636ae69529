"""A deployment relies on the images that its machines boot from, and waits while they are being verified."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from daemon.platforms.ibm_nutanix.boot_images import BootImages
from daemon.platforms.ibm_nutanix.manifest import MANIFEST
from daemon.platforms.ibm_nutanix.routes import BOOT
from pxe.image_list import read_list, write_list
from pxe.images import fingerprint
from tests.large_image import large_image

KERNEL, INITRD = MANIFEST.images


async def test_only_the_images_that_its_machines_boot_from_hold_it_up(boot_images: Path) -> None:
    images = BootImages(boot_images)
    assert await images.trouble() is None
    pins = {**read_list(boot_images), "another": {"sha256": "0" * 64, "size": 7}}
    write_list(boot_images, pins)
    assert await images.trouble() is None
    del pins[KERNEL]
    write_list(boot_images, pins)
    trouble = await images.trouble()
    assert trouble is not None and trouble.detail.startswith(f"{KERNEL} is not there: `nxd images")
    os.chmod(boot_images, 0o700)
    trouble = await images.trouble()
    assert trouble is not None and "chmod 755" in trouble.detail


async def test_a_deployment_waits_while_they_are_being_verified_and_nobody_has_to_do_anything(
    boot_images: Path,
) -> None:
    large = large_image(boot_images / INITRD)
    write_list(boot_images, {KERNEL: fingerprint(boot_images / KERNEL), INITRD: large})
    images = BootImages(boot_images)
    trouble = await images.trouble(0.1)
    assert trouble is not None and trouble.passes
    wait = trouble.wait(30.0)
    assert "They are being verified: " in wait.evidence and f"of 0.5 GB of {INITRD} are read" in wait.evidence
    assert (wait.attention, wait.remedies) == (False, ())
    async with asyncio.timeout(60):
        while (trouble := await images.trouble(1.0)) is not None:
            assert trouble.passes
    assert await images.trouble(0.5) is None, "what did not change is not read again"


def test_the_script_names_the_images_that_the_manifest_says() -> None:
    script = (BOOT.templates / "boot.ipxe.j2").read_text(encoding="utf-8")
    assert set(re.findall(r"/images/([\w.-]+)", script)) == set(MANIFEST.images)

"""Images on a disk that never answers keep the machines waiting that ask for them, and nobody else."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from daemon.platforms.ibm_nutanix.routes import BOOT
from pxe.app import app_runner, boot_server
from pxe.connections import TimeLimits
from pxe.image_threads import MOST, ImageThreads
from pxe.images import Image, Images
from tests.pxe.conftest import BootServer


async def test_however_many_ask_a_silent_disk_the_threads_of_everybody_else_are_free(hung_disk: Path) -> None:
    before = threading.active_count()
    threads, image = ImageThreads(seconds=0.5), Image(hung_disk / "kernel", "", 1, (0, 0, 0))
    asked = [asyncio.create_task(threads.ask(image.is_sound)) for _ in range(4 * MOST)]
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    assert await asyncio.to_thread(lambda: "free") == "free"
    assert time.monotonic() - begun < 0.3
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} == {TimeoutError}
    assert threading.active_count() <= before + MOST + 1


async def test_whoever_asks_for_an_image_on_a_silent_disk_is_told_to_come_again(
    book: Any, hung_disk: Path
) -> None:
    images = Images({"kernel": Image(hung_disk / "kernel", "", 1, (0, 0, 0))})
    boot, _ = boot_server(book, images, {"ibm_nutanix": BOOT}, TimeLimits(disk=0.5))
    runner = app_runner(boot)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = BootServer(runner.addresses[0][1], 0)
    try:
        asking = asyncio.create_task(server.ask("/pxe/images/kernel"))
        await asyncio.sleep(0.1)
        assert (await server.script()).status == 200
        answer = await asking
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert [report.kind for _, report in book.reports] == ["script_fetched"]
    finally:
        await runner.cleanup()

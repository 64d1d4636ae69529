"""The daemon looks after what it keeps and serves, and says what it finds."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from daemon.boot.book import BYTES_PER_MINUTE, LINES_PER_MINUTE, BootBook
from daemon.host.heap import resident
from daemon.life.boots import round_of
from daemon.store.ops import AddEvent, Event
from daemon.upkeep import Upkeep
from pxe.book import BookClosed, Guest, Report
from pxe.images import Images, fingerprint
from pxe.routes import BootTable
from tests.large_image import large_image

TABLE = BootTable(Path(), (), {}, {})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    images.mkdir(mode=0o755)
    (images / "kernel").write_bytes(b"kernel" * 1000)
    (images / "kernel").chmod(0o644)
    (images / "images.json").write_text(json.dumps({"kernel": fingerprint(images / "kernel")}))
    return images


@pytest.fixture
def upkeep(house: Any, directory: Path) -> Callable[..., Upkeep]:
    book = BootBook(house.journal, house.engine, house.box, {"toy": TABLE})

    def make(days: float = 90.0, lines: int = 1_000_000) -> Upkeep:
        return Upkeep(house.journal, book, Images({}), directory, days, lines)

    return make


async def told(house: Any) -> list[str]:
    return [event.message for event in await house.store.events() if event.record is None]


async def test_an_image_that_changed_on_disk_is_told_once_in_the_log_and_in_the_health_until_it_is_back(
    house: Any, upkeep: Callable[..., Upkeep], directory: Path
) -> None:
    one, kernel = upkeep(), directory / "kernel"
    await one.look()
    assert await house.journal.troubles(1.0) == [] and await told(house) == []
    good = kernel.read_bytes()
    kernel.write_bytes(b"another kernel")
    for _ in range(3):
        await one.look()
    (trouble,) = await house.journal.troubles(1.0)
    assert (
        "Boot images cannot be served." in trouble and str(kernel) in trouble and "nxd images add" in trouble
    )
    assert len(await told(house)) == 1
    kernel.write_bytes(good)
    await one.look()
    assert await house.journal.troubles(1.0) == []
    assert (await told(house))[1:] == ["All boot images are verified again."]


async def test_images_that_are_put_there_later_are_served_without_a_restart(
    house: Any, upkeep: Callable[..., Upkeep], directory: Path
) -> None:
    listed = (directory / "images.json").read_bytes()
    (directory / "images.json").unlink()
    one = upkeep()
    await one.look()
    assert one._images.get("kernel") is None
    assert await house.journal.troubles(1.0) == [], "nobody has put an image there yet"
    (directory / "images.json").write_bytes(listed)
    await one.look()
    image = one._images.get("kernel")
    assert image is not None and image.unchanged()


async def test_a_machine_that_talks_and_talks_is_kept_so_far_and_the_rest_is_counted(house: Any) -> None:
    await house.begin("node01")
    book = BootBook(house.journal, house.engine, house.box, {"toy": TABLE})
    guest = Guest("node01", "toy", "installing", round=round_of(house.record("node01")))
    before = len(await house.log("node01"))
    for number in range(5000):
        await book.report(guest, Report("log", "10.0.0.9", seq=number + 1, message="x" * 100))
    assert len(await house.log("node01")) - before == LINES_PER_MINUTE
    await house.pass_time(61.0)
    await book.tell_left_out()
    await book.tell_left_out()
    said = [event.message for event in await house.log("node01")][before + LINES_PER_MINUTE :]
    assert said == [f"{5000 - LINES_PER_MINUTE} more lines of node01 were left out"]


async def test_few_lines_that_are_long_are_kept_so_far_as_their_bytes_go(house: Any) -> None:
    await house.begin("node01")
    book = BootBook(house.journal, house.engine, house.box, {"toy": TABLE})
    guest = Guest("node01", "toy", "installing", round=round_of(house.record("node01")))
    before = len(await house.log("node01"))
    for number in range(100):
        await book.report(guest, Report("log", "10.0.0.9", seq=number + 1, message="ü" * 1000))
    kept = BYTES_PER_MINUTE // 2000
    assert len(await house.log("node01")) - before == kept
    await house.pass_time(61.0)
    await book.report(guest, Report("log", "10.0.0.9", seq=101, message="on it goes"))
    assert (await house.log("node01"))[-1].message == f"on it goes ({100 - kept} more were left out)"


async def test_a_flood_of_requests_from_many_addresses_is_bounded_too(house: Any) -> None:
    book = BootBook(house.journal, house.engine, house.box, {"toy": TABLE})
    for number in range(3000):
        await book.refused("/x", f"10.{number // 200}.0.{number % 200}", "there is no such path")
    assert len(await house.store.events(limit=10_000)) <= 300


async def test_old_lines_go_and_what_is_shown_of_a_standing_record_stays(
    house: Any, upkeep: Callable[..., Upkeep]
) -> None:
    await house.begin("node01")
    timeline = await house.views.timelines.stays(house.record("node01"))
    house.clock.advance(100 * 86400.0)
    await house.commit(AddEvent(Event(house.clock.now(), "demo", "node01", "note", "new")))
    await house.journal.prune(90.0, 1_000_000)
    kept = await house.store.events(limit=10_000)
    assert [event.kind for event in kept[:-1]] == ["transition"] * (len(kept) - 1)
    assert kept[-1].message == "new"
    assert await house.views.timelines.stays(house.record("node01")) == timeline
    assert house.mirror.begins == kept[-1].revision


async def test_memory_is_given_back_when_it_has_grown_and_not_before(upkeep: Callable[..., Upkeep]) -> None:
    one = upkeep()
    least = await one._trimmed(0.0)
    assert least > 10.0
    assert await one._trimmed(2 * least) <= 1.2 * least
    held = [bytearray(b"x" * 3000) for _ in range(20_000)]
    held = held[::200]
    assert resident() > least + 30.0
    assert await one._trimmed(least) < least + 20.0
    assert len(held) == 100


async def test_images_on_a_disk_that_never_answers_are_told_and_hold_nobody_up(
    house: Any, hung_disk: Path
) -> None:
    book = BootBook(house.journal, house.engine, house.box, {"toy": TABLE})
    one, begun = Upkeep(house.journal, book, Images({}), hung_disk, 90.0, 1_000_000, 0.3), time.monotonic()
    looking = asyncio.gather(*(one.look() for _ in range(3)))
    slowest = 0.0
    while not looking.done():
        asked = time.monotonic()
        await asyncio.sleep(0.01)
        slowest = max(slowest, time.monotonic() - asked)
    await looking
    assert time.monotonic() - begun < 5 and slowest < 0.5
    (trouble,) = await house.journal.troubles(1.0)
    assert f"The images in {hung_disk} were not read within 0.3 s: see that the disk" in trouble
    assert [thread.name for thread in threading.enumerate()].count("disk") == 1


async def test_a_machine_that_asks_in_vain_is_told_of_in_its_log_and_in_the_health_until_it_is_served(
    house: Any,
) -> None:
    await house.begin("node01")
    book = BootBook(house.journal, house.engine, house.box, {"toy": TABLE})
    guest = Guest("node01", "toy", "boot", round=round_of(house.record("node01")))
    for _ in range(3):
        await book.unmade(guest, "boot script", "There is no template boot.ipxe.j2.")
    (told,) = [event for event in await house.log("node01") if "waits in vain" in event.message]
    assert (told.level, "boot.ipxe.j2" in told.message) == ("error", True)
    (trouble,) = await house.journal.troubles(1.0)
    assert "node01" in trouble and "boot.ipxe.j2" in trouble
    await book.report(guest, Report("script_fetched", "10.0.0.9", message="boot", boot=1))
    assert await house.journal.troubles(1.0) == []


async def test_a_start_waits_for_no_image_that_has_to_be_read_and_says_which_are_being_verified(
    house: Any, directory: Path
) -> None:
    pins = {"kernel": fingerprint(directory / "kernel"), "initrd": large_image(directory / "initrd")}
    (directory / "images.json").write_text(json.dumps(pins))
    book, images = BootBook(house.journal, house.engine, house.box, {"toy": TABLE}), Images({})
    one, begun = Upkeep(house.journal, book, images, directory, 90.0, 1_000_000, 0.1), time.monotonic()
    await one.start()
    assert time.monotonic() - begun < 0.6
    (trouble,) = await house.journal.troubles(1.0)
    assert "Boot images are being verified: initrd." in trouble
    assert images.get("kernel") is not None, "it is small, or was read before"
    with pytest.raises(BookClosed):
        images.get("initrd")
    async with asyncio.timeout(60):
        while await house.journal.troubles(1.0):
            await one.look()
    assert images.get("initrd") is not None
    said = [one.partition(":")[0] for one in await told(house) if "not read within 0.1 s" not in one]
    assert [one for one, _ in groupby(said)] == [
        "Boot images are being verified",
        "All boot images are verified again.",
    ], "a busy machine may not even look within that time, and says so"
    await Upkeep(house.journal, book, Images({}), directory, 90.0, 1_000_000, 5.0).start()
    assert await house.journal.troubles(1.0) == [], "what did not change is not read again"

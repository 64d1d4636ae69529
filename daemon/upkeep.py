"""What the daemon does for itself from time to time: it forgets old lines, gives back memory, looks after its boot
images, and tells how many lines of a flood were left out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from daemon.boot.book import BootBook
from daemon.disks import read_within
from daemon.errors.tree import StoreError
from daemon.host.heap import GROWN, give_back, resident
from daemon.memory.journal import WRITE_SECONDS, Journal
from daemon.store.base import Fenced
from daemon.store.ops import AddEvent, Event
from daemon.words import sentences
from pxe.digests import digests_of
from pxe.image_list import LIST_NAME
from pxe.images import Images

log = logging.getLogger("nxd.upkeep")

LOOK_SECONDS = 10.0
"""Real seconds between two looks at the images and at what was left out."""
DISK_SECONDS = 30.0
"""How long the reading of the images may take before it is told that they are being verified, or that their disk is
silent."""
START_SECONDS = 1.0
"""How long the ports may wait for images at the start: those that did not change since they were read take less."""
_VERIFYING = (
    "Boot images are being verified: {}. Until then they are not served, and no server is ordered for them."
)
_SILENT = "The images in {} were not read within {:g} s: see that the disk they lie on answers"
TRIM_SECONDS = 30.0
"""Real seconds between two looks at whether the memory has grown, so that what is free is worth being given back."""
CHECKPOINT_SECONDS = 30.0
"""Real seconds between two checkpoints while anything is written: the file of the database is not far behind."""
PRUNE_SECONDS = 900.0
"""Real seconds between two rounds of forgetting."""


class Upkeep:
    """Looks around until it is cancelled. ``keep_days`` and ``keep_lines`` say how much of the log is kept;
    ``needed``: whether any platform that is switched on serves images, for else nobody misses them."""

    def __init__(
        self,
        journal: Journal,
        book: BootBook,
        images: Images,
        images_dir: Path,
        keep_days: float,
        keep_lines: int,
        disk_seconds: float = DISK_SECONDS,
        needed: bool = True,
    ) -> None:
        self._journal = journal
        self._book = book
        self._images = images
        self._images_dir = images_dir
        self._keep = (keep_days, keep_lines)
        self._disk_seconds = disk_seconds
        self._needed = needed
        self._told: list[str] = []
        """What is said of the images, as it stands in the log."""
        self._read = digests_of(images_dir).done
        """How much had been read of the images at the last look that came to no end."""

    async def run(self) -> None:
        """Look now and then."""
        looks, least = 0, 0.0
        while True:
            try:
                await self.look()
                if looks * LOOK_SECONDS % PRUNE_SECONDS == 0:
                    await self._journal.prune(*self._keep)
                if looks * LOOK_SECONDS % CHECKPOINT_SECONDS == 0:
                    await self._journal.checkpoint()
                if looks * LOOK_SECONDS % TRIM_SECONDS == 0:
                    least = await self._trimmed(least)
            except StoreError as error:
                log.warning("upkeep_failed", extra={"problem": error})
            except Fenced:
                return
            except Exception:
                log.exception("upkeep_broke")
            looks += 1
            await self._journal.clock.sleep(LOOK_SECONDS * self._journal.clock.speed)

    async def _trimmed(self, least: float) -> float:
        """Give back what is free once there is more memory than ``least``, in MB; how much there is then."""
        if resident() > GROWN * least:
            await asyncio.to_thread(give_back)
            return resident()
        return min(least, resident())

    async def start(self) -> None:
        """The first look. What changed while no daemon ran is read beside it, and keeps nobody waiting. Raises
        StoreError, Fenced."""
        await self._journal.try_to_write(WRITE_SECONDS)
        await self._look_at_images(min(START_SECONDS, self._disk_seconds), may_be_silent=False)

    async def look(self) -> None:
        """One look at the images, at whether the database can be written, and at what was left out of the log. Raises
        StoreError, Fenced."""
        await self._journal.try_to_write(WRITE_SECONDS)
        await self._look_at_images(self._disk_seconds, may_be_silent=True)
        await self._book.tell_left_out()

    async def _look_at_images(self, seconds: float, may_be_silent: bool) -> None:
        directory = self._images_dir
        try:
            await read_within(seconds, directory, lambda: self._images.look(directory))
        except TimeoutError:
            before, self._read = self._read, digests_of(directory).done
            if self._read > before and self._images.unread:
                await self._tell_verifying()
            elif self._read == before and may_be_silent:
                await self._tell_problems([_SILENT.format(directory, seconds)], silent=True)
        else:
            await self._tell_problems(self._images.problems)

    async def _tell_verifying(self) -> None:
        said = _VERIFYING.format(", ".join(sorted(self._images.unread)))
        self._journal.noted["images"] = said
        if self._told != [said]:
            self._told = [said]
            log.info("images_being_verified")
            await self._journal.commit(AddEvent(Event(self._journal.clock.now(), "", None, "note", said)))

    async def _tell_problems(self, problems: Sequence[str], silent: bool = False) -> None:
        """Image troubles stand in the journal, and once images were put there in the health answer and the log too.
        ``silent``: their disk does not answer."""
        noted = self._journal.noted
        if not self._needed and (silent or not self._images.by_name):
            problems = []
        if problems == self._told:
            return
        for problem in problems:
            log.error("image_unusable", extra={"problem": problem})
        said = None
        if problems and (silent or self._images.by_name or (self._images_dir / LIST_NAME).exists()):
            noted["images"] = sentences("Boot images cannot be served.", *problems)
            said = Event(self._journal.clock.now(), "", None, "error", noted["images"], "error")
        elif noted.pop("images", None):
            text = "All boot images are verified again."
            said = Event(self._journal.clock.now(), "", None, "note", text)
        if said is not None:
            await self._journal.commit(AddEvent(said))
        self._told = list(problems)

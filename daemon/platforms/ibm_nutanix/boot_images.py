"""Whether the boot images are there as they were pinned, for whoever is about to rely on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from daemon.disks import read_within
from daemon.errors.tree import outside
from daemon.platforms.ibm_nutanix.manifest import MANIFEST
from daemon.words import sentences
from pxe.digests import Digests, digests_of
from pxe.images import Images
from state_machines.outcome import Remedy, Wait

DISK_SECONDS = 60.0
"""How long reading the images may take, which are several GB: a disk in the network may never answer."""
LOOK_SECONDS = 5.0
"""How long a step waits for them: it comes again."""

_MEND = (
    "Put them right: `nxd images verify` says what is wrong with which, `nxd images import ISO --replace` or "
)
_MEND += "`nxd images add NAME FILE --replace` puts them there; it goes on by itself then."
_DISK = "See that the disk they lie on answers."
_PATIENCE = "Nothing is to be done: they changed, and are being read."


@dataclass(frozen=True, slots=True)
class ImageTrouble:
    """Why no machine can boot now, and what mends it; ``passes``: it passes by itself, when they are verified."""

    detail: str
    remedy: str
    passes: bool = False

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        return () if self.passes else (outside(self.remedy),)

    def wait(self, poll: float) -> Wait:
        """The wait of what cannot go on before."""
        return Wait("its boot images", self.detail, poll, attention=not self.passes, remedies=self.remedies)


class BootImages:
    """Looks at the images that the machines of this platform boot from, and at no other."""

    def __init__(self, directory: Path, disk_seconds: float = DISK_SECONDS) -> None:
        self._directory = directory
        self._disk_seconds = disk_seconds
        self._images = Images({})
        """As they were found last; one thread at a time looks, whoever asks."""

    async def trouble(self, seconds: float = LOOK_SECONDS) -> ImageTrouble | None:
        """What keeps machines from booting; None while nothing does. What changed is read anew, and nothing else."""
        seconds = min(seconds, self._disk_seconds)
        digests = digests_of(self._directory)
        before = digests.done
        try:
            said = await read_within(seconds, ("boot images", self._directory), self._look)
        except TimeoutError:
            if digests.done > before:
                return ImageTrouble(f"They are being verified: {_how_far(digests)}.", _PATIENCE, passes=True)
            silent = f"The images in {self._directory} were not read within {seconds:g} s."
            return ImageTrouble(silent, _DISK)
        return ImageTrouble(sentences(*said), _MEND) if said else None

    def _look(self) -> list[str]:
        self._images.look(self._directory)
        return self._images.hindering(MANIFEST.images)


def _how_far(digests: Digests) -> str:
    reading = digests.reading
    if reading is None:
        return "almost done"
    return f"{reading.done / 1e9:.1f} of {reading.size / 1e9:.1f} GB of {reading.name} are read"

"""Finds kernel and initrd in an installer's ISO, which is mounted nowhere, or in files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from daemon.images.folder import FolderError, ImageSource, file_source
from daemon.words import counted

if TYPE_CHECKING:
    from pycdlib import PyCdlib

_KERNELS = ((0, b"MZ"), (0x202, b"HdrS"), (0x38, b"ARM\x64"))
"""Where a Linux kernel says what it is: EFI stub, x86 boot protocol, arm64."""
_INITRDS = (
    b"07070", b"\x1f\x8b", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x02\x21\x4c\x18", b"BZh", b"\x5d\0\0", b"\x89LZO",
)  # fmt: skip
"""How an initrd begins: cpio, or one packed by gzip, xz, zstd, lz4, bzip2, lzma or lzop."""
_ISO = (0x8001, b"CD001")
"""Where a file says that it is an ISO 9660 image."""


@dataclass(frozen=True)
class Layout:
    """Where an installer has its kernel and its initrd, the first that is there of each, and what they are called as
    images."""

    title: str
    kernels: tuple[str, ...]
    initrds: tuple[str, ...]
    names: tuple[str, str]


_PLACES = ("", "boot/", "isolinux/", "images/pxeboot/")
LAYOUTS = (
    Layout("Nutanix CE or Foundation", ("boot/kernel",), ("boot/initrd",),
           ("vmlinuz-foundation", "initrd-foundation.img")),
    Layout("Ubuntu live server", ("casper/vmlinuz",), ("casper/initrd", "casper/initrd.gz", "casper/initrd.lz"),
           ("vmlinuz-ubuntu", "initrd-ubuntu")),
    Layout("kernel and initrd", tuple(f"{place}vmlinuz" for place in _PLACES),
           tuple(f"{place}{name}" for place, name in product(_PLACES, ("initrd.img", "initrd", "initrd.gz"))),
           ("vmlinuz", "initrd.img")),
)  # fmt: skip
"""What is recognised, in this order."""


@contextmanager
def found_in(
    paths: Sequence[Path], kernel: str | None, initrd: str | None
) -> Iterator[tuple[str, list[ImageSource]]]:
    """What was recognised, and its kernel and initrds, under these names or their usual ones: in an ISO, or in a kernel
    and initrds that are files of their own. Raises FolderError."""
    files = [file_source(path.name, path) for path in paths]
    if len(files) > 1:
        yield "kernel and initrd", _named(files, kernel or files[0].name, initrd)
        return
    if not _begins(files[0], *_ISO):
        said = f"{paths[0]} is no ISO 9660 image: give one, or a kernel and after it its initrd."
        raise FolderError("wrong", said)
    with _opened(paths[0]) as iso:
        layout, sources = _recognised(iso, paths[0])
        yield layout.title, _named(sources, kernel or layout.names[0], initrd or layout.names[1])


def _named(sources: Sequence[ImageSource], kernel: str, initrd: str | None) -> list[ImageSource]:
    """The first one as the kernel and the others as its initrds, when they are what they are taken for. Several initrds
    of one name are numbered. Raises FolderError."""
    first, *others = sources
    if not any(_begins(first, at, magic) for at, magic in _KERNELS):
        raise FolderError(
            "wrong", f"{first.origin} is no Linux kernel: give the kernel first, then its initrd."
        )
    named = [_as(first, kernel)]
    for number, one in enumerate(others, 1):
        if not any(_begins(one, 0, magic) for magic in _INITRDS):
            said = f"{one.origin} is no initrd: it begins like no cpio archive and like none that is packed."
            raise FolderError("wrong", said)
        numbered = f"{initrd}.{number}" if initrd and number > 1 else initrd
        named.append(_as(one, numbered or one.name))
    return named


def _as(source: ImageSource, name: str) -> ImageSource:
    return ImageSource(name, source.origin, source.size, source.open)


def _begins(source: ImageSource, at: int, magic: bytes) -> bool:
    """Whether these bytes stand there. Raises FolderError."""
    try:
        with source.open() as file:
            file.seek(at)
            return file.read(len(magic)) == magic
    except OSError as error:
        raise FolderError("wrong", f"{source.origin} cannot be read ({error.strerror}).") from None


def _recognised(iso: PyCdlib, path: Path) -> tuple[Layout, list[ImageSource]]:
    for layout in LAYOUTS:
        pair = [_first(iso, path, places) for places in (layout.kernels, layout.initrds)]
        if all(pair):
            return layout, [one for one in pair if one is not None]
    looked = "; ".join(f"{layout.kernels[0]} and {layout.initrds[0]} ({layout.title})" for layout in LAYOUTS)
    said = f"{path} is no installer that is known here. Looked for, and not found: {looked}."
    raise FolderError(
        "wrong", f"{said} A kernel and an initrd that were copied out of it can be given as two files."
    )


def _first(iso: PyCdlib, path: Path, places: Sequence[str]) -> ImageSource | None:
    """The first of these files that the ISO holds."""
    from pycdlib.pycdlibexception import PyCdlibException

    for place in places:
        for way in _ways(iso, place):
            with suppress(PyCdlibException):
                opener = partial(_file, iso, path, place, way)
                with iso.open_file_from_iso(**way) as file:
                    return ImageSource(place, f"{place} in {path}", file.length(), opener)
    return None


def _ways(iso: PyCdlib, place: str) -> list[dict[str, str]]:
    """How a file may be called in an ISO, by what the ISO has of names."""
    ways: list[dict[str, str]] = []
    if iso.has_rock_ridge():
        ways.append({"rr_path": f"/{place}"})
    if iso.has_joliet():
        ways.append({"joliet_path": f"/{place}"})
    if iso.has_udf():
        ways.append({"udf_path": f"/{place}"})
    return ways + [{"iso_path": f"/{place.upper()}{ending}"} for ending in (";1", ".;1", "")]


@contextmanager
def _file(iso: PyCdlib, path: Path, place: str, way: dict[str, str]) -> Iterator[BinaryIO]:
    with _understood(path), cast("AbstractContextManager[BinaryIO]", iso.open_file_from_iso(**way)) as file:
        yield file


@contextmanager
def _opened(path: Path) -> Iterator[PyCdlib]:
    from pycdlib import PyCdlib

    iso = PyCdlib()
    with path.open("rb") as file:
        with _understood(path):
            iso.open_fp(file)
        try:
            _check_whole(iso, path)
            yield iso
        finally:
            iso.close()


def _check_whole(iso: PyCdlib, path: Path) -> None:
    """See that the file is as long as the ISO says it is: of one that is cut short the reader of ISOs gives what is
    left of a file as all of it. Raises FolderError."""
    said, there = iso.pvd.space_size * iso.pvd.logical_block_size(), path.stat().st_size
    if there < said:
        text = f"{path} is cut short, {there} of {counted(said, 'byte')}: download it again, and compare its checksum."
        raise FolderError("wrong", text)


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """What the reader of ISOs stumbles over, in whatever way, is a fault of the ISO. Raises FolderError."""
    try:
        yield
    except (FolderError, OSError, MemoryError):
        raise
    except Exception as error:
        told: Any = str(error) or type(error).__name__
        said = f"{path} cannot be read as an ISO 9660 image ({told}): download it again, and compare its checksum."
        raise FolderError("wrong", said) from None

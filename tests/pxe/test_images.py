"""Images are served only by the names in the list, and only as they were pinned."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pxe.image_list import ImagesError
from pxe.images import load_images
from tests.logfmt import journal

IMAGE = "/pxe/images/vmlinuz-foundation"


async def test_an_image_comes_whole_with_its_length_and_that_is_written_down(
    server: Any, book: Any, kernel: bytes
) -> None:
    answer = await server.ask(IMAGE)
    assert (answer.status, answer.body) == (200, kernel)
    assert answer.headers["Content-Length"] == str(len(kernel))
    ((_, report),) = book.reports
    assert (report.kind, report.message, report.source) == (
        "image_fetched",
        "vmlinuz-foundation",
        "127.33.0.10",
    )


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        pytest.param("bytes=0-9", 206, slice(0, 10), id="first"),
        pytest.param("bytes=16380-", 206, slice(16380, None), id="rest"),
        pytest.param("bytes=-5", 206, slice(-5, None), id="last"),
        pytest.param("bytes=999999-", 416, None, id="beyond"),
    ],
)
async def test_a_range_is_exactly_that_part(
    wanted: str, status: int, part: slice | None, server: Any, kernel: bytes
) -> None:
    answer = await server.ask(IMAGE, headers={"Range": wanted})
    assert answer.status == status
    if part is not None:
        assert answer.body == kernel[part]


async def test_asking_for_the_size_alone_is_no_download(server: Any, book: Any, kernel: bytes) -> None:
    answer = await server.ask(IMAGE, method="HEAD")
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(kernel)))
    assert book.reports == []


async def test_a_machine_nobody_expects_gets_no_image(server: Any, book: Any) -> None:
    answer = await server.ask(IMAGE, source="127.33.0.66")
    assert answer == await server.ask("/nothing/here")
    assert book.refusals[0][2] == "no machine is expected at this address"


@pytest.mark.parametrize(
    "target",
    [
        "/pxe/images/../nxd.db",
        "/pxe/images/..%2fnxd.db",
        "/pxe/images/%2e%2e/nxd.db",
        "/pxe/images//etc/passwd",
        "/pxe/images/%2fetc%2fpasswd",
        "/pxe/images/..",
        "/pxe/images/.",
        "/pxe/images/",
        "/pxe/images/images.json",
        "/pxe/images/unlisted",
        "/pxe/images/vmlinuz-foundation%00",
        "/pxe/images/VMLINUZ-FOUNDATION",
    ],
)
async def test_no_way_leads_out_of_the_list(target: str, server: Any, book: Any) -> None:
    status, body = await _raw(server.boot_port, target)
    assert (status, body) == (404, b"Not found.")
    assert len(book.refusals) == 1
    assert book.reports == []


async def _raw(port: int, target: str) -> tuple[int, bytes]:
    """Send a request line as it is: an HTTP client would tidy up the path."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.33.0.10", 0))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: nxd\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def test_an_image_that_changed_after_it_was_verified_is_not_sent(
    server: Any, book: Any, image_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (image_dir / "vmlinuz-foundation").write_bytes(b"something else")
    answer = await server.ask(IMAGE)
    assert (answer.status, answer.text) == (500, "This image is not the one that was verified.")
    assert "restore it" in journal(caplog.records)
    assert book.reports == []


async def test_a_compressed_twin_is_never_sent_instead(server: Any, image_dir: Path) -> None:
    (image_dir / "vmlinuz-foundation.gz").write_bytes(b"not pinned")
    answer = await server.ask(IMAGE, headers={"Accept-Encoding": "gzip"})
    assert answer.status == 500
    assert b"not pinned" not in answer.body


def _edit_list(directory: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    pins = json.loads((directory / "images.json").read_text())
    edit(pins)
    (directory / "images.json").write_text(json.dumps(pins))


def _wrong_size(directory: Path) -> None:
    _edit_list(directory, lambda pins: pins["vmlinuz-foundation"].update(size=1))


def _wrong_checksum(directory: Path) -> None:
    _edit_list(directory, lambda pins: pins["vmlinuz-foundation"].update(sha256="0" * 64))


def _no_checksum(directory: Path) -> None:
    _edit_list(directory, lambda pins: pins["vmlinuz-foundation"].pop("sha256"))


def _name_with_a_way_out(directory: Path) -> None:
    _edit_list(directory, lambda pins: pins.update({"../nxd.db": pins["vmlinuz-foundation"]}))


def _missing(directory: Path) -> None:
    (directory / "vmlinuz-foundation").unlink()


def _unreadable(directory: Path) -> None:
    (directory / "vmlinuz-foundation").chmod(0o600)


def _writable_for_all(directory: Path) -> None:
    (directory / "vmlinuz-foundation").chmod(0o666)


def _closed_directory(directory: Path) -> None:
    directory.chmod(0o700)


def _link(directory: Path) -> None:
    (directory / "vmlinuz-foundation").unlink()
    (directory / "vmlinuz-foundation").symlink_to(directory.parent / "nxd.db")


def _twin(directory: Path) -> None:
    (directory / "vmlinuz-foundation.gz").write_bytes(b"")


def _no_list(directory: Path) -> None:
    (directory / "images.json").unlink()


def _garbage_list(directory: Path) -> None:
    (directory / "images.json").write_text("[")


def _twice_in_the_list(directory: Path) -> None:
    text = (directory / "images.json").read_text().strip()
    (directory / "images.json").write_text(f"{text[:-1]}, {text[1:]}")


def _list_of_names(directory: Path) -> None:
    (directory / "images.json").write_text("[]")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_twice_in_the_list, ".img stands in it twice): move it away"),
        (_wrong_size, "has the size 16384 and not 1: copy the image there again"),
        (_wrong_checksum, "does not have the pinned checksum: copy the image there again"),
        (_no_checksum, "needs its sha256"),
        (_name_with_a_way_out, "cannot be the name of an image"),
        (_missing, "is missing: copy the image there"),
        (_unreadable, "chmod 644"),
        (_writable_for_all, "chmod 644"),
        (_closed_directory, "chmod 755"),
        (_link, "is not a plain file"),
        (_twin, "would be sent instead of vmlinuz-foundation: remove it"),
        (_no_list, "There is no image list"),
        (_garbage_list, "cannot be read"),
        (_list_of_names, "must be an object of names"),
    ],
)
def test_images_that_are_not_as_pinned_are_refused_at_the_start_with_a_remedy(
    spoil: Callable[[Path], None], said: str, image_dir: Path
) -> None:
    load_images(image_dir)
    spoil(image_dir)
    with pytest.raises(ImagesError) as refused:
        load_images(image_dir)
    (problem,) = refused.value.problems
    assert said in problem


def test_everything_wrong_with_the_images_is_told_at_once(image_dir: Path) -> None:
    _missing(image_dir)
    (image_dir / "initrd-foundation.img").write_bytes(b"longer than before")
    with pytest.raises(ImagesError) as refused:
        load_images(image_dir)
    assert len(refused.value.problems) == 2


def test_a_verified_image_knows_its_pin(image_dir: Path) -> None:
    image = load_images(image_dir).get("initrd-foundation.img")
    assert image is not None
    assert (image.size, image.unchanged()) == (6, True)
    assert load_images(image_dir).get("images.json") is None

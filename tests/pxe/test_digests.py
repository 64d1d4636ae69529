"""A file is read once for each change of it, and no change goes by."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pxe.book import BookClosed
from pxe.digests import DIGESTS_NAME, Digests, mark_of
from pxe.image_list import LIST_NAME, ImagesError, read_list, write_list
from pxe.images import Images, fingerprint, load_images

SIZE = 16 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A large kernel, in a list that was written by hand."""
    directory = tmp_path / "images"
    directory.mkdir(mode=0o755)
    kernel = directory / "kernel"
    kernel.write_bytes(os.urandom(1 << 20) * (SIZE >> 20))
    kernel.chmod(0o644)
    (directory / LIST_NAME).write_text(json.dumps({"kernel": fingerprint(kernel)}))
    return directory


def bytes_read() -> int:
    """How many bytes this process has read from files."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_an_image_is_read_when_it_changes_and_not_when_somebody_asks(folder: Path) -> None:
    before = bytes_read()
    load_images(folder)
    once = bytes_read()
    assert once - before >= SIZE
    for _ in range(3):
        load_images(folder)
    assert bytes_read() - once < SIZE // 4
    os.utime(folder / "kernel")
    load_images(folder)
    assert bytes_read() - once >= SIZE


def test_what_was_read_is_known_to_the_next_daemon(folder: Path) -> None:
    load_images(folder)
    mark = mark_of((folder / "kernel").stat())
    assert Digests(folder).known("kernel", mark) == fingerprint(folder / "kernel")["sha256"]


def test_where_nothing_can_be_kept_this_process_remembers(folder: Path) -> None:
    (folder / DIGESTS_NAME).mkdir()
    load_images(folder)
    once = bytes_read()
    load_images(folder)
    assert bytes_read() - once < SIZE // 4


@pytest.mark.parametrize("said", ["", "[", "[]", '{"kernel": 7}', '{"kernel": ["0", "x"]}', '{"kernel": []}'])
def test_of_notes_that_say_nothing_sensible_nothing_is_known(said: str, folder: Path) -> None:
    (folder / DIGESTS_NAME).write_text(said)
    assert load_images(folder).get("kernel") is not None


def test_a_flipped_bit_is_seen_though_size_and_time_are_as_before(folder: Path) -> None:
    load_images(folder)
    kernel, before = folder / "kernel", (folder / "kernel").stat()
    with kernel.open("r+b") as file:
        file.seek(SIZE // 2)
        byte = file.read(1)[0]
        file.seek(SIZE // 2)
        file.write(bytes([byte ^ 1]))
    os.utime(kernel, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ImagesError, match="does not have the pinned checksum"):
        load_images(folder)


def test_one_image_that_is_wrong_keeps_no_other_one_back(folder: Path) -> None:
    (folder / "initrd").write_bytes(b"initrd")
    (folder / "initrd").chmod(0o644)
    pins = {name: fingerprint(folder / name) for name in ("kernel", "initrd")}
    write_list(folder, pins)
    (folder / "kernel").write_bytes(b"short")
    images = Images({})
    images.look(folder)
    assert images.get("initrd") is not None and images.get("kernel") is None
    assert len(images.problems) == 1


def test_an_image_that_is_being_verified_can_be_asked_for_soon() -> None:
    images = Images({}, unread=frozenset(("kernel",)))
    with pytest.raises(BookClosed):
        images.get("kernel")
    assert images.get("another") is None


def test_the_list_has_a_version_and_one_without_is_taken_as_it_stands(folder: Path) -> None:
    by_hand = read_list(folder)
    write_list(folder, by_hand)
    assert json.loads((folder / LIST_NAME).read_text()) == {"version": 2, "images": by_hand}
    assert read_list(folder) == by_hand
    assert load_images(folder).get("kernel") is not None
    (folder / LIST_NAME).write_text('{"version": 3, "images": {}}')
    with pytest.raises(ImagesError, match="newer nxd"):
        read_list(folder)
    (folder / LIST_NAME).write_text(json.dumps({"version": by_hand["kernel"]}))
    assert read_list(folder) == {"version": by_hand["kernel"]}, "a name like any other, in a list by hand"

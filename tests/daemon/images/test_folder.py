"""Boot images are put into their directory whole or not at all, and nothing an operator has there breaks."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from daemon.images.folder import (
    FolderError,
    ImageSource,
    file_source,
    lost_list,
    put,
    remove,
    stored,
    verified,
)
from daemon.images.installers import found_in
from pxe.digests import DIGESTS_NAME
from pxe.image_list import ImagesError
from pxe.images import fingerprint, load_images
from tests.daemon.images.isos import INITRD, KERNEL, write_iso


def quiet(what: str, done: int, size: int) -> None:
    pass


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    (tmp_path / "given").write_bytes(KERNEL)
    return tmp_path / "given"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "images"


def states(folder: Path) -> dict[str, str]:
    return {one.name: one.state for one in stored(folder)}


def test_an_added_image_is_pinned_and_served_and_not_read_again(folder: Path, kernel: Path) -> None:
    told: list[tuple[str, int, int]] = []
    (one,) = put(folder, [file_source("vmlinuz", kernel)], False, lambda *now: told.append(now))
    assert (one.state, one.size, one.sha256) == ("verified", len(KERNEL), fingerprint(kernel)["sha256"])
    assert {what for what, _, _ in told} == {"copying vmlinuz", "reading vmlinuz back"}
    assert told[-1][1:] == (len(KERNEL), len(KERNEL))
    assert load_images(folder).get("vmlinuz") is not None
    assert sorted(path.name for path in folder.iterdir()) == ["images.digests.json", "images.json", "vmlinuz"]
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o644"}
    assert oct(folder.stat().st_mode & 0o777) == "0o755"


def test_both_files_of_an_installer_come_in_or_none(folder: Path, tmp_path: Path) -> None:
    iso = write_iso(tmp_path / "x.iso", {"boot/kernel": KERNEL, "boot/initrd": INITRD})
    with found_in([iso], None, None) as (_, sources):
        put(folder, sources, False, quiet)
    assert states(folder) == {"initrd-foundation.img": "verified", "vmlinuz-foundation": "verified"}
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    whole = iso.read_bytes()
    iso.write_bytes(whole[: max(map(whole.index, (INITRD, KERNEL))) + 9000])
    with (
        pytest.raises(FolderError, match="is cut short"),
        found_in([iso], None, None) as (_, sources),
    ):
        put(folder, sources, True, quiet)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_image_of_the_same_name_is_replaced_only_when_that_is_said(folder: Path, kernel: Path) -> None:
    put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    kernel.write_bytes(INITRD)
    with pytest.raises(FolderError, match="--replace") as refused:
        put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    assert refused.value.why == "refused" and (folder / "vmlinuz").read_bytes() == KERNEL
    put(folder, [file_source("vmlinuz", kernel)], True, quiet)
    assert (folder / "vmlinuz").read_bytes() == INITRD and states(folder) == {"vmlinuz": "verified"}


def test_a_list_that_was_written_by_hand_is_taken_over_as_it_stands(folder: Path, kernel: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "mine").write_bytes(INITRD)
    by_hand = {"mine": {**fingerprint(folder / "mine"), "comment": "kept"}, "half": {"size": 3}}
    (folder / "images.json").write_text(json.dumps(by_hand))
    put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    written = json.loads((folder / "images.json").read_text())
    assert written["version"] == 2
    assert {name: written["images"][name] for name in by_hand} == by_hand
    assert states(folder) == {"half": "unreadable", "mine": "unverified", "vmlinuz": "verified"}


@pytest.mark.parametrize(
    "name", ["../x", ".x", "images.json", DIGESTS_NAME, "a b", "", "x" * 200, "vmlinuz.gz"]
)
def test_no_image_gets_a_name_that_leads_elsewhere_or_hides_another(
    name: str, folder: Path, kernel: Path
) -> None:
    put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    with pytest.raises(FolderError) as refused:
        put(folder, [file_source(name, kernel)], True, quiet)
    assert refused.value.why == "wrong" and states(folder) == {"vmlinuz": "verified"}


def test_a_source_that_ends_early_and_a_disk_that_is_full_leave_everything_as_it_was(folder: Path) -> None:
    short = ImageSource("x", "the ISO", 100, lambda: nullcontext(io.BytesIO(b"short")))
    with pytest.raises(FolderError, match="the ISO ended after 5 of 100 bytes"):
        put(folder, [short], False, quiet)
    huge = ImageSource("x", "the ISO", 1 << 60, lambda: nullcontext(io.BytesIO(b"")))
    with pytest.raises(FolderError, match="has room for"):
        put(folder, [huge], False, quiet)
    assert list(folder.iterdir()) == []


def test_an_empty_file_is_no_image_whoever_pinned_it(folder: Path, kernel: Path) -> None:
    put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    (folder.parent / "empty").touch()
    with pytest.raises(FolderError, match="empty is empty, and no machine boots from that") as refused:
        put(folder, [file_source("vmlinuz", folder.parent / "empty")], True, quiet)
    assert refused.value.why == "wrong" and states(folder) == {"vmlinuz": "verified"}
    (folder / "vmlinuz").write_bytes(b"")
    (folder / "images.json").write_text(json.dumps({"vmlinuz": fingerprint(folder / "vmlinuz")}))
    with pytest.raises(ImagesError, match="vmlinuz is empty, and no machine boots from that"):
        load_images(folder)


def test_images_whose_list_is_gone_are_no_images_that_nobody_put_there(folder: Path, kernel: Path) -> None:
    assert lost_list(folder) is None and verified(folder, [], quiet) == []
    put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    (folder / "images.json").unlink()
    said = f"nxd images add NAME {folder}/NAME --replace"
    assert said in (lost_list(folder) or "")
    for names in ([], ["vmlinuz"]):
        with pytest.raises(FolderError, match="There is no image list") as refused:
            verified(folder, names, quiet)
        assert refused.value.why == "failed" and said in str(refused.value)
    with pytest.raises(ImagesError, match="put the list back from a backup"):
        load_images(folder)
    put(folder, [file_source("vmlinuz", folder / "vmlinuz")], True, quiet)
    assert lost_list(folder) is None and states(folder) == {"vmlinuz": "verified"}


@pytest.mark.e2e
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_is_freed_by_deleting_an_image(folder: Path, kernel: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=True)
    try:
        for name in ("a", "b"):
            put(folder, [file_source(name, kernel)], False, quiet)
        with (folder / "rest").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 512):
                pass
        remove(folder, "a")
        assert states(folder) == {"b": "verified", "rest": "unlisted"} and not (folder / "a").exists()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_what_a_killed_command_left_is_removed_by_the_next_one(folder: Path, kernel: Path) -> None:
    put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    (folder / ".initrd.new").write_bytes(b"half")
    assert states(folder)[".initrd.new"] == "unlisted"
    put(folder, [file_source("vmlinuz", kernel)], True, quiet)
    assert states(folder) == {"vmlinuz": "verified"}


def test_verify_reads_every_byte_and_names_what_is_wrong_and_what_is_not_listed(
    folder: Path, kernel: Path
) -> None:
    for name in ("good", "gone", "cut", "flipped"):
        put(folder, [file_source(name, kernel)], False, quiet)
    (folder / "gone").unlink()
    os.truncate(folder / "cut", 5)
    flip(folder / "flipped")
    (folder / "stray").write_bytes(b"x")
    expected = {
        "good": "verified",
        "gone": "missing",
        "cut": "short",
        "flipped": "altered",
        "stray": "unlisted",
    }
    assert {one.name: one.state for one in verified(folder, [], quiet)} == expected
    assert [one.state for one in verified(folder, ["good"], quiet)] == ["verified"]
    with pytest.raises(FolderError, match="stray"):
        verified(folder, ["stray"], quiet)


def test_what_no_time_stamp_tells_verify_tells_the_daemon(folder: Path, kernel: Path) -> None:
    put(folder, [file_source("vmlinuz", kernel)], False, quiet)
    images = load_images(folder)
    flip(folder / "vmlinuz")
    rotten = os.stat(folder / "vmlinuz")
    notes = json.loads((folder / DIGESTS_NAME).read_text())
    was = notes["vmlinuz"][0]
    notes["vmlinuz"] = [was, rotten.st_ino, rotten.st_size, rotten.st_mtime_ns, rotten.st_ctime_ns]
    (folder / DIGESTS_NAME).write_text(json.dumps(notes))
    images.look(folder)
    image = images.get("vmlinuz")
    assert image is not None and image.is_sound(), "as if the disk had rotted, and no file was written"
    assert [one.state for one in verified(folder, [], quiet)] == ["altered"]
    images.look(folder)
    image = images.get("vmlinuz")
    assert image is not None and not image.is_sound() and "pinned checksum" in images.problems[0]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_removed_image_is_gone_from_the_list_and_from_the_disk(folder: Path, kernel: Path) -> None:
    put(folder, [file_source("a", kernel), file_source("b", kernel)], False, quiet)
    remove(folder, "a")
    assert states(folder) == {"b": "verified"} and not (folder / "a").exists()


def test_a_list_that_is_spoilt_is_made_anew_from_what_lies_there(folder: Path, kernel: Path) -> None:
    put(folder, [file_source("a", kernel)], False, quiet)
    (folder / "images.json").write_text("{")
    with pytest.raises(FolderError, match="move it away, then pin what lies there anew"):
        stored(folder)
    (folder / "images.json").rename(folder.parent / "spoilt")
    put(folder, [file_source("a", folder / "a")], True, quiet)
    assert states(folder) == {"a": "verified"} and (folder / "a").read_bytes() == KERNEL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_who_may_not_look_is_told_that_and_not_that_nothing_is_there(folder: Path, kernel: Path) -> None:
    put(folder, [file_source("a", kernel)], False, quiet)
    folder.parent.chmod(0o700)
    os.seteuid(65534)
    try:
        for look in (
            lambda: stored(folder),
            lambda: verified(folder, [], quiet),
            lambda: remove(folder, "a"),
        ):
            with pytest.raises(FolderError, match="Permission denied") as refused:
                look()
            assert refused.value.why == "failed"
    finally:
        os.seteuid(0)

"""Kernel and initrd are found in the ISOs of installers; what is no such thing is refused with what was looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.images.folder import FolderError
from daemon.images.installers import found_in
from tests.daemon.images.isos import INITRD, KERNEL, write_iso

NUTANIX = {"boot/kernel": KERNEL, "boot/initrd": INITRD, "squashfs.img": b"s" * 5000}
UBUNTU = {"casper/vmlinuz": KERNEL, "casper/initrd": INITRD, "casper/filesystem.manifest": b"m"}
PLAIN = {"vmlinuz": KERNEL, "initrd.img": INITRD}


@pytest.mark.parametrize("names", ["rock", "joliet", "udf", "own"])
@pytest.mark.parametrize(
    ("files", "title", "called"),
    [
        (NUTANIX, "Nutanix CE or Foundation", ["vmlinuz-foundation", "initrd-foundation.img"]),
        (UBUNTU, "Ubuntu live server", ["vmlinuz-ubuntu", "initrd-ubuntu"]),
        (PLAIN, "kernel and initrd", ["vmlinuz", "initrd.img"]),
        (
            {f"isolinux/{name}": one for name, one in PLAIN.items()},
            "kernel and initrd",
            ["vmlinuz", "initrd.img"],
        ),
    ],
    ids=["nutanix", "ubuntu", "plain", "isolinux"],
)
def test_an_installer_is_known_by_where_its_kernel_lies(
    files: dict[str, bytes], title: str, called: list[str], names: str, tmp_path: Path
) -> None:
    iso = write_iso(tmp_path / "installer.iso", files, names)
    with found_in([iso], None, None) as (known, sources):
        assert (known, [one.name for one in sources]) == (title, called)
        for one, content in zip(sources, (KERNEL, INITRD), strict=True):
            with one.open() as file:
                assert (one.size, file.read()) == (len(content), content)


def test_two_files_are_a_kernel_and_its_initrd_under_the_names_that_are_given(tmp_path: Path) -> None:
    for name, content in (("bzImage", KERNEL), ("rd.gz", INITRD)):
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / "bzImage", tmp_path / "rd.gz"]
    with found_in(files, None, None) as (_, sources):
        assert [one.name for one in sources] == ["bzImage", "rd.gz"]
    with found_in([*files, files[1]], "k", "i") as (_, sources):
        assert [one.name for one in sources] == ["k", "i", "i.2"]
    with (
        pytest.raises(FolderError, match=r"rd.gz is no Linux kernel: give the kernel first"),
        found_in(files[::-1], None, None),
    ):
        pass
    with pytest.raises(FolderError, match="is no initrd"), found_in([files[0], files[0]], None, None):
        pass


def test_an_iso_of_something_else_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    iso = write_iso(tmp_path / "other.iso", {"boot/kernel": KERNEL, "readme.txt": b"nothing"})
    with pytest.raises(FolderError) as refused, found_in([iso], None, None):
        pass
    said = str(refused.value)
    assert "boot/kernel and boot/initrd (Nutanix CE or Foundation)" in said
    assert "casper/vmlinuz and casper/initrd (Ubuntu live server)" in said


def test_a_file_under_the_name_of_a_kernel_that_is_none_is_refused(tmp_path: Path) -> None:
    iso = write_iso(tmp_path / "x.iso", {**NUTANIX, "boot/kernel": b"<html>not found</html>" * 99})
    with (
        pytest.raises(FolderError, match=r"boot/kernel in .* is no Linux kernel"),
        found_in([iso], None, None),
    ):
        pass


@pytest.mark.parametrize(
    "content", [b"", b"MZ", KERNEL, b"\0" * 0x8001 + b"CD001", b"\0" * 0x8000 + b"\1CD001" * 400]
)
def test_what_is_no_iso_is_told_as_that(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.iso").write_bytes(content)
    with pytest.raises(FolderError, match="ISO 9660 image"), found_in([tmp_path / "x.iso"], None, None):
        pass


@pytest.mark.parametrize("broken", range(0x8000, 0x9800, 37))
def test_an_iso_with_a_broken_byte_never_ends_in_anything_but_a_sentence(broken: int, tmp_path: Path) -> None:
    iso = write_iso(tmp_path / "x.iso", NUTANIX)
    content = bytearray(iso.read_bytes())
    content[broken : broken + 8] = b"\xff" * 8
    iso.write_bytes(content)
    try:
        with found_in([iso], None, None) as (_, sources):
            for one in sources:
                with one.open() as file:
                    file.read()
    except FolderError as error:
        assert str(error).endswith(".")

"""`nxd images`: boot images come in, are looked at, verified and go, by one command each."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # this folder is no package

from shapes_fit import misfits

from daemon.cli.shapes import SHAPES, Failed
from daemon.client import Client
from tests.daemon.images.isos import INITRD, KERNEL, write_iso
from tests.large_image import large_image

KERNEL_NAME, INITRD_NAME = "vmlinuz-foundation", "initrd-foundation.img"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


@pytest.fixture
def iso(place: Any) -> str:
    files = {"boot/kernel": KERNEL, "boot/initrd": INITRD}
    return str(write_iso(place.directory / "ce.iso", files))


def test_from_an_iso_to_images_that_are_pinned_and_verified(place: Any, iso: str) -> None:
    assert "There is no boot image yet" in place.run("images", "list").err
    ended = place.run("images", "import", iso)
    assert ended.code == 0 and "Nutanix CE or Foundation" in ended.err and "still missing" not in ended.err
    lines = [line.split("\t") for line in place.run("images", "list").out.splitlines()]
    assert [(name, size, state) for name, size, _, _, state in lines] == [
        (INITRD_NAME, str(len(INITRD)), "verified"),
        (KERNEL_NAME, str(len(KERNEL)), "verified"),
    ]
    place.run("images", "import", iso).refused_with(4, "There is a vmlinuz-foundation already", "--replace")
    assert place.run("images", "import", iso, "--replace").code == 0
    verified = place.run("images", "verify")
    assert verified.code == 0 and "2 images verified." in verified.err


def test_verify_finds_a_flipped_bit_and_what_lies_there_unlisted(place: Any, iso: str) -> None:
    place.run("images", "import", iso)
    folder = place.directory / "state" / "images"
    flip(folder / KERNEL_NAME)
    (folder / "stray").write_bytes(b"x")
    ended = place.run("images", "verify")
    assert ended.code == 1 and f"{KERNEL_NAME} is altered" in ended.err
    states = {line.split("\t")[0]: line.split("\t")[4] for line in ended.out.splitlines()}
    assert states == {INITRD_NAME: "verified", KERNEL_NAME: "altered", "stray": "unlisted"}
    assert place.run("images", "verify", INITRD_NAME).code == 0
    flip(folder / KERNEL_NAME)
    assert place.run("images", "verify").code == 0


def test_a_list_that_is_gone_is_told_wherever_somebody_looks(place: Any, iso: str) -> None:
    place.run("images", "import", iso)
    (place.directory / "state" / "images" / "images.json").unlink()
    place.run("images", "verify").refused_with(1, "There is no image list", "nxd images add NAME")
    ended = place.run("images", "list")
    assert ended.code == 1 and "unlisted" in ended.out and "There is no image list" in ended.err


def test_each_prints_json_of_its_shape(place: Any, iso: str) -> None:
    given = place.directory / "given"
    given.write_bytes(b"content")
    for command, code in (
        (("add", "one", str(given)), 0),
        (("import", iso), 0),
        (("list",), 0),
        (("verify",), 0),
        (("rm", "one", "--yes"), 0),
    ):
        ended = place.run("images", *command, "--json")
        assert (ended.code, misfits(json.loads(ended.out), SHAPES[f"images {command[0]}"])) == (code, [])
    for command, code, kind in (
        (("rm", "one", "--yes"), 2, "unknown"),
        (("rm", KERNEL_NAME), 4, "unconfirmed"),
        (("add", KERNEL_NAME, str(given)), 4, "refused"),
        (("add", "two", "nowhere"), 2, "usage"),
        (("import", str(given)), 2, "usage"),
        (("verify", "nothing"), 2, "usage"),
    ):
        ended = place.run("images", *command, "--json")
        answer = json.loads(ended.out)
        assert (ended.code, answer["error"]["code"], misfits(answer, Failed)) == (code, kind, []), answer


def test_one_that_a_deployment_under_way_boots_from_is_not_deleted(place: Any, iso: str) -> None:
    place.run("images", "import", iso)
    alone = place.run("images", "rm", INITRD_NAME, "--yes")
    assert alone.code == 0 and "No daemon answers" in alone.err
    place.run("images", "import", iso, "--replace")
    place.serve()
    spec = Path(__file__).parents[3] / "sample-specs" / "one-node.yaml"
    assert place.run("apply", str(spec)).code == 0
    place.run("images", "rm", INITRD_NAME, "--yes").refused_with(4, "boot from initrd-foundation.img")
    assert place.run("images", "import", iso, "--replace").code == 0, "the same bytes are no other image"
    add = ("images", "add", KERNEL_NAME, iso, "--replace")
    place.run(*add).refused_with(4, "boot from vmlinuz-foundation: it was not replaced", "--yes")
    told = place.run(*add, "--json")
    assert (told.code, json.loads(told.out)["error"]["code"]) == (4, "unconfirmed")
    assert "Nothing was changed." in at_terminal(place, "\n", *add)
    assert place.run("images", "verify").code == 0
    assert place.run(*add, "--yes").code == 0
    assert place.run("images", "import", iso, "--replace", "--yes").code == 0
    flip(place.directory / "state" / "images" / KERNEL_NAME)
    assert place.run("images", "import", iso, "--replace").code == 0, "what is served to nobody is put right"
    (place.directory / "other").write_bytes(b"x")
    assert place.run("images", "add", "other", str(place.directory / "other")).code == 0
    assert place.run("images", "rm", "other", "--yes").code == 0


def test_a_person_sees_how_far_it_is_and_is_asked_before_something_goes(place: Any) -> None:
    given = place.directory / "given"
    given.write_bytes(b"x" * 5_000_000)
    assert "reading big back: 100 % of 5.0 MB" in at_terminal(place, "", "images", "add", "big", str(given))
    assert "5.0 MB" in at_terminal(place, "", "images", "list")
    assert "Nothing was changed." in at_terminal(place, "\n", "images", "rm", "big")
    assert "big is deleted." in at_terminal(place, "y\n", "images", "rm", "big")
    place.run("images", "rm", "big").refused_with(2, "There is no big")


def at_terminal(place: Any, typed: str, *command: str) -> str:
    """What a person at a terminal sees of a command."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "daemon.cli", *command],
        env=place.environ({"TERM": "xterm", "COLUMNS": "120"}),
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    child.wait(30)
    return seen.decode()


def test_a_shell_completes_commands_and_names_of_images(place: Any, iso: str) -> None:
    place.run("images", "import", iso)
    for words, found in (("nxd images v", "verify"), ("nxd images rm vm", KERNEL_NAME)):
        asked = {
            "_NXD_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        }
        assert found in place.run(env=asked).out


def test_a_start_opens_its_ports_before_what_changed_is_read_and_the_next_start_reads_nothing(
    place: Any,
) -> None:
    folder = place.directory / "state" / "images"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    (folder / "images.json").write_text(json.dumps({"big": large_image(folder / "big")}))
    daemon = place.serve()
    with Client(place.socket) as client:
        (said,) = client.health()["problems"]
        assert said.startswith("Boot images are being verified: big.")
        until = time.monotonic() + 60
        while client.health()["problems"]:
            assert time.monotonic() < until
            time.sleep(0.2)
    daemon.terminate()
    daemon.wait(30)
    place.serve()
    with Client(place.socket) as client:
        assert client.health()["problems"] == []

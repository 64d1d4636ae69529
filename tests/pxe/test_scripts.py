"""Boot scripts are exactly what a machine needs, or they are not handed out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.platforms.ibm_nutanix.routes import BOOT
from pxe.lint import ONLY_BIOS, lint_script
from pxe.render import RenderError, render_script
from pxe.routes import NO_PIN

TEMPLATES = BOOT.templates
GOLDEN = Path(__file__).parent / "golden"


def values(guest: Any) -> dict[str, str]:
    """What the scripts of the expected machine are made of, for its first boot."""
    return {**guest().values, "boot": "1", "pin": NO_PIN}


@pytest.mark.parametrize("script", ["boot", "installed"])
def test_a_script_is_exactly_the_golden_one(script: str, guest: Any) -> None:
    assert (
        render_script(TEMPLATES, f"{script}.ipxe.j2", values(guest))
        == (GOLDEN / f"{script}.ipxe").read_text()
    )


def test_an_installer_that_speaks_for_itself_is_booted_without_the_agent(guest: Any) -> None:
    text = render_script(TEMPLATES, "boot.ipxe.j2", {**values(guest), "agent": "none"})
    assert text == (GOLDEN / "boot.alone.ipxe").read_text()
    assert lint_script(text) == []


def lines(guest: Any) -> list[str]:
    return render_script(TEMPLATES, "boot.ipxe.j2", values(guest)).splitlines()


def test_the_boot_script_names_itself_and_its_machine_and_waits_for_its_network_without_end(
    guest: Any,
) -> None:
    text = lines(guest)
    assert text[0] == "#!ipxe"
    assert text[1].startswith("echo ") and values(guest)["server_id"] in text[1]
    waits = text.index(":retry_dhcp")
    assert text[waits : waits + 3] == [":retry_dhcp", "dhcp || goto retry_dhcp", "sleep 2"]
    assert f"set base-url {values(guest)['boot_url']}/pxe" in text


def test_the_kernel_line_carries_every_argument_and_the_initrd_follows_it(guest: Any) -> None:
    text, given = lines(guest), values(guest)
    (kernel,) = (line for line in text if line.startswith("kernel "))
    words = kernel.split()
    assert "${base-url}/images/vmlinuz-foundation" in words
    assert [word for word in words if word.startswith("console=")] == ["console=tty0", "console=ttyS0,115200"]
    assert {f"node_id={given['server_id']}", f"mgmt_ip={given['mgmt_ip']}"} <= set(words)
    initrd = text[text.index(kernel) + 1].split()
    assert initrd[0] == "initrd" and "${base-url}/images/initrd-foundation.img" in initrd
    assert not any(line.startswith("imgargs") for line in text)


def test_whatever_fails_in_the_boot_script_is_said_and_begun_again_without_end(guest: Any) -> None:
    text = lines(guest)
    for line in text:
        if line.split()[:1] in (["kernel"], ["initrd"], ["boot"]):
            assert line.endswith("|| goto error"), line
    error = text[text.index(":error") :]
    assert error[1].startswith("echo ") and "failed" in error[1]
    assert error[-2:] == ["sleep 10", "goto retry_dhcp"]


@pytest.mark.parametrize("script", ["boot", "installed"])
def test_a_script_has_nothing_that_leaves_a_machine_standing(script: str, guest: Any) -> None:
    assert lint_script(render_script(TEMPLATES, f"{script}.ipxe.j2", values(guest))) == []


def test_a_value_that_is_not_there_is_named_and_nothing_is_rendered(guest: Any) -> None:
    lacking = {key: value for key, value in values(guest).items() if key != "mgmt_ip"}
    with pytest.raises(RenderError, match="mgmt_ip"):
        render_script(TEMPLATES, "boot.ipxe.j2", lacking)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("a b", id="space"),
        pytest.param("a\nreboot", id="newline"),
        pytest.param("a\n", id="newline-at-the-end"),
        pytest.param("${net0/mac}", id="variable"),
        pytest.param("a||reboot", id="or"),
        pytest.param("a&&reboot", id="and"),
        pytest.param('"a"', id="quotes"),
        pytest.param("{{ install_token }}", id="template"),
        pytest.param("ä", id="not-ascii"),
    ],
)
def test_a_value_cannot_change_the_meaning_of_a_script(value: str, guest: Any) -> None:
    with pytest.raises(RenderError, match="mgmt_ip") as refused:
        render_script(TEMPLATES, "boot.ipxe.j2", {**values(guest), "mgmt_ip": value})
    assert len(value) < 4 or value not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["", "nowhere.ipxe.j2", "../templates/boot.ipxe.j2", "/etc/passwd", "../routes.py"]
)
def test_a_template_outside_the_templates_is_refused(name: str, guest: Any) -> None:
    with pytest.raises(RenderError, match="no template"):
        render_script(TEMPLATES, name, values(guest))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("echo hello", "must start with", id="no-shebang"),
        pytest.param("#!ipxe\ngoto away", "no label away", id="unknown-label"),
        pytest.param(
            "#!ipxe\nkernel --timeout 9 ${base-url}/k\nset base-url http://a",
            "before it is set",
            id="early-use",
        ),
        pytest.param("#!ipxe\nimgargs vmlinuz a=b", "imgargs replaces", id="imgargs"),
        pytest.param("#!ipxe\ninitrd http://a/i", "--timeout", id="endless-download"),
        pytest.param(f"#!ipxe\n{ONLY_BIOS}\nsanboot --drive 0x80", "exit 1 has to follow", id="no-way-on"),
        pytest.param("#!ipxe\nsanboot --drive 0x80 || exit 1", "on UEFI sanboot fails", id="only-bios"),
        pytest.param(f"#!ipxe\nsanboot --drive 0x80 || exit 1\n{ONLY_BIOS}", "on UEFI", id="too-late"),
        pytest.param("#!ipxe\ngoto away || exit 1\n:away\nexit", "opens its menu", id="plain-exit"),
        pytest.param("#!ipxe\nexit 0 || exit 1", "opens its menu", id="exit-nought"),
        pytest.param("#!ipxe\necho {{ name }}", "not filled in", id="template"),
    ],
)
def test_lint_finds(text: str, problem: str) -> None:
    (found,) = lint_script(text)
    assert problem in found


def test_lint_takes_what_ipxe_knows_by_itself() -> None:
    text = (
        "#!ipxe\n:again\nset a b && set c d \necho ${a} ${c} ${net0/mac} ${uuid} ${a:uristring}\ngoto again\n"
    )
    assert lint_script(text) == []


def test_templates_are_read_once_whatever_becomes_of_their_files(tmp_path: Path) -> None:
    for name in ("first.j2", "second.j2"):
        (tmp_path / name).write_text("#!ipxe\necho {{ name }}\n")
    before = render_script(tmp_path, "first.j2", {"name": "x"})
    (tmp_path / "first.j2").write_text("{{ broken")
    (tmp_path / "second.j2").unlink()
    assert render_script(tmp_path, "first.j2", {"name": "x"}) == before
    assert render_script(tmp_path, "second.j2", {"name": "x"}) == before, "also one that nobody had asked for"

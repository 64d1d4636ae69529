"""A number or a truth as other YAML readers take it is refused with what to write in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.platforms.ibm_nutanix.spec import IbmNutanixSpec
from daemon.platforms.ibm_nutanix.spec_values import offsets
from daemon.settings.reading import SettingsError, load_settings
from daemon.spec import numerals
from daemon.spec.reading import SpecError, load_spec
from daemon.spec.yaml_marks import read_yaml

SOLO = Path(__file__).parents[3] / "sample-specs" / "one-node.yaml"
REQUIRED = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-9fd84246-7df4-4667-94e4-8ecde51d5ac5",
}
NUMBERS = [
    ("1e-9", "0.000000001"),
    ("1e3", "1000"),
    ("-2.50E+1", "-25"),
    (".5", "0.5"),
    ("5.", "5"),
    ("1_000", "1000"),
    ("1,000", "1000"),
    ("0755", "755, or 493 if it is octal"),
    ("08", "8"),
    ("0o17", "15"),
    ("0x1F", "31"),
    ("0b11", "3"),
    ("12:30", "750"),
    ("1:00:00", "3600"),
    ("5", "5"),
    ("0e0", "0"),
]
NO_NUMBERS = [
    ".inf",
    ".nan",
    "1e999",
    "2026-11-29",
    "five",
    "",
    "0x",
    "12:75",
    "9" * 40,
    "1.2.3",
    "e5",
    "0b2",
]


@pytest.mark.parametrize(("text", "plain"), NUMBERS)
def test_a_number_of_another_reader_is_written_as_it_is_taken_here(text: str, plain: str) -> None:
    assert numerals.number(text) == plain
    first = plain.partition(",")[0]
    assert isinstance(read_yaml(f"x: {first}").value["x"], (int, float))  # type: ignore[index]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_of_what_is_no_number_nothing_is_guessed(text: str) -> None:
    assert numerals.number(text) is None


def mistake(before: str, after: str) -> str:
    text = SOLO.read_text().replace("cluster: solo\n", f"cluster: solo\n{before}")
    with pytest.raises(SpecError) as wrong:
        load_spec(
            text.replace("redundancy_factor: 1", f"redundancy_factor: {after}"), "s", lambda _: IbmNutanixSpec
        )
    (found,) = wrong.value.problems
    return found.message


@pytest.mark.parametrize(
    ("text", "plain"), [("1e0", "1"), ("01", "1"), ("0x1", "1"), ("'1'", "1"), ("1_0", "10")]
)
def test_a_spec_with_such_a_number_says_what_to_write(text: str, plain: str) -> None:
    said = f'found "{text.strip(chr(39))}", which is text here: write {plain}'
    assert (
        mistake(f"gate: {text}\n", "1")
        == f"expected all, or a whole number from 1 to the number of nodes, {said}"
    )
    assert mistake("", text).endswith(said)


def test_the_offsets_of_a_range_say_which_of_them_is_text() -> None:
    with pytest.raises(ValueError, match=r'found "012", which is text here: write 12, or 10 if it is octal'):
        offsets(["012", 50])


@pytest.mark.parametrize("door", ["file", "variable"])
@pytest.mark.parametrize(
    ("key", "text", "plain"),
    [
        ("deadlines.factor", "1e-1", "0.1"),
        ("limits.installs", "0x10", "16"),
        ("poll.seconds", "1:00", "60"),
        ("retry.first_seconds", "1_0", "10"),
        ("limits.installs", "010", "10, or 8 if it is octal"),
    ],
)
def test_a_setting_with_such_a_number_says_what_to_write(
    tmp_path: Path, door: str, key: str, text: str, plain: str
) -> None:
    environ, path = dict(REQUIRED), tmp_path / "nxd.yaml"
    section, name = key.split(".")
    path.write_text(f"{section}:\n  {name}: {text}\n" if door == "file" else "")
    if door == "variable":
        environ[f"NXD_{section}_{name}".upper()] = text
    with pytest.raises(SettingsError) as wrong:
        load_settings(path, environ)
    (found,) = wrong.value.problems
    assert found.endswith(f', found "{text}", which is text here: write {plain}.')


@pytest.mark.parametrize(
    ("text", "plain"), [("yes", "true"), ("On", "true"), ("off", "false"), ("N", "false")]
)
def test_a_truth_of_another_reader_is_written_as_it_is_taken_here(text: str, plain: str) -> None:
    assert numerals.truth(text) == plain and numerals.truth("maybe") is None
    assert read_yaml(f"x: {text}").value == {"x": text}

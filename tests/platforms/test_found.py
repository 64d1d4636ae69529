"""Whatever a package says of its platform, the others are found, and what is wrong with it is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.platforms import own
from tests.platforms.copied import bring, copied, installed

HEAD = (
    "from dataclasses import replace\n"
    "from toyland.manifest import MANIFEST as TOY\n"
    "from daemon.settings.kinds import URL, Setting\n"
    "from daemon.spec.values import ValueType\n"
    "import re\n"
)


@pytest.mark.parametrize(
    ("point", "text", "said"),
    [
        ("other = nothing here", "", "Platform other (nothing here) cannot be loaded: "),
        ("other = other", "", "Platform other (other) is a module: its entry point has to name a Manifest."),
        ("other = other:MANIFEST", "MANIFEST = 5", "is a int: its entry point has to name a Manifest."),
        ("other = other:MANIFEST", "", "cannot be loaded: AttributeError: module 'other' has no attribute"),
        ("other = other:MANIFEST", "def of(:", "cannot be loaded: SyntaxError: "),
        ("other = other:TOY", HEAD, 'Platform other (other:TOY) calls itself "toyland"'),
        (
            "other = other:MANIFEST",
            f"{HEAD}MANIFEST = replace(TOY, name='other', settings=None)",
            "Platform other, its manifest other:MANIFEST: settings is None, and not a tuple",
        ),
        (
            "other = other:MANIFEST",
            f"{HEAD}BERTH = ValueType('a berth', lambda value: re.fullmatch('[0-9]+', 5))\n"
            "MANIFEST = replace(TOY, name='other', settings=(Setting('other.berth', BERTH, 'one', 'Its berth'),))",
            "Platform other, its manifest other:MANIFEST: it cannot be looked through: TypeError: ",
        ),
    ],
)
def test_what_cannot_be_used_is_told_and_harms_no_other(
    tmp_path: Path, point: str, text: str, said: str
) -> None:
    copied(tmp_path)
    bring(tmp_path, "another", point, other=text)
    with installed(tmp_path) as found:
        assert set(found.usable) == {"toyland", *own()}
        (told,) = found.broken["other"]
        assert said in told and told.endswith(".") and "\n" not in told


def test_two_packages_of_one_name_are_both_left_out_and_the_same_twice_is_taken(tmp_path: Path) -> None:
    copied(tmp_path)
    bring(tmp_path, "twin", "toyland = toyland.manifest:MANIFEST")
    with installed(tmp_path) as found:
        assert set(found.usable) == {"toyland", *own()} and found.broken == {}
        (note,) = found.notes
        assert "toyland (toyland.manifest:MANIFEST) is brought by toyland-nxd 1.0 and by twin 1.0" in note
    bring(
        tmp_path, "rival", "toyland = rival:MANIFEST", rival=f"{HEAD}MANIFEST = replace(TOY, title='Rival')"
    )
    with installed(tmp_path) as found:
        (told,) = found.broken["toyland"]
        assert "rival 1.0 (rival:MANIFEST)" in told and "which one is meant nobody can tell" in told
        assert "toyland" not in found.usable


def test_a_platform_of_nxd_keeps_its_name(tmp_path: Path) -> None:
    bring(tmp_path, "rival", "ibm_nutanix = rival:MANIFEST", rival="raise ValueError")
    with installed(tmp_path) as found:
        assert found.usable == own() and found.broken == {}
        assert ["rival 1.0 (rival:MANIFEST) is not used" in note for note in found.notes] == [True]


def test_platforms_that_share_a_setting_or_a_code_are_told_of(tmp_path: Path) -> None:
    copied(tmp_path)
    text = f"{HEAD}MANIFEST = replace(TOY, name='other', errors=(), remedies=TOY.remedies)"
    bring(tmp_path, "another", "other = other:MANIFEST", other=text)
    with installed(tmp_path) as found:
        assert set(found.usable) == {"toyland", "other", *own()}
        assert [note for note in found.notes if "Two platforms have the setting toyland.url" in note]

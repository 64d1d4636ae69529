"""Settings of a platform that is not installed any more are kept, and a misspelt one is told all the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from daemon.host.platforms_seen import keep_seen, platforms_seen
from daemon.host.state_dir import claimed
from daemon.settings.reading import SettingsError, load_settings, one_setting
from tests.daemon.settings.test_settings import REQUIRED, problems

HARBOUR = {"harbour": ["harbour.url", "harbour.crane.speed"]}


def saw(state_dir: Path, installed: Mapping[str, Iterable[str]]) -> None:
    """A daemon started there beside these platforms."""
    with claimed(state_dir) as ours:
        keep_seen(ours, installed)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Settings beside a ledger that has seen a platform which is not there any more."""
    path = tmp_path / "nxd.yaml"
    path.write_text(f"state_dir: {tmp_path}\nharbour:\n  url: not even a URL\n")
    saw(tmp_path, HARBOUR)
    return path


def test_they_are_kept_and_not_used(file: Path) -> None:
    settings = load_settings(file, {**REQUIRED, "NXD_HARBOUR_CRANE_SPEED": "7"})
    assert settings.unused == ("harbour.crane.speed", "harbour.url")
    assert (settings.platforms, settings.uninstalled) == (("ibm_nutanix",), ())


def test_a_name_in_the_list_of_platforms_is_kept_too(file: Path) -> None:
    settings = load_settings(file, {**REQUIRED, "NXD_PLATFORMS": "ibm_nutanix,harbour"})
    assert (settings.platforms, settings.uninstalled) == (("ibm_nutanix",), ("harbour",))
    settings = load_settings(file, {**REQUIRED, "NXD_PLATFORMS": "harbour"})
    assert (settings.platforms, settings.uninstalled) == ((), ("harbour",))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("  ulr: x\n", 'unknown setting "harbour.ulr": did you mean "harbour.url"?'),
        ("harbor:\n  url: x\n", 'unknown setting "harbor": did you mean "harbour"?'),
        ("bot:\n  listen: x\n", 'unknown setting "bot": did you mean "boot"?'),
        ("platforms: [harbuor]\n", 'unknown platform "harbuor"'),
    ],
)
def test_what_is_misspelt_is_refused_as_unknown(file: Path, more: str, said: str) -> None:
    file.write_text(file.read_text() + more)
    with pytest.raises(SettingsError) as wrong:
        load_settings(file, REQUIRED)
    assert len(wrong.value.problems) == 1 and said in wrong.value.problems[0]


def test_a_misspelt_variable_of_it_is_refused(file: Path) -> None:
    with pytest.raises(SettingsError, match="NXD_HARBOUR_ULR"):
        load_settings(file, {**REQUIRED, "NXD_HARBOUR_ULR": "x"})


def test_beside_a_ledger_that_never_saw_it_they_are_unknown(file: Path, tmp_path: Path) -> None:
    (tmp_path / "platforms.json").unlink()
    with pytest.raises(SettingsError, match='unknown setting "harbour"'):
        load_settings(file, REQUIRED)


def test_what_was_seen_once_stays_known(tmp_path: Path) -> None:
    saw(tmp_path, HARBOUR)
    saw(tmp_path, {"ibm_nutanix": ["ibm.region"]})
    assert platforms_seen(tmp_path) == {
        "harbour": frozenset(HARBOUR["harbour"]),
        "ibm_nutanix": frozenset({"ibm.region"}),
    }


def test_they_are_written_in_the_directory_that_was_claimed_also_when_it_is_moved_away(
    tmp_path: Path,
) -> None:
    state, away = tmp_path / "state", tmp_path / "away"
    with claimed(state) as ours:
        state.rename(away)
        state.mkdir()
        keep_seen(ours, HARBOUR)
    assert (platforms_seen(away).keys(), list(state.iterdir())) == ({"harbour"}, [])


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"harbour": 5}', "\xff"])
def test_a_damaged_list_of_them_is_as_good_as_none(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "platforms.json").write_text(damaged, encoding="latin-1")
    assert platforms_seen(tmp_path) == {}
    saw(tmp_path, HARBOUR)
    assert json.loads((tmp_path / "platforms.json").read_text()) == {
        "harbour": sorted(HARBOUR["harbour"]),
    }


def test_who_asks_for_one_setting_gets_it_whatever_is_wrong_with_the_others(
    file: Path, tmp_path: Path
) -> None:
    file.write_text("state_dir: /srv/nxd\nsocket: '{state_dir}/x.sock'\nbot: 1\nboot:\n  url: nonsense\n")
    assert one_setting("socket", file, {}) == Path("/srv/nxd/x.sock")
    with pytest.raises(SettingsError, match=r"^socket \(variable NXD_SOCKET\): .*absolute path"):
        one_setting("socket", file, {"NXD_SOCKET": "x"})


def test_those_of_a_platform_that_nobody_knows_are_not_told_as_unknown_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "nxd.yaml"
    file.write_text("platforms: [harbour]\nharbour:\n  url: x\nbot:\n  listen: x\n")
    one, other = problems(file, REQUIRED)
    assert 'unknown setting "bot": did you mean "boot"?' in one
    assert 'unknown platform "harbour": expected one of ibm_nutanix' in other


@pytest.mark.parametrize("platforms", ["[]", "[harbour, 3]", "5"])
def test_a_list_of_platforms_that_is_none_is_the_only_mistake(tmp_path: Path, platforms: str) -> None:
    file = tmp_path / "nxd.yaml"
    file.write_text(f"platforms: {platforms}\nenvironment: lab\n")
    (told,) = problems(file, {})
    assert told.startswith("platforms (")

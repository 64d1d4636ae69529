"""One table of keys: no key means two things, every key does something, help and footer leave nothing out."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from nxtui import keys
from nxtui.acts.band import FOREIGN_LETTERS
from nxtui.draw import pages
from nxtui.draw.text import plain
from nxtui.screens.acting import LEAVES
from nxtui.screens.applied import AppliedScreen
from nxtui.screens.audit import AuditScreen
from nxtui.screens.calls import CallsScreen
from nxtui.screens.checks import ChecksScreen
from nxtui.screens.entity import EntityScreen
from nxtui.screens.fleet import FleetScreen
from nxtui.screens.log import LogScreen
from nxtui.screens.map import MapScreen
from nxtui.screens.said import SaidScreen
from nxtui.screens.spec import SpecScreen
from nxtui.screens.timeline import TimelineScreen
from state_machines.verbs import SHARED

ROOMS = {
    "fleet": FleetScreen,
    "node": EntityScreen,
    "log": LogScreen,
    "spec": SpecScreen,
    "said": SaidScreen,
    "calls": CallsScreen,
    "timeline": TimelineScreen,
    "map": MapScreen,
    "applied": AppliedScreen,
    "checks": ChecksScreen,
    "audit": AuditScreen,
}


@pytest.mark.parametrize("room", ROOMS)
def test_no_key_means_two_things_on_one_screen(room: keys.ScreenName) -> None:
    here = [action for action in keys.ACTIONS if room in action.screens]
    used = Counter(key for action in here for key in action.each_key)
    assert [key for key, times in used.items() if times > 1] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_key_has_something_to_call(room: keys.ScreenName) -> None:
    for action in keys.ACTIONS:
        if room in action.screens and action.id != "palette":
            name = action.binding.partition("(")[0]
            assert callable(getattr(ROOMS[room], f"action_{name}", None)), action.id


def test_every_verb_that_all_platforms_have_has_a_key() -> None:
    assert {action.verb for action in keys.ACTIONS if action.verb} == set(SHARED)


def test_one_key_has_one_meaning_and_one_meaning_one_key_on_every_screen() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    keys_of: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for action in keys.ACTIONS:
        for key in action.each_key:
            meanings[key].add(action.meant)
        if action.keys:
            keys_of[action.meant].add(action.each_key)
    assert {key: said for key, said in meanings.items() if len(said) > 1} == {}
    assert {meant: said for meant, said in keys_of.items() if len(said) > 1} == {}
    assert len({action.id for action in keys.ACTIONS}) == len(keys.ACTIONS)


def test_no_key_outside_the_band_acts_but_r_and_enter_on_a_spec_which_ask() -> None:
    acting = {action.id: action.keys for action in keys.ACTIONS if action.group == "Act" and action.keys}
    assert acting == {"act": "a", "retry": "r", "confirm_spec": "enter"}
    assert SHARED["retry"].consent == "plan"


def test_each_letter_of_the_band_is_one_verb_and_what_deletes_asks() -> None:
    letters = Counter(action.menu for action in keys.band())
    assert [letter for letter, times in letters.items() if times > 1] == ["p"], "protect, or unprotect"
    assert not letters.keys() & set(FOREIGN_LETTERS) and not letters.keys() & set(LEAVES)
    assert {verb.name for verb in SHARED.values() if verb.deletes == "always"} == {
        "rollback",
        "replace",
        "destroy",
    }
    assert all(verb.consent in ("plan", "name") for verb in SHARED.values() if verb.deletes != "never")
    assert SHARED["destroy"].consent == "name"


@pytest.mark.parametrize("room", ROOMS)
def test_a_letter_that_moved_says_where_it_went_and_only_where_it_means_nothing(
    room: keys.ScreenName,
) -> None:
    here = {key for action in keys.on_screen(room) for key in action.each_key}
    for letter, id in keys.MOVED.items():
        was = keys.moved(room, letter)
        assert (was is None) == (letter in here)
        assert was is None or (was.id == id and was.way)


def test_no_key_is_one_that_terminals_swallow() -> None:
    for action in keys.ACTIONS:
        for key in action.each_key:
            assert "ctrl" not in key and "alt" not in key and "+" not in key


@pytest.mark.parametrize("room", ROOMS)
def test_the_help_names_every_key_of_its_screen(room: keys.ScreenName) -> None:
    text = "\n".join(plain(line) for line in pages.help_lines(keys.on_screen(room), 70))
    for action in keys.on_screen(room):
        assert action.way in text
        assert action.help.split()[0].lower() in text.lower()


@pytest.mark.parametrize("room", ROOMS)
def test_the_footer_ranks_are_distinct_and_end_with_help_and_quit(room: keys.ScreenName) -> None:
    ranks = [action.footer for action in keys.footer(room)]
    assert len(ranks) == len(set(ranks))
    assert [action.id for action in keys.footer(room)][-2:] == ["help", "quit"]


def test_a_replay_offers_its_own_keys_and_no_verbs() -> None:
    for room in ("fleet", "node"):
        shown = keys.on_screen(room, replaying=True)
        assert {action.group for action in shown} >= {"Replay", "Look"}
        assert not [action for action in shown if action.verb]
        assert keys.footer(room, replaying=True)[0].id == "play"
        assert not [action for action in keys.on_screen(room) if action.group == "Replay"]


def test_the_readme_table_has_a_row_for_every_action() -> None:
    ways = [way for way, _ in keys.ways(keys.ACTIONS)]
    assert len(ways) == len(keys.ACTIONS) - 1, "protect and unprotect are one letter of the band, and one row"
    assert ways.count("a p") == 1


def test_the_readme_table_is_made_from_the_table_of_keys() -> None:
    page = Path(__file__).parents[2] / "README.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- keys -->\n")
    told, _, after = rest.partition("<!-- /keys -->")
    if os.environ.get("NXD_UPDATE_DOCS"):
        told = keys.readme_table() + "\n"
        page.write_text(f"{before}<!-- keys -->\n{told}<!-- /keys -->{after}", encoding="utf-8")
    assert told == keys.readme_table() + "\n", "write it anew with NXD_UPDATE_DOCS=1 and this test"


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("replaying", [False, True])
def test_no_footer_names_the_way_to_its_own_screen_nor_to_what_a_recording_has_not(
    room: keys.ScreenName, replaying: bool
) -> None:
    offered = {action.id for action in keys.footer(room, replaying)}
    assert room not in offered
    assert not (replaying and offered & set(keys.LACKS))

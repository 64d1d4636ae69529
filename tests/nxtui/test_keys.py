"""One table of keys: no key means two things, every key does something, help and footer leave nothing out."""

from __future__ import annotations

from collections import Counter, defaultdict

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
        assert action.help.split()[0] in text


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
    assert len(keys.readme_table().splitlines()) == len(keys.ACTIONS) + 2

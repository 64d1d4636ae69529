"""One table of keys: no key means two things, every key does something, help and footer leave nothing out."""

from __future__ import annotations

from collections import Counter

import pytest

from nxtui import keys
from nxtui.draw import pages
from nxtui.draw.text import plain
from nxtui.screens.entity import EntityScreen
from nxtui.screens.fleet import FleetScreen
from nxtui.screens.log import LogScreen
from nxtui.screens.said import SaidScreen
from nxtui.screens.spec import SpecScreen
from state_machines.verbs import SHARED

ROOMS = {"fleet": FleetScreen, "node": EntityScreen, "log": LogScreen, "spec": SpecScreen, "said": SaidScreen}


@pytest.mark.parametrize("room", ROOMS)
def test_no_key_means_two_things_on_one_screen(room: keys.ScreenName) -> None:
    here = [action for action in keys.ACTIONS if room in action.screens]
    used = Counter(key for action in here for key in action.keys.split(","))
    assert [key for key, times in used.items() if times > 1] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_key_has_something_to_call(room: keys.ScreenName) -> None:
    for action in keys.ACTIONS:
        if room in action.screens and action.id != "palette":
            name = action.binding.partition("(")[0]
            assert callable(getattr(ROOMS[room], f"action_{name}", None)), action.id


def test_every_verb_that_all_platforms_have_has_a_key() -> None:
    assert {action.verb for action in keys.ACTIONS if action.verb} == set(SHARED)


def test_what_deletes_needs_shift_and_consent() -> None:
    for action in keys.ACTIONS:
        if action.verb and SHARED[action.verb].deletes == "always":
            assert action.keys.isupper()
            assert SHARED[action.verb].consent != "none"
    assert {name for name, verb in SHARED.items() if verb.deletes == "always"} == {
        "rollback",
        "replace",
        "destroy",
    }
    assert SHARED["rollback"].consent == "plan" and SHARED["destroy"].consent == "name"


def test_no_key_is_one_that_terminals_swallow() -> None:
    for action in keys.ACTIONS:
        for key in action.keys.split(","):
            assert "ctrl" not in key and "alt" not in key and "+" not in key


@pytest.mark.parametrize("room", ROOMS)
def test_the_help_names_every_key_of_its_screen(room: keys.ScreenName) -> None:
    text = "\n".join(plain(line) for line in pages.help_lines(keys.on_screen(room), 70))
    for action in keys.on_screen(room):
        assert action.shown_key in text
        assert action.help.split()[0] in text


@pytest.mark.parametrize("room", ROOMS)
def test_the_footer_ranks_are_distinct_and_end_with_help_and_quit(room: keys.ScreenName) -> None:
    ranks = [action.footer for action in keys.footer(room)]
    assert len(ranks) == len(set(ranks))
    assert [action.id for action in keys.footer(room)][-2:] == ["help", "quit"]


def test_a_replay_offers_its_own_keys_and_no_verbs() -> None:
    for room in ("fleet", "node", "log"):
        shown = keys.on_screen(room, replaying=True)
        assert {action.group for action in shown} >= {"Replay", "Look"}
        assert not [action for action in shown if action.verb]
        assert keys.footer(room, replaying=True)[0].id == "play"
        assert not [action for action in keys.on_screen(room) if action.group == "Replay"]


def test_the_readme_table_has_a_row_for_every_action() -> None:
    assert len(keys.readme_table().splitlines()) == len(keys.ACTIONS) + 2

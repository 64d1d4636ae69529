"""A person's keys and preferences hold, and every mistake in them is a sentence and no obstacle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui import preferences
from nxtui.acts import keymap
from nxtui.draw.themes import THEMES
from nxtui.main import THEME_NAMES

Open = Callable[..., Any]
ROOT = Path(__file__).parents[3]


def test_an_action_gets_the_keys_that_were_asked_for() -> None:
    keys = keymap.build({"log": "5", "filter": ["f6", "#"], "sort": 7})
    assert keys.mistakes == ()
    assert keys.changed == {"log": "5", "filter": "f6,number_sign", "sort": "7"}


def test_two_actions_may_change_places() -> None:
    keys = keymap.build({"sort": "o", "turn": "s"})
    assert keys.mistakes == ()
    assert keys.changed == {"sort": "o", "turn": "s"}


def test_what_acts_has_its_letter_in_the_band_alone() -> None:
    keys = keymap.build({"rollback": "Z", "retry": "5", "act": "f9"})
    assert keys.mistakes == () and keys.changed == {"act": "f9"}
    shown = {action.id: action.shown_key for action in keys.actions if action.menu}
    assert (shown["rollback"], shown["retry"], shown["hold"]) == ("f9 Z", "r  f9 5", "f9 h")


@pytest.mark.parametrize(
    ("wished", "said"),
    [
        ({"retri": "x"}, "There is no action 'retri'; is retry meant?"),
        ({"zzzz": "x"}, "There is no action 'zzzz'; the help lists them."),
        ({"retry": "ctrl+r"}, "'ctrl+r' is no key"),
        ({"retry": None}, "None is no key"),
        ({"retry": []}, "it has no key"),
        ({"log": "s"}, "log and sort would both have the key s on the fleet screen."),
        ({"retry": "h"}, "retry and hold would both have the key h in the band of a."),
        ({"destroy": "enter"}, "destroy: what acts has one letter or digit, in the band of a."),
        ({"destroy": ["d", "D"]}, "destroy: what acts has one letter or digit, in the band of a."),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_the_usual_keys(wished: Any, said: str) -> None:
    keys = keymap.build(wished | {"theme": "5"})
    (mistake,) = keys.mistakes
    assert said in mistake
    assert keys.changed == {"theme": "5"}


def test_the_file_is_the_named_one_else_that_of_the_person(tmp_path: Path) -> None:
    assert keymap.load({"HOME": str(tmp_path)}) == keymap.Keymap()
    usual = tmp_path / ".config" / "nxd" / "keymap.yaml"
    usual.parent.mkdir(parents=True)
    usual.write_text("log: '5'\n")
    assert keymap.load({"HOME": str(tmp_path)}).changed == {"log": "5"}
    named = tmp_path / "mine.yaml"
    environment = {"HOME": str(tmp_path), "NXD_KEYMAP": str(named)}
    assert keymap.load(environment).mistakes == (f"There is no keymap {named}.",)
    named.write_text("a: b\nc: [")
    assert keymap.load(environment).mistakes == (f"The keymap {named} is not YAML (line 2).",)
    named.write_text("- a")
    assert "not a list of actions" in keymap.load(environment).mistakes[0]


def test_the_example_in_the_documentation_can_be_used() -> None:
    keys = keymap.load({"NXD_KEYMAP": str(ROOT / "docs" / "keymap.yaml")})
    assert keys.mistakes == ()
    assert keys.changed


async def test_the_new_key_acts_the_old_one_does_not_and_footer_and_help_say_so(window: Open) -> None:
    keymapped = keymap.build({"login": "5", "rollback": "6", "theme": "f5", "palette": ";"})
    async with window((140, 45), keymap=keymapped) as w:
        assert "5 into" in w.frame
        await w.press("I", "6")
        assert len(w.app.screen_stack) == 1
        await w.press("5")
        await w.shows("Log in on node02: where?")
        await w.press("escape", "a", "b", "6")
        await w.shows("Roll back node02?")
        await w.press("escape", "f5")
        assert w.app.theme == "nxd-light"
        await w.press("question_mark")
        await w.shows("a 6")
        await w.press("escape", "semicolon")
        await w.until(lambda: len(w.app.screen_stack) == 2, "the palette")
        await w.press("escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the palette to close")
        await w.press("colon")
        assert len(w.app.screen_stack) == 1


async def test_a_mistaken_keymap_is_told_and_the_window_opens_all_the_same(window: Open) -> None:
    async with window((140, 45), keymap=keymap.build({"retri": "x"})) as w:
        await w.shows("is retry meant?")
        assert "LIVE" in w.frame


def test_preferences_hold_and_the_command_line_holds_over_them() -> None:
    said = preferences.build({"theme": "light", "bell": False, "accents": {"lab": "green"}}, THEME_NAMES)
    assert (said.theme, said.bell, said.news, said.accents) == ("light", False, True, {"lab": "green"})
    assert preferences.over(said, theme="contrast", bell=None).theme == "contrast"
    assert preferences.over(said, theme="contrast", bell=None).bell is False


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({"colour": "red"}, "There is no preference 'colour'; there are theme, news"),
        ({"bell": "yes"}, "bell must be true or false, not 'yes'."),
        ({"theme": "pink"}, "There is no theme 'pink'; there are dark, light, contrast."),
        ({"accents": {"lab": "pink"}}, "lab: pink is no accent; there are blue"),
    ],
)
def test_a_mistaken_preference_is_one_sentence(said: Any, mistake: str) -> None:
    (told,) = preferences.build(said, THEME_NAMES).mistakes
    assert mistake in told


def test_the_themes_that_can_be_named_are_those_that_there_are() -> None:
    assert tuple(f"nxd-{name}" for name in THEME_NAMES) == tuple(theme.name for theme in THEMES)

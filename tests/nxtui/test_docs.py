"""docs/tui.md says what the window does: its actions, its preferences, and the files it points to."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from nxtui import keys, preferences
from nxtui.main import THEME_NAMES, parser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tui.md").read_text(encoding="utf-8")


def test_every_action_that_a_keymap_can_name_is_listed() -> None:
    (listed,) = re.findall(r"<!-- actions -->(.*?)<!-- /actions -->", PAGE, re.DOTALL)
    assert re.findall(r"`(\w+)`", listed) == [action.id for action in keys.ACTIONS]


def test_the_preferences_in_the_page_can_be_used() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    said = preferences.build(yaml.safe_load(example), THEME_NAMES)
    assert said.mistakes == ()
    assert said.accents == {"lab": "green", "eu-1": "production"}


def test_every_option_is_described() -> None:
    options = {option for action in parser()._actions for option in action.option_strings}
    assert [option for option in options - {"-h", "--help"} if option not in PAGE] == []


def test_every_file_it_points_to_is_there() -> None:
    named = re.findall(r"`((?:nxtui|tests|daemon)/[\w./]+)`", PAGE)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_habit_that_is_a_must_or_a_should_is_listed_and_none_is_left_out() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
    listed = [int(row[1]) for row in rows]
    assert listed == [
        number for number in range(1, 44) if number not in (39, 40)
    ]  # jump mode, plugins: later
    assert {row[3].strip() for row in rows} == {"M", "S", "M, S"}
    assert [row[4] for row in rows if "not done" in row[4] or "no " in row[4].lower().split(":")[0]] == []

"""A person's own keys: a YAML file that gives actions other keys, and every mistake in it as a sentence."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from daemon.display.encodings import SETTINGS_LIMIT, NotText, text_in
from nxtui.keys import ACTIONS, BY_ID, Action, ScreenName

NAMED = frozenset(
    ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape", "space", "tab")
) | {f"f{number}" for number in range(1, 13)}
"""Keys that have a name instead of a sign."""

_SIGNS = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


@dataclass(frozen=True)
class Keymap:
    """The table of actions with the keys that were asked for, and what could not be done."""

    actions: tuple[Action, ...] = ACTIONS
    mistakes: tuple[str, ...] = ()

    @property
    def changed(self) -> dict[str, str]:
        """Action → its keys, where they are not the usual ones."""
        return {action.id: action.keys for action in self.actions if action.keys != BY_ID[action.id].keys}


def find(environment: Mapping[str, str]) -> Path:
    """Where the keymap is: ``$NXD_KEYMAP``, else ``keymap.yaml`` in nxd's directory of settings."""
    if environment.get("NXD_KEYMAP"):
        return Path(environment["NXD_KEYMAP"])
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/")) / ".config"
    return Path(home) / "nxd" / "keymap.yaml"


def load(environment: Mapping[str, str]) -> Keymap:
    """The keymap of this person; the usual keys where there is no file or where it is wrong."""
    file = find(environment)
    if not file.is_file():
        named = environment.get("NXD_KEYMAP")
        return Keymap(mistakes=(f"There is no keymap {named}.",) if named else ())
    import yaml

    try:
        chosen = yaml.safe_load(text_in(file, SETTINGS_LIMIT, "keymaps")) or {}
    except NotText as cause:
        return Keymap(mistakes=(f"The keymap {file} {cause}",))
    except OSError as cause:
        return Keymap(mistakes=(f"The keymap {file} cannot be read ({cause.strerror}).",))
    except yaml.YAMLError as cause:
        mark = getattr(cause, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        return Keymap(mistakes=(f"The keymap {file} is not YAML{where}.",))
    if not isinstance(chosen, dict):
        return Keymap(mistakes=(f"The keymap {file} is not a list of actions and keys.",))
    return build(chosen)


def build(chosen: Mapping[Any, Any]) -> Keymap:
    """Give the actions their keys. An entry that is wrong is left out and told; the others hold."""
    mistakes: list[str] = []
    given: dict[str, str] = {}
    for name, keys in chosen.items():
        if name not in BY_ID:
            near = difflib.get_close_matches(str(name), BY_ID, 1)
            hint = f"; is {near[0]} meant?" if near else "; the help lists them."
            mistakes.append(f"There is no action {name!r}{hint}")
            continue
        found = _keys(keys)
        if isinstance(found, str):
            mistakes.append(f"{name}: {found}")
        else:
            given[name] = ",".join(found)
    while clash := _clash(_with(given)):
        key, screen, one, other = clash
        mistakes.append(f"{one} and {other} would both have the key {key} on the {screen} screen.")
        given.pop(other if other in given else one)
    return Keymap(_with(given), tuple(mistakes))


def _with(given: Mapping[str, str]) -> tuple[Action, ...]:
    return tuple(
        replace(action, keys=given[action.id]) if action.id in given else action for action in ACTIONS
    )


def _keys(keys: Any) -> list[str] | str:
    """The keys of an entry by Textual's names, or what is wrong with them."""
    listed = (
        keys
        if isinstance(keys, list)
        else keys.split(",")
        if isinstance(keys, str) and keys != ","
        else [keys]
    )
    found: list[str] = []
    for key in (one.strip() or one if isinstance(one, str) else one for one in listed):
        if isinstance(key, str) and key in NAMED:
            found.append(key)
        elif isinstance(key, str) and len(key) == 1 and key.isprintable():
            found.append(key if key.isalnum() else _sign(key))
        elif isinstance(key, int) and 0 <= key <= 9:
            found.append(str(key))
        else:
            return (
                f"{key!r} is no key; a key is one letter, digit or sign, or a name like enter, tab, f5. "
                "Ctrl and Alt are left to the terminal."
            )
    return found or "it has no key."


def _sign(char: str) -> str:
    if char == " ":
        return "space"
    name = unicodedata.name(char).lower().replace("-", "_").replace(" ", "_")
    return _SIGNS.get(name, name)


def _clash(actions: tuple[Action, ...]) -> tuple[str, str, str, str] | None:
    """The first key that two actions have on one screen."""
    for screen in get_args(ScreenName):
        taken: dict[str, str] = {}
        for action in actions:
            for key in action.keys.split(",") if screen in action.screens else ():
                if key in taken:
                    return key, screen, taken[key], action.id
                taken[key] = action.id
    return None

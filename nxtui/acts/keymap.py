"""A person's own keys: a YAML file that gives actions other keys, and every mistake in it as a sentence."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from daemon.display.encodings import SETTINGS_LIMIT, NotText, text_in
from nxtui.keys import ACTIONS, BY_ID, Action, ScreenName, band

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
        """Action → its keys on a screen, where they are not the usual ones."""
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
        elif BY_ID[name].menu and not _is_letter(found):
            mistakes.append(f"{name}: what acts has one letter or digit, in the band of a.")
        else:
            given[name] = ",".join(found)
    while clash := _clash(_with(given)):
        key, where, one, other = clash
        mistakes.append(f"{one} and {other} would both have the key {key} {where}.")
        given.pop(other if other in given else one)
    return Keymap(_with(given), tuple(mistakes))


def _with(given: Mapping[str, str]) -> tuple[Action, ...]:
    """The table with other keys. Those of what acts are its letter in the band of ``act``: none acts without it."""
    opener = given.get("act", BY_ID["act"].keys).split(",")[0]
    return tuple(_given(action, given.get(action.id), opener) for action in ACTIONS)


def _given(action: Action, keys: str | None, opener: str) -> Action:
    if action.menu:
        return replace(action, menu=keys or action.menu, opener=opener)
    return replace(action, keys=keys) if keys else action


def _is_letter(keys: list[str]) -> bool:
    return len(keys) == 1 and len(keys[0]) == 1


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
    """The first key that two actions have on one screen, or in the band; two of which one alone is legal share one."""
    for screen in get_args(ScreenName):
        keyed = ((key, action) for action in actions if screen in action.screens for key in action.each_key)
        if (found := _taken_twice(keyed)) is not None:
            return found[0], f"on the {screen} screen", *found[1:]
    found = _taken_twice((action.menu, action) for action in band(actions) if action.id != "unprotect")
    return None if found is None else (found[0], "in the band of a", *found[1:])


def _taken_twice(keyed: Iterable[tuple[str, Action]]) -> tuple[str, str, str] | None:
    taken: dict[str, str] = {}
    for key, action in keyed:
        if key in taken:
            return key, taken[key], action.id
        taken[key] = action.id
    return None

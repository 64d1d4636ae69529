"""What a person prefers: theme, accents, what may ring; from a YAML file, and from the command line over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from daemon.display.encodings import SETTINGS_LIMIT, NotText, text_in

ACCENTS = ("blue", "green", "violet", "amber", "grey", "production")
"""The accents that an environment may be given."""

Colours = Literal["all", "named", "none"]
"""What a terminal has: at least 256 colours, the sixteen that have names, or none that is wanted (NO_COLOR)."""


@dataclass(frozen=True)
class Preferences:
    """Every preference with what holds when nothing was said; ``mouse`` None asks the terminal."""

    theme: str = "dark"
    news: bool = True
    bell: bool = True
    desktop: bool = True
    follow: bool = True
    mouse: bool | None = None
    ascii: bool = False
    login: str = "ssh {address}"
    accents: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[str, ...] = ()


_KINDS: dict[str, tuple[type, str]] = {
    "theme": (str, "the name of a theme"),
    "news": (bool, "true or false"),
    "bell": (bool, "true or false"),
    "desktop": (bool, "true or false"),
    "follow": (bool, "true or false"),
    "mouse": (bool, "true or false"),
    "ascii": (bool, "true or false"),
    "login": (str, "a command with {address} in it"),
    "accents": (dict, "environments with their accents"),
}


def find(environment: Mapping[str, str]) -> Path:
    """Where the preferences are: ``$NXTUI_CONFIG``, else ``nxtui.yaml`` in nxd's directory of settings."""
    if environment.get("NXTUI_CONFIG"):
        return Path(environment["NXTUI_CONFIG"])
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/")) / ".config"
    return Path(home) / "nxd" / "nxtui.yaml"


def load(environment: Mapping[str, str], themes: tuple[str, ...]) -> Preferences:
    """The preferences of this person; where the file is wrong, what is usual, and a sentence."""
    file = find(environment)
    if not file.is_file():
        return Preferences()
    import yaml

    try:
        said = yaml.safe_load(text_in(file, SETTINGS_LIMIT, "preferences")) or {}
    except NotText as cause:
        return Preferences(mistakes=(f"The file of preferences {file} {cause}",))
    except (OSError, yaml.YAMLError):
        return Preferences(mistakes=(f"The preferences {file} cannot be read as YAML.",))
    if not isinstance(said, dict):
        return Preferences(mistakes=(f"The preferences {file} are not a list of names and values.",))
    return build(said, themes)


def build(said: Mapping[Any, Any], themes: tuple[str, ...]) -> Preferences:
    """Preferences out of a mapping; an entry that is wrong is left out and told."""
    good: dict[str, Any] = {}
    mistakes: list[str] = []
    for name, value in said.items():
        if name not in _KINDS:
            mistakes.append(f"There is no preference {name!r}; there are {', '.join(_KINDS)}.")
            continue
        kind, words = _KINDS[name]
        if not isinstance(value, kind):
            mistakes.append(f"{name} must be {words}, not {value!r}.")
        elif name == "theme" and value not in themes:
            mistakes.append(f"There is no theme {value!r}; there are {', '.join(themes)}.")
        elif isinstance(value, dict):
            good[name] = {str(where): accent for where, accent in value.items() if accent in ACCENTS}
            strange = [f"{where}: {accent}" for where, accent in value.items() if accent not in ACCENTS]
            mistakes += [f"{one} is no accent; there are {', '.join(ACCENTS)}." for one in strange]
        else:
            good[name] = value
    return Preferences(**good, mistakes=tuple(mistakes))


def over(preferences: Preferences, **given: Any) -> Preferences:
    """The preferences with what the command line says; None there means nothing was said."""
    known = {one.name for one in fields(Preferences)}
    assert given.keys() <= known
    return replace(preferences, **{name: value for name, value in given.items() if value is not None})

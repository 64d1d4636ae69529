"""Colours: three themes that a colour-blind person can tell apart, and the inks that lines are written in."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from rich.style import Style
from textual.theme import Theme

_DARK = {
    "base": "#11151b",
    "panel": "#171d25",
    "text": "#c5ced8",
    "dim": "#8a97a6",
    "strong": "#eef3f8",
    "rule": "#2b3540",
    "row": "#262626",
    "key": "#8fb8de",
    "match": "#e0b040",
    "found": "#11151b",
    "ok": "#35b597",
    "working": "#58aee6",
    "waiting": "#9aa7b5",
    "attention": "#e6a32e",
    "failed": "#ff8261",
    "releasing": "#b08fd8",
    "released": "#8a97a6",
}
_LIGHT = {
    "base": "#fbfaf7",
    "panel": "#f1efe9",
    "text": "#2b3137",
    "dim": "#5f5f5f",
    "strong": "#0b0f14",
    "rule": "#d8d5cc",
    "row": "#e4e4e4",
    "key": "#1f5f9c",
    "match": "#e8c860",
    "found": "#0b0f14",
    "ok": "#005f5f",
    "working": "#0a5c97",
    "waiting": "#5f5f5f",
    "attention": "#5f5f00",
    "failed": "#af0000",
    "releasing": "#5f00af",
    "released": "#5f5f5f",
}
_CONTRAST = {
    "base": "#000000",
    "panel": "#000000",
    "text": "#ffffff",
    "dim": "#d0d0d0",
    "strong": "#ffffff",
    "rule": "#808080",
    "row": "#00005f",
    "key": "#80d0ff",
    "match": "#ffff00",
    "found": "#000000",
    "ok": "#40e0c0",
    "working": "#60c8ff",
    "waiting": "#e0e0e0",
    "attention": "#ffc040",
    "failed": "#ff8050",
    "releasing": "#d8b0ff",
    "released": "#d0d0d0",
}


def _theme(name: str, colours: dict[str, str], dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=colours["working"],
        secondary=colours["key"],
        warning=colours["attention"],
        error=colours["failed"],
        success=colours["ok"],
        foreground=colours["text"],
        background=colours["base"],
        surface=colours["base"],
        panel=colours["panel"],
        dark=dark,
        variables={
            **{f"nx-{key}": value for key, value in colours.items()},
            "scrollbar": colours["rule"],
            "scrollbar-background": colours["base"],
            "scrollbar-corner-color": colours["base"],
            "scrollbar-background-hover": colours["base"],
            "scrollbar-background-active": colours["base"],
        },
    )


THEMES = (
    _theme("nxd-dark", _DARK, True),
    _theme("nxd-light", _LIGHT, False),
    _theme("nxd-contrast", _CONTRAST, True),
)

FALLBACK = {f"nx-{key}": value for key, value in _DARK.items()}
"""The variables for a theme that is not one of ours."""

_ACCENTS = {"blue": "key", "green": "ok", "violet": "releasing", "amber": "match", "grey": "dim"}
"""Accents of environments, and the colour of each; none is that of a failure."""

_BOLD = {"failed-strong", "title", "lost", "key-strong", *(f"env-{name}" for name in _ACCENTS)}


def accent(environment: str, accents: Mapping[str, str]) -> str:
    """The ink of the environment's name. Production looks like production on every screen; any other name
    has the accent it was given, else always the same one of five."""
    name = environment.lower()
    given = accents.get(environment)
    if given is not None:
        return f"env-{given}"
    if "prod" in name or name.startswith(("prd", "live")):
        return "env-production"
    return f"env-{list(_ACCENTS)[zlib.crc32(name.encode()) % len(_ACCENTS)]}"


def inks(variables: dict[str, str]) -> dict[str, Style]:
    """Every ink by name, for the theme with these variables."""
    colour = {key: variables.get(f"nx-{key}", FALLBACK[f"nx-{key}"]) for key in _DARK}
    plain = {
        "": Style(color=colour["text"]),
        **{name: Style(color=colour[name]) for name in ("dim", "strong", "rule", "key")},
        **{
            name: Style(color=colour[name])
            for name in ("ok", "working", "waiting", "attention", "failed", "releasing", "released")
        },
        "title": Style(color=colour["strong"]),
        "heading": Style(color=colour["dim"]),
        "match": Style(color=colour["found"], bgcolor=colour["match"]),
        **{
            f"env-{name}": Style(color=colour["found" if of == "match" else "base"], bgcolor=colour[of])
            for name, of in _ACCENTS.items()
        },
        "env-production": Style(color=colour["base"], bgcolor=colour["failed"], bold=True),
        "lost": Style(color=colour["base"], bgcolor=colour["failed"]),
        "stale": Style(color=colour["attention"], bold=True),
        "row": Style(bgcolor=colour["row"]),
        "row-idle": Style(bgcolor=colour["panel"]),
        "base": Style(color=colour["text"], bgcolor=colour["base"]),
        "panel": Style(color=colour["text"], bgcolor=colour["panel"]),
        "failed-strong": Style(color=colour["failed"]),
        "chosen": Style(color=colour["base"], bgcolor=colour["text"], bold=True),
        "key-strong": Style(color=colour["key"]),
        "match-mark": Style(color=colour["attention"]),
    }
    return {name: style + Style(bold=True) if name in _BOLD else style for name, style in plain.items()}

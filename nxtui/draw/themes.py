"""Colours: three themes that a colour-blind person can tell apart, and the inks that lines are written in."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Literal

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


def _of_textual(ground: str) -> dict[str, str]:
    """What Textual's own widgets draw with where colours have names; ``ground`` is the terminal's own, if known."""
    return {
        "ansi-background": ground,
        "ansi-foreground": "ansi_default",
        "scrollbar": "ansi_white",
        "border": "ansi_default",
        "border-blurred": "ansi_default",
        "input-cursor-text-style": "reverse" if ground == "ansi_default" else "none",
        "input-selection-foreground": "ansi_black",
        "link-color": "ansi_default",
    }


def _theme(name: str, colours: dict[str, str], dark: bool, ansi: bool = False) -> Theme:
    return Theme(
        name=name,
        ansi=ansi,
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
            **(_of_textual(colours["ansi"]) if ansi else {}),
        },
    )


THEMES = (
    _theme("nxd-dark", _DARK, True),
    _theme("nxd-light", _LIGHT, False),
    _theme("nxd-contrast", _CONTRAST, True),
)

_PLAIN = dict.fromkeys(_DARK, "ansi_default") | {"ansi": "ansi_default"}
"""Without colour: bold, underlined and reverse are all there is. The sign ``ansi`` tells inks of names from others."""
_DARK_16 = _PLAIN | {
    "strong": "ansi_bright_white",
    "ok": "ansi_bright_green",
    "working": "ansi_bright_cyan",
    "attention": "ansi_bright_yellow",
    "failed": "ansi_bright_red",
    "releasing": "ansi_bright_magenta",
    "ansi": "ansi_black",
}
"""On a dark ground: neither bright black nor plain blue, which cannot be read on a console, is ever text."""
_CONTRAST_16 = _DARK_16 | {"text": "ansi_bright_white", "waiting": "ansi_bright_white"}
_LIGHT_16 = _PLAIN | {
    "working": "ansi_blue",
    "attention": "ansi_magenta",
    "failed": "ansi_red",
    "releasing": "ansi_magenta",
    "ansi": "ansi_white",
}

_NAMED = (
    _theme("nxd-dark", _DARK_16, True, ansi=True),
    _theme("nxd-light", _LIGHT_16, False, ansi=True),
    _theme("nxd-contrast", _CONTRAST_16, True, ansi=True),
)
_WITHOUT = tuple(_theme(theme.name, _PLAIN, theme.dark, ansi=True) for theme in THEMES)


def themes(colours: Literal["all", "named", "none"]) -> tuple[Theme, ...]:
    """The three themes for a terminal with so many colours, always by the same names."""
    return {"all": THEMES, "named": _NAMED, "none": _WITHOUT}[colours]


FALLBACK = {f"nx-{key}": value for key, value in _DARK.items()}
"""The variables for a theme that is not one of ours."""

_ACCENTS = {"blue": "key", "green": "ok", "violet": "releasing", "amber": "match", "grey": "dim"}
"""Accents of environments, and the colour of each; none is that of a failure."""

_ACCENTS_16 = {
    "blue": ("bright_white", "blue"),
    "green": ("black", "green"),
    "violet": ("bright_white", "magenta"),
    "amber": ("bright_white", "yellow"),
    "grey": ("black", "white"),
}

_BOLD = {"failed-strong", "title", "lost", "key-strong", *(f"env-{name}" for name in _ACCENTS)}
_BOLD_16 = {"strong", "title", "failed", "failed-strong", "stale"}


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
    named = "nx-ansi" in variables
    colour = {key: variables.get(f"nx-{key}", FALLBACK[f"nx-{key}"]).removeprefix("ansi_") for key in _DARK}
    plain = {
        "": Style(color=colour["text"]),
        **{name: Style(color=colour[name]) for name in ("dim", "strong", "rule", "key")},
        **{
            name: Style(color=colour[name])
            for name in ("ok", "working", "waiting", "attention", "failed", "releasing", "released")
        },
        "title": Style(color=colour["strong"]),
        "heading": Style(color=colour["dim"]),
        "base": Style(color=colour["text"], bgcolor=colour["base"]),
        "panel": Style(color=colour["text"], bgcolor=colour["panel"]),
        "stale": Style(color=colour["attention"], bold=True),
        "failed-strong": Style(color=colour["failed"]),
        "key-strong": Style(color=colour["key"]),
        "match-mark": Style(color=colour["attention"]),
    }
    plain |= _reversed(variables["nx-ansi"] != "ansi_default") if named else _blocks(colour)
    bold = _BOLD_16 if named else _BOLD
    inked = {name: style + Style(bold=True) if name in bold else style for name, style in plain.items()}
    if named:
        inked |= {name: inked[name] + Style(underline=True) for name in ("key", "key-strong")}
    return inked


def _blocks(colour: Mapping[str, str]) -> dict[str, Style]:
    """The inks that have a ground of their own."""
    return {
        "match": Style(color=colour["found"], bgcolor=colour["match"]),
        **{
            f"env-{name}": Style(color=colour["found" if of == "match" else "base"], bgcolor=colour[of])
            for name, of in _ACCENTS.items()
        },
        "env-production": Style(color=colour["base"], bgcolor=colour["failed"], bold=True),
        "lost": Style(color=colour["base"], bgcolor=colour["failed"]),
        "row": Style(bgcolor=colour["row"]),
        "row-idle": Style(bgcolor=colour["panel"]),
        "chosen": Style(color=colour["base"], bgcolor=colour["text"], bold=True),
    }


def _reversed(coloured: bool) -> dict[str, Style]:
    """The same where colours have names: reverse video, and pairs that can be read on every ground. None is bold, as
    bold black is dark grey on a console."""
    turned = Style(color="default", bgcolor="default", reverse=True)
    return {
        **dict.fromkeys(("match", "row", "row-idle", "chosen"), turned),
        **{
            f"env-{name}": Style(color=ink, bgcolor=ground) if coloured else turned
            for name, (ink, ground) in _ACCENTS_16.items()
        },
        **dict.fromkeys(
            ("env-production", "lost"), Style(color="bright_white", bgcolor="red") if coloured else turned
        ),
    }

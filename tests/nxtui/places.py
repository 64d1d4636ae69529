"""Every screen and popup that nxtui has, as the product itself lists them, and the keys that lead to each."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from textual.screen import Screen

import nxtui.screens
from nxtui import keys
from nxtui.model.trail import Place
from nxtui.model.tree import TREE
from nxtui.screens.fleet import FleetScreen
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.ask import AskLine

FULL: tuple[keys.ScreenName, ...] = get_args(keys.ScreenName)
"""What fills the window."""
CALLED = {"node": "entity"}
"""Screens whose place is called otherwise."""
ASKS = ("draft", "applied", "check")
"""What a key waits for before it opens something."""
OPENS = ("find", "log_filter")
"""What keys mean that open a line to type into."""


class Way(NamedTuple):
    """From a full screen, of the node or cluster of a name, to what lies over it."""

    screen: keys.ScreenName
    keys: tuple[str, ...] = ()
    name: str = "node02"
    shows: tuple[str, ...] = ()
    """The class of what is in front then, where it comes a moment later."""


def ways() -> dict[str, Way]:
    """To every full screen, to each line on it that is typed into, to the band of ``a`` on it, and to every popup."""
    found: dict[str, Way] = {}
    for screen in FULL:
        found[screen] = Way(screen)
        found[f"band of {screen}"] = Way(screen, ("a",))
        for action in keys.ACTIONS:
            if action.meant in OPENS and screen in action.screens:
                found[f"{action.id} of {screen}"] = Way(screen, action.each_key)
    return {**found, **POPUPS}


POPUPS = {
    "help": Way("fleet", ("question_mark",), shows=("HelpScreen",)),
    "palette": Way("fleet", ("colon",), shows=("Palette",)),
    "files": Way("fleet", ("a", "s"), shows=("FilePicker",)),
    "question": Way("fleet", ("a", "b"), shows=("Confirm",)),
    "question of a word": Way("fleet", ("a", "d"), "demo", ("Confirm",)),
    "question of a spec": Way("spec", ("enter",), shows=("Confirm", "SpecScreen")),
    "steps": Way("fleet", ("a", "f"), shows=("Pick",)),
    "ways in": Way("fleet", ("I",), shows=("WaysIn",)),
    "secret": Way("fleet", ("I", "plus"), "demo", ("SecretDialog",)),
    "console": Way("fleet", ("I", *"console", "enter"), "node01", ("ConsoleScreen",)),
    "members": Way("node", ("enter",), "demo", ("Pick",)),
    "name of a file": Way("fleet", ("x",), shows=("Pick",)),
    "question of strays": Way("audit", ("space", "a", "d"), shows=("Confirm",)),
    "editor": Way("applied", ("e",), shows=("EditorScreen", "SpecScreen")),
}
"""What lies over a full screen."""


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def classes() -> set[str]:
    """The name of every class of the product that is shown as a screen: what others are made of alone is none."""
    for module in pkgutil.iter_modules(nxtui.screens.__path__):
        importlib.import_module(f"nxtui.screens.{module.name}")
    made_of = (
        "Playing",
        "FullScreen",
        "RowScreen",
        "RowsScreen",
        "PageScreen",
        "HeadedScreen",
        "Dialog",
        "PageDialog",
    )
    return {one.__name__ for one in _below(Screen) if one.__module__.startswith("nxtui.")} - set(made_of)


async def home(w: Any) -> None:
    """Back to the fleet, as it is when nothing is begun."""
    while len(w.app.screen_stack) > 1:
        w.app.close_top()
        await w.pilot.pause()
    screen = w.app.screen
    assert isinstance(screen, FleetScreen)
    screen.acting.close()
    listing = screen.grid.listing
    if listing.sort != TREE:
        screen.sort_by(TREE)
    while screen.ask.display or listing.query.text or listing.only or listing.marks:
        screen.action_clear()
        await w.pilot.pause()


async def go(w: Any, way: Way, spec: Path) -> None:
    """From wherever the window is to a place of it."""
    await home(w)
    w.app.screen.go_to(way.name)
    if way.screen != "fleet":
        name = str(spec) if way.screen == "spec" else None if way.screen in ("said", "audit") else way.name
        cluster = "demo" if way.screen in ("applied", "checks") else name
        w.app.go(Place(CALLED.get(way.screen, way.screen), cluster))
        await w.until(lambda: is_at(w, way.screen), lambda: f"the screen {way.screen}:\n{w.frame}")
    for key in way.keys:
        await w.press(key)
        await w.until(
            lambda: all(one.is_finished for one in w.app.workers if one.group in ASKS), "what was asked"
        )
    if way.shows:
        await w.until(lambda: type(w.app.screen).__name__ in way.shows, lambda: f"{way}:\n{w.frame}")


def is_at(w: Any, screen: str) -> bool:
    """Whether a full screen is in front, with everything on it."""
    front = w.app.screen
    return isinstance(front, FullScreen) and front.screen_name == screen and front.is_mounted


def lines_typed_into(w: Any) -> list[AskLine]:
    """Those that are open."""
    return [one for one in w.app.screen.query(AskLine) if one.display]

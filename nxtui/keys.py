"""The one table of everything a key can do: bindings, footer, help, palette and README are made from it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from textual.binding import Binding, BindingType

ScreenName = Literal["fleet", "node", "log", "spec", "said"]
Group = Literal["Act", "Look", "Move", "Replay", "Leave"]


@dataclass(frozen=True)
class Action:
    """One thing a person can do. ``footer`` is its rank there, 0 for not at all; ``at_step`` asks first at
    which step the verb is meant."""

    id: str
    keys: str
    label: str
    help: str
    group: Group
    screens: tuple[ScreenName, ...]
    footer: int = 0
    verb: str | None = None
    at_step: bool = False

    @property
    def shown_key(self) -> str:
        """The key as it stands in footer and help."""
        return " ".join(_shown(key) for key in self.keys.split(","))

    @property
    def binding(self) -> str:
        """What Textual calls: a method of the screen, or the verb by its name."""
        if self.verb:
            return f"verb_at('{self.verb}')" if self.at_step else f"verb('{self.verb}')"
        return self.id

    @cached_property
    def first_key(self) -> str:
        """The key as the footer names it."""
        return self.shown_key.split(" ")[0]


_SHOWN = {
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "tab": "Tab",
    "home": "Home",
    "end": "End",
    "pagedown": "PgDn",
    "pageup": "PgUp",
}


def _shown(key: str) -> str:
    """A key as a person knows it; Textual names signs by their Unicode names."""
    if key in _SHOWN or len(key) == 1:
        return _SHOWN.get(key, key)
    try:
        return unicodedata.lookup(key.replace("_", " "))
    except KeyError:
        return key


_ALL: tuple[ScreenName, ...] = ("fleet", "node", "log", "spec", "said")
_ROWS: tuple[ScreenName, ...] = ("fleet", "node")
_LINES: tuple[ScreenName, ...] = ("fleet", "node", "log")
_FLEET: tuple[ScreenName, ...] = ("fleet",)
_LOG: tuple[ScreenName, ...] = ("log",)
_SPEC: tuple[ScreenName, ...] = ("spec",)


def _verb(id: str, keys: str, label: str, help: str, footer: int, verb: str = "") -> Action:
    """A verb of the daemon, on the rows that are marked or under the cursor."""
    return Action(id, keys, label, help, "Act", _ROWS, footer, verb or id, at_step=bool(verb))


ACTIONS: tuple[Action, ...] = (
    _verb("retry", "r", "retry", "Try again from the step that failed.", 1),
    _verb("retry_from", "f", "retry from", "Try again from a step of your choice.", 13, "retry"),
    _verb("rollback", "R", "rollback", "Go back to nothing; shows first what will be deleted.", 2),
    _verb("hold", "h", "hold", "Stop at the next safe point.", 7),
    _verb("hold_after", "T", "hold after", "Stop after a step of your choice.", 15, "hold"),
    _verb("resume", "u", "resume", "Go on after a hold.", 6),
    _verb("replace", "X", "replace", "Order another server behind the same addresses.", 12),
    _verb("protect", "p", "protect", "Refuse every deletion in a cluster.", 10),
    _verb("unprotect", "P", "unprotect", "Allow deletions in a cluster again.", 11),
    _verb("destroy", "D", "destroy", "Delete everything of a cluster; asks for its name.", 9),
    Action("apply", "A", "apply", "Choose a spec, check it, see its plan, apply it.", "Act", _FLEET, 14),
    Action(
        "confirm_spec", "enter", "plan and apply", "Show what it would make; then y does.", "Act", _SPEC, 1
    ),
    Action("edit", "e", "edit", "Open the spec in your editor ($EDITOR).", "Act", _SPEC, 2),
    Action(
        "reread",
        "r",
        "check again",
        "Read the file again; a saved change is seen by itself.",
        "Act",
        _SPEC,
        3,
    ),
    Action("next_problem", "n", "next mistake", "To the next mistake in the spec.", "Look", _SPEC, 4),
    Action(
        "open",
        "enter",
        "details",
        "The story of the node or cluster: timeline, objects, log.",
        "Look",
        ("fleet", "said"),
        3,
    ),
    Action("members", "enter", "nodes", "Choose another node of the cluster.", "Look", ("node",), 5),
    Action("log", "l", "logs", "The log on the whole screen.", "Look", _ROWS, 4),
    Action("login", "S", "log in", "Step aside and log in on one of its addresses (ssh).", "Look", _ROWS),
    Action("console", "C", "console", "The serial console of its machine, until Ctrl-].", "Look", _ROWS),
    Action("filter", "slash", "filter", "Hide nodes: state:failed !cluster:a text.", "Look", _FLEET, 5),
    Action("search", "slash", "search", "Find text; n and N go on and back.", "Look", _LOG, 3),
    Action("next_hit", "n", "next", "The next place that was found.", "Look", _LOG, 5),
    Action("prev_hit", "N", "previous", "The place found before.", "Look", _LOG),
    Action("pause", "p,space", "pause", "Freeze the log; new lines are counted.", "Look", _LOG, 1),
    Action("level", "e", "level", "Show all levels, warnings and worse, or errors.", "Look", _LOG, 2),
    Action("log_filter", "f", "filter", "Hide lines: node:node02 kind:call !text.", "Look", _LOG, 4),
    Action("wrap", "w", "wrap", "Show long lines whole or cut.", "Look", _LOG, 6),
    Action("stamps", "T", "times", "Time of day, full date, or no time at all.", "Look", _LOG, 8),
    Action(
        "mark_line", "m", "mark", "Mark the line; marked lines are what is copied and saved.", "Look", _LOG, 7
    ),
    Action(
        "save", "S", "save", "Write the marked lines, else all that are shown, to a file.", "Look", _LOG, 9
    ),
    Action("pager", "V", "pager", "The same lines in your pager ($PAGER).", "Look", _LOG),
    Action(
        "scope",
        "a",
        "all/one",
        "The log of everything, or of what is selected.",
        "Look",
        ("fleet", "log"),
        16,
    ),
    Action("sort", "s", "sort", "Next order: trouble, name, cluster, state, step …", "Look", _FLEET, 8),
    Action("turn", "o", "reverse", "Turn the order round.", "Look", _FLEET),
    Action("mark", "space", "mark", "Mark the row; verbs act on all marked rows.", "Look", _FLEET, 17),
    Action("span", "v", "range", "Mark from the last mark to here.", "Look", _FLEET),
    Action(
        "export",
        "x",
        "export",
        "Write the marked rows, else all that are shown, to a CSV file.",
        "Look",
        _FLEET,
    ),
    Action("copy", "y", "copy", "Copy the row or lines to the clipboard, also over SSH.", "Look", _ALL),
    Action("said", "H", "said", "Everything that this window said on its one line.", "Look", _ALL, 18),
    Action("theme", "t", "theme", "Next theme: dark, light, high contrast.", "Look", _ALL),
    Action("down", "j,down", "down", "One down.", "Move", _ALL),
    Action("up", "k,up", "up", "One up.", "Move", _ALL),
    Action("page_down", "pagedown", "page down", "One page down.", "Move", _ALL),
    Action("page_up", "pageup", "page up", "One page up.", "Move", _ALL),
    Action("top", "g,home", "top", "To the top.", "Move", _ALL),
    Action("bottom", "G,end", "bottom", "To the end; a log follows again.", "Move", _ALL),
    Action("other", "tab", "other list", "Between clusters and nodes.", "Move", _FLEET),
    Action("play", "b", "play/pause", "Let the recorded time pass, or stop it.", "Replay", _LINES, 1),
    Action("rewind", "left", "back", "A hundredth of the recording back.", "Replay", _LINES, 2),
    Action("forward", "right", "on", "A hundredth of the recording on.", "Replay", _LINES, 3),
    Action("slower", "left_square_bracket", "slower", "Half the speed.", "Replay", _LINES, 4),
    Action("faster", "right_square_bracket", "faster", "Twice the speed.", "Replay", _LINES, 5),
    Action("clear", "escape", "clear", "Clear the filter, then the marks.", "Leave", _FLEET),
    Action("earlier", "less_than_sign", "place before", "The place you looked at before.", "Leave", _ALL),
    Action("later", "greater_than_sign", "place after", "On again, after going back.", "Leave", _ALL),
    Action(
        "back", "escape", "back", "Back to the screen before.", "Leave", ("node", "log", "spec", "said"), 20
    ),
    Action("palette", "colon", "commands", "Everything by its words: retry node02.", "Leave", _ALL, 21),
    Action("help", "question_mark", "help", "All keys.", "Leave", _ALL, 22),
    Action("quit", "q", "quit", "Close this window; the daemon goes on working.", "Leave", _ALL, 23),
)

BY_ID = {action.id: action for action in ACTIONS}

_OF_THE_APP = ("palette",)
"""Actions that Textual binds itself (``COMMAND_PALETTE_BINDING``)."""


def on_screen(
    screen: ScreenName, replaying: bool = False, actions: tuple[Action, ...] = ACTIONS
) -> tuple[Action, ...]:
    """The actions of one kind of screen: those of a replay only in one, and in one no verbs."""
    other: Group = "Act" if replaying else "Replay"
    return tuple(action for action in actions if screen in action.screens and action.group != other)


def bindings(screen: ScreenName) -> list[BindingType]:
    """Textual's bindings for one kind of screen; their ids are what a keymap names."""
    return [
        Binding(action.keys, action.binding, action.label, show=False, id=action.id)
        for action in ACTIONS
        if screen in action.screens and action.id not in _OF_THE_APP
    ]


def footer(
    screen: ScreenName, replaying: bool = False, actions: tuple[Action, ...] = ACTIONS
) -> tuple[Action, ...]:
    """What the footer of one kind of screen offers, the most wanted first; a replay's own keys lead there."""
    offered = (action for action in on_screen(screen, replaying, actions) if action.footer)
    return tuple(sorted(offered, key=lambda action: (action.group != "Replay", action.footer)))


def readme_table() -> str:
    """The keys as the Markdown table of the README."""
    rows = [f"| `{action.shown_key}` | {action.help} |" for action in ACTIONS]
    return "\n".join(["| key | what it does |", "|---|---|", *rows])

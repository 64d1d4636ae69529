"""The one table of everything a key can do: bindings, footer, help, palette and README are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Room = Literal["fleet", "node", "log"]


@dataclass(frozen=True)
class Action:
    """One thing a person can do. ``footer`` is its rank there, 0 for not at all."""

    id: str
    keys: str
    label: str
    help: str
    group: Literal["Act", "Look", "Move", "Leave"]
    rooms: tuple[Room, ...]
    footer: int = 0
    verb: str | None = None

    @property
    def shown_key(self) -> str:
        """The key as it stands in footer and help."""
        return " ".join(_SHOWN.get(key, key) for key in self.keys.split(","))

    @property
    def binding(self) -> str:
        """What Textual calls: a method of the screen, or the verb by its name."""
        return f"verb('{self.verb}')" if self.verb else self.id

    @property
    def first_key(self) -> str:
        """The key as the footer names it."""
        return self.shown_key.split(" ")[0]


_SHOWN = {
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
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

_ALL: tuple[Room, ...] = ("fleet", "node", "log")
_ROWS: tuple[Room, ...] = ("fleet", "node")

ACTIONS: tuple[Action, ...] = (
    Action(
        "retry",
        "r",
        "retry",
        "Try again from the step that failed.",
        "Act",
        _ROWS,
        1,
        verb="retry",
    ),
    Action(
        "rollback",
        "R",
        "rollback",
        "Go back to nothing; shows first what will be deleted.",
        "Act",
        _ROWS,
        2,
        verb="rollback",
    ),
    Action("hold", "h", "hold", "Stop at the next safe point.", "Act", _ROWS, 7, verb="hold"),
    Action("resume", "u", "resume", "Go on after a hold.", "Act", _ROWS, 6, verb="resume"),
    Action(
        "destroy",
        "D",
        "destroy",
        "Delete everything of a cluster; asks for its name.",
        "Act",
        _ROWS,
        12,
        verb="destroy",
    ),
    Action(
        "open",
        "enter",
        "details",
        "The story of the node or cluster: timeline, objects, log.",
        "Look",
        ("fleet",),
        3,
    ),
    Action("log", "l", "logs", "The log on the whole screen.", "Look", _ROWS, 4),
    Action("filter", "slash", "filter", "Hide nodes: state:failed !cluster:a text.", "Look", ("fleet",), 5),
    Action("search", "slash", "search", "Find text; n and N go on and back.", "Look", ("log",), 3),
    Action("next_hit", "n", "next", "The next place that was found.", "Look", ("log",), 4),
    Action("prev_hit", "N", "previous", "The place found before.", "Look", ("log",)),
    Action("pause", "p,space", "pause", "Freeze the log; new lines are counted.", "Look", ("log",), 1),
    Action("level", "e", "level", "Show all levels, warnings and worse, or errors.", "Look", ("log",), 2),
    Action("wrap", "w", "wrap", "Show long lines whole or cut.", "Look", ("log",), 5),
    Action(
        "scope", "a", "all/one", "The log of everything, or of what is selected.", "Look", ("fleet", "log"), 9
    ),
    Action(
        "sort", "s", "sort", "Next order: trouble, name, cluster, step, since, due.", "Look", ("fleet",), 8
    ),
    Action("mark", "space", "mark", "Mark the row; verbs act on all marked rows.", "Look", ("fleet",), 10),
    Action("span", "v", "range", "Mark from the last mark to here.", "Look", ("fleet",)),
    Action("copy", "y", "copy", "Copy the row to the clipboard, also over SSH.", "Look", _ALL),
    Action("theme", "t", "theme", "Next theme: dark, light, high contrast.", "Look", _ALL),
    Action("down", "j,down", "down", "One down.", "Move", _ALL),
    Action("up", "k,up", "up", "One up.", "Move", _ALL),
    Action("page_down", "pagedown", "page down", "One page down.", "Move", _ALL),
    Action("page_up", "pageup", "page up", "One page up.", "Move", _ALL),
    Action("top", "g,home", "top", "To the top.", "Move", _ALL),
    Action("bottom", "G,end", "bottom", "To the end; a log follows again.", "Move", _ALL),
    Action("other", "tab", "other list", "Between clusters and nodes.", "Move", ("fleet",)),
    Action("clear", "escape", "clear", "Clear the filter, then the marks.", "Leave", ("fleet",)),
    Action("back", "escape", "back", "Back to the screen before.", "Leave", ("node", "log"), 11),
    Action("palette", "colon", "commands", "Everything by its words: retry node02.", "Leave", _ALL, 13),
    Action("help", "question_mark", "help", "All keys.", "Leave", _ALL, 14),
    Action("quit", "q", "quit", "Close this window; the daemon goes on working.", "Leave", _ALL, 15),
)

BY_ID = {action.id: action for action in ACTIONS}

_OF_THE_APP = ("palette",)
"""Actions that Textual binds itself (``COMMAND_PALETTE_BINDING``)."""


def in_room(room: Room) -> tuple[Action, ...]:
    """The actions of one kind of screen."""
    return tuple(action for action in ACTIONS if room in action.rooms)


def bindings(room: Room) -> list[BindingType]:
    """Textual's bindings for one kind of screen."""
    return [
        Binding(action.keys, action.binding, action.label, show=False)
        for action in in_room(room)
        if action.id not in _OF_THE_APP
    ]


def footer(room: Room) -> tuple[Action, ...]:
    """What the footer of one kind of screen offers, the most wanted first."""
    return tuple(sorted((a for a in in_room(room) if a.footer), key=lambda a: a.footer))


def readme_table() -> str:
    """The keys as the Markdown table of the README."""
    rows = [f"| `{action.shown_key}` | {action.help} |" for action in ACTIONS]
    return "\n".join(["| key | what it does |", "|---|---|", *rows])

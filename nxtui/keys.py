"""The one table of everything a key can do: bindings, footer, help, palette and README are made from it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from textual.binding import Binding, BindingType

ScreenName = Literal[
    "fleet", "node", "log", "spec", "said", "calls", "timeline", "map", "applied", "checks", "audit"
]
Group = Literal["Act", "Look", "Move", "Replay", "Leave"]


@dataclass(frozen=True)
class Action:
    """One thing a person can do. ``keys`` is empty for what has words alone (``:``) or stands in the band of ``a``
    alone; ``menu`` is its letter there. ``footer`` is its rank there, 0 for not at all; ``at_step`` asks first at which
    step the verb is meant. ``meaning`` is what its keys mean wherever they are pressed: the id, unless several actions
    are the same thing on different screens."""

    id: str
    keys: str
    label: str
    help: str
    group: Group
    screens: tuple[ScreenName, ...]
    footer: float = 0
    meaning: str = ""
    verb: str | None = None
    at_step: bool = False
    menu: str = ""
    opener: str = "a"

    @property
    def meant(self) -> str:
        """What its keys mean."""
        return self.meaning or self.id

    @property
    def shown_key(self) -> str:
        """The keys as they stand in help and README: those of the screen, then the way through the band."""
        through = f"{_shown(self.opener)} {_shown(self.menu)}" if self.menu else ""
        return "  ".join(part for part in (" ".join(map(_shown, self.each_key)), through) if part)

    @property
    def way(self) -> str:
        """How it is reached: its keys, else its words."""
        return self.shown_key or f": {self.label}"

    @property
    def each_key(self) -> tuple[str, ...]:
        """Its keys on a screen, by Textual's names."""
        return tuple(self.keys.split(",")) if self.keys else ()

    @property
    def binding(self) -> str:
        """What Textual calls: a method of the screen, or the verb by its name."""
        if self.verb:
            return f"verb_at('{self.verb}')" if self.at_step else f"verb('{self.verb}')"
        return self.id

    @cached_property
    def first_key(self) -> str:
        """The key as the footer names it."""
        return _shown(self.each_key[0]) if self.keys else ""


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
    "plus": "+",
    "dollar_sign": "$",
    "minus": "-",
    "full_stop": ".",
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


_ALL: tuple[ScreenName, ...] = get_args(ScreenName)
_ROWS: tuple[ScreenName, ...] = ("fleet", "node")
_LINES: tuple[ScreenName, ...] = ("fleet", "node", "log")
_FLEET: tuple[ScreenName, ...] = ("fleet",)
_LOG: tuple[ScreenName, ...] = ("log",)
_SPEC: tuple[ScreenName, ...] = ("spec",)
_CALLS: tuple[ScreenName, ...] = ("calls",)
_TIME: tuple[ScreenName, ...] = ("timeline",)
_APPLIED: tuple[ScreenName, ...] = ("applied",)
_CHECKS: tuple[ScreenName, ...] = ("checks",)
_AUDIT: tuple[ScreenName, ...] = ("audit",)
_MAP: tuple[ScreenName, ...] = ("map",)
_NO_LOG: tuple[ScreenName, ...] = tuple(screen for screen in _ALL if screen != "log")
_INTO: tuple[ScreenName, ...] = ("fleet", "node", "map")
_FOUND: tuple[ScreenName, ...] = ("log", "calls")


def _verb(
    id: str, menu: str, label: str, help: str, verb: str = "", key: str = "", footer: float = 0
) -> Action:
    """A verb of the daemon, on the rows that are marked or under the cursor."""
    return Action(id, key, label, help, "Act", _ALL, footer, verb=verb or id, at_step=bool(verb), menu=menu)


ACTIONS: tuple[Action, ...] = (
    Action("act", "a", "act", "What may be done with it, and what each verb comes to.", "Act", _ALL, 1),
    _verb("retry", "r", "retry", "Try again from the step that failed.", key="r", footer=2),
    _verb("retry_from", "f", "retry from …", "Try again from a step of your choice.", "retry"),
    _verb("hold", "h", "hold", "Stop at the next safe point."),
    _verb("hold_after", "t", "hold after …", "Stop after a step of your choice.", "hold"),
    _verb("resume", "u", "resume", "Go on after a hold."),
    _verb("protect", "p", "protect", "Refuse every deletion in a cluster."),
    _verb("unprotect", "p", "unprotect", "Allow deletions in a cluster again."),
    Action(
        "apply", "", "apply a spec …", "Choose a spec, check it, see its plan, apply it.", "Act", _ALL, menu="s"
    ),
    _verb("replace", "x", "replace", "Order another server behind the same addresses."),
    _verb("rollback", "b", "roll back", "Go back to nothing; shows first what will be deleted."),
    _verb("destroy", "d", "destroy", "Delete everything of a cluster; asks for its name."),
    Action(
        "confirm_spec", "enter", "plan and apply", "Show what it would make; then y does.", "Act", _SPEC, 3, "open"
    ),
    Action("edit", "e", "edit", "Open the spec in your editor ($EDITOR).", "Look", _SPEC, 4),
    Action("reread", "", "check", "Read the spec again; a saved change is seen by itself.", "Look", _SPEC),
    Action("next_problem", "right_square_bracket", "next mistake", "To the next mistake in the spec.", "Look",
           _SPEC, 5),
    Action("prev_problem", "left_square_bracket", "mistake before", "To the mistake before.", "Look", _SPEC),
    Action("open", "enter", "details", "The story of the node or cluster: timeline, objects, log.", "Look",
           ("fleet", "said", "timeline"), 3),
    Action("members", "enter", "nodes", "Choose another node of the cluster.", "Look", ("node",), 5, "open"),
    Action("log", "L", "log", "The log on the whole screen.", "Look", _NO_LOG, 4.5),
    Action("calls", "C", "calls", "Every call to something outside, with status, try and request id.", "Look",
           _ALL, 20),
    Action("timeline", "T", "timeline", "What all went through on one axis of time, and when it is ready.", "Look",
           _ALL, 15),
    Action("map", "M", "map", "A picture of the cluster: networks, nodes, what answered, who waits for whom.", "Look",
           _ALL, 16),
    Action("box_calls", "enter", "its calls", "Every call to something outside for what the box is.", "Look", _MAP, 3,
           "open"),
    Action("applied", "S", "spec", "The spec of the cluster as it is in force, and what became of each line.", "Look",
           _ALL, 24),
    Action("plan_draft", "enter", "plan the draft", "Open the draft with its mistakes or its plan.", "Look", _APPLIED,
           3, "open"),
    Action("edit_draft", "e", "edit a draft", "Open a draft in your editor: the one kept, else a copy.", "Look",
           _APPLIED, 4, "edit"),
    Action("show_draft", "tab", "draft", "The draft in place of what is in force, and back.", "Look", _APPLIED, 6,
           "other"),
    Action("next_difference", "right_square_bracket", "next told", "To the next line of which something is told.",
           "Look", _APPLIED, 5, "next_problem"),
    Action("prev_difference", "left_square_bracket", "told before", "To the line before of which something is told.",
           "Look", _APPLIED, 0, "prev_problem"),
    Action("checks", "P", "preflight", "Look up everything that the spec needs; nothing is changed.", "Look", _ALL, 25),
    Action("audit", "A", "audit", "The clouds against the ledger, both ways; nothing is changed.", "Look", _ALL, 26),
    Action("replay", "R", "replay", "Play back here what is known; in a replay, return to what is.", "Look", _ALL, 27),
    Action("look_again", "enter", "look again", "Look everything up once more.", "Look", ("checks", "audit"), 3,
           "open"),
    Action("copy_command", "Y", "as a command", "Copy the command that looks the same up.", "Look", _CHECKS, 7,
           "copy_curl"),
    Action("mark_stray", "space", "mark", "Mark the stray; a d deletes the marked ones.", "Look", _AUDIT, 4, "mark"),
    Action("zoom_in", "plus", "zoom in", "Cells that last shorter.", "Look", _TIME, 4, "more"),
    Action("zoom_out", "minus", "zoom out", "Cells that last longer.", "Look", _TIME, 8, "less"),
    Action("fold_quiet", "z", "fold quiet", "Fold stretches in which nothing ran, or show them again.", "Look",
           _TIME, 6),
    Action("next_mark", "right_square_bracket", "next mark", "To the next failure or try anew.", "Look", _TIME, 7,
           "next_problem"),
    Action("prev_mark", "left_square_bracket", "mark before", "To the failure or try anew before.", "Look", _TIME, 0,
           "prev_problem"),
    Action("unfold", "enter", "unfold", "Show each of several calls that are alike, or one row for all.", "Look",
           _CALLS, 3, "open"),
    Action("call_filter", "f", "only", "Hide calls: status:5xx service:vpc ms:>1000 try:>1 !text.", "Look", _CALLS,
           5, "log_filter"),
    Action("copy_curl", "Y", "as curl", "Copy the call as a curl command, with $TOKEN for its secrets.", "Look",
           _CALLS, 7),
    Action("login", "I", "into", "Step aside: log in on an address of it (ssh), or its serial console.", "Look",
           _INTO, 12),
    Action("console", "", "console", "The serial console of its machine, until Ctrl-].", "Look", _INTO),
    Action("said", "H", "said", "Everything that this window said on its one line.", "Look", _ALL, 19),
    Action("next_trouble", "exclamation_mark", "trouble", "To the next cause of trouble, or failed or slow row.",
           "Look", _ALL, 2.5),
    Action("filter", "slash", "filter", "Hide nodes: state:failed !cluster:a text.", "Look", ("fleet", "timeline"),
           5, "find"),
    Action("search", "slash", "find", "Find text; n and N go on and back.", "Look", _FOUND, 4, "find"),
    Action("next_hit", "n", "next", "The next place that was found.", "Look", _FOUND, 6),
    Action("prev_hit", "N", "previous", "The place found before.", "Look", _FOUND),
    Action("pause", "p", "pause", "Freeze the log; new lines are counted.", "Look", _LOG, 3),
    Action("level_more", "plus", "more", "More of the log: warnings too, then all levels.", "Look", _LOG, 0, "more"),
    Action("level_less", "minus", "less", "Less of the log: warnings and worse, then errors alone.", "Look", _LOG, 5,
           "less"),
    Action("log_filter", "f", "only", "Hide lines: node:node02 kind:call !text.", "Look", _LOG, 7),
    Action("wrap", "w", "wrap", "Show long lines whole or cut.", "Look", _LOG, 8),
    Action("stamps", "t", "times", "Time of day, full date, or no time at all.", "Look", _LOG, 10),
    Action("mark_line", "space", "mark", "Mark the line; marked lines are what is copied and saved.", "Look", _LOG,
           9, "mark"),
    Action("save", "x", "save", "Write the marked lines, else all that are shown, to a file; asks its name.", "Look",
           _LOG, 11, "export"),
    Action("pager", "e", "pager", "The same lines in your pager ($PAGER).", "Look", _LOG, 0, "edit"),
    Action("scope", "full_stop", "all/one", "The log or calls of everything, or of what is selected.", "Look",
           ("fleet", "log", "calls", "timeline"), 17),
    Action("sort", "s", "sort", "Next order: a tree by trouble, or nodes by name, cluster, state …", "Look", _FLEET, 8),
    Action("turn", "o", "reverse", "Turn the order round.", "Look", _FLEET),
    Action("mark", "space", "mark", "Mark the row; verbs act on all marked rows.", "Look", _FLEET, 18),
    Action("span", "v", "range", "Mark from the last mark to here.", "Look", _FLEET),
    Action("export", "x", "export", "Write the marked rows, else all that are shown, to a CSV file; asks its name.",
           "Look", _FLEET),
    Action("copy", "y", "copy", "Copy the row or lines to the clipboard, also over SSH.", "Look", _ALL),
    Action("theme", "", "theme", "Next theme: dark, light, high contrast.", "Look", _ALL),
    Action("down", "j,down", "down", "One down.", "Move", _ALL),
    Action("up", "k,up", "up", "One up.", "Move", _ALL),
    Action("rewind", "h,left", "left", "Out: to its cluster, folds it, or back. In a replay a hundredth back.", "Move",
           _ALL),
    Action("forward", "l,right", "right", "In: unfolds, or to its details. In a replay a hundredth on.", "Move", _ALL),
    Action("page_down", "pagedown", "page down", "One page down.", "Move", _ALL),
    Action("page_up", "pageup", "page up", "One page up.", "Move", _ALL),
    Action("top", "g,home", "top", "To the top.", "Move", _ALL),
    Action("bottom", "G,end", "bottom", "To the end; a log follows again.", "Move", _ALL),
    Action("other", "tab", "its cluster", "From a node to its cluster, and back.", "Move", _FLEET, 9),
    Action("play", "p", "play/pause", "Let the recorded time pass, or stop it.", "Replay", _ROWS, 1, "pause"),
    Action("faster", "plus", "faster", "Twice the speed.", "Replay", _ROWS, 2, "more"),
    Action("slower", "minus", "slower", "Half the speed.", "Replay", _ROWS, 3, "less"),
    Action("replay_next", "right_square_bracket", "next mark", "A little before the next failure, try anew or end.",
           "Replay", _ROWS, 4, "next_problem"),
    Action("replay_prev", "left_square_bracket", "mark before", "The same backwards.", "Replay", _ROWS, 0,
           "prev_problem"),
    Action("skip_quiet", "z", "skip quiet", "Jump over stretches in which nothing was told.", "Replay", _ROWS, 5,
           "fold_quiet"),
    Action("first", "0", "start", "To the beginning of the recording.", "Replay", _ROWS),
    Action("last", "dollar_sign", "end", "To the end of the recording.", "Replay", _ROWS),
    Action("clear", "escape", "clear", "Clear the filter, then the marks.", "Leave", _FLEET, 0, "back"),
    Action("earlier", "less_than_sign", "place before", "The place you looked at before.", "Leave", _ALL),
    Action("later", "greater_than_sign", "place after", "On again, after going back.", "Leave", _ALL),
    Action("back", "escape", "back", "Back to the screen before.", "Leave", _ALL[1:], 31),
    Action("palette", "colon", "commands", "Everything by its words: retry node02.", "Leave", _ALL, 32),
    Action("help", "question_mark", "help", "All keys.", "Leave", _ALL, 33),
    Action("quit", "q", "quit", "Close this window; the daemon goes on working.", "Leave", _ALL, 34),
)  # fmt: skip

MOVED = {
    "D": "destroy",
    "V": "pager",
    "X": "replace",
    "b": "play",
    "e": "level_less",
    "f": "retry_from",
    "m": "mark",
    "p": "protect",
    "t": "theme",
    "u": "resume",
}
"""A letter that means nothing on a screen any more → what it did there."""

BY_ID = {action.id: action for action in ACTIONS}

_NO_KEY = "f24"
"""A key that no keyboard has: what is bound to it can be given another one by a keymap."""

LACKS = ("map", "applied", "checks", "audit")
"""Screens that the daemon alone has something for: a recording has not."""

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
        Binding(action.keys or _NO_KEY, action.binding, action.label, show=False, id=action.id)
        for action in ACTIONS
        if screen in action.screens and (action.keys or not action.menu) and action.id not in _OF_THE_APP
    ]


def footer(
    screen: ScreenName, replaying: bool = False, actions: tuple[Action, ...] = ACTIONS
) -> tuple[Action, ...]:
    """What the footer of one kind of screen offers, the most wanted first, the way to itself not among them; a replay's
    own keys lead there."""
    lacking = (screen, *(LACKS if replaying else ()))
    offered = (
        action
        for action in on_screen(screen, replaying, actions)
        if action.footer and action.id not in lacking
    )
    return tuple(sorted(offered, key=lambda action: (action.group != "Replay", action.footer)))


def band(actions: tuple[Action, ...] = ACTIONS) -> tuple[Action, ...]:
    """What stands in the band of ``a``, in its order."""
    return tuple(action for action in actions if action.menu)


def moved(screen: ScreenName, key: str, actions: tuple[Action, ...] = ACTIONS) -> Action | None:
    """What a letter did that means nothing on this screen any more, where no replay is played; None if it means
    something, or never did."""
    if any(key in action.each_key for action in on_screen(screen, actions=actions)):
        return None
    return next((action for action in actions if action.id == MOVED.get(key)), None)


def ways(actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    """How each is reached, and what it does; what one letter of the band does either way stands there once."""
    told: list[tuple[str, str]] = []
    for action in actions:
        if action.menu and told and told[-1][0] == action.way:
            first, other = told.pop()[1].rstrip("."), action.help
            told.append((action.way, f"{first}, or {other[0].lower()}{other[1:]}"))
        else:
            told.append((action.way, action.help))
    return told


def readme_table() -> str:
    """The keys as the Markdown table of the README."""
    rows = [f"| `{way}` | {help} |" for way, help in ways(ACTIONS)]
    return "\n".join(["| key | what it does |", "|---|---|", *rows])

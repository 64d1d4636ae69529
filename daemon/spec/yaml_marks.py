"""Reads one YAML document and remembers the line and column of every key and value in it.

The YAML taken here is the plain part of it: mappings, lists, text, numbers, ``true``, ``false`` and ``null``.
Anchors, aliases, tags and a second document are mistakes with a position, and so is a key that stands twice.
Only ``true`` and ``false`` are booleans, so that ``no`` and ``off`` stay the words they are.
"""

from __future__ import annotations

import difflib
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
    StreamEndEvent,
)
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from daemon.spec.lookalikes import TAB_INDENT, Cleaned, clean
from daemon.words import spelled

Loc = tuple[str | int, ...]
"""The way from the root to a value: keys and list indexes."""

_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"

_DEEPEST = 32
"""How many lists and mappings may stand in each other; the YAML reader takes seconds for a few thousand."""
_FEW = 12
"""How many known words still make a readable list."""


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake. ``line`` and ``column`` count from 1."""

    line: int
    column: int
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", spelled(self.message))

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


@dataclass
class Marked:
    """The plain data of a document, where each part of it stands, and what is wrong with the YAML itself."""

    value: object = None
    problems: list[Mistake] = field(default_factory=list)
    _values: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    _keys: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    _cleaned: Cleaned = field(default_factory=lambda: Cleaned(""))

    def place(self, mark: Any) -> tuple[int, int]:
        """Line and column, as they are in the text that was given."""
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        return line, self._cleaned.column(line, column)

    def at(self, loc: Loc, message: str) -> Mistake:
        """A problem with the value at ``loc``, or, where there is none, with the nearest thing around it."""
        if loc in self._values:
            return Mistake(*self._values[loc], message)
        return self.missing_from(loc[:-1], message)

    def at_key(self, loc: Loc, message: str) -> Mistake:
        """A problem with the key at ``loc`` itself."""
        return Mistake(*self._keys[loc], message) if loc in self._keys else self.at(loc, message)

    def missing_from(self, loc: Loc, message: str) -> Mistake:
        """A problem with what is absent from the mapping at ``loc``: stands at the mapping's own key."""
        while loc and loc not in self._keys and loc not in self._values:
            loc = loc[:-1]
        return Mistake(*(self._keys.get(loc) or self._values.get(loc) or (1, 1)), message)


def read_yaml(text: str) -> Marked:
    """The first document of ``text``. Never raises: whatever is wrong is in ``problems``."""
    cleaned = clean(text)
    marked = Marked(problems=[Mistake(*found) for found in cleaned.found], _cleaned=cleaned)
    text = cleaned.text
    if any(problem.message == TAB_INDENT for problem in marked.problems):
        return marked  # how far such a line is meant to be indented, nobody can tell
    try:
        events = _checked_events(text, marked)
        if events:
            root = _Composer(events).get_single_node()
            marked.value = None if root is None else _value(root, (), marked)
    except yaml.MarkedYAMLError as error:
        marked.problems.append(_syntax_problem(marked, error))
    return marked


def scalar(text: str) -> object:
    """A single word as YAML reads it: ``"5"`` is the number 5, ``"five"`` is text."""
    tag: str = _Loader("").resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return _scalar_value(ScalarNode(tag, text))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; None when nothing is like it."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return near[0] if near else None


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """What to do about a word nobody knows: the nearest known one, or the few there are."""
    names, word = sorted(known), spelled(word)
    near = nearest(word, {*names, *(name.split(".")[0] for name in names)})
    if near is not None:
        return f'unknown {what} "{word}": did you mean "{near}"?'
    if not names or len(names) > _FEW:
        return f'unknown {what} "{word}": nothing known is like it, remove it'
    return f'unknown {what} "{word}": expected one of {", ".join(names)}'


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """A YAML composer that knows fewer words with a hidden meaning than YAML 1.1 does."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


for _tag, _pattern, _first in (
    (_NULL, r"(?:~|null|)\Z", ["~", "n", ""]),
    (_BOOL, r"(?:true|false)\Z", ["t", "f"]),
    (_INT, r"[-+]?(?:0|[1-9][0-9]{0,17})\Z", list("-+0123456789")),
    (_FLOAT, r"[-+]?[0-9]+\.[0-9]+\Z", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


class _Composer(Composer, BaseResolver):
    """Makes nodes of the events of one document, which are read already: the scanner is the slow part."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def __init__(self, events: Sequence[Event]) -> None:
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._left = deque(events)

    def peek_event(self) -> Event | None:
        return self._left[0] if self._left else None

    def check_event(self, *kinds: type[Event]) -> bool:
        return bool(self._left) and isinstance(self._left[0], kinds)

    def get_event(self) -> Event:
        return self._left.popleft()


def _checked_events(text: str, marked: Marked) -> list[Event]:
    """The events of the first document; what this dialect leaves out is noted. Nothing if that cannot be read."""
    found: list[Event] = []
    documents, depth, readable = 0, 0, True
    for event in yaml.parse(text, Loader=_Loader):  # type: ignore[arg-type]
        message = None
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            message, readable = "nested too deeply", False
        elif isinstance(event, DocumentStartEvent):
            documents += 1
            message = "a second document: write one document per file" if documents == 2 else None
        elif isinstance(event, AliasEvent):
            message, readable = f"an alias (*{event.anchor}): write the value out", False
        elif isinstance(event, NodeEvent) and event.anchor:
            message = f"an anchor (&{event.anchor}): write the value out where it is needed"
        elif isinstance(event, (ScalarEvent, CollectionStartEvent)) and event.tag:
            message = f"a tag ({event.tag}): write the plain value"
        if message:
            marked.problems.append(Mistake(*marked.place(event.start_mark), message))
        if depth > _DEEPEST or (isinstance(event, DocumentEndEvent) and documents == 2):
            break
        if documents < 2:
            found.append(event)
    if found and not isinstance(found[-1], StreamEndEvent):
        found.append(StreamEndEvent())
    return found if readable and documents > 0 else []


def _value(node: Node, loc: Loc, marked: Marked) -> object:
    marked._values[loc] = marked.place(node.start_mark)
    if isinstance(node, MappingNode):
        return _mapping(node, loc, marked)
    if isinstance(node, SequenceNode):
        return [_value(item, (*loc, index), marked) for index, item in enumerate(node.value)]
    return _scalar_value(node)


def _mapping(node: MappingNode, loc: Loc, marked: Marked) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in node.value:
        where = marked.place(key.start_mark)
        if not isinstance(key, ScalarNode):
            marked.problems.append(Mistake(*where, "a key must be a single word"))
            continue
        here = (*loc, key.value)
        if key.value in found:
            first = marked._keys[here][0]
            message = f'the key "{key.value}" stands here again: it is already on line {first}'
            marked.problems.append(Mistake(*where, message))
            continue
        marked._keys[here] = where
        found[key.value] = _value(value, here, marked)
    return found


def _scalar_value(node: Node) -> object:
    text = str(node.value)
    if node.tag == _NULL:
        return None
    if node.tag == _BOOL:
        return text == "true"
    if node.tag == _INT:
        return int(text)
    return float(text) if node.tag == _FLOAT else text


_IN_WORDS = (
    (
        "mapping values are not allowed",
        'a ":" that cannot stand here: check the indentation, or quote it',
    ),
    ("but found '<block", "the indentation does not fit what stands above"),
    ("<block end>, but found", "the indentation does not fit what stands above"),
    ("'<stream end>'", "the document ends before a [ or { is closed"),
    ("unexpected end of stream", "the document ends before a quote is closed"),
    ("could not find expected ':'", 'a key without a ":" after it'),
)
"""What the YAML reader says, and what it means to the person who wrote the file."""


def _syntax_problem(marked: Marked, error: yaml.MarkedYAMLError) -> Mistake:
    """What the YAML reader stumbled over."""
    said = error.problem or "it cannot be read"
    meaning = next((words for part, words in _IN_WORDS if part in said), said)
    return Mistake(*marked.place(error.problem_mark or error.context_mark), f"not YAML: {meaning}")

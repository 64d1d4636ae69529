"""Chooses a file: one directory at a time, narrowed by typing; Tab completes a path as far as it is clear."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from daemon.words import counted
from nxtui.draw.export import typed_path
from nxtui.draw.renderer import Renderer
from nxtui.draw.text import clip, shared_beginning
from nxtui.screens.pick import Entry, Pick, PickList

SPECS = (".yaml", ".yml")
HEAD = 8192
"""Bytes of a spec that are looked through for the name of its cluster."""
LOOKED_INTO = 200
"""So many specs of a directory are looked into; of others the size is told."""
_CLUSTER = re.compile(rb"^cluster:[ \t]*['\"]?([a-z0-9-]{1,63})", re.MULTILINE)


class FilePicker(Pick):
    """Ends with the path of a spec. A directory is entered, and nothing else happens by choosing one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", show=False, priority=True)]

    def __init__(self, renderer: Renderer, directory: Path) -> None:
        self.directory = directory
        super().__init__(renderer, listing(directory))

    def chosen(self, what: str) -> None:
        try:
            path = typed_path(what, self.directory)
        except OSError as cause:
            self.listed = replace(self.listed, empty=f"No file can be called so ({cause.strerror}).")
            self.fit()
            return
        if not path.is_dir():
            self.end(str(path))
            return
        self.directory = path.resolve()
        self.listed = listing(self.directory)
        self.typed, self.place = "", self.listed.start
        self.query_one(Input).value = ""
        self.fit()

    @property
    def shown(self) -> list[Entry]:
        """What a path that is typed leads to; else the entries with the typed text in them."""
        folder, begun = self._place()
        if folder is None or "/" not in self.typed:
            return super().shown
        lead = self.typed[: len(self.typed) - len(begun)]
        found = listing(folder).entries
        return [(lead + name, lead + told, fact) for name, told, fact in found if name.startswith(begun)]

    def _place(self) -> tuple[Path | None, str]:
        """The directory that the typed text leads to, None where no path can be called so, and what is begun in it."""
        lead, _, begun = self.typed.rpartition("/")
        try:
            return typed_path(f"{lead}/" if "/" in self.typed else "", self.directory), begun
        except OSError:
            return None, begun

    def action_complete(self) -> None:
        """Type on as far as all that is meant goes on alike; into a directory if there is no other."""
        folder, begun = self._place()
        if folder is None:
            return
        names = [told for name, told, _ in listing(folder).entries if name != ".." and told.startswith(begun)]
        if names:
            line = self.query_one(Input)
            line.value = self.typed[: len(self.typed) - len(begun)] + shared_beginning(names)
            line.cursor_position = len(line.value)


def listing(directory: Path) -> PickList:
    """The directories and specs in a directory; hidden ones are left out."""
    entries: list[Entry] = [("..", "../", "the directory above")]
    empty = "Nothing is called so. A path may be typed too, Tab completes it."
    try:
        found = sorted(directory.iterdir(), key=lambda path: (not path.is_dir(), path.name.lower()))
    except OSError as cause:
        found, empty = [], f"It cannot be read ({cause.strerror})."
    looked = 0
    for path in found:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            entries.append((path.name, path.name + "/", ""))
        elif path.suffix.lower() in SPECS:
            entries.append((path.name, path.name, _told_of(path, looked < LOOKED_INTO)))
            looked += 1
    title = f"Which spec?  {clip(str(directory), 60)}"
    first = next((place for place, entry in enumerate(entries) if not entry[1].endswith("/")), 0)
    hint = "type to narrow, or a path (Tab completes)"
    return PickList(title, entries, hint, empty, free=True, start=first)


def _told_of(path: Path, looks: bool) -> str:
    """How large a spec is, and of which cluster if it says so near its beginning."""
    try:
        size = counted(path.stat().st_size, "byte")
        if not looks or not path.is_file():
            return size
        with path.open("rb") as file:
            named = _CLUSTER.search(file.read(HEAD))
    except OSError:
        return "cannot be read"
    return size if named is None else f"{size}  cluster {named[1].decode()}"

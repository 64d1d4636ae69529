"""Chooses a file: one directory at a time, narrowed by typing, beginning where nxtui was started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.widgets import Input

from daemon.words import counted
from nxtui.draw.export import typed_path
from nxtui.draw.renderer import Renderer
from nxtui.draw.text import clip
from nxtui.screens.pick import Entry, Pick, PickList

SPECS = (".yaml", ".yml")


class FilePicker(Pick):
    """Ends with the path of a spec. A directory is entered, and nothing else happens by choosing one."""

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


def listing(directory: Path) -> PickList:
    """The directories and specs in a directory; hidden ones are left out."""
    entries: list[Entry] = [("..", "../", "the directory above")]
    empty = "Nothing is called so. A path may be typed too."
    try:
        found = sorted(directory.iterdir(), key=lambda path: (not path.is_dir(), path.name.lower()))
    except OSError as cause:
        found, empty = [], f"It cannot be read ({cause.strerror})."
    for path in found:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            entries.append((path.name, path.name + "/", ""))
        elif path.suffix.lower() in SPECS:
            entries.append((path.name, path.name, _size(path)))
    title = f"Which spec?  {clip(str(directory), 60)}"
    first = next((place for place, entry in enumerate(entries) if not entry[1].endswith("/")), 0)
    return PickList(title, entries, "type to narrow, or a path", empty, free=True, start=first)


def _size(path: Path) -> str:
    try:
        return counted(path.stat().st_size, "byte")
    except OSError:
        return "cannot be read"

"""What is shown, as a file: rows as CSV or JSON, log lines as text; never over a file that is there."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from daemon.display.encodings import NotText, text_in
from daemon.wire import SPEC_LIMIT, EntityView
from nxtui.draw.rows import note

Format = Literal["csv", "json"]

_COLUMNS = (
    "name", "kind", "cluster", "platform", "phase", "state", "title", "step", "step_index", "step_count",
    "attempt", "protected", "since", "deadline", "note",
)  # fmt: skip


def rows_as(format: Format, entities: Sequence[EntityView]) -> str:
    """The entities as a table or as the daemon told them. Times are UTC in the table, unknown is empty."""
    if format == "json":
        return json.dumps(list(entities), indent=2, ensure_ascii=False) + "\n"
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(_COLUMNS)
    for entity in entities:
        told: dict[str, object] = {**entity, "note": note(entity)}
        told["since"], told["deadline"] = _utc(entity["since"]), _utc(entity["deadline"])
        table.writerow(["" if told[column] is None else told[column] for column in _COLUMNS])
    return written.getvalue()


def _utc(moment: float | None) -> str | None:
    return None if moment is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def new_name(stem: str, suffix: str, moment: float) -> str:
    """The name of a file with a moment (Unix seconds) in it."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(moment))
    return f"{stem}-{stamp}.{suffix}"


def typed_path(text: str, folder: Path) -> Path:
    """The path that was typed, from a folder on. Raises OSError if no file can be called so."""
    try:
        path = (folder / Path(text).expanduser()).absolute()
        path.is_dir()
    except (RuntimeError, ValueError) as cause:
        raise OSError(errno.EINVAL, str(cause)) from cause
    return path


def write_new(name: str, text: str) -> Path:
    """Write a file that was not there before, from where nxtui was started, and answer its path. Raises OSError if it
    cannot be written."""
    path = typed_path(name, Path.cwd())
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


def draft_file(name: str, text: str) -> Path:
    """Write the text of a draft where an editor finds it. Raises OSError."""
    return private_file(f"{name}.yaml", text)


def left_draft(name: str) -> tuple[float, str] | None:
    """The draft that a window left here because the daemon did not take it: when it was written, and its text; None
    where there is none that can be read."""
    file = _drafts() / f"{name}.yaml"
    try:
        return file.stat().st_mtime, text_in(file, SPEC_LIMIT, "specs")
    except (OSError, NotText):
        return None


def _drafts() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "nxd" / "drafts"


def private_file(name: str, text: str) -> Path:
    """Write a file that another program is to read, for its owner alone. Raises OSError."""
    folder = _drafts()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / name
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    return file

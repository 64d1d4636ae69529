"""The text of a file that a person wrote, and what is said of one that has none: what it is, and what to do."""

from __future__ import annotations

import codecs
import os
import shlex
import stat
from pathlib import Path
from typing import BinaryIO

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""What such a file begins with; the longer marks first, for the shorter are their beginning."""
_LOOKED_AT = 512
"""So many bytes tell whether every second one is zero."""


SETTINGS_LIMIT = 256 * 1024
"""Bytes of settings, preferences or keys that are read."""
RECORDING_LIMIT = 1 << 30
"""Bytes of a recording that are read."""
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFDIR: "a directory",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What is no plain file: it would be waited for, or have no end."""


class NotText(ValueError):
    """A file holds no text that is read. The message is what follows its name in a sentence, with what to do."""


def text_in(file: Path, most: int, what: str, instead: str = "name one") -> str:
    """The text of a plain file of at most so many bytes, in which ``what`` is written; nothing else is waited for.
    Raises NotText, OSError."""
    handle = os.open(
        file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    )  # a pipe would wait for somebody who writes
    try:
        kind = stat.S_IFMT(os.fstat(handle).st_mode)
        if kind == stat.S_IFIFO and not os.path.exists(os.path.realpath(file)):
            os.set_blocking(
                handle, True
            )  # a pipe without a name, like <(…) of a shell: somebody writes into it
        elif kind != stat.S_IFREG:
            found = _KINDS.get(kind, "no plain file")
            raise NotText(f"is {found}, and {what} are read from a plain file alone: {instead}.")
        with open(handle, "rb", closefd=False) as opened:
            return text_from(opened, most, what, file)
    finally:
        os.close(handle)


def text_from(opened: BinaryIO, most: int, what: str, file: object = "OLD") -> str:
    """The same of what is open already. Raises NotText, OSError."""
    raw = opened.read(most + 1)
    if len(raw) > most:
        raise NotText(
            f"has more than {most:,} bytes, which no {what} have: see whether it is the right file."
        )
    return text_of(raw, file)


def text_of(raw: bytes, file: object = "OLD") -> str:
    """The text in a file, without the mark that some editors put first; ``file`` is its path. Raises NotText."""
    written_in = next((name for mark, name in _MARKS if raw.startswith(mark)), None) or _unmarked(raw)
    if written_in is not None:
        raise NotText(
            f"is written in {written_in}, and only UTF-8 is read: convert it ({_how(written_in, file)})."
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise NotText(
            f"holds the byte 0x{raw[error.start]:02x} on line {line}, column {column}, which is no UTF-8: convert it "
            f"({_how('LATIN1', file)} if it is written in Latin-1)."
        ) from None


def _unmarked(raw: bytes) -> str | None:
    """In which of the two orders of its bytes a text in UTF-16 is written, if it is one without a mark."""
    seen = raw[:_LOOKED_AT]
    for place, name in ((1, "UTF-16LE"), (0, "UTF-16BE")):
        half = seen[place::2]
        if half and half.count(0) > len(half) * 3 // 4 and seen.count(0) < len(seen) * 3 // 4:
            return name
    return None


def _how(written_in: str, file: object) -> str:
    return f"`iconv -f {written_in} -t UTF-8 {shlex.quote(str(file))} > NEW`"

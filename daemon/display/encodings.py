"""What is said of a file that a person wrote and that is no text in UTF-8: what it is, and how it becomes one."""

from __future__ import annotations

import codecs
import shlex

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""What such a file begins with; the longer marks first, for the shorter are their beginning."""
_LOOKED_AT = 512
"""So many bytes tell whether every second one is zero."""


class NotUtf8(ValueError):
    """A file is no text in UTF-8. The message is what follows its name in a sentence, with how to convert it."""


def text_of(raw: bytes, file: object = "OLD") -> str:
    """The text in a file, without the mark that some editors put first; ``file`` is its path. Raises NotUtf8."""
    written_in = next((name for mark, name in _MARKS if raw.startswith(mark)), None) or _unmarked(raw)
    if written_in is not None:
        raise NotUtf8(
            f"is written in {written_in}, and only UTF-8 is read: convert it ({_how(written_in, file)})."
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise NotUtf8(
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

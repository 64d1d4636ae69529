"""What a machine sends to a terminal, as text that drives none."""

from __future__ import annotations

import codecs
import re

from daemon.words import printable

LONGEST_LINE = 4096
"""Characters after which a line without an end is ended."""
TAB = 8

_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: colours, the cursor, modes
    r"|[]PX^_].*?(?:\x07|\x1b\\|\x9c)"  # OSC, DCS and their kin, to their end
    r"|[ -/]+[0-~]"  # character sets
    r"|[0-Z\\^_`a-~]"  # what is one character long
    r")|\x9b[0-?]*[ -/]*[@-~]",
    re.DOTALL,
)
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?$|\x9b[0-?]*[ -/]*$")
"""A sequence that has begun and may end in the next piece."""
LONGEST_SEQUENCE = 1024
"""Characters after which a sequence that does not end is none."""


class PlainText:
    """Turns the bytes of a console into lines of plain text, piece by piece."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._column = 0

    def feed(self, data: bytes) -> str:
        """The text of what came: whole sequences are left out, carriage returns begin a line, and every other sign
        that would drive a terminal is a dot."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        begun = _BEGUN.search(text)
        if begun is not None and len(begun.group()) <= LONGEST_SEQUENCE:
            text, self._rest = text[: begun.start()], begun.group()
        if text.endswith("\r"):  # its line feed may be in the next piece
            text, self._rest = text[:-1], "\r" + self._rest
        return self._lines(_SEQUENCE.sub("", text))

    def _lines(self, text: str) -> str:
        shown = []
        for line in re.split(r"(\r*\n|\r+)", text):
            if line.startswith(("\r", "\n")):
                if self._column or "\n" in line:
                    shown.append("\n")
                self._column = 0
                continue
            clean = printable(line.replace("\b", "").replace("\t", " " * TAB))
            while self._column + len(clean) > LONGEST_LINE:
                room = LONGEST_LINE - self._column
                shown.append(f"{clean[:room]}\n")
                clean, self._column = clean[room:], 0
            shown.append(clean)
            self._column += len(clean)
        return "".join(shown)


def last_lines(data: bytes, lines: int, width: int) -> str:
    """The last lines of what a console sent, as plain text without empty lines at its end."""
    text = PlainText()
    shown = (text.feed(data) + text.feed(b"\n")).rstrip().split("\n")
    return "\n".join(line[:width].rstrip() for line in shown[-lines:])

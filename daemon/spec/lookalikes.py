"""Finds the characters of a YAML text that cannot be seen or that look like others, and names their code points."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

TAB_INDENT = "a tab in the indentation: use spaces"

_SUSPECT = re.compile(r"[^\x20-\x7e\r\n]")
_WORD = re.compile(r"\s+|\S+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_TWINS = (
    ("аАВсСеЕНіІјЈкКмМоОрРѕЅтТуУхХһԁԛԝ", "aABcCeEHiIjJkKmMoOpPsStTyYxXhdqw"),
    ("αΑΒεΕΗιΙκΚΜνΝοΟρΡτΤυΥχΧΖ", "aABeEHiIkKMvNoOpPtTuYxXZ"),
    ("‐‑‒–—−‘’“”‚„：∕⁄․ı", '------\'\'"","://.i'),
)
_TWIN = {twin: plain for twins, plains in _TWINS for twin, plain in zip(twins, plains, strict=True)}
"""Characters that a person takes for one on the keyboard, and that one."""
_BLANK = "\u034f\u115f\u1160\u2800\u3164\uffa0"
"""What counts as a letter or a sign and shows nothing."""
_BREAKS = "\x85\u2028\u2029"
"""What YAML takes for the end of a line, and an editor does not."""


@dataclass
class Cleaned:
    """A text in which every such character is the plain one it stands for, or is left out.

    ``found`` holds the line, the column and the sentence of each, counted from 1 in the text as it was given.
    """

    text: str
    found: list[tuple[int, int, str]] = field(default_factory=list)
    _left_out: dict[int, list[int]] = field(default_factory=dict)

    def column(self, line: int, column: int) -> int:
        """The column in the given text of what stands at this one in the cleaned text."""
        for left_out in self._left_out.get(line, ()):
            column += left_out <= column
        return column


def clean(text: str) -> Cleaned:
    """The text without its traps. What stands in a comment is left alone unless it ends a line or is a control."""
    if not _SUSPECT.search(text):
        return Cleaned(text)
    cleaned = Cleaned("")
    lines = _LINE_END.split(text)
    for number, line in enumerate(lines, start=1):
        if _SUSPECT.search(line):
            lines[number - 1] = _clean_line(line, number, cleaned)
    cleaned.text = "\n".join(lines)
    return cleaned


def _clean_line(line: str, number: int, cleaned: Cleaned) -> str:
    comment = _comment_at(line)
    indent = len(line) - len(line.lstrip(" \t"))
    kept: list[str] = []
    for word in _WORD.finditer(line):
        kept.append(word[0])
        if not _SUSPECT.search(word[0]):
            continue
        instead = [_instead(char, place >= comment) for place, char in enumerate(word[0], word.start())]
        if any(
            one is None and char.isalpha() and char > "~" for one, char in zip(instead, word[0], strict=True)
        ):
            instead = [None if one and one.strip() else one for one in instead]  # a word of another language
        if number == 1 and line.startswith("\ufeff") and word.start() == 0:
            instead[0] = None  # the mark that some editors put first
        traps = [place for place, one in enumerate(instead) if one is not None]
        if not traps:
            continue
        first = traps[0]
        said = _sentence(word[0][first], instead[first] or "", word.start() + first < indent)
        more = f" (and {len(traps) - 1} more in this word)" if len(traps) > 1 and word[0].strip() else ""
        cleaned.found.append((number, word.start() + first + 1, said + more))
        left_out = [word.start() + place + 1 for place in traps if not instead[place]]
        cleaned._left_out.setdefault(number, []).extend(left_out)
        kept[-1] = "".join(c if one is None else one for c, one in zip(word[0], instead, strict=True))
    return "".join(kept)


def _comment_at(line: str) -> int:
    """Where the comment of a line begins, else its length."""
    quote, before = "", " "
    for place, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char == "#" and before.isspace():
            return place
        elif char in "'\"" and (before.isspace() or before in "[{,:-"):
            quote = char
        before = char
    return len(line)


def _instead(char: str, in_comment: bool) -> str | None:
    """What stands for the character: a plain one, nothing, or None when it may stay."""
    if " " <= char <= "~":
        return None
    category = unicodedata.category(char)
    if category in ("Cc", "Cs", "Co", "Cn") or char in _BREAKS:
        if char == "\t":
            return None if in_comment else " "
        return " " if char in _BREAKS else ""
    if in_comment:
        return None
    if category == "Zs":
        return " "
    if category == "Cf" or char in _BLANK or unicodedata.name(char, "").startswith("VARIATION SELECTOR"):
        return ""
    twin = _TWIN.get(char) or unicodedata.normalize("NFKC", char)
    return twin if len(twin) == 1 and " " <= twin <= "~" else None


def _sentence(char: str, instead: str, in_indentation: bool) -> str:
    if char == "\t":
        return TAB_INDENT if in_indentation else "U+0009 (a tab): use a space"
    name = unicodedata.name(char, "a control character").lower()
    called = f"U+{ord(char):04X} ({name})"
    if instead.strip():
        return f'{called} looks like "{instead}" and is another character: type the plain one'
    if instead:
        return f"{called} looks like a space and is none: type a plain space"
    return f"{called} cannot be seen: take it out"

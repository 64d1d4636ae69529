"""How a count, sentences and a text from outside are put into words, for whoever tells something to a person."""

from __future__ import annotations

from collections.abc import Iterable

_ENDS = (".", "!", "?", "…", ":")
"""What a sentence ends with."""
_HISSING = ("s", "x", "ch", "sh")


def counted(number: int, one: str) -> str:
    """``1 node``, ``3 nodes``, ``0 addresses``."""
    return f"{number} {one if number == 1 else several(one)}"


def first_of(names: Iterable[str], most: int) -> str:
    """``a, b and 3 more``: so many of them at most are named."""
    named = list(names)
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def absence(platform: str, installed: bool, named: bool) -> tuple[str, str]:
    """Why nobody can work with a platform that is not there, and what brings it back, each the rest of a sentence;
    ``named``: the settings have it switched on."""
    if installed:
        return (
            f"{platform} is not switched on here",
            f"add {platform} to platforms in nxd.yaml, then start nxd again",
        )
    also = "" if named else ", name it in platforms in nxd.yaml"
    todo = f"install the package that brings {platform}{also}, then start nxd again"
    return f"{platform} is not installed here", todo


def several(one: str) -> str:
    """The plural of a noun."""
    if one.endswith("y") and one[-2:-1] not in tuple("aeiou"):
        return f"{one[:-1]}ies"
    return f"{one}es" if one.endswith(_HISSING) else f"{one}s"


def there_are(number: int) -> str:
    """``there is 1``, ``there are 3``."""
    return f"there is {number}" if number == 1 else f"there are {number}"


def were(number: int) -> str:
    """The verb of a count in the past."""
    return "was" if number == 1 else "were"


def sentences(*parts: str | None) -> str:
    """The parts one after the other, each ended once, whoever wrote it; what is empty is left out."""
    found = [part.strip() for part in parts if part and part.strip()]
    return " ".join(part if part.endswith(_ENDS) else f"{part}." for part in found)


def ended(text: str) -> str:
    """A text from outside as the end of a sentence: with one full stop, whether it brought one or not."""
    return sentences(text.strip().rstrip(". "))


def spelled(text: str) -> str:
    """What a person wrote, in one line: what cannot be seen, or would turn the line round, by its code point."""
    if text.isprintable():
        return text
    codes = ((char, ord(char)) for char in text)
    return "".join(
        char if char.isprintable() else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
        for char, code in codes
    )


def printable(text: str, instead: str = "·") -> str:
    """A text from outside with something in place of each character that would drive a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else instead for char in text)

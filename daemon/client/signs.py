"""Whether a person's locale has more than ASCII signs; for the command line and the terminal UI alike."""

from __future__ import annotations

from collections.abc import Mapping

_ASKED = ("LC_ALL", "LC_CTYPE", "LANG")
_PLAIN = ("C", "POSIX")


def asks_for_ascii(environment: Mapping[str, str]) -> bool:
    """Whether the locale is one without signs. Python itself turns LANG=C into UTF-8, and says so in LC_CTYPE."""
    if environment.get("PYTHONIOENCODING") or environment.get("PYTHONUTF8"):
        return False
    named = [environment[name] for name in _ASKED if environment.get(name)]
    if len(named) > 1 and not environment.get("LC_ALL") and named[0] == "C.UTF-8":
        named = named[1:]
    return bool(named) and named[0] in _PLAIN

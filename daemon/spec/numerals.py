"""Numbers and truths as other readers of YAML take them, and how the same is written in the plain YAML taken here."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "y"), "true"),
    **dict.fromkeys(("false", "no", "off", "n"), "false"),
}
LONGEST_EXPONENT = 18
"""The largest power of ten that is written out for a person."""


def _base_60(text: str) -> str:
    value, sign = 0, "-" if text.startswith("-") else ""
    for part in text.lstrip("+-").split(":"):
        value = value * 60 + int(part)
    return f"{sign}{value}"


def _octal(text: str) -> str:
    """A zero in front makes it octal for YAML 1.1 and decimal for YAML 1.2: nobody can tell which was meant."""
    decimal = str(int(text))
    octal = str(int(text, 8)) if re.fullmatch("[-+]?[0-7]+", text) else decimal
    return decimal if octal == decimal else f"{decimal}, or {octal} if it is octal"


def _decimal(text: str) -> str | None:
    value = Decimal(text)
    if value.is_zero():
        return "0"
    if abs(value.adjusted()) > LONGEST_EXPONENT:
        return None
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


_NUMBERS: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    (r"[-+]?(?:0|[1-9][0-9]{0,17})", lambda text: text),
    (r"[-+]?0[0-9]{1,17}", _octal),
    (r"[-+]?0(?:x[0-9a-f]{1,15}|o[0-7]{1,20}|b[01]{1,60})", lambda text: str(int(text, 0))),
    (r"[-+]?[0-9]{1,9}(?::[0-5]?[0-9]){1,2}", _base_60),
    (r"[-+]?(?:[0-9]{1,18}\.?[0-9]{0,18}|\.[0-9]{1,18})(?:e[-+]?[0-9]{1,3})?", _decimal),
)
"""How a number looks, without the signs that group its digits, and how it is written here."""


def number(text: str) -> str | None:
    """How the number is written here that this text was surely meant to be; None if it is none."""
    bare = re.sub(r"(?<=[0-9a-f])[_ ,'](?=[0-9a-f])", "", text.strip().lower())
    return next((said(bare) for pattern, said in _NUMBERS if re.fullmatch(pattern, bare)), None)


def truth(text: str) -> str | None:
    """How the truth is written here that this text was surely meant to be; None if it is none."""
    return _TRUTHS.get(text.strip().lower())


def hint(value: object, *meant: Callable[[str], str | None]) -> str:
    """What to write in place of a text where something else is expected; nothing where nobody can tell."""
    if not isinstance(value, str):
        return ""
    plain = next((found for one in meant if (found := one(value))), None)
    return f", which is text here: write {plain}" if plain else ""

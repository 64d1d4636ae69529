"""Keeps secrets out of what is written or told: whoever learns one tells it here, and every text passes here."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Characters of the shortest secret that is looked for: a shorter one stands in many an innocent text."""
CUT = 8
"""So many characters of a secret at the end of a text, where somebody cut it, are taken for it."""
HIDDEN = "***"
_ELLIPSIS = re.compile(r"…|\.\.\.")
_CREDENTIAL = re.compile(
    r"(?P<kind>\b(?:bearer|basic)[ +:]+)[A-Za-z0-9+/=._~-]{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    re.IGNORECASE,
)
"""A header or a token of somebody's making, such as the one by which the cloud knows this host."""


class Redactor:
    """Every secret that is known, in each of the forms in which an answer may quote it."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._by_start: dict[str, str | tuple[str, ...]] = {}
        """The first characters of a form → the secret it is a form of; seldom there are several."""

    def add(self, secret: str) -> None:
        """From now on it stands in no text."""
        if secret in self._known or len(secret) < SHORTEST:
            return
        self._known.add(secret)
        for start in {form[:SHORTEST] for form in _forms(secret)}:
            same = self._by_start.get(start)
            self._by_start[start] = secret if same is None else (*_each(same), secret)

    def text(self, text: str) -> str:
        """The text without secrets."""
        if len(text) < SHORTEST:
            return text
        text = _CREDENTIAL.sub(lambda match: (match["kind"] or "") + HIDDEN, text)
        found, pieces, begun, place = self._by_start, [], 0, 0
        while place <= len(text) - SHORTEST:
            same = found.get(text[place : place + SHORTEST])
            end = place if same is None else place + _length(same, text, place)
            if end > place:
                pieces += [text[begun:place], HIDDEN]
                begun = place = end
            else:
                place += 1
        return "".join((*pieces, text[begun:])) if pieces else text

    def value(self, value: Any) -> Any:
        """The same data without secrets; the very same object if there is none in it."""
        match value:
            case str():
                return self.text(value)
            case dict():
                new = {self.text(k) if isinstance(k, str) else k: self.value(v) for k, v in value.items()}
                same = new.keys() == value.keys() and all(new[key] is value[key] for key in value)
                return value if same else new
            case list() | tuple():
                items = [self.value(item) for item in value]
                return value if all(a is b for a, b in zip(value, items, strict=True)) else type(value)(items)
            case _:
                return value


def _each(same: str | tuple[str, ...]) -> tuple[str, ...]:
    return (same,) if isinstance(same, str) else same


def _length(same: str | tuple[str, ...], text: str, place: int) -> int:
    """How much of the text from there on is a secret, or one that was cut off with the text."""
    forms = sorted((form for secret in _each(same) for form in _forms(secret)), key=len, reverse=True)
    for form in forms:
        if text.startswith(form, place):
            return len(form)
    near = text[place : place + len(forms[0])]
    rest = _ELLIPSIS.split(near, maxsplit=1)[0].rstrip(" .")
    over = len(rest) < len(near) or place + len(near) == len(text)
    cut = over and len(rest) >= CUT and any(form.startswith(rest) for form in forms)
    return len(rest) if cut else 0


def _forms(secret: str) -> set[str]:
    """How an answer, an address, a header or a page may quote it."""
    forms = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
    }
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):  # "user:secret" in base64: where it begins decides how it looks
        coded = base64.b64encode(bytes(before) + raw).decode()
        sure = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        forms |= {sure, sure.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}

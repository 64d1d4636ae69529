"""Keeps secrets out of what is written or told: whoever learns one tells it here, and every text passes here."""

from __future__ import annotations

import base64
import html
import json
import re
from operator import is_
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

SHORTEST = 6
"""Characters of the shortest secret that is taken and looked for: a shorter one stands in many an innocent text."""
CUT = 8
"""So many characters of a secret at the end of a text, where somebody cut it, are taken for it."""
SHORTEST_CREDENTIAL = 20
"""The same of one that is known by its looks."""
HIDDEN = "***"
REMEMBERED, REMEMBERED_LENGTH = 4096, 1000
"""So many texts of at most so many characters are remembered with what became of them."""
FEW = 100
"""So many beginnings of secrets are found sooner by a search for each than by looks at the places of a text."""
STRIDE = CUT - SHORTEST + 1
"""Of the first ``CUT`` characters of a form each look at every so many places of a text meets some."""
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
        """The first characters of a form → the secret it is a form of; rarely there are several."""
        self._near_start: set[str] = set()
        """What a look at every ``STRIDE`` places of a text may meet of the forms that are long enough for it."""
        self._short: set[str] = set()
        """The first characters of those that are not."""
        self._clean: set[str] = set()
        """Texts without a secret that were looked through since the last secret came: the same are written again and
        again."""
        self._hidden: dict[str, str] = {}
        """The others that were looked through since then → what is left of them."""

    def add(self, secret: str) -> None:
        """From now on it stands in no text."""
        if secret in self._known or len(secret) < SHORTEST:
            return
        self._known.add(secret)
        self._forget()
        forms = _forms(secret)
        for start in {form[:SHORTEST] for form in forms}:
            same = self._by_start.get(start)
            self._by_start[start] = secret if same is None else (*_each(same), secret)
        self._short |= {form[:SHORTEST] for form in forms if len(form) < CUT}
        self._near_start |= {
            form[at : at + SHORTEST] for form in forms if len(form) >= CUT for at in range(STRIDE)
        }

    def text(self, text: str) -> str:
        """The text without secrets."""
        if text in self._clean:
            return text
        left = self._hidden.get(text)
        if left is None:
            left = self._looked_through(text)
            if len(text) <= REMEMBERED_LENGTH:
                self._remember(text, left)
        return text if left == text else left

    def _remember(self, text: str, left: str) -> None:
        if len(self._clean) + len(self._hidden) >= REMEMBERED:
            self._forget()
        if left == text:
            self._clean.add(text)
        else:
            self._hidden[text] = left

    def _forget(self) -> None:
        """Look at every text anew."""
        self._clean = set()
        self._hidden.clear()

    def _looked_through(self, text: str) -> str:
        if len(text) >= SHORTEST_CREDENTIAL and _may_hold_credential(text.lower()):
            text = _CREDENTIAL.sub(lambda match: (match["kind"] or "") + HIDDEN, text)
        if not self._may_hold_one(text):
            return text
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

    def _may_hold_one(self, text: str) -> bool:
        """Whether a form may begin in it somewhere; a few are searched for one by one, which costs a long text
        little."""
        starts = self._by_start.keys()
        if len(starts) < min(len(text), FEW):
            return any(start in text for start in starts)
        last = len(text) - SHORTEST + 1
        if not self._near_start.isdisjoint([text[at : at + SHORTEST] for at in range(0, last, STRIDE)]):
            return True
        return not self._short.isdisjoint(
            [text[at : at + SHORTEST] for at in range(last)] if self._short else ()
        )

    def value(self, value: Any) -> Any:
        """The same data without secrets; the very same object if there is none in it."""
        if isinstance(value, str):
            return self.text(value)
        return value if self.is_free(value) else self._without(value)

    def is_free(self, *values: Any) -> bool:
        """Whether no secret can stand in any of the texts of this data: they are looked through as one, which costs
        less than one after the other. Where JSON writes a character in another way, one might; then nothing is sure."""
        try:
            whole = msgspec.json.encode(values).decode()
        except (TypeError, UnicodeEncodeError):  # no JSON, such as half a surrogate pair
            return False
        return "\\" not in whole and not _may_hold_credential(whole.lower()) and not self._may_hold_one(whole)

    def _without(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            pairs = [(self._without(key), self._without(one)) for key, one in value.items()]
            same = all(k is key and v is one for (k, v), (key, one) in zip(pairs, value.items(), strict=True))
            return value if same else dict(pairs)
        if isinstance(value, list | tuple):
            each = [self._without(one) for one in value]
            return value if all(map(is_, each, value)) else type(value)(each)
        return value


def _may_hold_credential(lowered: str) -> bool:
    """Whether the words are there by which one is known: a seventh of the price of the expression."""
    return "bearer" in lowered or "basic" in lowered or "eyj" in lowered


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

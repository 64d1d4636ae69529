"""Decides whether a request comes from the machine it speaks for: every proof that its route names must hold."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pxe.book import Book, Guest
from pxe.once import once
from pxe.routes import SERVER_ID, BootRoute, Mac, Once, Proof, Source, Stages, Token

_MAC = re.compile(r"[0-9a-f]{12}")
MOST_MACS = 32
"""So many MACs of one body are looked at."""


class RequestRefused(Exception):
    """The request is turned away. The reason is for the audit log; whoever asked learns nothing. ``server_id`` is the
    machine it named, if there is one of that name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.server_id: str | None = None


@dataclass(frozen=True)
class Asked:
    """A request, as far as proofs stand in it: the address it comes from, the segments of its path by name, its query,
    its cookies, the header ``Authorization``, and the body if the route looks into it."""

    source: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    authorization: str
    body: bytes = b""

    def word(self, token: Token) -> str:
        """What stands where the token has to be. Raises RequestRefused."""
        if token.place != "bearer":
            return {"path": self.path, "query": self.query, "cookie": self.cookies}[token.place].get(
                token.name, ""
            )
        scheme, _, word = self.authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise RequestRefused("no bearer token was sent")
        return word.strip()


def guest_of(book: Book, platform: str, route: BootRoute, asked: Asked) -> Guest:
    """The machine that a request speaks for, when it is of this platform. Raises RequestRefused."""
    guest = _spoken_for(book, route, asked)
    if guest.platform != platform:
        raise RequestRefused(f"{guest.server_id} is of a platform without such a path")
    return guest


def _spoken_for(book: Book, route: BootRoute, asked: Asked) -> Guest:
    mac = route.proof(Mac)
    if SERVER_ID in asked.path:
        guest, missing = book.guest(asked.path[SERVER_ID]), "no machine of this name is expected"
    elif isinstance(mac, Mac):
        known = (book.guest_with(one) for one in macs_in(asked.body, mac.at))
        guest, missing = next((one for one in known if one), None), "no machine with such a MAC is expected"
    else:
        guest, missing = book.guest_at(asked.source), "no machine is expected at this address"
    if guest is None:
        raise RequestRefused(missing)
    return guest


def prove(guest: Guest, route: BootRoute, asked: Asked, document: str = "") -> None:
    """Hold the request to every proof of its route; ``document`` is the one it asks for. Raises
    RequestRefused."""
    for proof in route.proofs:
        _check(proof, guest, asked, document)


def _check(proof: Proof, guest: Guest, asked: Asked, document: str) -> None:
    match proof:
        case Token():
            _check_token(asked.word(proof), guest.tokens.get(proof.word, ""))
        case Source():
            if asked.source != guest.source:
                raise RequestRefused(f"{guest.server_id} may only come from {guest.source}")
        case Mac():
            if guest.macs.isdisjoint(macs_in(asked.body, proof.at)):
                raise RequestRefused(f"{guest.server_id} has another MAC")
        case Stages():
            if guest.stage not in proof.allowed:
                raise RequestRefused(f"{guest.server_id} is {guest.stage} and may not fetch this now")
        case Once():
            if document in guest.given:
                raise RequestRefused(f"{guest.server_id} was given {document} in this boot already")


def _check_token(token: str, expected: str) -> None:
    digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
    if not hmac.compare_digest(digest, expected.lower()):
        raise RequestRefused("the token is wrong" if token else "no token was sent")


def macs_in(body: bytes, at: tuple[str, ...]) -> list[str]:
    """The MACs that stand there in the JSON of a body, each as ``52:54:00:12:34:56``. Raises RequestRefused."""
    try:
        said = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise RequestRefused("the body is no JSON, and so names no MAC") from None
    found = [mac for word in _words_at(said, at) if (mac := plain_mac(word))]
    return found[:MOST_MACS]


def _words_at(said: Any, at: tuple[str, ...]) -> Iterator[str]:
    if isinstance(said, list):
        for one in said:
            yield from _words_at(one, at)
    elif isinstance(said, dict) and at:
        yield from _words_at(said.get(at[0]), at[1:])
    elif isinstance(said, str) and not at:
        yield said


def plain_mac(word: str) -> str | None:
    """A MAC in the one form in which it is compared; None for what is none."""
    digits = re.sub(r"[:.-]", "", word.strip().lower())
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if _MAC.fullmatch(digits) else None

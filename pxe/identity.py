"""Decides whether a request comes from the machine it speaks for: token, address and stage must all fit."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from pxe.book import Book, Guest, Stage


class RequestRefused(Exception):
    """The request is turned away. The reason is for the audit log; whoever asked learns nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def boot_guest(book: Book, server_id: str, token: str, source: str) -> Guest:
    """The machine that asks for its boot script. Raises RequestRefused."""
    guest = book.guest(server_id)
    if guest is None:
        raise RequestRefused("no machine of this name is expected")
    _check_token(token, guest.boot_token_sha256)
    _check_source(guest, source)
    return _in_stage(guest, ("boot", "installing", "installed"))


def installing_guest(book: Book, source: str) -> Guest:
    """The machine that fetches images, known by address and stage: iPXE sends no token. Raises RequestRefused."""
    return _in_stage(_at(book, source), ("boot", "installing"))


def installer_guest(book: Book, authorization: str, source: str, stages: Collection[Stage]) -> Guest:
    """The machine whose installer speaks, by its address and its bearer token. Raises RequestRefused."""
    guest = _at(book, source)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise RequestRefused("no bearer token was sent")
    _check_token(token.strip(), guest.install_token_sha256)
    _check_source(guest, source)
    return _in_stage(guest, stages)


def _at(book: Book, source: str) -> Guest:
    guest = book.guest_at(source)
    if guest is None:
        raise RequestRefused("no machine is expected at this address")
    return guest


def _check_token(token: str, expected: str) -> None:
    digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
    if not hmac.compare_digest(digest, expected.lower()):
        raise RequestRefused("the token is wrong" if token else "no token was sent")


def _check_source(guest: Guest, source: str) -> None:
    if source != guest.source:
        raise RequestRefused(f"{guest.server_id} may only come from {guest.source}")


def _in_stage(guest: Guest, stages: Collection[Stage]) -> Guest:
    if guest.stage not in stages:
        raise RequestRefused(f"{guest.server_id} is {guest.stage} and may not fetch this now")
    return guest

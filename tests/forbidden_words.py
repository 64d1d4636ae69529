"""Counts the names in the code that a reader would have to decode: `python -m tests.forbidden_words`.

A name is taken apart at its underscores and capitals, and so is the name of a module. CONTRIBUTING.md says which word
stands for what.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("daemon", "nxtui", "pxe", "state_machines")

INSTEAD = {
    "wish": "spec",
    "wishes": "spec",
    "wished": "the field of the spec",
    "orders": "verb",
    "moves": "transition",
    "sow": "create",
    "sown": "created",
    "honour": "carry out",
    "honoured": "carried out",
    "settle": "the state that is reached",
    "settled": "written, certain, provisioned",
    "came": "what was received or made",
    "gone": "deleted, vanished",
    "heard": "received, delivered",
    "gave": "failed, answered",
    "seldom": "rarely",
    "befall": "strike",
    "deed": "operation",
    "deeds": "operation",
    "door": "port, endpoint, limiter",
    "doors": "port, endpoint, limiter",
    "doorkeeper": "connection limiter",
    "moments": "trigger",
    "thing": "object",
    "things": "object",
    "furniture": "initial objects",
    "pen": "renderer",
    "paper": "page",
    "errand": "verb",
    "errands": "verb",
    "aside": "program, remark",
    "knock": "probe",
    "manner": "prompt, behaviour, run",
    "manners": "prompt, behaviour, run",
    "fate": "delivery",
    "sieve": "log filter",
    "garbage": "malformed",
}
"""Word → what to say in its place."""

KEPT = {("daemon/wire.py", "wish"), ("daemon/api/views.py", "wish"), ("nxtui/model/recording.py", "wish")}
"""The socket API keeps the names of its fields: ``wish`` is the verb that is pending."""

_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def parts(name: str) -> list[str]:
    """The words of a name, in small letters."""
    return [part.lower() for part in _PART.findall(name)]


def forbidden() -> Iterator[str]:
    """Each place of a name that has a forbidden word in it, and what to say instead."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for word in parts(path.stem):
                if word in INSTEAD:
                    yield f"{file}: {path.stem}: say {INSTEAD[word]}"
            for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
                for word in parts(token.string) if token.type == tokenize.NAME else ():
                    if word in INSTEAD and (file, token.string) not in KEPT:
                        yield f"{file}:{token.start[0]}: {token.string}: say {INSTEAD[word]}"


if __name__ == "__main__":
    found = list(forbidden())
    print("\n".join(found) or "none")
    sys.exit(1 if found else 0)

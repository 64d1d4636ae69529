"""Writes a document of JSON as settings of a shell, one on a line, for an agent that reads no JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from pxe.book import DocumentError

PREFIX = "NXD"
WHOLE, CHECKSUM, END = f"{PREFIX}_CONFIG", f"{PREFIX}_CONFIG_SHA256", f"{PREFIX}_END"
"""The document itself as one setting, its SHA-256, and the last line: without it the text was cut short."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def flat(document: str) -> str:
    """The settings of a JSON object: `{"node": {"ip": "10.0.0.1"}}` becomes ``NXD_NODE_IP='10.0.0.1'``, a list of
    plain values its words with spaces between them, any other list its members by number, from 1. Raises DocumentError
    when a shell could take one for something else."""
    said = json.loads(document)
    if not isinstance(said, dict):
        raise DocumentError("it is no object, and cannot be written as settings")
    settings: dict[str, str] = {}
    checksum = hashlib.sha256(document.encode()).hexdigest()
    for name, value in (*_settings(PREFIX, said), (WHOLE, document), (CHECKSUM, checksum), (END, "yes")):
        if name in settings:
            raise DocumentError(f"two of its values would be the setting {name}")
        if _CONTROL.search(value):
            raise DocumentError(f"the setting {name} would hold a character that is none of a line")
        settings[name] = value
    return "".join(f"{name}={_quoted(value)}\n" for name, value in settings.items())


def _settings(name: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _settings(f"{name}_{re.sub('[^A-Z0-9]', '_', key.upper())}", inner)
        case list() if any(isinstance(one, dict | list) for one in value):
            for number, inner in enumerate(value, start=1):
                yield from _settings(f"{name}_{number}", inner)
        case list():
            words = [_word(one) for one in value]
            if any(not word or " " in word for word in words):
                raise DocumentError(f"a member of the list {name} is no word")
            yield name, " ".join(words)
        case _:
            yield name, _word(value)


def _word(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _quoted(value: str) -> str:
    """As a shell takes it, whatever is in it."""
    return "'" + value.replace("'", "'\\''") + "'"

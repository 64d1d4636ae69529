"""A secret in a spec: a reference to where it is kept, or the word itself, which nxd seals before it makes a record."""

from __future__ import annotations

from typing import Annotated, Any

from daemon.secrets.redaction import SHORTEST
from daemon.spec.values import ValueType

LITERAL = "literal"
"""The key under which a word itself passes from the spec to the sealing; it stands in no record."""
WAYS = ("file", "env", "credential", "sealed")
"""How a spec refers to a secret: a file of this host, a variable of the daemon, a credential that systemd gives it, or
one that nxd has sealed before."""


def _secret(value: object) -> dict[str, str]:
    if isinstance(value, str) and len(value) >= SHORTEST:
        return {LITERAL: value}
    if isinstance(value, str):
        raise ValueError(
            f"expected a secret of {SHORTEST} characters or more, which can be kept out of what is told"
        )
    if isinstance(value, dict) and len(value) == 1:
        ((way, where),) = value.items()
        if way in WAYS and isinstance(where, str) and where:
            return {way: where}
    raise ValueError("expected a text, or one of {file: PATH}, {env: NAME} and {credential: NAME}")


_ONE_OF = [
    {
        "type": "object",
        "properties": {way: {"type": "string"}},
        "required": [way],
        "additionalProperties": False,
    }
    for way in WAYS
]

Secret = Annotated[
    dict[str, str],
    ValueType(
        "a text, or one of {file: PATH}, {env: NAME} and {credential: NAME}",
        _secret,
        {"anyOf": [{"type": "string", "minLength": SHORTEST}, *_ONE_OF]},
    ),
]
"""A password, a key, a token. A step reads it with ``await ctx.reveal``."""


def is_literal(value: Any) -> bool:
    """Whether this part of a spec is the word of a secret itself."""
    return isinstance(value, dict) and list(value) == [LITERAL]

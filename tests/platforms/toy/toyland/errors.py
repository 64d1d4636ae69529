"""The codes of errors that only boxes have, and what a person does here about those that all platforms have."""

from __future__ import annotations

from daemon.errors.tree import AGAIN, ErrorKind, outside

WRONG_KEY = ErrorKind(
    "wrong_key",
    "The shelf refused the key.",
    "later",  # a shelf that is asked again and again with a wrong key locks itself
    (outside("Put the right key into the spec, and apply it."),),
)
TORN = ErrorKind(
    "torn", "The box tore while it folded itself.", "later", (outside("Glue its corner."),), AGAIN
)

REMEDIES = {
    "authentication": "Put the right key into the spec, and apply it.",
    "not_authorized": "Ask whoever keeps the shelf what this key may open.",
}

"""The codes of errors that only boxes have, and what a person does here about those that all platforms have."""

from __future__ import annotations

from daemon.errors.tree import AGAIN, ErrorKind, in_spec, outside

RIGHT_KEY = (
    in_spec("key", "Put the right key into the spec, and apply it."),
    outside(
        "Or give the shelf the key again that it had."
    ),  # while it is rolled back, no other spec is taken
)
WRONG_KEY = ErrorKind(
    "wrong_key",
    "The shelf refused the key.",
    "later",  # a shelf that is asked again and again with a wrong key locks itself
    RIGHT_KEY,
)
TORN = ErrorKind(
    "torn", "The box tore while it folded itself.", "later", (outside("Glue its corner."),), AGAIN
)

REMEDIES = {
    "authentication": RIGHT_KEY,
    "not_authorized": "Ask whoever keeps the shelf what this key may open.",
}

"""The two axes of the matrix as data: where the daemon is stopped, and what goes wrong with the call."""

from __future__ import annotations

from collections.abc import Mapping

POINTS: Mapping[str, str] = {
    "P0": "before the intent is queued",
    "P1": "the intent is queued, not committed",
    "P2": "the intent is durable, nothing is sent",
    "P3": "the request is on the wire",
    "P4": "the call is applied, no answer was read",
    "P5": "the answer was read, the result is not durable",
    "P6": "the result is durable, memory and listeners do not know",
    "P7": "between a durable result and the next call",
    "P9": "the timer's row is written, the timer is not armed",
    "P10": "in the middle of a call, then twice more while it recovers",
    "P11": "in the middle of a call, then while the write-ahead log is checkpointed",
    "P12": "while the schema is migrated",
    "P13": "a person's verb is accepted, not durable",
    "P14": "SIGTERM in the middle of a call, then SIGKILL",
    "P15": "SIGSTOP for a minute in the middle of a call",
    "P15a": "the same, and meanwhile the wall clock is stepped an hour forward",
    "P15b": "the same, and meanwhile the wall clock is stepped an hour back",
}
"""P8 of the list in the design's matrix, each of P1 to P6 while compensating, is the direction `undo`."""

FAULTS: Mapping[str, str] = {
    "F0": "nothing",
    "F1": "the port refuses connections",
    "F2": "no answer, not applied",
    "F3": "no answer, applied",
    "F4": "no answer, applied late",
    "F5": "502, not applied",
    "F5a": "502, applied",
    "F5b": "the connection is reset, applied",
    "F6": "429 with Retry-After",
    "F7": "the name is taken, by somebody else",
    "F7a": "the name is taken, by our own call that a proxy repeated",
    "F7b": "the same, and what the object takes hold of is looked at before its name",
    "F7c": "no answer, not applied, and then somebody takes the address",
    "F8": "404 just after the create",
    "F9": "the answer is lost, and a list leaves the fresh object out",
    "F10": "the delete answers 404, and the object stands",
    "F10a": "the delete answers 409, in use, twice",
    "F10b": "the delete is accepted, and takes long",
    "F11": "the status is stuck for a while",
    "F11a": "the status goes to failed",
    "F11b": "the status is an unknown word",
    "F12": "somebody deletes the object",
    "F13": "403",
    "F13a": "the quota is used up",
    "F14": "401, and then the token service fails",
    "F15": "half of the JSON arrives",
    "F16": "the answer is very slow",
}

ORDERS: Mapping[str, str] = {"F7a": "name", "F7b": "holding"}
"""In which order the cloud checks a create, where a fault is about that; with the others it is drawn for each cell."""

REFUSED = ("F1", "F2", "F4", "F5", "F6", "F7", "F7c", "F13", "F13a", "F14")
"""Faults with which the call is not applied, at least not now."""
LOST = ("F2", "F3", "F4", "F5b", "F7c", "F9")
"""Faults with which no answer arrives."""
COMES_AGAIN = ("F1", "F2", "F3", "F4", "F5", "F5a", "F5b", "F6", "F7c", "F9", "F14", "F15")
"""Faults after which the daemon waits for its next try, with a timer."""
READ_AFTER = ("vni", "server")
"""Kinds whose fresh object the daemon reads, because it has a status that must settle."""

"""The codes of errors that only the VPC of IBM Cloud has; a platform that speaks to it names them as its own."""

from __future__ import annotations

from daemon.errors.tree import ErrorKind, only_wait, outside

NO_ADDRESS = ErrorKind(
    "no_address",
    "No address is free in the range.",
    "later",
    (outside("Release addresses in it."),),
)
ADDRESS_TAKEN = ErrorKind(
    "address_taken",
    "Somebody else reserved the address in between.",
    "now",
    (only_wait("Another address of the range is picked."),),
)

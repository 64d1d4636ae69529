"""What is kept of the items of a list in which a node looks for what is its own by the name."""

from __future__ import annotations

from daemon.drivers.ibm_vpc import Listed, Reference

NO_ADDRESS_YET = "0.0.0.0"
"""What a reserved IP shows for up to 30 seconds."""


class NamedAddress(Listed, gc=False):
    """A reserved IP as it is found by its name; ``created_at`` is RFC 3339."""

    address: str
    created_at: str


class NamedInterface(Listed, gc=False):
    """A virtual network interface as it is found by its name, with the reserved IP that it was made on."""

    primary_ip: Reference

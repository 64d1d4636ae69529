"""What a host name and an IPv4 address can be, and which addresses are never one server's own."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LAST_LABEL = r"(?![0-9]+\Z)" + LABEL
DOMAIN = rf"{LABEL}(?:\.{LABEL})*\.{_LAST_LABEL}"
"""A domain in lower case: two labels or more, the last one no number."""
NAME_LIMIT = 253
"""Characters of a host name with its domain (RFC 1035)."""

_HOST_NAME = re.compile(rf"(?=.{{1,{NAME_LIMIT}}}\Z)(?:{LABEL}\.)*{_LAST_LABEL}", re.IGNORECASE)
_NOBODY = (
    ("0.0.0.0/8", "stands for no host at all"),
    ("127.0.0.0/8", "is each host itself"),
    ("169.254.0.0/16", "is known on one link only"),
    ("224.0.0.0/4", "is a group of hosts (multicast)"),
    ("255.255.255.255/32", "is every host at once (broadcast)"),
    ("240.0.0.0/4", "belongs to nobody (reserved)"),
)
"""Blocks whose addresses are no server that others can ask, and what they are instead."""
_BLOCKS = tuple((ipaddress.IPv4Network(block), words) for block, words in _NOBODY)


@dataclass(frozen=True)
class HostPort:
    """An address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def ipv4(text: str) -> str:
    """The address as it is written best. Raises ValueError with a sentence."""
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError(f'expected an IPv4 address like 161.26.0.7, found "{text}"') from None


def server_address(text: str) -> str:
    """An IPv4 address at which a server can be asked. Raises ValueError with a sentence."""
    found = ipaddress.IPv4Address(ipv4(text))
    for block, words in _BLOCKS:
        if found in block:
            raise ValueError(f"{found} {words}, and no server: name the address of one")
    return str(found)


def server(text: str) -> str:
    """A host name or an address at which a server can be asked. Raises ValueError with a sentence."""
    if re.fullmatch(r"[0-9.]+", text):
        return server_address(text)
    if not is_host_name(text):
        raise ValueError(f'expected a host name or an IPv4 address, found "{text}"')
    if _is_oneself(text):
        raise ValueError(f'"{text}" is each host itself, and no server: name another host')
    return text


def why_unreachable(host: str) -> str | None:
    """Why no other host can reach this name or address, in words; None when one may."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "is each host itself" if _is_oneself(host) else None
    address = getattr(address, "ipv4_mapped", None) or address
    if isinstance(address, ipaddress.IPv4Address):
        return next((words for block, words in _BLOCKS if address in block), None)
    if address.is_loopback:
        return "is each host itself"
    return "is known on one link only" if address.is_link_local else None


def is_loopback(host: str) -> bool:
    """Whether it is an address at which a host reaches only itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _is_oneself(name: str) -> bool:
    """Whether a name is that of each host itself (RFC 6761, and what /etc/hosts adds)."""
    labels = name.lower().rstrip(".").split(".")
    return labels[-1] in ("localhost", "localdomain") or labels[0] in ("ip6-localhost", "ip6-loopback")


def is_host_name(text: str) -> bool:
    """Whether a host can be called that; an address is no name."""
    return _HOST_NAME.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether a host can be called that or have that address, IPv4 or IPv6."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return is_host_name(text)
    return True


def is_unspecified(text: str) -> bool:
    """Whether it is the address that stands for all of a host's own: one can listen there and not connect."""
    try:
        return ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


def is_multicast(text: str) -> bool:
    """Whether it is a group's address, or everybody's, which no single host has."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return found.is_multicast or str(found) == "255.255.255.255"

"""Whether packets get through: what rules of security groups admit, and who answers where machines are sent."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.drivers.http import AnswerLost, Line, NotDelivered, OtherCertificate, only
from daemon.settings.kinds import place_of
from daemon.settings.reading import Settings

Json = Mapping[str, Any]
Network = ipaddress.IPv4Network

PORTS = (22, 443, 2009, 2020, 2030, 2036, 9440)
"""What Nutanix nodes say to each other and to a person: SSH, HTTPS, Stargate, Cerebro, Acropolis, Prism."""
PROBE_SECONDS = 5.0
ANYWHERE = ipaddress.IPv4Network("0.0.0.0/0")
_TCP = ("all", "any", "tcp", "icmp_tcp_udp")


def admits(
    rules: Iterable[Json], direction: str, port: int, peer: Network | None, groups: Iterable[str]
) -> bool:
    """Whether a rule lets TCP to this port pass, from or to every address of ``peer``; None: who it is, is not known.

    A rule whose other end is a security group admits the members of ``groups``, which are the group's own.
    """
    own = set(groups)
    return any(
        rule["direction"] == direction
        and rule["protocol"] in _TCP
        and int(rule.get("port_min") or 1) <= port <= int(rule.get("port_max") or 65535)
        and _concerns(rule.get("remote") or {}, peer, own)
        for rule in rules
    )


def _concerns(remote: Json, peer: Network | None, own: set[str]) -> bool:
    block = remote.get("cidr_block") or remote.get("address")
    if block is None:
        return not remote or remote.get("id") in own
    other = ipaddress.ip_network(str(block), strict=False)
    if peer is None or not isinstance(other, Network):
        return other == ANYWHERE or peer is None
    return peer.subnet_of(other)


def host_network(url: str) -> Network | None:
    """The address of a URL's host as a block of one; None where it is a name."""
    try:
        return ipaddress.IPv4Network(place_of(url)[0])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port of the boot server as machines are told it, what only this one answers to ``/healthz``, and the file with
    the certificate that it shows, if it has one."""

    name: str
    url: str
    sign: str
    certificate: Path | None = None


def endpoints(settings: Settings) -> tuple[Endpoint, Endpoint]:
    """Both ports."""
    return (
        Endpoint("boot URL", settings.boot_url, "nxd boot: ok"),
        Endpoint("config URL", settings.config_url, "nxd config: ok", settings.config_certificate),
    )


async def probe(endpoint: Endpoint) -> str | None:
    """Why this is not the endpoint it should be, in a sentence; None when it is."""
    line: Line | None = None
    try:
        line = Line(1, True if endpoint.certificate is None else only(endpoint.certificate.read_text()))
        url = f"{endpoint.url}/healthz"
        answer = await line.ask("GET", url, {}, None, PROBE_SECONDS, PROBE_SECONDS)
    except OtherCertificate:
        return f"{endpoint.url} shows another certificate than {endpoint.certificate}: start nxd again."
    except (NotDelivered, AnswerLost, OSError, ValueError) as error:
        return f"{endpoint.url} does not answer: {str(error).rstrip('.') or type(error).__name__}."
    finally:
        if line is not None:
            await line.close()
    if answer.status != 200 or answer.text.strip() != endpoint.sign:
        what = endpoint.name.partition(" ")[0]
        return f"{endpoint.url} answers (HTTP {answer.status}), but not as the {what} port of nxd does."
    return None


class Reach:
    """Asks the endpoints, each once for all who want to know at that moment: a port lets few connections of one address
    in, and a hundred clusters may be checked at once."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Task[str | None]] = {}

    async def trouble(self, endpoint: Endpoint) -> str | None:
        """As ``probe``."""
        asked = self._asked.get(endpoint.url)
        if asked is None:
            asked = self._asked[endpoint.url] = asyncio.create_task(probe(endpoint), name="reach")
            asked.add_done_callback(lambda _: self._asked.pop(endpoint.url))
        return await asyncio.shield(asked)

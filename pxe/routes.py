"""What the machines of a platform meet at the two ports, as data: routes that name the proofs they ask for, scripts,
readers of reports, and the phases of an installer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pxe.agent.archive import NAME as AGENT_NAME
from pxe.book import Report, Stage

PLACEHOLDER = re.compile(r"\{(\w+)\}")
SERVER_ID, TOKEN, NAME = "server_id", "token", "name"
"""What a segment of a path may stand for: the machine, a token, the image or document that is asked for."""


@dataclass(frozen=True)
class Token:
    """A word that only the machine knows: the guest's token ``word``, which stands in the query or in a cookie under
    ``name``, in the segment of the path that is called so, or behind ``Bearer`` in the header ``Authorization``."""

    word: str
    place: Literal["query", "path", "cookie", "bearer"]
    name: str = TOKEN


@dataclass(frozen=True)
class Source:
    """The address that the request comes from is the machine's."""


@dataclass(frozen=True)
class Mac:
    """A MAC in the JSON of the body is the machine's: ``at`` are the keys that lead to it, through every list on the
    way."""

    at: tuple[str, ...]


@dataclass(frozen=True)
class Stages:
    """The machine may do this now."""

    allowed: tuple[Stage, ...]


@dataclass(frozen=True)
class Once:
    """It was not given in this boot before."""


Proof = Token | Source | Mac | Stages | Once


@dataclass(frozen=True)
class BootRoute:
    """One request that a machine makes. All of its proofs must hold; who fails one gets the 404 of an unknown path.

    The machine is the one that the path names, else the one whose MAC is in the body, else the one at the address that
    asks. ``serves`` is what it gets: the script of its stage, written for a ``personality`` of firmware if one is
    named; the image that the path names; the initrd with the agent; the document ``what``, or the one that the path
    names; or thanks for a report, which the reader ``what`` reads.
    """

    method: Literal["GET", "POST"]
    path: str
    serves: Literal["script", "image", "agent", "document", "report"]
    proofs: tuple[Proof, ...]
    what: str = ""
    port: Literal["boot", "config"] = "boot"
    personality: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What the segments of its path stand for, from left to right."""
        return tuple(PLACEHOLDER.findall(self.path))

    @property
    def shape(self) -> tuple[str, str, str]:
        """What two routes that ask for the same path have in common, whatever they call its segments."""
        return self.port, self.method, PLACEHOLDER.sub("{}", self.path)

    def proof(self, kind: type[Proof]) -> Proof | None:
        """The first proof of a kind that it asks for."""
        return next((proof for proof in self.proofs if isinstance(proof, kind)), None)


Reader = Callable[[bytes, str], Sequence[Report]]
"""Reads what was posted from an address into reports; raises BadReport. How much may be posted, how fast and for how
long, and how much of it is kept, is the same for all."""


@dataclass(frozen=True)
class BootTable:
    """What the machines of one platform meet.

    ``templates`` is the folder of its templates, ``scripts`` the script of each stage that has one, by its name there:
    ``boot`` stands in ``boot.ipxe.j2``, that of a personality in ``boot.PERSONALITY.ipxe.j2``. A script in
    ``opening`` opens a boot, and one in ``agent`` appends nxd's agent to the installer's initrd. ``sample`` holds every
    name that fills a template, with an example. ``documents`` are the names that its routes may ask for. ``phases`` say
    what an installer reports, in order; the last one is its end.
    """

    templates: Path
    routes: tuple[BootRoute, ...]
    scripts: Mapping[Stage, str]
    sample: Mapping[str, str]
    opening: tuple[str, ...] = ("boot",)
    agent: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    readers: Mapping[str, Reader] = field(default_factory=dict)
    phases: tuple[str, ...] = ()

    @property
    def last_phase(self) -> int:
        """The phase with which an installation ends."""
        return len(self.phases)


def script_of(name: str, personality: str) -> str:
    """The file of a script."""
    return f"{name}.{personality}.ipxe.j2" if personality else f"{name}.ipxe.j2"


IPXE = BootRoute(
    "GET",
    "/boot/ipxe/{server_id}",
    "script",
    (Token("boot", "query"), Source(), Stages(("boot", "installing", "installed"))),
)
"""A script for the machine with the token ``boot`` of its user data."""

IMAGE = BootRoute("GET", "/pxe/images/{name}", "image", (Source(), Stages(("boot", "installing"))))
"""An image for a machine that installs; iPXE sends no token with it."""

NO_PIN = "none"
"""Stands in a script where the configuration port has no key to be known by: it speaks plain HTTP."""

AGENT = BootRoute("GET", f"/pxe/{AGENT_NAME}", "agent", (Source(), Stages(("boot", "installing"))))
"""The agent for a machine that installs; it is the same for all of them, and holds no secret."""

"""What a cluster, a node and an environment may be called: what holds everywhere, and what a platform asks beyond."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from daemon.spec.values import ValueType, matching

LONGEST = 63
"""Characters of a part of a host name."""


@cache
def name_of(longest: int) -> ValueType:
    """A name that can be a part of a host name, with so many characters at most."""
    return matching(
        rf"[a-z](?:[a-z0-9-]{{0,{longest - 2}}}[a-z0-9])?",
        f'a name of at most {longest} characters (lower case letters, digits and "-", a letter first, no "-" last)',
    )


ENVIRONMENT = matching(
    r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?",
    'a name of at most 20 characters: lower case letters, digits and "-", a letter first, no "-" at the end',
)


@dataclass(frozen=True)
class NameRule:
    """What one platform asks of names: how many characters a cluster or a node has at most, for more is added to it in
    the names of what is made; and what the environment may be, with which those begin."""

    longest: int = LONGEST
    environment: ValueType = ENVIRONMENT

    @property
    def value(self) -> ValueType:
        """What the name of a cluster or a node must be; the fields of the platform's spec are annotated with it."""
        return name_of(self.longest)


EVERYWHERE = NameRule()
"""The rule of a platform that asks no more."""

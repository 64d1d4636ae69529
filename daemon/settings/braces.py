"""Puts settings into the texts of others: what stands in braces is the value of the setting of that key."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from daemon.settings.kinds import BRACES
from daemon.spec.yaml_marks import unknown


class Unfilled(Exception):
    """What stands in braces has no value that could be put there."""


def filled(value: object, values: Mapping[str, object], known: Collection[str]) -> object:
    """A text in which the settings that stand in braces have their values. Raises Unfilled."""
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        key = match[1]
        if key in values:
            return str(values[key])
        if key not in known:
            raise Unfilled(f"has braces with an {unknown('setting', key, known)}")
        raise Unfilled(
            f"names {{{key}}}, which has no value here: only settings above it in the table have one"
        )

    return BRACES.sub(put, value)

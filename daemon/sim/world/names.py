"""Which names the cloud accepts, and where each of them must be the only one."""

from __future__ import annotations

import re

from daemon.sim.refusals import Refusal

_GRAMMAR = re.compile(r"([a-z]|[a-z][-a-z0-9]*[a-z0-9])")
_GRAMMAR_WITH_DIGIT_FIRST = re.compile(r"([a-z0-9]|[a-z0-9][-a-z0-9]*[a-z0-9])")
_MAY_START_WITH_DIGIT = frozenset({"vni"})
_LONGEST = 63

_TAKEN = {
    "vni": "Another VNI with the requested name already exists",
}


def check_name(kind: str, name: str) -> None:
    """Refuse a name that breaks the grammar (1 to 63 characters) or takes the provider's ``ibm-`` prefix."""
    grammar = _GRAMMAR_WITH_DIGIT_FIRST if kind in _MAY_START_WITH_DIGIT else _GRAMMAR
    if len(name) > _LONGEST or not grammar.fullmatch(name):
        message = (
            f"Provided Name ({name}) is invalid: use 1 to {_LONGEST} lower-case letters, digits and hyphens, "
            "starting with a letter and not ending with a hyphen"
        )
        raise Refusal(400, "validation_invalid_name", message, "name", value=name)
    if name.startswith("ibm-"):
        message = f"Provided Name ({name}) is invalid: names beginning with ibm- are reserved"
        raise Refusal(400, "validation_invalid_name", message, "name", value=name)


class NameBook:
    """Every name in use. A scope is the region, a VPC, a subnet or a server, by its id."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str, str], str] = {}

    def owner(self, kind: str, scope: str, name: str) -> str | None:
        """The id of the object that has the name, if any."""
        return self._owners.get((kind, scope, name))

    def check_free(self, kind: str, scope: str, name: str, asking: str | None = None) -> None:
        """Refuse with ``validation_unique_failed`` if somebody other than ``asking`` has the name."""
        owner = self.owner(kind, scope, name)
        if owner is not None and owner != asking:
            message = _TAKEN.get(kind, f"Provided Name ({name}) is not unique")
            raise Refusal(400, "validation_unique_failed", message, "name", value=name)

    def claim(self, kind: str, scope: str, name: str, owner: str) -> None:
        self.check_free(kind, scope, name, owner)
        self._owners[(kind, scope, name)] = owner

    def release(self, kind: str, scope: str, name: str) -> None:
        self._owners.pop((kind, scope, name), None)

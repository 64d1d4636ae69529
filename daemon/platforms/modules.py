"""Imports what a platform names, and says in one sentence what hinders that: the code may be somebody else's."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, TypeVar

from daemon.errors.tree import PlatformError, StartError

T = TypeVar("T")

MEND = "Mend it, or take {name} out of platforms in nxd.yaml."
_MOST_TOLD = 20
"""So many mistakes of one platform are told, and then only their number."""


class BrokenPart(Exception):
    """Something of a platform's own cannot be used; the text is half a sentence that says what."""


def refusal(name: str, mistakes: Sequence[str]) -> PlatformError:
    """Why a platform of that name is not worked with: its mistakes, a line for each, and what to do."""
    mistakes = list(dict.fromkeys(mistakes))
    more = len(mistakes) - _MOST_TOLD
    told = [*mistakes[:_MOST_TOLD], *([f"Platform {name}: and {more} more."] if more > 0 else [])]
    return PlatformError("\n".join([*told, MEND.format(name=name)]))


def attribute(module: str, name: str) -> Any:
    """What a module of a platform holds under a name. Raises BrokenPart."""
    try:
        found = import_module(module)
    except (Exception, SystemExit) as error:
        raise BrokenPart(f"it cannot be imported: {told(error, module)}") from error
    if not hasattr(found, name):
        raise BrokenPart(f"it has no {name} ({found.__file__}): give it one")
    return getattr(found, name)


def ran(call: Callable[[], T], module: str, what: str) -> T:
    """What a piece of a platform's own code gives. Raises BrokenPart where it breaks, and StartError."""
    try:
        return call()
    except StartError:  # it says by itself what hinders it
        raise
    except (Exception, SystemExit) as error:
        raise BrokenPart(f"{what}: {told(error, module)}") from error


def looked(rule: Callable[[], Iterable[str]], module: str) -> list[str]:
    """What a rule says of a platform; where the platform's own code breaks under it, that."""
    try:
        return ran(lambda: list(rule()), module, "it cannot be looked through")
    except BrokenPart as broken:
        return [str(broken)]


def told(error: BaseException, module: str) -> str:
    """An exception as a person reads it, with the last place in the platform's own code that led to it."""
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{kind}: {error.msg} ({error.filename}, line {error.lineno})"
    said = " ".join(f"{kind}: {error}".split())
    package = module.rpartition(".")[0] or module
    places = [
        f"{frame.f_code.co_filename}, line {line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if f"{frame.f_globals.get('__name__')}.".startswith(f"{package}.")
    ]
    return f"{said} ({places[-1]})" if places else said

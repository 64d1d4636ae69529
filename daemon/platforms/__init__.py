"""The platforms by name. Naming them imports their manifests and no more; loading one imports that one alone.

A platform is a package here, or one of another distribution that names its manifest in the entry points of the group
``nxd.platforms``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import combinations
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.platforms.base import Platform
    from daemon.platforms.found import PlatformsFound
    from daemon.platforms.manifest import Manifest
    from daemon.settings.reading import Settings
    from daemon.spec.reading import ClusterSpec
    from pxe.routes import BootTable
    from state_machines.kind import Kind


@cache
def own() -> Mapping[str, Manifest]:
    """The platforms that come with nxd, by the name that a spec gives."""
    here = [import_module(f"{__name__}.{one.name}.manifest") for one in iter_modules(__path__) if one.ispkg]
    return {module.MANIFEST.name: module.MANIFEST for module in here}


@cache
def _found() -> PlatformsFound:
    """Every platform that is installed."""
    from daemon.platforms.found import found_beside

    return found_beside(own())


def manifests() -> Mapping[str, Manifest]:
    """Every platform that is installed. Whoever finds what he looks for among ``own`` is done sooner."""
    return _found().usable


def broken() -> Mapping[str, Sequence[str]]:
    """The platforms that are installed and cannot be used, and what is wrong with each, in sentences."""
    return _found().broken


def why_unusable(name: str) -> Sequence[str]:
    """What is wrong with a platform that is installed and cannot be used, and what to do, in sentences; nothing of any
    other."""
    if name not in broken():
        return ()
    from daemon.platforms.modules import refusal

    return str(refusal(name, broken()[name])).splitlines()


def notes() -> Sequence[str]:
    """What else is not as it should be with the platforms that are installed, in sentences."""
    return _found().notes


def settings_clashes(those: Sequence[Manifest]) -> list[str]:
    """The settings that two platforms have both, in sentences."""
    if all(one.name in own() for one in those):
        return []
    from daemon.platforms.lint_settings import clashes

    return [said for one, other in combinations(those, 2) for said in clashes(other, one)]


def manifest_of(name: str) -> Manifest:
    """The platform of that name. Raises KeyError, and PlatformError for one that cannot be used."""
    if name in own():
        return own()[name]
    if name in broken():
        from daemon.platforms.modules import refusal

        raise refusal(name, broken()[name])
    return manifests()[name]


def is_installed(name: str) -> bool:
    """Whether there is a platform of that name, switched on or not."""
    return name in own() or name in manifests() or name in broken()


def load(name: str, settings: Settings, clock: Clock) -> Platform:
    """The platform of that name, ready to work, once nothing was found that is wrong with it. Raises KeyError,
    PlatformError."""
    from daemon.platforms.modules import refusal
    from daemon.platforms.whole import looked_through

    # the tests hold the tables of its own, and nobody changes them afterwards
    platform, mistakes = looked_through(manifest_of(name), settings, clock, at_rest=name not in own())
    if mistakes or platform is None:
        raise refusal(name, mistakes)
    return platform


def spec_model(name: str) -> type[ClusterSpec]:
    """What may stand in a spec of that platform; needs neither its steps nor its drivers. Raises KeyError,
    PlatformError."""
    from daemon.platforms.parts import sound_part_of

    model: type[ClusterSpec] = sound_part_of(manifest_of(name), "MODEL")
    return model


def tables(name: str) -> tuple[Kind, Kind]:
    """The tables of a platform's nodes and clusters. Raises KeyError, PlatformError."""
    from daemon.platforms.parts import sound_part_of

    manifest = manifest_of(name)
    return sound_part_of(manifest, "NODE"), sound_part_of(manifest, "CLUSTER")


def boot_tables(names: Iterable[str]) -> Mapping[str, BootTable]:
    """What the machines of these platforms meet at the boot server, of those that have such. Raises KeyError,
    PlatformError."""
    from daemon.platforms.parts import sound_part_of

    named = {name: manifest_of(name) for name in names}
    return {name: sound_part_of(manifest, "BOOT") for name, manifest in named.items() if manifest.boot}


def states(name: str) -> Mapping[str, float | None]:
    """The states of that platform, and the stages of a rollback; the seconds that a deadline of each has to be beyond,
    None where a spec may set none. Raises KeyError, PlatformError."""
    from state_machines.objects import by_name, latest

    kinds, objects = tables(name), by_name(manifest_of(name).objects)
    found: dict[str, float | None] = {state: None for kind in kinds for state in kind.states}
    found |= {step: 0.0 for kind in kinds for step in kind.steps}
    return found | {stage.name: latest(stage.kinds, objects) for kind in kinds for stage in kind.undo}

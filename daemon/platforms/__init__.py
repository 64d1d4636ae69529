"""The platforms by name. Naming them imports their manifests and no more; loading one imports that one alone.

A platform is a package here, or one of another distribution that names its manifest in the entry points of the group
``nxd.platforms``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.platforms.base import Platform
    from daemon.platforms.manifest import Manifest
    from daemon.settings.reading import Settings
    from daemon.spec.reading import ClusterSpec

GROUP = "nxd.platforms"


@cache
def own() -> Mapping[str, Manifest]:
    """The platforms that come with nxd, by the name that a spec gives."""
    here = [import_module(f"{__name__}.{one.name}.manifest") for one in iter_modules(__path__) if one.ispkg]
    return {module.MANIFEST.name: module.MANIFEST for module in here}


@cache
def manifests() -> Mapping[str, Manifest]:
    """Every platform that is installed. Whoever finds what he looks for among ``own`` is done sooner."""
    from importlib.metadata import entry_points

    return {**{one.name: one for one in (point.load() for point in entry_points(group=GROUP))}, **own()}


def manifest_of(name: str) -> Manifest:
    """The platform of that name. Raises KeyError."""
    return own().get(name) or manifests()[name]


def is_installed(name: str) -> bool:
    """Whether there is a platform of that name, switched on or not."""
    return name in own() or name in manifests()


def load(name: str, settings: Settings, clock: Clock) -> Platform:
    """The platform of that name, ready to work. Raises KeyError."""
    platform: Platform = import_module(manifest_of(name).platform).load(settings, clock)
    return platform


def spec_model(name: str) -> type[ClusterSpec]:
    """What may stand in a spec of that platform; needs neither its steps nor its drivers. Raises KeyError."""
    model: type[ClusterSpec] = import_module(manifest_of(name).spec).MODEL
    return model


def tables(name: str) -> Any:
    """The module of a platform's tables. Raises KeyError."""
    return import_module(manifest_of(name).tables)


def work_states(name: str) -> Collection[str]:
    """The states of that platform, and the stages of a rollback, for which a spec may set a deadline."""
    kinds = (tables(name).NODE, tables(name).CLUSTER)
    undo = (stage.name for kind in kinds for stage in kind.undo)
    return (*(step for kind in kinds for step in kind.steps), *undo)

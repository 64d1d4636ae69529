"""The platforms by name. Naming them imports their manifests and no more; loading one imports that one alone.

A platform is a package here, or one of another distribution that names its manifest in the entry points of the group
``nxd.platforms``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
    from pxe.routes import BootTable

GROUP = "nxd.platforms"


@cache
def own() -> Mapping[str, Manifest]:
    """The platforms that come with nxd, by the name that a spec gives."""
    here = [import_module(f"{__name__}.{one.name}.manifest") for one in iter_modules(__path__) if one.ispkg]
    return {module.MANIFEST.name: module.MANIFEST for module in here}


@cache
def _found() -> tuple[Mapping[str, Manifest], tuple[str, ...]]:
    """Every platform that is installed, and what is wrong with those that cannot be used."""
    from importlib.metadata import entry_points

    from daemon.platforms.lint import problems

    found, wrong = dict(own()), list[str]()
    for point in entry_points(group=GROUP):
        try:
            one: Manifest = point.load()
            wrong += _clashes(one, found.values())
            lacks = problems(one)
        except Exception as error:  # it is somebody else's code
            wrong.append(f"The platform {point.name} ({point.value}) cannot be loaded: {error}.")
        else:
            if lacks:
                wrong.append(f"The platform {one.name} ({point.value}) cannot be used: {'; '.join(lacks)}.")
            else:
                found.setdefault(one.name, one)
    return found, tuple(wrong)


def _clashes(one: Manifest, others: Iterable[Manifest]) -> list[str]:
    """What a platform has that another one has already: its name, a setting, or the code of another error."""
    said = []
    for other in others:
        if other.name == one.name:
            said.append(f"Two platforms have the name {one.name}: {other.platform} and {one.platform}.")
        both = {setting.key for setting in one.settings} & {setting.key for setting in other.settings}
        said += [
            f"Two platforms have the setting {key}: {other.name} and {one.name}." for key in sorted(both)
        ]
        theirs = {kind.code: kind for kind in other.errors}
        said += [
            f"Two platforms mean different things by the code {kind.code}: {other.name} and {one.name}."
            for kind in one.errors
            if theirs.get(kind.code, kind) != kind
        ]
    return said


def manifests() -> Mapping[str, Manifest]:
    """Every platform that is installed. Whoever finds what he looks for among ``own`` is done sooner."""
    return _found()[0]


def wrong() -> Sequence[str]:
    """What is wrong with the platforms that are installed, each in a sentence; the first of two that clash counts."""
    return _found()[1]


def manifest_of(name: str) -> Manifest:
    """The platform of that name. Raises KeyError."""
    return own().get(name) or manifests()[name]


def is_installed(name: str) -> bool:
    """Whether there is a platform of that name, switched on or not."""
    return name in own() or name in manifests()


def load(name: str, settings: Settings, clock: Clock) -> Platform:
    """The platform of that name, ready to work; the tables and the spec of one that does not come with nxd are looked
    through first. Raises KeyError, StartError."""
    if name not in own():
        from daemon.platforms.lint import hold_names, hold_tables

        theirs = tables(name)
        hold_tables(manifest_of(name), (theirs.NODE, theirs.CLUSTER))
        hold_names(manifest_of(name), spec_model(name).model_json_schema())
    return loaded(manifest_of(name), settings, clock)


def loaded(manifest: Manifest, settings: Settings, clock: Clock) -> Platform:
    """The platform of a manifest, with what that says of its objects and errors."""
    from daemon.errors.tree import by_code
    from state_machines.objects import by_name

    platform: Platform = import_module(manifest.platform).load(settings, clock)
    platform.objects = by_name(manifest.objects)
    platform.errors = by_code(manifest.errors)
    platform.remedies = manifest.remedies
    return platform


def spec_model(name: str) -> type[ClusterSpec]:
    """What may stand in a spec of that platform; needs neither its steps nor its drivers. Raises KeyError."""
    model: type[ClusterSpec] = import_module(manifest_of(name).spec).MODEL
    return model


def tables(name: str) -> Any:
    """The module of a platform's tables. Raises KeyError."""
    return import_module(manifest_of(name).tables)


def boot_tables(names: Iterable[str]) -> Mapping[str, BootTable]:
    """What the machines of these platforms meet at the boot server, of those that have such. Raises KeyError, and
    StartError for somebody else's that is not sound: it could let strangers in."""
    found: dict[str, BootTable] = {}
    for name in names:
        if module := manifest_of(name).boot:
            found[name] = import_module(module).BOOT
            _check(name, found[name])
    return found


def _check(name: str, table: BootTable) -> None:
    if name in own():  # the tests hold those
        return
    from daemon.errors.tree import StartError
    from pxe.table_lint import lint_table

    if lacks := lint_table(table):
        said = f"The machines of the platform {name} cannot boot: {'; '.join(lacks)}. "
        raise StartError(f"{said}Mend it, or take it out of platforms in nxd.yaml.", passing=False)


def work_states(name: str) -> Collection[str]:
    """The states of that platform, and the stages of a rollback, for which a spec may set a deadline."""
    kinds = (tables(name).NODE, tables(name).CLUSTER)
    undo = (stage.name for kind in kinds for stage in kind.undo)
    return (*(step for kind in kinds for step in kind.steps), *undo)

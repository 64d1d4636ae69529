"""Finds the platforms that packages of somebody else's bring, and says what is wrong with those that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from itertools import combinations, groupby

from daemon.platforms.lint import mistakes
from daemon.platforms.lint_settings import clashes
from daemon.platforms.manifest import Manifest
from daemon.platforms.modules import told

GROUP = "nxd.platforms"
"""The entry points that name a manifest."""


@dataclass(frozen=True)
class PlatformsFound:
    """Every platform that can be used, and of the others what is wrong with each, by name; ``notes`` tell of what is
    not as it should be, and keeps nobody from work."""

    usable: Mapping[str, Manifest]
    broken: Mapping[str, Sequence[str]]
    notes: Sequence[str]


def found_beside(own: Mapping[str, Manifest]) -> PlatformsFound:
    """The platforms that come with nxd, and those that are installed beside them."""
    usable, broken, notes = dict(own), dict[str, Sequence[str]](), list[str]()
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value, _package(point)))
    for name, several in groupby(points, key=lambda point: point.name):
        brought = {point.value: point for point in several}
        if name in own:
            notes.append(_OWN.format(name=name, whose=_listed(brought.values())))
        elif len(brought) > 1:
            broken[name] = [_SEVERAL.format(name=name, whose=_listed(brought.values()))]
        else:
            (point,) = brought.values()
            manifest, wrong = _read(point)
            if manifest is None or wrong:
                broken[name] = wrong
            else:
                usable[name] = manifest
    notes += _twice(points)
    for one, other in combinations(usable.values(), 2):
        notes += [*clashes(other, one), *_codes(other, one)]
    return PlatformsFound(usable, broken, tuple(notes))


_OWN = "Platform {name} comes with nxd, and {whose} is not used: uninstall it, or give its platform another name."
_SEVERAL = (
    "Platform {name} is brought by {whose}, and which one is meant nobody can tell: uninstall all but one, or give "
    "them different names."
)


def _read(point: EntryPoint) -> tuple[Manifest | None, list[str]]:
    """A manifest as far as it can be imported, and what is wrong with it."""
    called = f"Platform {point.name} ({point.value})"
    try:
        manifest = point.load()
    except (Exception, SystemExit) as error:  # it is somebody else's code
        why = told(error, point.value.partition(":")[0])
        return None, [f"{called} cannot be loaded: {why}. Mend the package, or uninstall it."]
    if not isinstance(manifest, Manifest):
        return None, [f"{called} is a {type(manifest).__name__}: its entry point has to name a Manifest."]
    if manifest.name != point.name:
        said = f'calls itself "{manifest.name}": give the entry point and the manifest one name.'
        return manifest, [f"{called} {said}"]
    return manifest, mistakes(manifest, f"its manifest {point.value}")


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "a package"


def _listed(points: Iterable[EntryPoint]) -> str:
    return " and by ".join(f"{_package(point)} ({point.value})" for point in points)


def _twice(points: Iterable[EntryPoint]) -> Iterator[str]:
    """Several packages that bring the very same: one is enough."""
    for (name, value), several in groupby(points, key=lambda point: (point.name, point.value)):
        packages = list(dict.fromkeys(_package(point) for point in several))
        if len(packages) > 1:
            said = f"Platform {name} ({value}) is brought by {' and by '.join(packages)}, which is the same twice"
            yield f"{said}: uninstall one of them."


def _codes(one: Manifest, other: Manifest) -> Iterator[str]:
    theirs = {kind.code: kind for kind in other.errors}
    for kind in one.errors:
        if theirs.get(kind.code, kind) != kind:
            yield (
                f"Two platforms mean different things by the code {kind.code}: {other.name} and {one.name}. Give "
                "one of them another code."
            )

"""Looks a platform through and loads it: the one rule by which a daemon starts with it, and by which tests hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.errors.tree import by_code
from daemon.platforms.base import Platform
from daemon.platforms.lint_parts import mistakes_at_rest
from daemon.platforms.lint_platform import mistakes_of_loaded
from daemon.platforms.manifest import Manifest
from daemon.platforms.modules import BrokenPart, ran
from daemon.platforms.parts import part_of, parts_of, sentence
from state_machines.objects import by_name

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.settings.reading import Settings


def looked_through(
    manifest: Manifest, settings: Settings, clock: Clock, at_rest: bool = True
) -> tuple[Platform | None, list[str]]:
    """The platform of a manifest, ready to work, with what that says of its objects and errors; and everything that is
    wrong with it, one sentence each. ``at_rest`` False: its tables, spec and routes are known to be sound."""
    found = mistakes_at_rest(manifest) if at_rest else []
    parts, lacking = parts_of(manifest, ("NODE", "CLUSTER", *(("MODEL",) if at_rest else ())))
    if lacking:
        return None, found or lacking
    try:
        platform = _loaded(manifest, settings, clock)
    except BrokenPart as broken:
        return None, [*found, sentence(manifest, "load", str(broken))]
    wrong = mistakes_of_loaded(manifest, platform, parts)
    return platform, [*found, *(sentence(manifest, "load", said) for said in wrong)]


def _loaded(manifest: Manifest, settings: Settings, clock: Clock) -> Platform:
    load: Any = part_of(manifest, "load")
    platform: Platform = ran(lambda: load(settings, clock), manifest.platform, "its load breaks")
    if isinstance(platform, Platform):
        platform.objects = by_name(manifest.objects)
        platform.errors = by_code(manifest.errors)
        platform.remedies = manifest.remedies
        platform.subjects = manifest.subjects
    return platform

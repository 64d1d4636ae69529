"""What is wrong with the settings that a platform brings: each has a name of its own, in no section of nxd."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.platforms.manifest import Manifest
from daemon.settings.kinds import BRACES, Setting, meant
from daemon.settings.table import SETTINGS

_KEY = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_SECTIONS = {one.key.partition(".")[0] for one in SETTINGS}


def faults_of_settings(manifest: Manifest) -> Iterator[str]:
    """What is wrong with each, in half a sentence."""
    before = {one.attribute: one for one in SETTINGS}
    for setting in manifest.settings:
        section, twin = setting.key.partition(".")[0], before.get(setting.attribute)
        if not _KEY.fullmatch(setting.key):
            yield f'its setting "{setting.key}" is not section.name in small letters, like {manifest.name}.url'
        elif section in _SECTIONS:
            yield (
                f"{setting.key}: the section {section} of the settings is nxd's own: call it "
                f"{manifest.name}.{setting.key.partition('.')[2]}"
            )
        elif twin is not None and twin.key == setting.key:
            yield f"{setting.key}: it stands twice in settings: take one out"
        elif twin is not None:
            yield f"{setting.key}: {twin.key} has the variable {setting.env} already: rename one"
        if not setting.help.strip():
            yield f"{setting.key}: it does not say in help what it is"
        yield from _default(setting, manifest, {one.key for one in before.values()})
        before.setdefault(setting.attribute, setting)


def _default(setting: Setting, manifest: Manifest, known: set[str]) -> Iterator[str]:
    """Whether a default can be used: what stands in its braces, or else the value itself."""
    if setting.default is None:
        return
    named = BRACES.findall(setting.default)
    for key in named:
        if key not in known:
            yield f"{setting.key}: its default names {{{key}}}, which is no setting before it"
        elif not manifest.boot and key in {one.key for one in SETTINGS if one.for_boot}:
            yield f"{setting.key}: its default names {{{key}}}, which nobody gives where no machine boots from nxd"
    if not named:
        try:
            setting.kind.read(meant(setting.kind, setting.default))
        except ValueError:
            yield f'{setting.key}: its default "{setting.default}" is not {setting.kind.words}'


def clashes(one: Manifest, other: Manifest) -> Iterator[str]:
    """The settings that two platforms have both, in a sentence each."""
    theirs = {setting.attribute: setting.key for setting in other.settings}
    for setting in one.settings:
        if setting.attribute in theirs:
            yield (
                f"Two platforms have the setting {setting.key}: {other.name} and {one.name}. Rename the setting of "
                "one, or do not have both in platforms in nxd.yaml."
            )

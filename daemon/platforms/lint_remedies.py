"""Holds the remedies of a platform that are changes of a spec to what such a spec has, and to what may change in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from daemon.errors.tree import as_remedies
from daemon.platforms.base import Platform
from daemon.platforms.manifest import Manifest


def no_key_of_its_spec(manifest: Manifest, parts: Mapping[str, Any]) -> Iterator[str]:
    """A setting that a remedy or a subject names is a key of the spec."""
    schema = parts["MODEL"].model_json_schema()
    for code, setting in _named(manifest):
        if not stands_in(schema, setting, schema):
            yield f"the remedy of {code} names the setting {setting or '(none)'}, and its spec has no such key"
    for code, settings in manifest.subjects.items():
        for setting in settings:
            if not stands_in(schema, setting, schema):
                yield f"the subject of {code} names the setting {setting}, and its spec has no such key"


def no_change_that_is_taken(
    manifest: Manifest, platform: Platform, parts: Mapping[str, Any]
) -> Iterator[str]:
    """A setting that a remedy names may change while the cluster stands: else nobody could do what it says. Where no
    cluster takes another spec, the way is back to nothing, which the engine tells."""
    if not parts["CLUSTER"].leads("change"):
        return
    for code, setting in _named(manifest):
        if not platform.may_change(setting) and not platform.may_change(setting.partition(".")[0]):
            yield (
                f"the remedy of {code} changes {setting}, which may not change while the cluster stands: let "
                "may_change take it, or name another remedy"
            )


def stands_in(model: Mapping[str, Any], setting: str, whole: Mapping[str, Any]) -> bool:
    """Whether a JSON schema has a setting of this dotted name."""
    first, _, rest = setting.partition(".")
    model = whole["$defs"][str(model["$ref"]).rpartition("/")[2]] if "$ref" in model else model
    found = model.get("properties", {}).get(first)
    if found is None:
        inner = [one for key in ("anyOf", "allOf") for one in model.get(key, ())]
        return any(stands_in(one, setting, whole) for one in inner)
    return not rest or stands_in(found, rest, whole)


def _named(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Each setting that a remedy of a code names, with the code."""
    told = [(kind.code, kind.mend) for kind in manifest.errors]
    told += [(code, as_remedies(remedy)) for code, remedy in manifest.remedies.items()]
    for code, mend in told:
        yield from ((code, one.setting or "") for one in mend if one.kind == "spec")

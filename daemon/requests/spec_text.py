"""Writes the spec that is in force back as YAML, ready to be edited and applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from daemon.platforms import spec_model
from daemon.spec.reading import duration_text

_HEAD = """\
# yaml-language-server: $schema={platform}.schema.json
# The spec of {cluster} as it is in force. The schema beside it: nxd schema {platform} > {platform}.schema.json
"""
_KEPT = """\
# The spec of {cluster} as nxd keeps it. {why}
"""


def spec_text(plain: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]]) -> str:
    """The document of a spec as the records keep it: the cluster's, and of each node its own part by its name.

    What was left out when it was applied stands there with the value it has.
    """
    model = spec_model(str(plain["platform"]))
    entry = model.model_fields["nodes"].annotation.__args__[0].model_fields  # type: ignore[union-attr]
    document: dict[str, Any] = {
        key: plain[key] for key in model.model_fields if plain.get(key) not in (None, {}, [])
    }
    document["nodes"] = [
        {"name": name} | {key: value for key, value in nodes[name].items() if key in entry}
        for name in plain["nodes"]
    ]
    if plain.get("deadlines"):
        document["deadlines"] = {step: duration_text(seconds) for step, seconds in plain["deadlines"].items()}
    return _HEAD.format(platform=plain["platform"], cluster=plain["cluster"]) + _written(document)


def kept_text(plain: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]], why: str) -> str:
    """The same where nobody here knows what stands in such a spec, and ``why``: everything that the records keep."""
    document = {**plain, "nodes": [{"name": name} | dict(nodes[name]) for name in plain["nodes"]]}
    return _KEPT.format(cluster=plain["cluster"], why=why) + _written(document)


def _written(document: Mapping[str, Any]) -> str:
    whole = _without_nothing(document)
    return str(yaml.dump(whole, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def _without_nothing(value: Any) -> Any:
    """The same without the keys that have no value: they are left out in a spec."""
    if isinstance(value, Mapping):
        return {key: _without_nothing(one) for key, one in value.items() if one not in (None, [], {})}
    return [_without_nothing(one) for one in value] if isinstance(value, list | tuple) else value


class _Dumper(yaml.SafeDumper):
    """Lists of plain values on one line, and entries of a list indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    plain = not any(isinstance(one, dict | list) for one in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=plain)


_Dumper.add_representer(list, _list)

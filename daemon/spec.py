"""Reads the wish for one cluster, a YAML document, and says every mistake in it with its line and column.

This module knows what all platforms share; the rest is the platform's own model, which the caller looks up.
"""

from __future__ import annotations

import hashlib
import json
import re
import types
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from daemon.wire import SPEC_LIMIT as SPEC_LIMIT
from daemon.yaml_marks import Loc, Marked, Problem, read_yaml, unknown

NAME_PATTERN = r"[a-z](?:[a-z0-9-]{0,27}[a-z0-9])?"
"""At most 29 characters: with an environment of 20 and ``-workload-vni``, a name in the cloud has 63."""

_DURATION = re.compile(r"([1-9][0-9]{0,6})([smh])")
_SHOWN = 60
"""How many characters of a wrong value a message repeats."""
MOST_TOLD = 100
"""So many mistakes of one spec are told, and then only their number."""
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


class SpecError(Exception):
    """The spec is wrong. ``problems`` holds its mistakes, in the order of the file."""

    def __init__(self, source_name: str, problems: Sequence[Problem]) -> None:
        self.source_name = source_name
        self.problems = _few(sorted(set(problems)))
        super().__init__("\n".join(f"{source_name}:{problem}" for problem in self.problems))


def _few(problems: list[Problem]) -> list[Problem]:
    """So many mistakes as a person can mend; after them, how many there are more."""
    left = problems[MOST_TOLD:]
    if not left:
        return problems
    more = Problem(left[0].line, left[0].column, f"and {len(left):,} more mistakes from here on")
    return [*problems[:MOST_TOLD], more]


class UnknownPlatform(LookupError):
    """No platform has this name; ``known`` are the names there are."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(name)
        self.known = known


def parse_duration(text: object) -> float:
    """The seconds of ``90s``, ``45m`` or ``2h``. Raises ValueError that says what it must look like."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise ValueError(f"expected a duration like 90s, 45m or 2h, found {_found(text)}")
    return float(int(match[1]) * _UNIT_SECONDS[match[2]])


def duration_text(seconds: float) -> str:
    """The shortest exact way to write a duration: 3600 is ``1h``."""
    unit = next(unit for unit in "hms" if seconds % _UNIT_SECONDS[unit] == 0)
    return f"{seconds / _UNIT_SECONDS[unit]:g}{unit}"


@dataclass(frozen=True)
class Matching:
    """A mark on a text field: all of it is of ``pattern``; ``words`` say what it must be."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"expected {self.words}, found {_found(value)}")
        return value


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"}),
]
"""Seconds, written as ``90s``, ``45m`` or ``2h``."""

Name = Annotated[
    str,
    Matching(
        NAME_PATTERN,
        'a name of at most 29 characters (lower case letters, digits and "-", a letter first, no "-" last)',
    ),
]
"""What a cluster or a node is called: it becomes part of host names and of names in the cloud."""


class SpecModel(BaseModel):
    """What every part of a spec has in common: no unknown key, no silent conversion, no later change."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class NodeSpec(SpecModel):
    """One node; a platform adds its own keys."""

    name: Name = Field(description="What the node is called, different from every other one")


class ClusterSpec(SpecModel):
    """One cluster; a platform adds its own keys."""

    platform: str = Field(description="What the cluster runs on; decides which other keys there are")
    cluster: Name = Field(description="What the cluster is called")
    nodes: Annotated[tuple[NodeSpec, ...], Strict(False)] = Field(
        min_length=1, description="The nodes of the cluster, one entry for each"
    )
    on_failure: Literal["hold", "rollback"] = Field(
        default="hold",
        description="When a node fails for good: hold it as it is for a person, or roll it back to nothing",
    )
    climb_to: Literal["none", "restart", "reinitialise", "replace"] = Field(
        default="none",
        description="How far a failed installation is tried again by itself: not at all, by a restart, then by "
        "a reinitialisation of the same server, then by another server",
    )
    gate: Literal["all"] | Annotated[int, Field(ge=1)] = Field(
        default="all",
        description="How many nodes must be ready before the cluster is formed: all of them, or at least so many; "
        "those that come later join it",
    )
    deadlines: dict[str, Duration] = Field(
        default_factory=dict,
        description="How long a step, or a stage of a rollback, may last, by its name, like 90s, 45m or 2h",
    )

    @classmethod
    def rules(cls, raw: object) -> Iterator[tuple[Loc, str]]:
        """What must hold between several values: where it does not, and why.

        ``raw`` is the document before it is checked, so that these mistakes are told together with all the
        others: use ``at``, which gives None for whatever is not there.
        """
        names = [at(raw, "nodes", index, "name") for index in range(count(raw, "nodes"))]
        for index in repeated(names):
            yield ("nodes", index, "name"), f'the name "{names[index]}" is already taken by another node'
        cluster = at(raw, "cluster")
        for index, name in enumerate(names):
            if name is not None and name == cluster:
                yield ("nodes", index, "name"), f'the name "{name}" is already taken by the cluster'


def at(raw: object, *loc: str | int) -> Any:
    """The value at ``loc`` in unchecked data, or None."""
    for part in loc:
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw


def count(raw: object, *loc: str | int) -> int:
    """How many entries the list at ``loc`` has; 0 if there is none."""
    value = at(raw, *loc)
    return len(value) if isinstance(value, list) else 0


def repeated(values: Sequence[object]) -> list[int]:
    """The places at which a text stands that stood there before."""
    seen: set[str] = set()
    found: list[int] = []
    for place, value in enumerate(values):
        if isinstance(value, str):
            if value in seen:
                found.append(place)
            seen.add(value)
    return found


def load_spec(
    text: str,
    source_name: str,
    model_for: Callable[[str], type[ClusterSpec]],
    known_states: Callable[[str], Collection[str]] | None = None,
) -> ClusterSpec:
    """The spec in ``text``.

    ``model_for`` finds the platform's model by its name and raises LookupError (best UnknownPlatform) if
    there is none; ``known_states`` gives the states of that platform for which a deadline may be set.
    Raises SpecError with every mistake at once; ``source_name`` stands in front of each. It takes seconds
    for a text near ``SPEC_LIMIT`` bytes, holds no state and may run in any thread.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SPEC_LIMIT:
        told = f"the spec has {size:,} bytes, and at most {SPEC_LIMIT:,} are read: describe one cluster in it"
        raise SpecError(source_name, [Problem(1, 1, told)])
    marked = read_yaml(text)
    problems = marked.problems
    spec: ClusterSpec | None = None
    if isinstance(marked.value, dict):
        model, more = _model(marked, model_for)
        problems += more
        if known_states is not None and model is not _Envelope:
            problems += _state_problems(marked, known_states(marked.value["platform"]))
        try:
            spec = model.model_validate(marked.value)
        except ValidationError as invalid:
            errors = [error for error in invalid.errors(include_url=False) if not _is_echo(error)]
            problems += [_problem(marked, model, error) for error in errors]
        problems += [marked.at(loc, message) for loc, message in model.rules(marked.value)]
    elif marked.value is not None:
        problems.append(marked.at((), f"expected keys and values at the top, found {_found(marked.value)}"))
    elif not problems:
        problems.append(Problem(1, 1, "the spec is empty: describe one cluster, starting with its platform"))
    if problems or spec is None:
        raise SpecError(source_name, problems)
    return spec


def dump(spec: ClusterSpec) -> dict[str, Any]:
    """The spec as plain JSON data, defaults filled in; the model's ``model_validate`` reads it back."""
    return spec.model_dump(mode="json")


def spec_digest(spec: ClusterSpec) -> str:
    """What names exactly this wish: equal for two texts that mean the same."""
    canonical = json.dumps(dump(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def json_schema(model: type[ClusterSpec]) -> dict[str, Any]:
    """The JSON Schema of a platform's spec, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}


class _EnvelopeNode(NodeSpec):
    model_config = ConfigDict(extra="ignore")


class _Envelope(ClusterSpec):
    """What can be checked while nobody knows the platform."""

    model_config = ConfigDict(extra="ignore")
    nodes: Annotated[tuple[_EnvelopeNode, ...], Strict(False)] = Field(min_length=1)


def _model(
    marked: Marked, model_for: Callable[[str], type[ClusterSpec]]
) -> tuple[type[ClusterSpec], list[Problem]]:
    name = at(marked.value, "platform")
    if not isinstance(name, str):
        return _Envelope, []
    try:
        return model_for(name), []
    except LookupError as error:
        known = error.known if isinstance(error, UnknownPlatform) else ()
        return _Envelope, [marked.at(("platform",), unknown("platform", name, known))]


def _state_problems(marked: Marked, states: Collection[str]) -> list[Problem]:
    given = at(marked.value, "deadlines")
    unknown_states = [state for state in given if state not in states] if isinstance(given, dict) else []
    return [marked.at_key(("deadlines", s), unknown("state", s, states)) for s in unknown_states]


def _found(value: object) -> str:
    """An unexpected value in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, (list, dict)):
        return ("a list" if value else "an empty list") if isinstance(value, list) else "keys and values"
    text = json.dumps(str(value), ensure_ascii=False)
    return text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…"'


def _is_echo(error: ErrorDetails) -> bool:
    """Whether this only repeats other mistakes: a list counts as too short when its entries are wrong."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _problem(marked: Marked, model: type[BaseModel], error: ErrorDetails) -> Problem:
    """One complaint of pydantic, in plain words and with its place in the file."""
    loc = tuple(part for part in error["loc"] if part != "[key]")
    kind, context, found = error["type"], error.get("ctx", {}), _found(error["input"])
    if kind == "missing":
        parent, key = _model_at(model, loc[:-1]), str(loc[-1])
        meaning = parent.model_fields[key].description if parent else None
        return marked.missing_from(loc[:-1], f'"{key}" is missing' + (f": {meaning}" if meaning else ""))
    if kind == "extra_forbidden":
        parent = _model_at(model, loc[:-1])
        return marked.at_key(loc, unknown("key", str(loc[-1]), parent.model_fields if parent else ()))
    if kind == "value_error":
        return marked.at(loc, str(context["error"]))
    if kind == "literal_error":
        choices = re.sub(r"['\"]", "", str(context["expected"]))
        return marked.at(loc, f"expected {_one_of(choices)}, found {found}")
    if kind == "string_type" and isinstance(error["input"], (int, float)):
        return marked.at(loc, f"expected text, found {found}: put it in quotes")
    words = _EXPECTED.get(kind)
    return marked.at(loc, f"expected {words.format(**context)}, found {found}" if words else error["msg"])


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of {max_length} or fewer",
}
"""What pydantic calls a mistake, and what was expected instead."""


def _one_of(choices: str) -> str:
    """``a or b`` and ``a, b or c`` as they are read best."""
    return f"one of {choices.replace(' or ', ', ')}" if " or " in choices else choices


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The model that describes the value at ``loc``, if a model does."""
    current: Any = model
    for part in loc:
        if isinstance(part, int):
            current = next(iter(get_args(current)), None)
        elif isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[part].annotation
        else:
            return None
        if get_origin(current) is Annotated:
            current = get_args(current)[0]
        if get_origin(current) in (Union, types.UnionType):
            current = next(option for option in get_args(current) if option is not types.NoneType)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None

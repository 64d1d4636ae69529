"""Reads the spec of one cluster, a YAML document, and says every mistake in it with its line and column.

This module knows what all platforms share; the rest is the platform's own model, which the caller looks up.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from daemon.spec.complaints import complaints, one_of
from daemon.spec.names import LONGEST, name_of
from daemon.spec.values import ValueType, found_text
from daemon.spec.yaml_marks import Loc, Marked, Mistake, nearest, read_yaml, unknown
from daemon.wire import SPEC_LIMIT as SPEC_LIMIT
from daemon.words import counted

_DURATION = re.compile(r"([1-9][0-9]{0,6})([smh])")
EMPTY = (
    "the spec is empty: describe one cluster in it, starting with its platform, as sample-specs/three-node.yaml does; "
    "`nxd schema` prints every key there is"
)
MOST_TOLD = 100
"""So many mistakes of one spec are told, and then only their number."""
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
LONGEST_HOURS = 720
"""Hours that a duration may have: nothing that is watched for longer than a month is watched at all."""


class SpecError(Exception):
    """The spec is wrong. ``problems`` holds its mistakes, in the order of the file."""

    def __init__(self, source_name: str, problems: Sequence[Mistake]) -> None:
        self.source_name = source_name
        self.problems = _few(sorted(set(problems)))
        super().__init__("\n".join(f"{source_name}:{problem}" for problem in self.problems))


def _few(problems: list[Mistake]) -> list[Mistake]:
    """So many mistakes as a person can mend; after them, how many there are more."""
    left = problems[MOST_TOLD:]
    if not left:
        return problems
    more = Mistake(left[0].line, left[0].column, f"and {counted(len(left), 'more mistake')} from here on")
    return [*problems[:MOST_TOLD], more]


class UnknownPlatform(LookupError):
    """No platform of this name is switched on; ``known`` are those that are. ``why``: one of this name is
    there, or was; this is why nobody can work with it, and what brings it back."""

    def __init__(self, name: str, known: Collection[str], why: Sequence[str] = ()) -> None:
        super().__init__(name)
        self.known = known
        self.why = ": ".join(why)


def parse_duration(text: object) -> float:
    """The seconds of ``90s``, ``45m`` or ``2h``. Raises ValueError."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST_HOURS * 3600:
        raise ValueError
    return float(seconds)


def duration_text(seconds: float) -> str:
    """The shortest exact way to write a duration: 3600 is ``1h``."""
    unit = next(unit for unit in "hms" if seconds % _UNIT_SECONDS[unit] == 0)
    return f"{seconds / _UNIT_SECONDS[unit]:g}{unit}"


def _gate(value: object) -> object:
    if value == "all" or (type(value) is int and value >= 1):
        return value
    raise ValueError


Duration = Annotated[
    float,
    ValueType(
        f"a duration like 90s, 45m or 2h, from 1s to {LONGEST_HOURS}h",
        parse_duration,
        {"type": "string", "pattern": f"^{_DURATION.pattern}$"},
    ),
    PlainSerializer(duration_text),
]
"""Seconds, written as ``90s``, ``45m`` or ``2h``."""

Gate = Annotated[
    Literal["all"] | int,
    ValueType(
        "all, or a whole number from 1 to the number of nodes",
        _gate,
        {"anyOf": [{"const": "all"}, {"type": "integer", "minimum": 1}]},
        numeric=True,
    ),
]
"""How many nodes must be ready."""

Name = Annotated[str, name_of(LONGEST)]
"""What a cluster or a node is called: it becomes part of host names and of names outside, for which a platform may ask
more of it."""


class SpecModel(BaseModel):
    """What every part of a spec has in common: no unknown key, no silent conversion, no later change."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_of_the_same_type(cls, value: object, about: ValidationInfo) -> object:
        """Refuse what equals a choice without being it: ``true`` is no 1, and neither is 1.0."""
        choices = choices_of(cls.model_fields[str(about.field_name)].annotation)
        equal = [choice for choice in choices if choice == value]
        if equal and type(value) not in map(type, equal):
            raise ValueError(f"expected {one_of(map(str, choices))}, found {found_text(value)}")
        return value


def choices_of(annotation: Any) -> list[Any]:
    """Every value that a ``Literal`` in the type of a field allows."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for part in get_args(annotation) for choice in choices_of(part)]


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
    gate: Gate = Field(
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
    known_states: Callable[[str], Mapping[str, float | None]] | None = None,
) -> ClusterSpec:
    """The spec in ``text``.

    ``model_for`` finds the platform's model by its name and raises LookupError (best UnknownPlatform) if
    there is none; ``known_states`` gives the states of that platform, and the seconds that a deadline of each has to be
    beyond, None where there can be none.
    Raises SpecError with every mistake at once; ``source_name`` stands in front of each. It takes seconds
    for a text near ``SPEC_LIMIT`` bytes, holds no state and may run in any thread.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SPEC_LIMIT:
        told = f"the spec has {size:,} bytes, and at most {SPEC_LIMIT:,} are read: describe one cluster in it"
        raise SpecError(source_name, [Mistake(1, 1, told)])
    marked = read_yaml(text)
    problems = marked.problems
    spec: ClusterSpec | None = None
    if isinstance(marked.value, dict):
        platform, model, more = _model(marked, model_for)
        problems += more
        if known_states is not None and platform is not None:
            problems += _state_problems(marked, known_states(platform))
        try:
            spec = model.model_validate(marked.value)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
            if more:  # the platform's own word about its name says no more than that
                errors = [error for error in errors if error["loc"] != ("platform",)]
            problems += complaints(marked, model, errors)
        problems += _rule_problems(marked, model, bool(problems))
    elif marked.value is not None:
        problems.append(
            marked.at((), f"expected keys and values at the top, found {found_text(marked.value)}")
        )
    elif not problems:
        problems.append(Mistake(1, 1, EMPTY))
    if problems or spec is None:
        raise SpecError(source_name, problems)
    return spec


def dump(spec: ClusterSpec) -> dict[str, Any]:
    """The spec as plain JSON data, defaults filled in; the model's ``model_validate`` reads it back."""
    return spec.model_dump(mode="json")


def spec_digest(spec: ClusterSpec) -> str:
    """What names exactly this spec: equal for two texts that mean the same."""
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
) -> tuple[str | None, type[ClusterSpec], list[Mistake]]:
    """The platform and its model. Where its name is misspelt, the one that was surely meant, so that the rest of the
    spec is checked all the same; where it is like none that is known, only what every spec has can be checked."""
    name = at(marked.value, "platform")
    try:
        return name, model_for(name if isinstance(name, str) else ""), []
    except LookupError as error:
        known = sorted(error.known) if isinstance(error, UnknownPlatform) else []
        if isinstance(error, UnknownPlatform) and error.why:
            return None, _Envelope, [marked.at(("platform",), error.why)]
    if isinstance(name, str):
        meant = nearest(name, known)
        problems = [marked.at(("platform",), unknown("platform", name, known))]
    else:
        meant, problems = known[0] if name is None and len(known) == 1 else None, []
    return meant, _Envelope if meant is None else model_for(meant), problems


def _rule_problems(marked: Marked, model: type[ClusterSpec], wrong: bool) -> list[Mistake]:
    """What the platform's rules say; where they break at what is wrong already, nothing more."""
    try:
        return [marked.at(loc, message) for loc, message in model.rules(marked.value)]
    except Exception as error:  # a platform may be somebody else's code
        why = f"{type(error).__name__}: {error}"
        said = f"the rules of its platform ({model.__module__}) break at this spec: {why}"
        return [] if wrong else [marked.at((), said)]


def _state_problems(marked: Marked, states: Mapping[str, float | None]) -> list[Mistake]:
    given, timed = (
        at(marked.value, "deadlines"),
        [name for name, least in states.items() if least is not None],
    )
    found = []
    for state, written in given.items() if isinstance(given, dict) else ():
        least = states.get(state)
        if state not in states:
            found.append(marked.at_key(("deadlines", state), unknown("state", state, timed)))
        elif least is None:
            said = f'the state "{state}" has no deadline of its own: remove it'
            found.append(marked.at_key(("deadlines", state), said))
        elif _is_within(written, least):
            said = f"{state} waits until no earlier call can take effect, up to {least:g} s: give it more than that"
            found.append(marked.at(("deadlines", state), said))
    return found


def _is_within(written: object, seconds: float) -> bool:
    """Whether something is a duration of at most so many seconds."""
    try:
        return parse_duration(written) <= seconds
    except ValueError:
        return False

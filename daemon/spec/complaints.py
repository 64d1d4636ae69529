"""Turns what pydantic complains about into one plain sentence for each mistake, at its place in the file."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from daemon.spec import numerals
from daemon.spec.values import found_text
from daemon.spec.yaml_marks import Loc, Marked, Mistake, nearest, unknown


def complaints(marked: Marked, model: type[BaseModel], errors: Iterable[ErrorDetails]) -> Iterator[Mistake]:
    """Every mistake once: a key that is missing because it is misspelt is told as the misspelt one."""
    told = [error for error in errors if not _is_echo(error)]
    misspelt = {meant for error in told if (meant := _meant(model, error)) is not None}
    for error in told:
        if error["type"] != "missing" or tuple(error["loc"]) not in misspelt:
            yield _problem(marked, model, error)


def _meant(model: type[BaseModel], error: ErrorDetails) -> Loc | None:
    """Where the key stands that an unknown one was surely meant to be."""
    if error["type"] != "extra_forbidden":
        return None
    *parent, key = error["loc"]
    described = _model_at(model, tuple(parent))
    near = nearest(str(key), described.model_fields) if described else None
    return None if near is None else (*parent, near)


def _is_echo(error: ErrorDetails) -> bool:
    """Whether this only repeats other mistakes: a list counts as too short when its entries are wrong."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _problem(marked: Marked, model: type[BaseModel], error: ErrorDetails) -> Mistake:
    """One complaint of pydantic, in plain words and with its place in the file."""
    loc = tuple(part for part in error["loc"] if part != "[key]")
    kind, context, found = error["type"], error.get("ctx", {}), found_text(error["input"])
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
        choices = re.split(", | or ", re.sub(r"['\"]", "", str(context["expected"])))
        meant = numerals.hint(error["input"], numerals.number) if choices[0].isdecimal() else ""
        return marked.at(loc, f"expected {one_of(choices)}, found {found}{meant}")
    if kind in ("too_long", "too_short") and error["input"]:
        found = f"{context['actual_length']}"
    if kind == "string_type" and isinstance(error["input"], (int, float)):
        return marked.at(loc, f"expected text, found {found}: put it in quotes")
    words = _EXPECTED.get(kind)
    found += numerals.hint(error["input"], *_MEANT.get(kind, ()))
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
_MEANT = {"int_type": (numerals.number,), "float_type": (numerals.number,), "bool_type": (numerals.truth,)}
"""What a text may have been meant to be where it is such a mistake."""


def one_of(choices: Iterable[str]) -> str:
    """The choices as they are read best: ``a`` alone, else ``one of a, b, c``."""
    found = list(choices)
    return f"one of {', '.join(found)}" if len(found) > 1 else found[0]


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

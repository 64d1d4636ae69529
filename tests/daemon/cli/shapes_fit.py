"""Whether a value has the shape of a type: dictionaries with exactly their keys, lists, choices, plain values."""

from __future__ import annotations

import types
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict


def misfits(value: Any, shape: Any, where: str = "it") -> list[str]:
    """Where the value is not of this shape, each place with what stands there."""
    origin, args = get_origin(shape), get_args(shape)
    if shape is Any:
        return []
    if origin is NotRequired:
        return misfits(value, args[0], where)
    if origin in (Union, types.UnionType):
        return [] if any(not misfits(value, one) for one in args) else [f"{where} is {value!r}"]
    if origin is Literal:
        return [] if value in args else [f"{where} is {value!r}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where} is {value!r}"]
        return [lack for n, one in enumerate(value) for lack in misfits(one, args[0], f"{where}[{n}]")]
    if origin is dict or is_typeddict(shape):
        return _of_dict(value, shape, where)
    kinds = (int, float) if shape is float else (shape,)
    right = isinstance(value, kinds) and (shape is bool or not isinstance(value, bool))
    return [] if right else [f"{where} is {value!r}"]


def _of_dict(value: Any, shape: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is {value!r}"]
    if not is_typeddict(shape):
        known = dict.fromkeys(value, get_args(shape)[1])
        needed: set[str] = set()
    else:
        known = get_type_hints(shape, include_extras=True)
        needed = {key for key, one in known.items() if get_origin(one) is not NotRequired}
    strange = [f"{where} has {key}" for key in value if key not in known]
    missing = [f"{where} lacks {key}" for key in needed - value.keys()]
    inside = [lack for k, v in value.items() if k in known for lack in misfits(v, known[k], f"{where}.{k}")]
    return [*strange, *missing, *inside]

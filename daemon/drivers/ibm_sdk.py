"""Loads a service of IBM's SDKs, and keeps of it what its driver calls: whole, the two of them take 35 MB.

The package around a service brings all its neighbours along (42 modules beside that of DNS), and a module a thousand
models of answers that are read here as plain JSON.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

Space = dict[str, Any]
"""The names of a module or a class."""


def load(path: str, name: str, driver: type) -> Any:
    """The class ``name`` of the module ``path`` (package.module) with the methods that ``driver`` names; whole, if
    somebody else has loaded it before."""
    if path.partition(".")[0] in sys.modules:
        return getattr(importlib.import_module(path), name)
    return _needed(path, name, driver)


@cache
def _needed(path: str, name: str, driver: type) -> Any:
    """The class with what ``driver`` needs of it: read once in a process, for it takes a fifth of a second."""
    module = _alone(path.partition(".")[0], path)
    service = getattr(module, name)
    called = {text for function in _functions(driver) for text in _texts(function.__code__)}
    for method in [key for key, value in vars(service).items() if isinstance(value, FunctionType)]:
        if method not in called and not method.startswith("_"):
            delattr(service, method)
    _forget_models(module, service)
    return service


def _alone(package: str, path: str) -> ModuleType:
    """The module without the others of its package; whoever imports those later gets them as if nothing had been."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    stand_in = ModuleType(package)
    stand_in.__path__, stand_in.__spec__ = list(spec.submodule_search_locations or ()), spec
    sys.modules[package] = stand_in
    try:
        return importlib.import_module(path)
    finally:
        for key in [key for key in sys.modules if key.partition(".")[0] == package]:
            del sys.modules[key]


def _forget_models(module: ModuleType, service: type) -> None:
    """Let go of the classes of a module that the service cannot reach by name."""
    space = vars(module)
    reached, ways = {service.__name__}, [service]
    while ways:
        for function in _functions(ways.pop()):
            for name in _names(function.__code__):
                if name in space and name not in reached:
                    reached.add(name)
                    ways += [space[name]] if _is_own(space[name], module) else []
    for name in [name for name, value in space.items() if _is_own(value, module)]:
        if name not in reached:
            del space[name]


def _is_own(value: Any, module: ModuleType) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__


def _functions(owner: type) -> Iterator[FunctionType]:
    """The functions of a class, those that belong to the class itself included."""
    for value in vars(owner).values():
        for one in (value, getattr(value, "__func__", None), getattr(value, "fget", None)):
            if isinstance(one, FunctionType):
                yield one


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A piece of code, and those within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _names(code: CodeType) -> Iterator[str]:
    """The names that a piece of code looks up."""
    for one in _codes(code):
        yield from one.co_names


def _texts(code: CodeType) -> Iterator[str]:
    """The texts that stand in a piece of code."""
    for one in _codes(code):
        yield from (constant for constant in one.co_consts if isinstance(constant, str))

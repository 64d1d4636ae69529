"""Loads a service of IBM's SDKs, and of it only what its driver calls: whole, the two of them take 35 MB.

The package around a service brings all its neighbours along (42 modules beside that of DNS), and a module a thousand
models of answers that are read here as plain JSON; to build them all takes five times as long as the rest.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock
from types import CodeType, FunctionType, ModuleType
from typing import Any

_one_at_a_time = Lock()
"""Services are loaded in threads, and each that is being loaded changes what the process knows as modules."""


def load(path: str, name: str, driver: type) -> Any:
    """The class ``name`` of the module ``path`` (package.module) with the methods that ``driver`` names; whole, if
    somebody else has loaded it before."""
    with _one_at_a_time:
        if path.partition(".")[0] in sys.modules:
            return getattr(importlib.import_module(path), name)
        return _needed(path, name, driver)


@cache
def _needed(path: str, name: str, driver: type) -> Any:
    """The class with what ``driver`` needs of it, once in a process."""
    module = _alone(path, name)
    service = getattr(module, name)
    called = {text for function in _functions(driver) for text in _texts(function.__code__)}
    for method in [key for key, value in vars(service).items() if isinstance(value, FunctionType)]:
        if method not in called and not method.startswith("_"):
            delattr(service, method)
    _build_models(module, service)
    return service


def _alone(path: str, name: str) -> ModuleType:
    """The module without the others of its package, and of its classes only the one that is named; whoever imports them
    later gets them as if nothing had been."""
    package = path.partition(".")[0]
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    stand_in = ModuleType(package)
    stand_in.__path__, stand_in.__spec__ = list(spec.submodule_search_locations or ()), spec
    sys.modules[package] = stand_in
    try:
        return _run(path, name)
    finally:
        for key in [key for key in sys.modules if key.partition(".")[0] == package]:
            del sys.modules[key]


def _run(path: str, name: str) -> ModuleType:
    """Run a module that builds no class of its own yet but ``name``."""
    spec = importlib.util.find_spec(path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {path!r}", name=path)
    module = importlib.util.module_from_spec(spec)
    known = dict(vars(builtins))

    def build(body: Callable[..., Any], called: str, *bases: Any, **named: Any) -> Any:
        if called != name:
            return Unbuilt(body, called, bases, named)
        known["__build_class__"] = builtins.__build_class__  # for the classes within it
        try:
            return builtins.__build_class__(body, called, *bases, **named)
        finally:
            known["__build_class__"] = build

    known["__build_class__"] = build
    vars(module)["__builtins__"] = known
    spec.loader.exec_module(module)
    known["__build_class__"] = builtins.__build_class__
    return module


@dataclass(eq=False)
class Unbuilt:
    """A class that its module has named and nobody has needed yet."""

    body: Callable[..., Any]
    name: str
    bases: tuple[Any, ...]
    named: dict[str, Any]
    built: type | None = None

    def build(self) -> type:
        """The class, with those it is based on."""
        if self.built is None:
            bases = [base.build() if isinstance(base, Unbuilt) else base for base in self.bases]
            self.built = builtins.__build_class__(self.body, self.name, *bases, **self.named)
        return self.built


def _build_models(module: ModuleType, service: type) -> None:
    """Build the classes of a module that the service can reach by name, and let go of the others."""
    space = vars(module)
    ways = [service]
    while ways:
        for function in _functions(ways.pop()):
            for name in _names(function.__code__):
                if isinstance(found := space.get(name), Unbuilt):
                    space[name] = found.build()
                    ways += [one for one in space[name].__mro__ if _is_own(one, module)]
    for name in [name for name, value in space.items() if isinstance(value, Unbuilt)]:
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

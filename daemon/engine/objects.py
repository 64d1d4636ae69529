"""What a step wants outside: an object that shall exist, what was found of it, and how objects of a kind go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct, field

from daemon.store.ops import Resource


class Found(Struct, frozen=True, gc=False):
    """An object that exists outside: its id there, what is worth remembering of it, and when it was made there, in
    Unix seconds, if the other side tells."""

    cloud_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    created: float | None = None


class Want(Struct, frozen=True):
    """An object that shall exist.

    ``find`` looks for it by name, ``create`` makes it, ``ours`` compares the mark of ownership of one that was
    found. ``unique`` says that the other side refuses a second object of the same name; ``proven`` that the mark
    is something only we can give, such as an object of ours that it is bound to.
    """

    kind: str
    name: str
    find: Callable[[], Awaitable[Found | None]]
    create: Callable[[], Awaitable[Found]]
    ours: Callable[[Found], bool]
    data: Mapping[str, Any] = field(default_factory=dict)
    unique: bool = True
    proven: bool = False


class Disposal(Struct, frozen=True):
    """How objects of one kind go: ``find`` by name, ``get`` by id (None once it is a 404), and ``delete``, which may
    answer with what is to be kept of the attempt with the row."""

    find: Callable[[Resource], Awaitable[Found | None]]
    get: Callable[[Resource], Awaitable[Found | None]]
    delete: Callable[[Resource], Awaitable[Mapping[str, Any] | None]]

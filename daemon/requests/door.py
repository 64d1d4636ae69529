"""The door through which a spec comes in: the words of its secrets are sealed here, and the records refer to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from daemon.secrets.box import SecretBox
from daemon.secrets.references import sealed_name
from daemon.store.ops import PutSecret


def closed(wish: Mapping[str, Any], box: SecretBox) -> dict[str, Any]:
    """The wish with a reference in the place of every secret's word; the same word gives the same reference."""
    return {key: _closed(value, box) for key, value in wish.items()}


def _closed(value: Any, box: SecretBox) -> Any:
    from daemon.spec.secrets import LITERAL, is_literal  # brings pydantic along

    if is_literal(value):
        return {"sealed": box.mark(value[LITERAL])}
    if isinstance(value, Mapping):
        return {key: _closed(one, box) for key, one in value.items()}
    return [_closed(one, box) for one in value] if isinstance(value, list | tuple) else value


def sealed(wish: Mapping[str, Any], cluster: str, box: SecretBox) -> list[PutSecret]:
    """The secrets whose words stand in a wish, sealed, to be committed with its records."""
    return [
        PutSecret(sealed_name(cluster, box.mark(word)), cluster, box.seal(word))
        for word in sorted(set(_words(wish)))
    ]


def unsealed(wish: Mapping[str, Any], cluster: str, known: Collection[str]) -> list[str]:
    """The references of a wish to secrets that were sealed before, of which nothing is known here."""
    marks = sorted(set(_marks(wish)))
    return [mark for mark in marks if sealed_name(cluster, mark) not in known]


def _marks(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if list(value) == ["sealed"] and isinstance(value["sealed"], str):
            yield value["sealed"]
        for one in value.values():
            yield from _marks(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _marks(one)


def _words(value: Any) -> Iterator[str]:
    from daemon.spec.secrets import LITERAL, is_literal

    if is_literal(value):
        yield value[LITERAL]
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _words(one)

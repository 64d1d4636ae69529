"""Seals the secrets of a spec before its records are made; the records refer to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from daemon.secrets.box import SecretBox
from daemon.secrets.references import sealed_name
from daemon.store.ops import PutSecret


def with_references(plain: Any, box: SecretBox) -> Any:
    """The spec, as plain data, with a reference in the place of every secret's word; the same word gives the same
    reference."""
    from daemon.spec.secrets import LITERAL, is_literal  # brings pydantic along

    if is_literal(plain):
        return {"sealed": box.mark(plain[LITERAL])}
    if isinstance(plain, Mapping):
        return {key: with_references(one, box) for key, one in plain.items()}
    return [with_references(one, box) for one in plain] if isinstance(plain, list | tuple) else plain


def sealed_secrets(plain: Mapping[str, Any], cluster: str, box: SecretBox) -> list[PutSecret]:
    """The secrets whose words stand in a spec, sealed, to be committed with its records."""
    from daemon.spec.secrets import LITERAL, is_literal

    words = sorted({one[LITERAL] for one in _mappings(plain) if is_literal(one)})
    return [PutSecret(sealed_name(cluster, box.mark(word)), cluster, box.seal(word)) for word in words]


def unknown_seals(plain: Mapping[str, Any], cluster: str, known: Collection[str]) -> list[str]:
    """The references of a spec to secrets that were sealed before, of which nothing is known here."""
    references = (one["sealed"] for one in _mappings(plain) if list(one) == ["sealed"])
    marks = sorted({mark for mark in references if isinstance(mark, str)})
    return [mark for mark in marks if sealed_name(cluster, mark) not in known]


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a spec, at any depth."""
    if isinstance(value, Mapping):
        yield value
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for one in value:
        yield from _mappings(one)

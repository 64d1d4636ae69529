"""Reads a manifest as a careful colleague would and says everything it lacks, before any of it is relied on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import Formatter
from typing import Any, get_args

from daemon.errors.tree import CATALOGUE, StartError, as_remedies
from daemon.platforms.manifest import Manifest
from daemon.spec.names import LONGEST
from state_machines import check
from state_machines.kind import Kind
from state_machines.objects import Nature, ObjectKind
from state_machines.outcome import Retry

_WORD = re.compile("[a-z][a-z0-9_]*")


def problems(manifest: Manifest) -> list[str]:
    """Everything wrong with a manifest, one sentence each; empty when nothing is."""
    return [problem for rule in RULES for problem in rule(manifest)]


def hold_tables(manifest: Manifest, kinds: Iterable[Kind]) -> None:
    """Refuse to work by tables in which a record would be stranded, or a verb is not asked for. Raises StartError."""
    wrong = [f"{kind.role}: {said}" for kind in kinds for said in check.problems(kind)]
    wrong += [
        f"{kind.role}: its name is {kind.name}, and not {manifest.name}.{kind.role}."
        for kind in kinds
        if kind.name != f"{manifest.name}.{kind.role}"
    ]
    if wrong:
        said = (
            f"The tables of the platform {manifest.name} ({manifest.tables}) are not sound: {' '.join(wrong)}"
        )
        raise StartError(f"{said} Mend them, or take it out of platforms in nxd.yaml.", passing=False)


def hold_names(manifest: Manifest, schema: Mapping[str, Any]) -> None:
    """Refuse to read specs, of this JSON schema, in which names may be others than the manifest says. Raises
    StartError."""
    node = str(schema["properties"]["nodes"].get("items", {}).get("$ref", "")).rpartition("/")[2]
    fields = {
        "a node": schema.get("$defs", {}).get(node, {}).get("properties", {}).get("name", {}),
        "a cluster": schema["properties"]["cluster"],
    }
    wanted = manifest.names.value.schema["pattern"]
    wrong = [whose for whose, field in fields.items() if field.get("pattern") != wanted]
    if wrong:
        said = f"In the spec of the platform {manifest.name} ({manifest.spec}) the name of {' and of '.join(wrong)}"
        mend = "Mend it, or take it out of platforms in nxd.yaml."
        raise StartError(f"{said} is not held to the names of its manifest. {mend}", passing=False)


def _it_has_a_name_and_a_title(manifest: Manifest) -> Iterator[str]:
    if not _WORD.fullmatch(manifest.name):
        yield f'its name "{manifest.name}" is no word in small letters'
    for what in ("title", "tables", "spec", "platform"):
        if not getattr(manifest, what).strip():
            yield f"it has no {what}"


def _every_kind_has_its_words(manifest: Manifest) -> Iterator[str]:
    for kind in manifest.objects:
        if not _WORD.fullmatch(kind.name):
            yield f'the name of its kind "{kind.name}" is no word in small letters'
        if not kind.one.strip() or not kind.several.strip():
            yield f"{kind.name}: it has no word for one, or none for several"
        if kind.nature not in get_args(Nature):
            yield f"{kind.name}: its nature {kind.nature} is not one of {', '.join(get_args(Nature))}"


def _every_kind_has_a_rank(manifest: Manifest) -> Iterator[str]:
    seen: dict[int, str] = {}
    names: set[str] = set()
    for kind in manifest.objects:
        if kind.name in names:
            yield f"{kind.name}: two of its kinds have this name"
        names.add(kind.name)
        if kind.rank <= 0:
            yield f"{kind.name}: it has no rank, so that nobody knows when a rollback deletes it"
        elif kind.rank in seen:
            yield f"{kind.name}: it has the rank of {seen[kind.rank]}"
        seen.setdefault(kind.rank, kind.name)


def _every_kind_may_be_late(manifest: Manifest) -> Iterator[str]:
    for kind in manifest.objects:
        if kind.nature != "claim" and not 0 < kind.late < float("inf"):
            yield f"{kind.name}: it does not say how late an accepted call may still take effect"


def _every_kind_can_be_removed_by_hand(manifest: Manifest) -> Iterator[str]:
    names = {kind.name for kind in manifest.objects}
    for kind in manifest.objects:
        if kind.goes_with and kind.goes_with not in names:
            yield f"{kind.name}: it goes with {kind.goes_with}, which is none of its kinds"
        if kind.nature != "claim" and not kind.goes_with and not kind.removal:
            yield f"{kind.name}: no command removes it by hand"
        yield from _templates(kind)


def _templates(kind: ObjectKind) -> Iterator[str]:
    for line in (*kind.removal, *kind.unseen):
        try:
            fields = [field for _, field, _, _ in Formatter().parse(line) if field is not None]
        except ValueError as error:
            yield f'{kind.name}: its command "{line}" cannot be filled in: {error}'
            continue
        if not all(field.isidentifier() for field in fields):
            yield f'{kind.name}: its command "{line}" has braces around what is no word'


def _every_error_has_its_words_and_a_remedy(manifest: Manifest) -> Iterator[str]:
    codes: set[str] = set()
    for kind in manifest.errors:
        if not _WORD.fullmatch(kind.code):
            yield f'the code of its error "{kind.code}" is no word in small letters'
        if kind.code in CATALOGUE:
            yield f"{kind.code}: this code means the same on every platform already, and it has one of its own of it"
        if kind.code in codes:
            yield f"{kind.code}: two of its errors have this code"
        codes.add(kind.code)
        if kind.retry not in get_args(Retry):
            yield f"{kind.code}: whether it is tried again ({kind.retry}) is not one of {', '.join(get_args(Retry))}"
        if not _is_sentence(kind.cause):
            yield f"{kind.code}: what happened is no sentence"
        if not kind.mend:
            yield f"{kind.code}: it has no remedy"
        elif not all(_is_sentence(one.text) for one in kind.mend):
            yield f"{kind.code}: its remedy is no sentence"


def _every_remedy_is_for_a_code(manifest: Manifest) -> Iterator[str]:
    own = {kind.code for kind in manifest.errors}
    for code, remedy in manifest.remedies.items():
        if code in own:
            yield f"{code}: it has a remedy beside the one of its own row"
        elif code not in CATALOGUE:
            yield f"{code}: it has a remedy, and there is no such code of an error"
        if not all(_is_sentence(one.text) for one in as_remedies(remedy)):
            yield f"{code}: its remedy is no sentence"


def asks_for_another_spec(text: str) -> bool:
    """Whether a sentence tells a person to write something else into the spec."""
    return (
        re.search(r"\b(in|into) the spec\b|\bspec\b.*\bappl(y|ied)\b|\bapply\b.*\bspec\b", text) is not None
    )


def _a_change_of_the_spec_is_told_as_one(manifest: Manifest) -> Iterator[str]:
    told = [(kind.code, kind.mend) for kind in manifest.errors]
    told += [(code, as_remedies(remedy)) for code, remedy in manifest.remedies.items()]
    for code, mend in told:
        for one in mend:
            if one.kind != "spec" and asks_for_another_spec(one.text):
                yield f"{code}: its remedy changes the spec, and does not name the setting (in_spec)"
        if mend and all(one.kind == "spec" for one in mend):
            yield f"{code}: another spec is all its remedy, and a rollback that it stops takes no other spec"


def _it_tells_whose_credentials_it_has(manifest: Manifest) -> Iterator[str]:
    for kind in CATALOGUE.values():
        if kind.credentials and kind.code not in manifest.remedies:
            yield f"{kind.code}: it has no remedy, and nobody else can tell whose password, key or role is meant"


def _is_sentence(text: str) -> bool:
    return len(text.strip()) > 1 and text.strip().endswith(".")


def _its_names_are_parts_of_host_names(manifest: Manifest) -> Iterator[str]:
    if not 2 <= manifest.names.longest <= LONGEST:
        yield f"the length of its names ({manifest.names.longest}) is not one from 2 to {LONGEST}"


RULES: tuple[Callable[[Manifest], Iterator[str]], ...] = (
    _it_has_a_name_and_a_title,
    _its_names_are_parts_of_host_names,
    _every_kind_has_its_words,
    _every_kind_has_a_rank,
    _every_kind_may_be_late,
    _every_kind_can_be_removed_by_hand,
    _every_error_has_its_words_and_a_remedy,
    _every_remedy_is_for_a_code,
    _a_change_of_the_spec_is_told_as_one,
    _it_tells_whose_credentials_it_has,
)

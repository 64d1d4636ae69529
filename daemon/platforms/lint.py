"""Reads a manifest as a careful colleague would and says everything it lacks, before any of it is relied on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from string import Formatter

from daemon.errors.tree import CATALOGUE, as_remedies
from daemon.platforms.lint_settings import faults_of_settings
from daemon.platforms.manifest import Manifest
from daemon.platforms.modules import looked
from daemon.platforms.shapes import misfits
from daemon.spec.names import LONGEST
from pxe.images import is_name
from state_machines.objects import ObjectKind

_WORD = re.compile("[a-z][a-z0-9_]*")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_OF_AUDITS = ("platform",)
"""What an audit calls a platform that it could not ask."""


def mistakes(manifest: Manifest, place: str = "its manifest") -> list[str]:
    """Everything wrong with a manifest that stands at a place, one sentence each; empty when nothing is. What it names
    is not imported."""
    wrong = list(misfits(manifest, Manifest, ""))
    found = wrong or [fault for rule in RULES for fault in looked(partial(rule, manifest), manifest.platform)]
    return [f"Platform {manifest.name}, {place}: {said}." for said in found]


def _it_has_a_name_and_a_title(manifest: Manifest) -> Iterator[str]:
    if not _WORD.fullmatch(manifest.name):
        yield f'its name "{manifest.name}" is no word in small letters'
    if not manifest.title.strip():
        yield "it has no title: say what people call it"


def _it_names_its_modules(manifest: Manifest) -> Iterator[str]:
    named = {"tables": manifest.tables, "spec": manifest.spec, "platform": manifest.platform}
    for what, module in {**named, "boot": manifest.boot or "none"}.items():
        if not module.strip():
            yield f"it has no {what}: name the module"
        elif not _MODULE.fullmatch(module):
            yield f'its {what} "{module}" is no name of a module'


def _its_images_have_names(manifest: Manifest) -> Iterator[str]:
    for number, image in enumerate(manifest.images):
        if not is_name(image):
            yield f'"{image}" cannot be the name of an image: use letters, digits, ".", "_" and "-"'
        if image in manifest.images[:number]:
            yield f"{image}: it names this image twice"
    if manifest.images and not manifest.boot:
        yield f"its machines start from {manifest.images[0]}, and it names no module in boot with routes that serve it"


def _every_kind_has_its_words(manifest: Manifest) -> Iterator[str]:
    for kind in manifest.objects:
        if not _WORD.fullmatch(kind.name):
            yield f'the name of its kind "{kind.name}" is no word in small letters'
        if kind.name in _OF_AUDITS:
            yield f"{kind.name}: an audit means a whole platform by this word: give the kind another name"
        if not kind.one.strip() or not kind.several.strip():
            yield f"{kind.name}: it has no word for one, or none for several: say what people call them"


def _every_kind_has_a_rank(manifest: Manifest) -> Iterator[str]:
    seen: dict[int, str] = {}
    names: set[str] = set()
    for kind in manifest.objects:
        if kind.name in names:
            yield f"{kind.name}: two of its kinds have this name"
        names.add(kind.name)
        if kind.rank <= 0:
            yield f"{kind.name}: it has no rank, so that nobody knows when a rollback deletes it: give it one from 1 on"
        elif kind.rank in seen:
            yield f"{kind.name}: it has the rank of {seen[kind.rank]}: give each its own"
        seen.setdefault(kind.rank, kind.name)


def _every_kind_may_be_late(manifest: Manifest) -> Iterator[str]:
    for kind in manifest.objects:
        if kind.nature != "claim" and not 0 < kind.late < float("inf"):
            yield f"{kind.name}: it does not say in late how many seconds an accepted call may still take effect"


def _every_kind_can_be_removed_by_hand(manifest: Manifest) -> Iterator[str]:
    kinds = {kind.name: kind for kind in manifest.objects}
    for kind in manifest.objects:
        if kind.goes_with and kind.goes_with not in kinds:
            yield f"{kind.name}: it goes with {kind.goes_with}, which is none of its kinds"
        if kind.goes_with and _goes_with_itself(kind, kinds):
            yield f"{kind.name}: it goes with {kind.goes_with}, and so in the end with itself"
        if kind.nature != "claim" and not kind.goes_with and not kind.removal:
            yield f"{kind.name}: no command removes it by hand: give one in removal"
        yield from _templates(kind)


def _goes_with_itself(kind: ObjectKind, kinds: Mapping[str, ObjectKind]) -> bool:
    passed = [kind.name]
    while kind.goes_with in kinds and kind.goes_with not in passed:
        passed.append(kind.goes_with)
        kind = kinds[kind.goes_with]
    return kind.goes_with == passed[0]


def _templates(kind: ObjectKind) -> Iterator[str]:
    for line in (*kind.removal, *kind.unseen):
        if not line.strip():
            yield f"{kind.name}: one of its commands is empty"
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
        if not _is_sentence(kind.cause):
            yield f"{kind.code}: what happened is no sentence"
        if not kind.mend:
            yield f"{kind.code}: it has no remedy: say in mend what a person does first"
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


def _every_subject_is_of_a_code(manifest: Manifest) -> Iterator[str]:
    own = {kind.code for kind in manifest.errors}
    for code, settings in manifest.subjects.items():
        if code not in own and code not in CATALOGUE:
            yield f"{code}: it has a subject, and there is no such code of an error"
        if not settings:
            yield f"{code}: its subject names no setting of the spec"


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
            said = "nobody else can tell whose password, key or role is meant: say in remedies what a person does"
            yield f"{kind.code}: it has no remedy, and {said}"


def _is_sentence(text: str) -> bool:
    return len(text.strip()) > 1 and text.strip().endswith(".")


def _its_names_are_parts_of_host_names(manifest: Manifest) -> Iterator[str]:
    if not 2 <= manifest.names.longest <= LONGEST:
        yield f"the length of its names ({manifest.names.longest}) is not one from 2 to {LONGEST}"


RULES: tuple[Callable[[Manifest], Iterator[str]], ...] = (
    _it_has_a_name_and_a_title,
    _it_names_its_modules,
    _its_images_have_names,
    _its_names_are_parts_of_host_names,
    faults_of_settings,
    _every_kind_has_its_words,
    _every_kind_has_a_rank,
    _every_kind_may_be_late,
    _every_kind_can_be_removed_by_hand,
    _every_error_has_its_words_and_a_remedy,
    _every_remedy_is_for_a_code,
    _every_subject_is_of_a_code,
    _a_change_of_the_spec_is_told_as_one,
    _it_tells_whose_credentials_it_has,
)

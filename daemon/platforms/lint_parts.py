"""Looks through what a manifest names, before anything of it runs: the tables, the spec, the routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from daemon.platforms.lint import mistakes
from daemon.platforms.lint_remedies import no_key_of_its_spec
from daemon.platforms.manifest import Manifest
from daemon.platforms.modules import looked
from daemon.platforms.parts import parts_of, sentence
from daemon.platforms.shapes import misfits
from pxe.routes import BootTable
from pxe.table_lint import lint_table
from state_machines import check
from state_machines.kind import Kind, State, Transition, UndoStep
from state_machines.objects import by_name, latest
from state_machines.verbs import SHARED, Verb

Parts = Mapping[str, Any]
"""The parts of a platform that are there, by their names."""
Rule = Callable[[Manifest, Parts], Iterator[str]]


def mistakes_at_rest(manifest: Manifest) -> list[str]:
    """Everything wrong with a platform that can be seen before it is loaded, one sentence each; empty when nothing is.
    Imports all of it but what loads it."""
    found = mistakes(manifest)
    if any(misfits(manifest, Manifest, "")):
        return found
    parts, lacking = parts_of(manifest, ("NODE", "CLUSTER", "MODEL", *(("BOOT",) if manifest.boot else ())))
    found += lacking
    for name, rule in RULES:
        told = looked(partial(rule, manifest, parts), manifest.platform) if name in parts else ()
        found += [sentence(manifest, name, said.rstrip(".")) for said in told]
    return found


def _table(name: str) -> Rule:
    def rule(manifest: Manifest, parts: Parts) -> Iterator[str]:
        """Its rows are rows, nothing strands a record, and every verb is asked for."""
        kind: Kind = parts[name]
        rows = (
            (tuple(kind.states.values()), tuple[State, ...], "states"),
            (kind.transitions, tuple[Transition, ...], "transitions"),
            (kind.undo, tuple[UndoStep, ...], "undo"),
            (tuple(kind.verbs.values()), tuple[Verb, ...], "verbs"),
        )
        wrong = [said for value, wanted, what in rows for said in misfits(value, wanted, f"{name}, {what}")]
        yield from wrong
        if kind.role != name.lower():
            yield f"{name} is the table of a {kind.role}, and not of a {name.lower()}"
        if kind.name != f"{manifest.name}.{name.lower()}":
            yield f"{name}: its name is {kind.name}, and not {manifest.name}.{name.lower()}"
        yield from () if wrong else (f"{name}: {said}" for said in check.problems(kind))

    return rule


def _every_verb_that_is_named_is_one(manifest: Manifest, parts: Parts) -> Iterator[str]:
    kinds: list[Kind] = [parts[name] for name in ("NODE", "CLUSTER") if name in parts]
    own = {name for kind in kinds for name in kind.verbs}
    for kind in kinds:
        for verb in kind.verbs.values():
            for name in sorted({*(verb.instead or ())} - own - set(SHARED)):
                yield f"{verb.name}: it names {name} in instead, which is no verb"
    for error in manifest.errors:
        for name in sorted({*error.leads} - own - set(SHARED)):
            yield f"the error {error.code}: it leads to {name}, which is no verb"


def _every_kind_of_object_is_taken_back_in_time(manifest: Manifest, parts: Parts) -> Iterator[str]:
    """A rollback names what is left over once its stage is late, and until then an accepted call may take effect."""
    if not all(isinstance(parts.get(name), Kind) for name in ("NODE", "CLUSTER")):
        return
    stages: list[UndoStep] = [*parts["NODE"].undo, *parts["CLUSTER"].undo]
    kinds = by_name(manifest.objects)
    taken = {name for stage in stages for name in stage.kinds}
    for stage in stages:
        for name in stage.kinds:
            if name not in kinds:
                yield f"{stage.name}: it takes back {name}, which is none of the kinds of its objects"
            elif stage.deadline <= (late := latest([name], kinds)):
                yield (
                    f"{stage.name}: its deadline ({stage.deadline:g} s) is over before {name} is certain to be gone, "
                    f"for which a call may take effect {late:g} s late: give it more than that"
                )
    for kind in manifest.objects:
        if kind.name not in taken and not kind.goes_with and kind.nature != "claim":
            yield f"{kind.name}: no stage of a rollback takes it back: name it in the kinds of one"


def _its_spec_explains_its_keys(manifest: Manifest, parts: Parts) -> Iterator[str]:
    properties = parts["MODEL"].model_json_schema()["properties"]
    for key, about in properties.items():
        if not about.get("description"):
            yield f"its key {key} has no description: say what it is"


def _its_names_are_those_of_the_manifest(manifest: Manifest, parts: Parts) -> Iterator[str]:
    schema = parts["MODEL"].model_json_schema()
    node = str(schema["properties"]["nodes"].get("items", {}).get("$ref", "")).rpartition("/")[2]
    fields = {
        "name of a node": schema.get("$defs", {}).get(node, {}).get("properties", {}).get("name", {}),
        "field cluster": schema["properties"]["cluster"],
    }
    wanted = manifest.names.value.schema["pattern"]
    for which, about in fields.items():
        if about.get("pattern") != wanted:
            yield f"the {which} is not held to the names of its manifest: annotate it with the value of their rule"


def _its_routes_are_sound(manifest: Manifest, parts: Parts) -> Iterator[str]:
    table: BootTable = parts["BOOT"]
    wrong = list(misfits(table, BootTable, ""))
    yield from wrong
    if wrong:
        return
    if not table.templates.is_dir():
        yield f"there is no folder of templates {table.templates}: put it into the package"
        return
    if not table.routes:
        yield "BOOT has no routes: take boot out of the manifest where no machine boots from nxd"
    if not table.phases:
        yield "BOOT has no phases: name what an installer reports, its end last"
    yield from lint_table(table)
    if manifest.images and not any(route.serves == "image" for route in table.routes):
        yield f"its machines start from {manifest.images[0]}, and no route serves an image"


RULES: tuple[tuple[str, Rule], ...] = (
    ("NODE", _table("NODE")),
    ("CLUSTER", _table("CLUSTER")),
    ("NODE", _every_verb_that_is_named_is_one),
    ("NODE", _every_kind_of_object_is_taken_back_in_time),
    ("MODEL", _its_spec_explains_its_keys),
    ("MODEL", _its_names_are_those_of_the_manifest),
    ("MODEL", no_key_of_its_spec),
    ("BOOT", _its_routes_are_sound),
)
"""Each rule with the part that it looks through."""
